//! Piecewise linear activations.

use super::{Elementwise, SaveInput, SaveNothing};
use crate::{init::Initializer, kernel::Real};

/// `y = x`.
#[derive(Clone, Copy, Debug)]
pub struct Linear;

impl Elementwise for Linear {
    type Saves = SaveNothing;
    const CHEAP: bool = true;
    const NAME: &'static str = "Linear";

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        x
    }

    #[inline(always)]
    fn derivative<V: Real>(_: V, _: V) -> V {
        V::splat(1.0)
    }
}

/// `y = max(0, x)`.
#[derive(Clone, Copy, Debug)]
pub struct Relu;

impl Elementwise for Relu {
    type Saves = SaveNothing;
    const CHEAP: bool = true;
    const NAME: &'static str = "Relu";
    const INITIALIZER: Initializer = Initializer::HeUniform;

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        // `max` returns its second argument if that is NaN.
        V::splat(0.0).max(x)
    }

    #[inline(always)]
    fn derivative<V: Real>(_: V, y: V) -> V {
        y.if_gt(V::splat(0.0), V::splat(1.0), V::splat(0.0))
    }
}

/// `y = x` for `x > 0`, else `0.01·x` (Maas et al. 2013).
#[derive(Clone, Copy, Debug)]
pub struct LeakyRelu;

const LEAK: f64 = 0.01;

impl Elementwise for LeakyRelu {
    type Saves = SaveNothing;
    const CHEAP: bool = true;
    const NAME: &'static str = "LeakyRelu";
    const INITIALIZER: Initializer = Initializer::HeUniform;

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        x.if_gt(V::splat(0.0), x, x * V::splat(LEAK))
    }

    #[inline(always)]
    fn derivative<V: Real>(_: V, y: V) -> V {
        y.if_gt(V::splat(0.0), V::splat(1.0), V::splat(LEAK))
    }
}

/// `y = x/6 + 1/2`, clamped to [0, 1].
#[derive(Clone, Copy, Debug)]
pub struct HardSigmoid;

impl Elementwise for HardSigmoid {
    type Saves = SaveNothing;
    const CHEAP: bool = true;
    const NAME: &'static str = "HardSigmoid";

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        V::splat(0.0).max(V::splat(1.0).min(x.mul_add(V::splat(1.0 / 6.0), V::splat(0.5))))
    }

    #[inline(always)]
    fn derivative<V: Real>(_: V, y: V) -> V {
        let below_one = V::splat(1.0).if_gt(y, V::splat(1.0 / 6.0), V::splat(0.0));
        y.if_gt(V::splat(0.0), below_one, V::splat(0.0))
    }
}

/// `y = min(max(0, x), 6)` (Howard et al. 2017): `relu6` in Keras, `ReLU6` in PyTorch.
#[derive(Clone, Copy, Debug)]
pub struct Relu6;

impl Elementwise for Relu6 {
    type Saves = SaveNothing;
    const CHEAP: bool = true;
    const NAME: &'static str = "Relu6";
    const INITIALIZER: Initializer = Initializer::HeUniform;

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        V::splat(0.0).max(V::splat(6.0).min(x))
    }

    #[inline(always)]
    fn derivative<V: Real>(_: V, y: V) -> V {
        let below_six = V::splat(6.0).if_gt(y, V::splat(1.0), V::splat(0.0));
        y.if_gt(V::splat(0.0), below_six, V::splat(0.0))
    }
}

/// `y = x·h(x)`, where `h` is [`HardSigmoid`] (Howard et al. 2019): `hard_silu` in Keras, `Hardswish` in PyTorch.
#[derive(Clone, Copy, Debug)]
pub struct HardSwish;

impl Elementwise for HardSwish {
    type Saves = SaveInput;
    const CHEAP: bool = true;
    const NAME: &'static str = "HardSwish";
    const INITIALIZER: Initializer = Initializer::HeUniform;

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        // Without this bound, −∞·0 would be NaN.
        V::splat(-3.0).max(x) * HardSigmoid::value(x)
    }

    #[inline(always)]
    fn derivative<V: Real>(x: V, _: V) -> V {
        let rising = V::splat(3.0).if_gt(x, x.mul_add(V::splat(1.0 / 3.0), V::splat(0.5)), V::splat(1.0));
        x.if_gt(V::splat(-3.0), rising, V::splat(0.0))
    }
}
