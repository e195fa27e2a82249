//! The forward pass of any number of rows through a network of any size, on a limited stack.

use core::marker::PhantomData;

use crate::{
    Zeroed as _,
    cores::{Rows, on_all_cores},
    kernel::{Inlined, Level, Simd, Work, dispatch},
    layer::{Ending, Layer, Predictions, Sample, rows_at_once},
    zeroed::{clear, fits_stack, large},
};

/// The bytes of stack that a call takes at most, whatever the size of the network: the methods of
/// [`Trainer`](crate::train::Trainer) and of [`Network`](super::Network), except those that create a network on the
/// stack. The values that are passed to the call or returned are not included.
///
/// Activations take at most 384 KiB of it. If those of one sample take more, they are on the heap, and the call allocates.
/// Without `std`, they are on the stack: see [`Network::ACTIVATIONS`](super::Network::ACTIVATIONS).
///
/// ```
/// use std::thread;
/// use shiplap::{network::STACK, prelude::*};
///
/// let predict = || Dense::<100_000, 1>::boxed(1).predict(&[0.0; 100_000]);
/// thread::Builder::new().stack_size(STACK + size_of::<[f32; 100_000]>()).spawn(predict)?.join().unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
#[cfg(feature = "std")]
pub const STACK: usize = ACTIVATIONS + 288 * 1024;

/// The bytes of the activations between the layers that predictions and evaluations keep on the stack.
pub(crate) const ACTIVATIONS: usize = 384 * 1024;

/// The multiply-adds of the largest network whose prediction of one sample is compiled as one function. The baseline,
/// which may be that of a microcontroller, shares its functions with training. Unoptimized, its frame would be as large
/// as those of all layers together.
const INLINED: usize = 1024;

/// The prediction for one sample.
pub(crate) fn predict<N: Layer, X: Sample<N>>(network: &N, sample: &X) -> N::Output {
    const {
        assert!(
            fits_stack(size_of::<N::Output>()),
            "this prediction is too large for the stack (over 256 KiB): write it to a slice with `predict_batch`"
        );
    }
    let mut prediction = N::Output::zeroed_on_stack();
    let x = X::rows(core::slice::from_ref(sample));
    let y = core::slice::from_mut(&mut prediction);
    dispatch(Forward::<N, Predictions, 1> { network, x, y, ending: PhantomData });
    prediction
}

/// The predictions for as many samples as `y` has rows.
pub(super) fn predict_batch<N: Layer>(network: &N, x: &[N::Input], y: &mut [N::Output]) {
    in_blocks(PredictAll { network, x, y });
}

/// `y = network(x)` at inference, for at most `B` rows at once. The activations between the layers are on the stack if
/// they take at most `MOST` bytes. Otherwise, those of one row at a time are on the heap.
#[inline(always)]
pub(crate) fn forward<S: Simd, E: Ending, N: Layer, const B: usize, const MOST: usize>(
    simd: S,
    network: &N,
    x: &[N::Input],
    y: &mut [N::Output],
) {
    if const { inside::<N>().saturating_mul(B) <= MOST || cfg!(not(feature = "std")) } {
        for (x, y) in x.chunks(B).zip(y.chunks_mut(B)) {
            network.forward_batch::<S, E, B>(simd, x, y);
        }
    } else {
        row_by_row::<S, E, N>(simd, network, x, y, &mut large());
    }
}

/// [`forward`] with the activations in `tape`.
#[inline(always)]
fn row_by_row<S: Simd, E: Ending, N: Layer>(
    simd: S,
    network: &N,
    x: &[N::Input],
    y: &mut [N::Output],
    tape: &mut N::Tape<1>,
) {
    for (x, y) in x.chunks(1).zip(y.chunks_mut(1)) {
        forget::<N, 1>(tape);
        network.record_batch::<S, E, 1>(simd, None, x, tape, y);
    }
}

/// Lets stateful layers start with zero. Their states are all that a tape keeps.
#[inline(always)]
pub(crate) fn forget<N: Layer, const B: usize>(tape: &mut N::Tape<B>) {
    if const { N::OUTLINE.is_stateful() } {
        clear(tape);
    }
}

/// The bytes of the activations between the layers that exist at once, for one sample.
const fn inside<N: Layer>() -> usize {
    N::OUTLINE.peak().saturating_sub(size_of::<N::Output>())
}

/// A computation over many rows, in blocks of `B`.
pub(crate) trait InBlocks {
    /// The bytes on the stack for one row.
    const ROW: usize;

    fn pass<const B: usize>(self);
}

/// Does `work` in blocks as large as the stack allows, because a product of many rows reads the weights less often.
pub(crate) fn in_blocks<W: InBlocks>(work: W) {
    // A branch whose `const` condition is false is not compiled.
    if const { rows_per_block::<W>() >= 64 } {
        work.pass::<64>();
    } else if const { rows_per_block::<W>() >= 16 } {
        work.pass::<16>();
    } else if const { rows_per_block::<W>() >= 4 } {
        work.pass::<4>();
    } else {
        work.pass::<1>();
    }
}

/// One with the feature `deterministic`, so that a loss is summed in the same order whatever the size of the stack.
const fn rows_per_block<W: InBlocks>() -> usize {
    if cfg!(feature = "deterministic") {
        1
    } else if cfg!(feature = "std") && 64 * W::ROW <= ACTIVATIONS {
        64
    } else {
        rows_at_once(W::ROW)
    }
}

struct PredictAll<'a, N: Layer> {
    network: &'a N,
    x: &'a [N::Input],
    y: &'a mut [N::Output],
}

impl<N: Layer> InBlocks for PredictAll<'_, N> {
    // The last layer writes directly to `y`.
    const ROW: usize = inside::<N>();

    fn pass<const B: usize>(self) {
        let Self { network, x, y } = self;
        on_all_cores(Forward::<N, Predictions, B> { network, x, y, ending: PhantomData }, B, N::MACS, &|rows| {
            dispatch(rows)
        });
    }
}

/// The outputs for rows, in blocks of `B`.
pub(crate) struct Forward<'a, N: Layer, E, const B: usize> {
    pub network: &'a N,
    pub x: &'a [N::Input],
    pub y: &'a mut [N::Output],
    pub ending: PhantomData<fn() -> E>,
}

impl<N: Layer, E: Ending, const B: usize> Work for Forward<'_, N, E, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        if const { B == 1 && N::MACS <= INLINED && cfg!(not(debug_assertions)) && !matches!(S::LEVEL, Level::Baseline) }
        {
            forward::<_, E, N, B, ACTIVATIONS>(Inlined(simd), self.network, self.x, self.y);
        } else {
            forward::<S, E, N, B, ACTIVATIONS>(simd, self.network, self.x, self.y);
        }
    }
}

impl<N: Layer, E, const B: usize> Rows for Forward<'_, N, E, B> {
    fn rows(&self) -> usize {
        self.x.len()
    }

    fn split_at(self, rows: usize) -> (Self, Self) {
        let Self { network, x, y, ending } = self;
        let ((x, more_x), (y, more_y)) = (x.split_at(rows), y.split_at_mut(rows));
        (Self { network, x, y, ending }, Self { network, x: more_x, y: more_y, ending })
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::{thread, vec};

    use super::*;
    use crate::prelude::*;

    /// The widths at which 64 rows of hidden activations, without and with the outputs, just fit.
    #[test]
    fn the_largest_blocks_fit_on_the_stack() {
        fn pass<const WIDTH: usize>() {
            type Net<const WIDTH: usize> = (Dense<4, WIDTH, Tanh>, Dense<WIDTH, 4, Linear>);
            let (x, mut y) = (vec![[0.5; 4]; 100], vec![[0.0; 4]; 100]);
            let trainer = Trainer::<Net<WIDTH>, MeanSquaredError, Sgd, 1>::boxed(Sgd::default(), 1);
            trainer.network().predict_batch(&x, &mut y).unwrap();
            assert!(trainer.evaluate(&x, &y).unwrap().loss < 1e-9);
        }
        if cfg!(not(feature = "deterministic")) {
            assert_eq!(rows_per_block::<PredictAll<'_, (Dense<4, 1536, Tanh>, Dense<1536, 4, Linear>)>>(), 64);
        }
        for pass in [pass::<1536>, pass::<1532>] {
            thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(pass).unwrap().join().unwrap();
        }
    }
}
