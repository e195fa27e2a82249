//! Functions of one number that models of other libraries have between their layers.

use super::{Elementwise, SaveInput, SaveNothing};
use crate::kernel::Real;

macro_rules! functions {
    (
        CHEAP = $cheap:literal;
        $($(#[$documentation:meta])* $name:ident, $saves:ident, |$x:ident| $value:expr, |$of:ident| $derivative:expr;)*
    ) => {
        $(
            $(#[$documentation])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Elementwise for $name {
                type Saves = $saves;
                const CHEAP: bool = $cheap;
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
    CHEAP = true;
    /// `y = |x|`. The derivative at 0 is 0.
    Abs, SaveInput, |x| x.abs(), |x| {
        let negative = V::splat(0.0).if_gt(x, V::splat(-1.0), V::splat(0.0));
        x.if_gt(V::splat(0.0), V::splat(1.0), negative)
    };
    /// `y = min(max(−1, x), 1)`: `hard_tanh` in Keras, `Hardtanh` in PyTorch.
    HardTanh, SaveNothing, |x| V::splat(-1.0).max(V::splat(1.0).min(x)), |y| {
        let below_one = V::splat(1.0).if_gt(y, V::splat(1.0), V::splat(0.0));
        y.if_gt(V::splat(-1.0), below_one, V::splat(0.0))
    };
    /// `y = −x`.
    Negate, SaveNothing, |x| V::splat(0.0) - x, |_y| V::splat(-1.0);
    /// `y = x²`.
    Square, SaveInput, |x| x * x, |x| x + x;
}
functions! {
    CHEAP = false;
    /// `y = eˣ`: `exponential` in Keras.
    Exp, SaveNothing, |x| x.exp(), |y| y;
    /// `y = ln(x)`, of positive numbers. The derivative at 0 is infinite; a negative number makes NaN.
    Log, SaveInput, |x| x.ln(), |x| V::splat(1.0) / x;
    /// `y = 1/√x`, of positive numbers. The derivative at 0 is infinite; a negative number makes NaN.
    Rsqrt, SaveNothing, |x| V::splat(1.0) / x.sqrt(), |y| V::splat(-0.5) * y * y * y;
    /// `y = √x`, of numbers that are not negative. The derivative at 0 is infinite; a negative number makes NaN.
    Sqrt, SaveNothing, |x| x.sqrt(), |y| V::splat(0.5) / y;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{activation::Save, check};

    #[test]
    fn derivatives_are_those_of_values() {
        check::activation::<Abs>().unwrap();
        check::activation::<Exp>().unwrap();
        check::activation::<HardTanh>().unwrap();
        check::activation::<Negate>().unwrap();
        check::activation::<Square>().unwrap();
    }

    #[test]
    fn derivatives_of_functions_of_positive_numbers_are_those_of_values() {
        fn check<A: Elementwise>() {
            for x in [0.4, 1.0, 3.0] {
                let y = A::value(x);
                let analytic = A::derivative(if A::Saves::SAVES { x } else { y }, y);
                let numeric = (A::value(x + 1e-6) - A::value(x - 1e-6)) / 2e-6;
                assert!((analytic - numeric).abs() < 1e-7, "{} at {x}: {analytic}, not {numeric}", A::NAME);
            }
        }
        check::<Log>();
        check::<Rsqrt>();
        check::<Sqrt>();
    }

    #[test]
    fn the_derivative_of_the_absolute_value_at_0_is_0() {
        assert_eq!([0.0, -0.0].map(|x: f32| Abs::derivative(x, Abs::value(x))), [0.0; 2]);
    }

    #[test]
    fn numbers_outside_of_a_domain_make_nan_and_0_an_infinite_derivative() {
        fn check<A: Elementwise>() {
            let derivative = |x: f32| A::derivative(if A::Saves::SAVES { x } else { A::value(x) }, A::value(x));
            assert!(A::value(-1.0f32).is_nan() && derivative(0.0).is_infinite(), "{}", A::NAME);
        }
        check::<Log>();
        check::<Rsqrt>();
        check::<Sqrt>();
    }
}
