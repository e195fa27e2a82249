//! Gradients that are too large.

use super::{in_range, is_divisor};
use crate::{
    kernel::{Element, ElementwiseKernel, Real, Simd, Summand, elementwise, sum_of},
    layer::{Parameter, VisitTrainable},
};

/// What is done to gradients that are too large.
///
/// ```
/// use shiplap::prelude::*;
///
/// let sgd = Sgd::new(1.0).clip(Clip::Value(0.5));
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, HalfSquaredError, Sgd, 1>::new(sgd, 1);
/// trainer.network_mut().kernel = [[0.0]];
/// trainer.step(&[[1.0f32]], &[[9.0]])?;
/// // The gradient was −9.
/// assert_eq!(trainer.network().kernel, [[0.5]]);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// Each number is held in ±value, which is finite and above 0.
    Value(f64),
    /// All are scaled so that the length of the whole gradient is at most this, which is finite and above 0.
    Norm(f64),
}

impl Clip {
    pub(super) fn check(self) -> Result<(), &'static str> {
        let (Self::Value(most) | Self::Norm(most)) = self;
        in_range(is_divisor(most), "what gradients are clipped to must be finite and above 0")
    }
}

/// Adds up the squares of a gradient.
pub(crate) struct SquareLength<S>(pub(crate) S, pub(crate) f64);

#[derive(Clone, Copy)]
pub(super) struct Square;

impl Summand<1> for Square {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1]) -> V {
        g * g
    }
}

impl<S: Simd, T: Element> VisitTrainable<T, 0> for SquareLength<S> {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, _: &mut [T], gradient: &mut [T], []: [&mut [T]; 0]) {
        self.1 += sum_of(self.0, &Square, [gradient]).to_f64();
    }
}

/// Clips a gradient whose length is known.
pub(crate) struct Clipping<S>(S, Hold);

impl<S> Clipping<S> {
    pub(crate) fn new(simd: S, clip: Clip, square_length: f64) -> Self {
        match clip {
            Clip::Value(most) => Self(simd, Hold { scale: 1.0, most }),
            Clip::Norm(most) => {
                Self(simd, Hold { scale: most / libm::sqrt(square_length).max(most), most: f64::INFINITY })
            }
        }
    }
}

/// Scales a number and holds it in ±`most`.
#[derive(Clone, Copy)]
pub(super) struct Hold {
    pub scale: f64,
    pub most: f64,
}

impl ElementwiseKernel<0, 1> for Hold {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [g]: [V; 1]) -> [V; 1] {
        [V::splat(-self.most).max(V::splat(self.most).min(g * V::splat(self.scale)))]
    }
}

impl<S: Simd, T: Element> VisitTrainable<T, 0> for Clipping<S> {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, _: &mut [T], gradient: &mut [T], []: [&mut [T]; 0]) {
        elementwise(self.0, &self.1, [], [gradient]);
    }
}
