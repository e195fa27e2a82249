//! Clipping of large gradients.

use core::marker::PhantomData;

use super::{in_range, is_divisor, norm::Norm};
use crate::{
    cores::Cores,
    kernel::{Element, ElementwiseKernel, Real, Simd},
    layer::{Layer, Parameter, Path, VisitTrainable},
};

/// Clipping of large gradients, after penalties are added and before the optimizer uses them.
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
#[non_exhaustive]
pub enum Clip {
    /// Each derivative is clamped to `[−value, value]`. The value is finite and above 0.
    Value(f64),
    /// The gradient of the whole network is scaled down to this Euclidean norm if its norm is larger (Pascanu et al.
    /// 2013). The norm is finite and above 0.
    Norm(f64),
}

impl Clip {
    pub(super) fn check(self) -> Result<(), &'static str> {
        let (Self::Value(limit) | Self::Norm(limit)) = self;
        in_range(
            is_divisor(limit),
            "the value or norm that gradients are clipped to must be finite and above 0 as `f32`",
        )
    }
}

/// Clips a gradient whose norm is known.
#[inline(always)]
pub(super) fn clip<S: Simd, C: Cores, N: Layer>(simd: S, clip: Clip, norm: Norm, gradient: &mut N::Trainable) {
    let scaled = match clip {
        Clip::Value(limit) => Scaled { limit, ..Scaled::NOT },
        Clip::Norm(limit) => Scaled { factors: norm.factors::<N::Element>(limit), ..Scaled::NOT },
    };
    N::trainable_mut(None, gradient, [], Path::ROOT, &mut Clipping::<S, C>(simd, scaled, PhantomData));
}

struct Clipping<S, C>(S, Scaled, PhantomData<C>);

/// Scales a number, then clamps it to `[−limit, limit]`.
#[derive(Clone, Copy)]
pub(super) struct Scaled {
    pub factors: [f64; 2],
    pub limit: f64,
}

impl Scaled {
    /// Changes nothing.
    pub const NOT: Self = Self { factors: [1.0; 2], limit: f64::INFINITY };
}

impl ElementwiseKernel<0, 1> for Scaled {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [g]: [V; 1]) -> [V; 1] {
        let scaled = self.factors.into_iter().fold(g, |g, factor| g * V::splat(factor));
        [V::splat(-self.limit).max(V::splat(self.limit).min(scaled))]
    }
}

impl<S: Simd, C: Cores, T: Element> VisitTrainable<T, 0> for Clipping<S, C> {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, _: &mut [T], gradient: &mut [T], []: [&mut [T]; 0]) {
        C::elementwise(self.0, &self.1, [], [gradient]);
    }
}
