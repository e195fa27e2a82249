//! Gradients that are too large.

use super::{in_range, is_divisor};
use crate::{
    kernel::{Element, Fold, Real, Simd, Sweep, sum_of, sweep},
    layer::{Parameter, VisitMut},
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
struct Square;

impl Fold<1> for Square {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1]) -> V {
        g * g
    }
}

impl<S: Simd, T: Element> VisitMut<T, 1> for SquareLength<S> {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, [gradient]: [&mut [T]; 1]) {
        self.1 += sum_of(self.0, &Square, [&*gradient]).to_f64();
    }
}

/// Clips a gradient whose length is known.
pub(crate) struct Clipping<S> {
    pub(crate) simd: S,
    pub(crate) scale: f64,
    pub(crate) most: f64,
}

impl<S> Clipping<S> {
    pub(crate) fn new(simd: S, clip: Clip, square_length: f64) -> Self {
        match clip {
            Clip::Value(most) => Self { simd, scale: 1.0, most },
            Clip::Norm(most) => Self { simd, scale: most / libm::sqrt(square_length).max(most), most: f64::INFINITY },
        }
    }
}

#[derive(Clone, Copy)]
struct Hold(f64, f64);

impl Sweep<0, 1> for Hold {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [g]: [V; 1]) -> [V; 1] {
        [V::splat(-self.1).max(V::splat(self.1).min(g * V::splat(self.0)))]
    }
}

impl<S: Simd, T: Element> VisitMut<T, 1> for Clipping<S> {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, [gradient]: [&mut [T]; 1]) {
        sweep(self.simd, &Hold(self.scale, self.most), [], [gradient]);
    }
}
