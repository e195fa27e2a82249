//! The simple recurrent layer.

use super::{LastState, Recurrent, Unit};
use crate::{
    Tensor,
    kernel::{Element, ElementwiseKernel, Real, Simd, elementwise},
    layer::Cell,
};

/// `h[t] = tanh(x[t]·kernel + h[t−1]·recurrent_kernel + bias)` (Elman 1990), with `h[−1] = 0`, for each frame `x[t]` of a
/// sequence.
///
/// x: `I`, a series `[[T; FEATURES]; STEPS]`; y: the last state, `[T; UNITS]`, or with
/// [`AllStates`](super::AllStates) all of them, `[[T; UNITS]; STEPS]`.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Layer = SimpleRnn<[[f64; 1]; 2], 1>;
/// let layer = Layer::from_parts([[[1.0]]], [[[0.5]]], [[0.25]], []);
/// let first = f64::tanh(1.0 + 0.25);
/// assert_eq!(layer.predict(&[[1.0], [2.0]]), [f64::tanh(2.0 + 0.25 + first * 0.5)]);
/// ```
pub type SimpleRnn<I, const UNITS: usize, R = LastState> = Recurrent<I, UNITS, SimpleRnnUnit, R, 1, 1, 1>;

/// The formula of [`SimpleRnn`].
#[derive(Clone, Copy, Debug)]
pub struct SimpleRnnUnit;

impl Unit<1, 1, 1> for SimpleRnnUnit {
    const NAME: &'static str = "SimpleRnn";
    const CELL: Option<Cell> = Some(Cell::SimpleRnn);
    const RECURRENT: [usize; 1] = [0];
    type RecurrentBias<X: Tensor> = [X; 0];

    #[inline(always)]
    fn forward<S: Simd, T: Element>(simd: S, products: [&[T]; 1], [saved]: [&mut [T]; 1], [state]: [&mut [T]; 1]) {
        elementwise(simd, &Step, products, [saved, state]);
    }

    #[inline(always)]
    fn backward<S: Simd, T: Element>(simd: S, _: [&[T]; 1], [saved]: [&mut [T]; 1], [gradient]: [&mut [T]; 1]) {
        elementwise(simd, &StepBack, [], [saved, gradient]);
    }
}

/// The state after a step, twice: saved, and for the next step.
#[derive(Clone, Copy)]
struct Step;

impl ElementwiseKernel<1, 2> for Step {
    #[inline(always)]
    fn apply<V: Real>(&self, [sum]: [V; 1], _: [V; 2]) -> [V; 2] {
        [sum.tanh(); 2]
    }
}

#[derive(Clone, Copy)]
struct StepBack;

impl ElementwiseKernel<0, 2> for StepBack {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [h, gradient]: [V; 2]) -> [V; 2] {
        [gradient * (V::splat(1.0) - h * h), V::splat(0.0)]
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::{check, layers::AllStates};

    #[test]
    fn gradients() {
        check::gradients::<SimpleRnn<[[f64; 3]; 5], 4>>().unwrap();
        check::gradients::<SimpleRnn<[[f64; 2]; 4], 3, AllStates>>().unwrap();
    }
}
