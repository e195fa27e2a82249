//! A layer that is not trained.

use core::mem::MaybeUninit;

use crate::{
    Rng, Zeroed,
    flash::Stored,
    kernel::{Simd, map_each},
    layer::{
        Description, Ending, Invalid, Layer, Operations, Outline, Parameters, Path, Visit, VisitMut, first_fault,
        rows_at_once,
    },
    message::Message,
    network::{Network, forward},
    stream::{Streaming, by_layer},
    zeroed::{ON_THE_STACK, fits_stack, large},
};

/// `L`, a layer or a whole network, with fixed weights: training does not change them, and keeps no gradient, optimizer
/// state or tape for them. Random layers in it are inactive. The weights come from a file or from an earlier training
/// run.
///
/// In front of the first trainable layer, it costs training no more than a prediction. Behind one, backpropagation
/// repeats its forward pass on the stack, for as many rows at a time as fit.
///
/// Penalties, whether in its type or in the optimizer, and weight decay do not apply to it.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Features = (Dense<4, 8, Tanh>, Dense<8, 3, Tanh>);
/// type Net = (Frozen<Features>, Dense<3, 1, Linear>);
/// let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 2>::new(Adam::new(0.1), 1);
/// trainer.network_mut().0.layer = Network::new(2);
/// let before = trainer.network().0.layer.0.kernel;
/// trainer.fit(&[[0.1f32, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]], &[[1.0f32], [2.0]], Fit::epochs(20))?;
/// assert_eq!(trainer.network().0.layer.0.kernel, before);
/// assert_eq!(Net::PARAMS, 4);
/// # Ok::<(), TrainError>(())
/// ```
///
/// A trainer for a network without trainable parameters does not compile:
///
/// ```compile_fail
/// use shiplap::prelude::*;
///
/// Trainer::<Frozen<Dense<4, 1, Linear>>, MeanSquaredError, Adam, 2>::new(Adam::new(0.1), 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Frozen<L> {
    /// The layer.
    pub layer: L,
}

// SAFETY: the field is `Zeroed`.
unsafe impl<L: Zeroed> Zeroed for Frozen<L> {}

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

impl<L: Layer> Parameters for Frozen<L> {
    type Element = L::Element;
    type Trainable = ();

    const PARAMS: usize = 0;
    const KIND: Message<64> = L::KIND;

    #[inline(always)]
    fn parameters<V: Visit<L::Element>>(&self, path: Path<'_>, visitor: &mut V) {
        self.layer.parameters(path, visitor);
    }

    #[inline(always)]
    fn parameters_mut<V: VisitMut<L::Element, M>, const M: usize>(
        mut layers: [&mut Self; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        L::parameters_mut(map_each(&mut layers, |frozen| &mut frozen.layer), path, visitor);
    }

    not_trainable!();
}

impl<L: Layer> Layer for Frozen<L> {
    type Input = L::Input;
    type Output = L::Output;
    type Tape<const B: usize> = ();
    type Head = L::Head;

    const MACS: usize = L::MACS;
    const FAULT: Option<Message> = first_fault(&[L::FAULT, L::OUTLINE.stateful_fault("Frozen")]);
    const TAKES_MISSING: bool = L::TAKES_MISSING;
    const TAKES_WHOLE: bool = L::TAKES_WHOLE;
    const KEEPS_WHOLE: bool = L::KEEPS_WHOLE;
    const OUTLINE: Outline = L::OUTLINE.frozen();

    #[inline(always)]
    fn invalid(x: &L::Input) -> Option<Invalid> {
        L::invalid(x)
    }

    #[inline(always)]
    fn part(x: &L::Input) -> Option<(usize, &L::Output)> {
        L::part(x)
    }

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[L::Input], y: &mut [L::Output]) {
        self.layer.forward_batch::<S, E, B>(simd, x, y);
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: Option<&mut Rng>,
        x: &[L::Input],
        (): &mut (),
        y: &mut [L::Output],
    ) {
        forward_without_tape::<S, E, L, B>(simd, &self.layer, x, y);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[L::Input],
        (): &mut (),
        _: &[L::Output],
        dy: &mut [L::Output],
        dx: Option<&mut [L::Input]>,
    ) {
        backward_without_tape::<S, E, L, B>(simd, &self.layer, x, dy, dx);
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        L::describe(path, &mut |line| {
            show(&Description { kind: format_args!("{} + Frozen", line.kind), params: 0, ..*line });
        });
    }

    fn operations<V: Operations<L::Element>>(&self, path: Path<'_>, operations: &mut V) {
        self.layer.operations(path, operations);
    }
}

impl<L: Network> Network for Frozen<L> {}

impl<W, P, L: Stored<W, P>> Stored<W, P> for Frozen<L> {
    const STORED: Self = Self { layer: L::STORED };
}

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

impl<L: Streaming> Streaming for Frozen<L> {
    const PADDED_FAULT: Option<Message> = without_lengths::<L>("Frozen");
    by_layer!(L, |this| &this.layer);
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::{thread, vec};

    use super::*;
    use crate::prelude::*;

    type Before = Dense<2, 4, Tanh>;
    type Wide = (Dense<4, 2040, Tanh>, Dense<2040, 4, Tanh>);
    type After = Dense<4, 1, Linear>;
    const ROWS: usize = 300;

    /// With all rows at once, the outputs between the two wide layers would take 2.4 MB, and backward more. At this
    /// width the rows of one backward pass fill the allowance almost entirely.
    #[test]
    fn any_batch_is_within_the_stack() {
        type Net = (Before, Frozen<Wide>, After);
        type Whole = (Before, Wide, After);
        let learn = || {
            let x = vec![[0.5, -0.25]; ROWS];
            let y = vec![[1.0]; ROWS];
            let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, ROWS>::boxed(Sgd::new(0.1), 1);
            let mut whole = Trainer::<Whole, MeanSquaredError, Sgd, ROWS>::boxed(Sgd::new(0.1), 1);
            let loss = trainer.step(&x, &y).unwrap();
            assert!((loss - whole.step(&x, &y).unwrap()).abs() < 1e-6);
            // The layer in front of it gets the same gradient either way.
            let layers = [&trainer.network().0, &whole.network().0].map(|layer| layer.kernel.as_flattened());
            assert!(layers[0].iter().zip(layers[1]).all(|(frozen, trained)| (frozen - trained).abs() < 1e-6));
            assert_ne!(layers[0], Net::new(1).0.kernel.as_flattened());
        };
        thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(learn).unwrap().join().unwrap();
    }
}
