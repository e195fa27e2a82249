//! Attention in a stream: the keys and values of the last frames are kept.

use core::array;

use super::{
    Complete, Mask, Rotation,
    passes::{Attention, zeros},
};
use crate::{
    Zeroed,
    activation::softmax_row,
    kernel::{Element, Plus, Simd, copy, elementwise_row, nt_from, tn},
    layer::{Layer, Parameters as _, first_fault},
    message::Message,
    stream::{Streaming, not_streamed},
    zeroed::fits_stack,
};

/// The number of keys that are rotated at once: a copy of all of them would double their memory.
const AT_ONCE: usize = 8;

/// The keys and values of the last frames, before they are rotated.
#[derive(Clone, Copy)]
pub struct Attended<T, const WIDTH: usize, const STEPS: usize> {
    keys: [[T; STEPS]; WIDTH],
    values: [[T; STEPS]; WIDTH],
    /// The number of frames, up to `STEPS`.
    seen: usize,
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<T: Zeroed, const WIDTH: usize, const STEPS: usize> Zeroed for Attended<T, WIDTH, STEPS> {}

impl<T: Element, const WIDTH: usize, const STEPS: usize> Attended<T, WIDTH, STEPS> {
    /// Takes the key and the value of the next frame, in place of the oldest if there are `STEPS`. Returns its position.
    #[inline(always)]
    fn push(&mut self, [key, value]: [&[[T; 1]; WIDTH]; 2]) -> usize {
        let position = self.seen.min(STEPS - 1);
        for (rows, numbers) in [(&mut self.keys, key), (&mut self.values, value)] {
            for (row, number) in rows.iter_mut().zip(numbers) {
                if self.seen == STEPS {
                    row.copy_within(1.., 0);
                }
                row[position] = number[0];
            }
        }
        self.seen = position + 1;
        position
    }
}

impl<T: Element, const WIDTH: usize, const STEPS: usize, const HEADS: usize, M: Mask, P: Rotation>
    Complete<T, WIDTH, STEPS, HEADS, M, P>
{
    /// The numbers that a push has on the stack: the weights of a head, the query, key, value and mean of a frame, and a
    /// block of rotated keys with their products.
    const PUSHED: usize = STEPS + 4 * WIDTH + if P::BASE.is_some() { (WIDTH + 1) * AT_ONCE } else { 0 };
}

const fn too_long(kind: &str) -> Message {
    not_streamed(kind, "the weights of its steps are too large for the stack (over 256 KiB): give it fewer steps")
}

/// A frame attends to itself and to the last frames before it, of which there are at most `STEPS − 1`.
impl<T: Element, const WIDTH: usize, const STEPS: usize, const HEADS: usize, M: Mask, P: Rotation> Streaming
    for Complete<T, WIDTH, STEPS, HEADS, M, P>
{
    type Frame = [T; WIDTH];
    type Emitted = [T; WIDTH];
    type State = Attended<T, WIDTH, STEPS>;

    const STREAM_FAULT: Option<Message> = {
        let message = Message::naming(Self::KIND.as_str()).text("cannot be streamed: it attends to later frames; ");
        first_fault(&[
            <Self as Layer>::FAULT,
            if M::CAUSAL { None } else { Some(message.text("use the mask `Causal`")) },
            if fits_stack(size_of::<T>() * Self::PUSHED) { None } else { Some(too_long(Self::KIND.as_str())) },
        ])
    };
    const PADDED_FAULT: Option<Message> = <Self as Layer>::FAULT;
    const FRAME_MACS: usize = WIDTH * (4 * WIDTH + 2 * STEPS);

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut Self::State, frame: &[T; WIDTH], y: &mut [T; WIDTH]) -> bool {
        self.numbers().attend(simd, state, frame, y);
        true
    }
}

impl<T: Element, const WIDTH: usize, const STEPS: usize> Attention<'_, T, WIDTH, STEPS> {
    /// The output of the next frame.
    #[inline(always)]
    fn attend<S: Simd>(&self, simd: S, state: &mut Attended<T, WIDTH, STEPS>, frame: &[T; WIDTH], y: &mut [T; WIDTH]) {
        let mut parts = [[[T::zero(); 1]; WIDTH]; 3];
        self.project(simd, array::from_ref(frame), &mut parts);
        let [query, key, value] = &mut parts;
        let position = state.push([key, value]);
        self.rotate(simd, position, query, 1.0);
        let mut mixed = [[T::zero(); 1]; WIDTH];
        let width = self.head.max(1);
        let heads = query.chunks_exact(width).zip(state.keys.chunks_exact(width)).zip(state.values.chunks_exact(width));
        for (((query, key), value), mixed) in heads.zip(mixed.chunks_exact_mut(width)) {
            let mut weights = [[T::zero(); STEPS]];
            self.match_keys(simd, query, key, &mut weights);
            let (seen, later) = weights[0].split_at_mut(position + 1);
            later.fill(T::zero());
            softmax_row(simd, seen);
            nt_from(simd, zeros(), value, &weights, mixed);
        }
        tn(simd, &mixed, self.out_kernel, array::from_mut(y));
        elementwise_row(simd, &Plus, [self.out_bias], [y]);
    }

    /// The products of the query of a head and its keys. The keys are rotated here, since their positions change with
    /// each frame after the first `STEPS`.
    #[inline(always)]
    fn match_keys<S: Simd>(&self, simd: S, query: &[[T; 1]], keys: &[[T; STEPS]], products: &mut [[T; STEPS]; 1]) {
        if self.angles.is_none() {
            return tn(simd, query, keys, products);
        }
        for (block, products) in products[0].chunks_mut(AT_ONCE).enumerate() {
            let start = block * AT_ONCE;
            let mut rotated = [[T::zero(); AT_ONCE]; WIDTH];
            let (rotated, mut of_block) = (&mut rotated[..query.len()], [[T::zero(); AT_ONCE]]);
            for (row, keys) in rotated.iter_mut().zip(keys) {
                copy(&keys[start..], row);
            }
            self.rotate(simd, start, rotated, 1.0);
            tn(simd, query, rotated, &mut of_block);
            copy(&of_block[0], products);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Causal, NoRotation};

    #[test]
    fn the_stack_of_a_push_is_limited() {
        type OfSteps<const STEPS: usize> = Complete<f32, 1, STEPS, 1, Causal, NoRotation>;
        const MOST: usize = 256 * 1024 / 4 - 4;
        assert!(OfSteps::<MOST>::STREAM_FAULT.is_none());
        let fault = OfSteps::<{ MOST + 1 }>::STREAM_FAULT.unwrap();
        assert!(fault.as_str().ends_with("too large for the stack (over 256 KiB): give it fewer steps"));
    }
}
