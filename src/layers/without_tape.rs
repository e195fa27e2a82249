//! The passes of layers that are not trained, and keep no tape.

use core::mem::MaybeUninit;

use crate::{
    Zeroed,
    kernel::Simd,
    layer::{Ending, Layer, rows_at_once},
    message::Message,
    network::forward,
    stream::Streaming,
    zeroed::{ON_THE_STACK, fits_stack, large},
};

/// The walks over the trainable parameters of a layer that has none.
macro_rules! not_trainable {
    () => {
        #[inline(always)]
        fn trainable<V: $crate::layer::Visit<Self::Element>>(_: &(), _: $crate::layer::Path<'_>, _: &mut V) {}

        #[inline(always)]
        fn trainable_mut<V: $crate::layer::VisitTrainable<Self::Element, M>, const M: usize>(
            _: Option<&mut Self>,
            _: &mut (),
            _: [&mut (); M],
            _: $crate::layer::Path<'_>,
            _: &mut V,
        ) {
        }
    };
}
pub(super) use not_trainable;

/// [`record_batch`](Layer::record_batch) of a layer without a tape. The outputs of the layers inside are on the stack,
/// for as many rows at a time as fit.
#[inline(always)]
pub(super) fn forward_without_tape<S: Simd, E: Ending, L: Layer, const B: usize>(
    simd: S,
    layer: &L,
    x: &[L::Input],
    y: &mut [L::Output],
) {
    // A branch whose `const` condition is false is not compiled.
    if const { rows_at_once(L::OUTLINE.peak()) >= B } {
        forward::<S, E, L, B, ON_THE_STACK>(simd, layer, x, y);
    } else if const { rows_at_once(L::OUTLINE.peak()) >= 16 } {
        forward::<S, E, L, 16, ON_THE_STACK>(simd, layer, x, y);
    } else if const { rows_at_once(L::OUTLINE.peak()) >= 4 } {
        forward::<S, E, L, 4, ON_THE_STACK>(simd, layer, x, y);
    } else {
        forward::<S, E, L, 1, ON_THE_STACK>(simd, layer, x, y);
    }
}

/// [`backward_batch`](Layer::backward_batch) of a layer without a tape.
#[inline(always)]
pub(super) fn backward_without_tape<S: Simd, E: Ending, L: Layer, const B: usize>(
    simd: S,
    layer: &L,
    x: &[L::Input],
    dy: &mut [L::Output],
    dx: Option<&mut [L::Input]>,
) {
    let Some(dx) = dx else { return };
    if const { rows_backward::<L>() >= B } {
        backward_on_stack::<S, E, L, B>(simd, layer, x, dy, dx);
    } else if const { rows_backward::<L>() >= 16 } {
        backward_on_stack::<S, E, L, 16>(simd, layer, x, dy, dx);
    } else if const { rows_backward::<L>() >= 4 } {
        backward_on_stack::<S, E, L, 4>(simd, layer, x, dy, dx);
    } else if const { fits_stack(size_of::<Again<L, 1>>()) } {
        backward_on_stack::<S, E, L, 1>(simd, layer, x, dy, dx);
    } else {
        backward_in_blocks::<S, E, L, 1>(simd, layer, x, dy, dx, &mut large());
    }
}

const fn rows_backward<L: Layer>() -> usize {
    rows_at_once(size_of::<Again<L, 1>>())
}

/// The memory for a repetition of the forward pass: the tape and the output.
type Again<L, const B: usize> = (<L as Layer>::Tape<B>, [<L as Layer>::Output; B]);

#[inline(always)]
fn backward_on_stack<S: Simd, E: Ending, L: Layer, const B: usize>(
    simd: S,
    layer: &L,
    x: &[L::Input],
    dy: &mut [L::Output],
    dx: &mut [L::Input],
) {
    let again = &mut MaybeUninit::uninit();
    backward_in_blocks::<S, E, L, B>(simd, layer, x, dy, dx, Again::<L, B>::zeroed_in(again));
}

#[inline(always)]
fn backward_in_blocks<S: Simd, E: Ending, L: Layer, const B: usize>(
    simd: S,
    layer: &L,
    x: &[L::Input],
    dy: &mut [L::Output],
    dx: &mut [L::Input],
    (tape, again): &mut Again<L, B>,
) {
    for ((x, dy), dx) in x.chunks(B).zip(dy.chunks_mut(B)).zip(dx.chunks_mut(B)) {
        let y = &mut again[..x.len()];
        layer.record_batch::<S, E, B>(simd, None, x, tape, y);
        layer.backward_batch::<S, E, B>(simd, x, tape, y, dy, Some(dx));
    }
}

/// The fault of a layer without a tape, in which the lengths of series would be, around layers that need them.
pub(super) const fn without_lengths<L: Streaming>(wrapper: &str) -> Option<Message> {
    if L::PADDED_FAULT.is_some() || L::STREAM_FAULT.is_none() {
        return L::PADDED_FAULT;
    }
    let message =
        Message::naming(wrapper).text("keeps no lengths of series, which its layers need because they look ahead");
    Some(message.text(": put `Masked` inside it"))
}
