//! The output of a series whose length varies.

use crate::{
    kernel::{Element, copy},
    layer::{Pool, SeriesEnd},
    layers::image::{Average, Max},
};

/// What [`Masked`](super::Masked) makes of the steps up to the length: [`LastStep`], [`BothEnds`], [`Average`] or [`Max`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the end of a series",
    label = "expected `LastStep`, `BothEnds`, `Average` or `Max`"
)]
pub trait Ends: sealed::Sealed + Send + Sync + 'static {
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

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::LastStep {}
    impl Sealed for super::BothEnds {}
    impl Sealed for super::Average {}
    impl Sealed for super::Max {}
}

impl Ends for LastStep {
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
}

impl Ends for BothEnds {
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
}

impl Ends for Average {
    const NAME: &'static str = "Average";
    const END: SeriesEnd = SeriesEnd::Pool(Pool::Average);

    #[inline(always)]
    fn end<T: Element>(steps: &[T], y: &mut [T]) {
        let share = share::<T>(steps.len(), y.len());
        y.fill(T::zero());
        for step in steps.chunks_exact(y.len().max(1)) {
            y.iter_mut().zip(step).for_each(|(mean, &value)| *mean += value * share);
        }
    }

    #[inline(always)]
    fn end_backward<T: Element>(_: &[T], _: &[T], dy: &[T], gradient: &mut [T]) {
        let share = share::<T>(gradient.len(), dy.len());
        for step in gradient.chunks_exact_mut(dy.len().max(1)) {
            step.iter_mut().zip(dy).for_each(|(gradient, &dy)| *gradient = dy * share);
        }
    }
}

/// The share of a step in a mean.
#[inline(always)]
fn share<T: Element>(numbers: usize, width: usize) -> T {
    T::from_f64(width as f64 / numbers.max(1) as f64)
}

impl Ends for Max {
    const NAME: &'static str = "Max";
    const END: SeriesEnd = SeriesEnd::Pool(Pool::Max);

    #[inline(always)]
    fn end<T: Element>(steps: &[T], y: &mut [T]) {
        copy(steps, y);
        for step in steps.chunks_exact(y.len().max(1)) {
            // A NaN is the maximum, as in other pools.
            y.iter_mut().zip(step).for_each(|(most, &value)| {
                if value > *most || value.to_f64().is_nan() {
                    *most = value;
                }
            });
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
}
