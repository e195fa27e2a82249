//! The output of a series whose length varies, when the series is known, and in a stream.

use core::slice;

use super::Masked;
use crate::{
    Tensor, Zeroed,
    budget::PartCosts,
    kernel::{Element, Simd, copy},
    layer::{Layer, Pool, SeriesEnd},
    layers::image::{Average, Max},
    message::Message,
    stream::Streaming,
};

/// What [`Masked`](super::Masked) makes of the steps up to the length: [`LastStep`], [`BothEnds`], [`Average`], [`Max`] or
/// [`AllSteps`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the end of a series",
    label = "expected `LastStep`, `BothEnds`, `Average`, `Max` or `AllSteps`"
)]
pub trait Ends: sealed::Sealed + Send + Sync + 'static {
    /// The output for a series `X`.
    #[doc(hidden)]
    type Output<X: Tensor>: Tensor<Element = X::Element>;
    /// The state of a stream, initially bytes of zero.
    #[doc(hidden)]
    type Kept<Y: Tensor>: Zeroed + Copy;
    /// The name.
    #[doc(hidden)]
    const NAME: &'static str;
    /// The operation, for export.
    #[doc(hidden)]
    const END: SeriesEnd;
    /// Makes the output of the steps, of which there is at least one.
    #[doc(hidden)]
    fn end<T: Element>(steps: &[T], y: &mut [T]);
    /// The gradient with respect to the steps, in place of zeros.
    #[doc(hidden)]
    fn end_backward<T: Element>(steps: &[T], y: &[T], dy: &[T], gradient: &mut [T]);
    /// Replaces the newest step by the output for all steps so far.
    #[doc(hidden)]
    fn push<Y: Tensor>(kept: &mut Self::Kept<Y>, step: &mut Y);
}

/// The stream of the layer, with the end of the steps so far.
impl<L: Layer + Streaming<Emitted: Tensor>, E: Ends> Streaming for Masked<L, E> {
    type Frame = L::Frame;
    type Emitted = L::Emitted;
    type State = (L::State, E::Kept<L::Emitted>);
    const STREAM_FAULT: Option<Message> = L::STREAM_FAULT;
    const PARTS: &'static [(&'static str, PartCosts)] = L::PARTS;
    const FRAME_MACS: usize = L::FRAME_MACS;
    const DELAY: usize = L::DELAY;
    const PERIOD: usize = L::PERIOD;

    #[inline(always)]
    fn push<S: Simd>(
        &self,
        simd: S,
        (state, kept): &mut Self::State,
        frame: &L::Frame,
        emitted: &mut L::Emitted,
    ) -> bool {
        let due = self.layer.push(simd, state, frame, emitted);
        if due {
            E::push(kept, emitted);
        }
        due
    }
}

/// The last step.
#[derive(Clone, Copy, Debug)]
pub struct LastStep;

/// The last step of the first half of the channels, and the first step of the others: the last state in each direction of
/// [`Bidirectional`](super::Bidirectional), whose second half of the channels reads backwards and thus ends with the first
/// step. In Keras, this is a `Bidirectional` layer without `return_sequences` that is given a mask.
///
/// ```
/// use shiplap::{Pair, layers::{BothEnds, Masked}, prelude::*};
///
/// #[network(input = Pair<[[f32; 2]; 5], f32>)]
/// type Net = (Masked<Bidirectional<Gru<_, 8, AllStates>>, BothEnds>, Dense<_, 3, Softmax>);
///
/// let (net, series) = (Net::new(1), [[0.5, 0.1], [0.2, 0.3], [9.0; 2], [9.0; 2], [9.0; 2]]);
/// let states = net.0.layer.predict(&series);
/// let ends = net.0.predict(&Pair(series, 2.0));
/// assert_eq!(ends[..8], states[1][..8]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BothEnds;

/// All steps, for a label of each. Those after the length are zeros.
///
/// ```
/// use shiplap::{Pair, layers::{AllSteps, Masked}, loss::EachStep, prelude::*};
///
/// // A class for each word, which depends on the words before and after it.
/// #[network(input = Pair<[f32; 5], f32>)]
/// type Net = (
///     Masked<(Embedding<_, 100, 8>, Bidirectional<Gru<_, 8, AllStates>>), AllSteps>,
///     TimeDistributed<Dense<_, 3, Softmax>, 5>,
/// );
///
/// let mut trainer = Trainer::<Net, EachStep<SparseCategoricalCrossentropy>, Adam, 1>::new(Adam::default(), 1);
/// let sentence = Pair([17.0, 4.0, 99.0, 0.0, 0.0], 3.0);
/// trainer.step(&[sentence], &[([2, 0, 1, 0, 0], 3)])?;
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AllSteps;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::AllSteps {}
    impl Sealed for super::LastStep {}
    impl Sealed for super::BothEnds {}
    impl Sealed for super::Average {}
    impl Sealed for super::Max {}
}

impl Ends for LastStep {
    type Output<X: Tensor> = X::Row;
    type Kept<Y: Tensor> = ();

    const NAME: &'static str = "LastStep";
    const END: SeriesEnd = SeriesEnd::LastStep;

    #[inline(always)]
    fn end<T: Element>(steps: &[T], y: &mut [T]) {
        copy(steps.rchunks(y.len().max(1)).next().unwrap_or(&[]), y);
    }

    #[inline(always)]
    fn end_backward<T: Element>(_: &[T], _: &[T], dy: &[T], gradient: &mut [T]) {
        copy(dy, gradient.rchunks_mut(dy.len().max(1)).next().unwrap_or(&mut []));
    }

    #[inline(always)]
    fn push<Y: Tensor>((): &mut (), _: &mut Y) {}
}

impl Ends for BothEnds {
    type Output<X: Tensor> = X::Row;
    /// Whether there was a step, and the first one.
    type Kept<Y: Tensor> = (bool, Y);

    const NAME: &'static str = "BothEnds";
    const END: SeriesEnd = SeriesEnd::BothEnds;

    #[inline(always)]
    fn end<T: Element>(steps: &[T], y: &mut [T]) {
        let half = y.len() / 2;
        LastStep::end(steps, y);
        copy(steps.get(half..y.len()).unwrap_or(&[]), &mut y[half..]);
    }

    #[inline(always)]
    fn end_backward<T: Element>(_: &[T], _: &[T], dy: &[T], gradient: &mut [T]) {
        let half = dy.len() / 2;
        let last = gradient.len().saturating_sub(dy.len());
        copy(&dy[..half], gradient.get_mut(last..last + half).unwrap_or(&mut []));
        copy(&dy[half..], gradient.get_mut(half..dy.len()).unwrap_or(&mut []));
    }

    #[inline(always)]
    fn push<Y: Tensor>((started, first): &mut Self::Kept<Y>, step: &mut Y) {
        if !*started {
            (*started, *first) = (true, *step);
        }
        let half = Y::LEN / 2;
        copy(&Y::flat(slice::from_ref(first))[half..], &mut Y::flat_mut(slice::from_mut(step))[half..]);
    }
}

impl Ends for AllSteps {
    type Output<X: Tensor> = X;
    type Kept<Y: Tensor> = ();

    const NAME: &'static str = "AllSteps";
    const END: SeriesEnd = SeriesEnd::AllSteps;

    #[inline(always)]
    fn end<T: Element>(steps: &[T], y: &mut [T]) {
        let (taken, padding) = y.split_at_mut(steps.len().min(y.len()));
        copy(steps, taken);
        padding.fill(T::zero());
    }

    #[inline(always)]
    fn end_backward<T: Element>(_: &[T], _: &[T], dy: &[T], gradient: &mut [T]) {
        copy(dy, gradient);
    }

    #[inline(always)]
    fn push<Y: Tensor>((): &mut (), _: &mut Y) {}
}

impl Ends for Average {
    type Output<X: Tensor> = X::Row;
    /// The number of steps, and their mean.
    type Kept<Y: Tensor> = (usize, Y);

    const NAME: &'static str = "Average";
    const END: SeriesEnd = SeriesEnd::Pool(Pool::Average);

    #[inline(always)]
    fn end<T: Element>(steps: &[T], y: &mut [T]) {
        y.fill(T::zero());
        for (before, step) in steps.chunks_exact(y.len().max(1)).enumerate() {
            add_to_mean(y, before, step);
        }
    }

    #[inline(always)]
    fn end_backward<T: Element>(_: &[T], _: &[T], dy: &[T], gradient: &mut [T]) {
        let share = share::<T>(gradient.len(), dy.len());
        for step in gradient.chunks_exact_mut(dy.len().max(1)) {
            step.iter_mut().zip(dy).for_each(|(gradient, &dy)| *gradient = dy * share);
        }
    }

    #[inline(always)]
    fn push<Y: Tensor>((steps, mean): &mut Self::Kept<Y>, step: &mut Y) {
        add_to_mean(Y::flat_mut(slice::from_mut(mean)), *steps, Y::flat(slice::from_ref(step)));
        *steps = steps.saturating_add(1);
        *step = *mean;
    }
}

/// Adds a step to the mean of those before. A sum or a difference could overflow, and the sum of a long stream would stop to
/// grow.
#[inline(always)]
fn add_to_mean<T: Element>(mean: &mut [T], before: usize, step: &[T]) {
    let share = share::<T>(before.saturating_add(1), 1);
    mean.iter_mut().zip(step).for_each(|(mean, &value)| *mean += value * share - *mean * share);
}

/// The share of a step in a mean.
#[inline(always)]
fn share<T: Element>(numbers: usize, width: usize) -> T {
    T::from_f64(width as f64 / numbers.max(1) as f64)
}

impl Ends for Max {
    type Output<X: Tensor> = X::Row;
    /// Whether there was a step, and the greatest numbers.
    type Kept<Y: Tensor> = (bool, Y);

    const NAME: &'static str = "Max";
    const END: SeriesEnd = SeriesEnd::Pool(Pool::Max);

    #[inline(always)]
    fn end<T: Element>(steps: &[T], y: &mut [T]) {
        copy(steps, y);
        for step in steps.chunks_exact(y.len().max(1)) {
            y.iter_mut().zip(step).for_each(|(most, &value)| *most = greater(*most, value));
        }
    }

    /// The gradient goes to the first of equal steps.
    #[inline(always)]
    fn end_backward<T: Element>(steps: &[T], y: &[T], dy: &[T], gradient: &mut [T]) {
        let width = y.len().max(1);
        for (channel, (most, &dy)) in y.iter().zip(dy).enumerate() {
            let first = steps.iter().skip(channel).step_by(width).position(|value| value == most);
            if let Some(gradient) = first.and_then(|step| gradient.get_mut(step * width + channel)) {
                *gradient = dy;
            }
        }
    }

    #[inline(always)]
    fn push<Y: Tensor>((started, greatest): &mut Self::Kept<Y>, step: &mut Y) {
        if !*started {
            (*started, *greatest) = (true, *step);
        }
        let values = Y::flat(slice::from_ref(step));
        let most = Y::flat_mut(slice::from_mut(greatest));
        most.iter_mut().zip(values).for_each(|(most, &value)| *most = greater(*most, value));
        *step = *greatest;
    }
}

/// The greater number. A NaN is the greatest, as in other pools.
#[inline(always)]
fn greater<T: Element>(most: T, value: T) -> T {
    if value > most || value.to_f64().is_nan() { value } else { most }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_large_numbers_is_finite() {
        let mut mean = [0.0f32];
        Average::end(&[3e38, 3e38, -3e38], &mut mean);
        assert!((mean[0] / 1e38 - 1.0).abs() < 1e-6, "{mean:?}");
    }
}
