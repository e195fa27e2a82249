//! How pooling layers combine pixels.

use crate::{kernel::Real, layer::Pool};

/// How a pooling layer combines the pixels of a window: [`Max`] or [`Average`].
pub trait Reduce: sealed::Sealed + 'static {
    /// The start of the layer's name.
    const NAME: &'static str;
    /// The operation, for export.
    #[doc(hidden)]
    const POOL: Pool;

    /// The combination of no pixels.
    #[doc(hidden)]
    const START: f64;

    /// The combination of `y` and the pixel `x`. `scale` is a power of two, at most 1 over the number of pixels.
    #[doc(hidden)]
    fn add<V: Real>(x: V, y: V, scale: f64) -> V;

    /// Completes `y`, given the number of its pixels times `scale`.
    #[doc(hidden)]
    fn finish<V: Real>(y: V, pixels: f64) -> V;

    /// The derivative with respect to the output, divided among `pixels` pixels.
    #[doc(hidden)]
    fn share<V: Real>(dy: V, pixels: u32) -> V;

    /// Adds the share of the pixel `x` of the gradient `dy` to `dx`.
    #[doc(hidden)]
    fn backward<V: Real>(x: V, y: V, dx: V, dy: V) -> [V; 2];
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Max {}
    impl Sealed for super::Average {}
}

/// The maximum of the pixels of a window.
#[derive(Clone, Copy, Debug)]
pub struct Max;

/// The mean of the pixels of a window.
#[derive(Clone, Copy, Debug)]
pub struct Average;

/// A NaN among the pixels is the maximum, so that it shows in the output.
impl Reduce for Max {
    const NAME: &'static str = "MaxPool";
    const POOL: Pool = Pool::Max;
    const START: f64 = f64::NEG_INFINITY;

    #[inline(always)]
    fn add<V: Real>(x: V, y: V, _: f64) -> V {
        // `max` preserves a NaN in `y`. One in `x` has no absolute value above −1.
        x.abs().if_gt(V::splat(-1.0), x.max(y), x)
    }

    #[inline(always)]
    fn finish<V: Real>(y: V, _: f64) -> V {
        y
    }

    #[inline(always)]
    fn share<V: Real>(dy: V, _: u32) -> V {
        dy
    }

    /// Moves the gradient to the first pixel that is the maximum, so that no further pixel gets it.
    #[inline(always)]
    fn backward<V: Real>(x: V, y: V, dx: V, dy: V) -> [V; 2] {
        [y.if_gt(x, dx, dx + dy), y.if_gt(x, dy, V::splat(0.0))]
    }
}

/// Pixels are scaled by a power of two before they are added up: their sum has the same digits, but does not overflow.
impl Reduce for Average {
    const NAME: &'static str = "AveragePool";
    const POOL: Pool = Pool::Average;
    const START: f64 = 0.0;

    #[inline(always)]
    fn add<V: Real>(x: V, y: V, scale: f64) -> V {
        y + x * V::splat(scale)
    }

    #[inline(always)]
    fn finish<V: Real>(y: V, pixels: f64) -> V {
        y / V::splat(pixels)
    }

    #[inline(always)]
    fn share<V: Real>(dy: V, pixels: u32) -> V {
        dy / V::splat(f64::from(pixels))
    }

    #[inline(always)]
    fn backward<V: Real>(_: V, _: V, dx: V, dy: V) -> [V; 2] {
        [dx + dy, dy]
    }
}

/// A power of two, at most 1 over this number of pixels.
pub(super) const fn scale(pixels: usize) -> f64 {
    match pixels.checked_next_power_of_two() {
        Some(more) => 1.0 / more as f64,
        None => 0.0,
    }
}
