//! Smooth activations.

use core::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::{Elementwise, SaveInput, SaveNothing};
use crate::{init::Initializer, kernel::Real};

/// `y = 1 / (1 + e⁻ˣ)`.
#[derive(Clone, Copy, Debug)]
pub struct Sigmoid;

impl Elementwise for Sigmoid {
    type Saves = SaveNothing;
    const NAME: &'static str = "Sigmoid";

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        x.sigmoid()
    }

    #[inline(always)]
    fn derivative<V: Real>(_: V, y: V) -> V {
        y * (V::splat(1.0) - y)
    }
}

/// `y = tanh(x)`.
#[derive(Clone, Copy, Debug)]
pub struct Tanh;

impl Elementwise for Tanh {
    type Saves = SaveNothing;
    const NAME: &'static str = "Tanh";

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        x.tanh()
    }

    #[inline(always)]
    fn derivative<V: Real>(_: V, y: V) -> V {
        V::splat(1.0) - y * y
    }
}

/// `y = ln(1 + eˣ)`.
#[derive(Clone, Copy, Debug)]
pub struct Softplus;

impl Elementwise for Softplus {
    type Saves = SaveInput;
    const NAME: &'static str = "Softplus";

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        x.softplus()
    }

    #[inline(always)]
    fn derivative<V: Real>(x: V, _: V) -> V {
        x.sigmoid()
    }
}

/// `y = x` for `x > 0`, else `eˣ − 1` (Clevert et al. 2015).
#[derive(Clone, Copy, Debug)]
pub struct Elu;

impl Elementwise for Elu {
    type Saves = SaveNothing;
    const NAME: &'static str = "Elu";
    const INITIALIZER: Initializer = Initializer::HeUniform;

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        x.if_gt(V::splat(0.0), x, exp_minus_one(x))
    }

    #[inline(always)]
    fn derivative<V: Real>(_: V, y: V) -> V {
        y.if_gt(V::splat(0.0), V::splat(1.0), y + V::splat(1.0))
    }
}

/// `eˣ − 1` for `x ≤ 0`, without cancellation near 0: `2·tanh(x/2) / (1 − tanh(x/2))`.
#[inline(always)]
fn exp_minus_one<V: Real>(x: V) -> V {
    let t = (x * V::splat(0.5)).tanh();
    (t + t) / (V::splat(1.0) - t)
}

/// `y = λ·x` for `x > 0`, else `λ·α·(eˣ − 1)`, with λ ≈ 1.0507 and α ≈ 1.6733, which preserves mean 0 and variance 1
/// from layer to layer (Klambauer et al. 2017).
#[derive(Clone, Copy, Debug)]
pub struct Selu;

const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

impl Elementwise for Selu {
    type Saves = SaveNothing;
    const NAME: &'static str = "Selu";
    const INITIALIZER: Initializer = Initializer::LecunNormal;

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        x.if_gt(V::splat(0.0), x * V::splat(SELU_SCALE), exp_minus_one(x) * V::splat(SELU_SCALE * SELU_ALPHA))
    }

    #[inline(always)]
    fn derivative<V: Real>(_: V, y: V) -> V {
        y.if_gt(V::splat(0.0), V::splat(SELU_SCALE), y + V::splat(SELU_SCALE * SELU_ALPHA))
    }
}

/// `y = x·Φ(x)`, where Φ is the distribution function of the standard normal distribution, computed by the error
/// function and not by the `tanh` approximation (Hendrycks and Gimpel 2016).
#[derive(Clone, Copy, Debug)]
pub struct Gelu;

#[inline(always)]
fn normal_distribution<V: Real>(x: V) -> V {
    V::splat(0.5) * (V::splat(1.0) + (x * V::splat(FRAC_1_SQRT_2)).erf())
}

impl Elementwise for Gelu {
    type Saves = SaveInput;
    const NAME: &'static str = "Gelu";
    const INITIALIZER: Initializer = Initializer::HeUniform;

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        // Below this bound the result rounds to −0; without it, −∞ would give NaN.
        V::splat(-20.0).max(x) * normal_distribution(x)
    }

    #[inline(always)]
    fn derivative<V: Real>(x: V, _: V) -> V {
        let density = (x * x * V::splat(-0.5)).exp() * V::splat(0.5 * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI);
        x.mul_add(density, normal_distribution(x))
    }
}

/// `y = x·sigmoid(x)`, also called swish (Elfwing et al. 2017).
#[derive(Clone, Copy, Debug)]
pub struct Silu;

impl Elementwise for Silu {
    type Saves = SaveInput;
    const NAME: &'static str = "Silu";
    const INITIALIZER: Initializer = Initializer::HeUniform;

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        // Below this bound the result rounds to −0; without it, −∞ would give NaN.
        V::splat(-110.0).max(x) * x.sigmoid()
    }

    #[inline(always)]
    fn derivative<V: Real>(x: V, y: V) -> V {
        let s = x.sigmoid();
        s + y * (V::splat(1.0) - s)
    }
}
