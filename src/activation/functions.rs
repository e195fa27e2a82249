//! Functions of one number that models of other libraries have between their layers.

use super::{Elementwise, SaveInput, SaveNothing};
use crate::kernel::Real;

macro_rules! functions {
    ($($(#[$documentation:meta])* $name:ident, $saves:ident, |$x:ident| $value:expr, |$of:ident| $derivative:expr;)*) => {
        $(
            $(#[$documentation])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Elementwise for $name {
                type Saves = $saves;
                const NAME: &'static str = stringify!($name);

                #[inline(always)]
                fn value<V: Real>($x: V) -> V {
                    $value
                }

                // With `SaveNothing`, it is given the output only.
                #[inline(always)]
                fn derivative<V: Real>($of: V, _: V) -> V {
                    $derivative
                }
            }
        )*
    };
}
// The second closure has the argument `x` or, with `SaveNothing`, `y`.
functions! {
    /// `y = |x|`. The derivative at 0 is that of its sign.
    Abs, SaveInput, |x| x.abs(), |x| V::splat(1.0).copysign(x);
    /// `y = eˣ`: `exponential` in Keras.
    Exp, SaveNothing, |x| x.exp(), |y| y;
    /// `y = min(max(−1, x), 1)`: `hard_tanh` in Keras, `Hardtanh` in PyTorch.
    HardTanh, SaveNothing, |x| V::splat(-1.0).max(V::splat(1.0).min(x)), |y| {
        let below_one = V::splat(1.0).if_gt(y, V::splat(1.0), V::splat(0.0));
        y.if_gt(V::splat(-1.0), below_one, V::splat(0.0))
    };
    /// `y = ln(x)`, of positive numbers.
    Log, SaveInput, |x| x.ln(), |x| V::splat(1.0) / x;
    /// `y = −x`.
    Negate, SaveNothing, |x| V::splat(0.0) - x, |_y| V::splat(-1.0);
    /// `y = 1/√x`, of positive numbers.
    Rsqrt, SaveNothing, |x| V::splat(1.0) / x.sqrt(), |y| V::splat(-0.5) * y * y * y;
    /// `y = √x`, of numbers that are not negative.
    Sqrt, SaveNothing, |x| x.sqrt(), |y| V::splat(0.5) / y;
    /// `y = x²`.
    Square, SaveInput, |x| x * x, |x| x + x;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Save;

    fn check<A: Elementwise>(points: &[f64]) {
        for x in points {
            let y = A::value(*x);
            let analytic = A::derivative(if A::Saves::SAVES { *x } else { y }, y);
            let numeric = (A::value(x + 1e-6) - A::value(x - 1e-6)) / 2e-6;
            assert!((analytic - numeric).abs() < 1e-7, "{} at {x}: {analytic}, not {numeric}", A::NAME);
        }
    }

    #[test]
    fn derivatives_are_those_of_values() {
        const ANY: [f64; 5] = [-1.7, -0.6, 0.3, 0.9, 2.5];
        const POSITIVE: [f64; 3] = [0.4, 1.0, 3.0];
        check::<Abs>(&ANY);
        check::<Exp>(&ANY);
        check::<HardTanh>(&ANY);
        check::<Log>(&POSITIVE);
        check::<Negate>(&ANY);
        check::<Rsqrt>(&POSITIVE);
        check::<Sqrt>(&POSITIVE);
        check::<Square>(&ANY);
    }
}
