//! The errors of the vector math of `f32`, in units of the last place, at each instruction set.
//!
//! By default, one of every 65 521 numbers is checked; `cargo test --release -p shiplap-tests --test math -- --ignored`
//! checks all 2³².

mod common;

use std::f64::consts::FRAC_1_SQRT_2;

use common::at_every_level;
use shiplap::{
    activation::{Elementwise, Gelu, Silu},
    kernel::{ElementwiseKernel, Level, Real, Simd, Work, dispatch, elementwise},
};

macro_rules! functions {
    ($($name:ident |$x:ident| $formula:expr, = $reference:expr, within $bound:literal ulp of $unit:ident;)*) => {
        #[expect(non_camel_case_types, reason = "each is named as its function")]
        mod formula { $(#[derive(Clone, Copy)] pub struct $name;)* }

        $(impl ElementwiseKernel<0, 1> for formula::$name {
            #[inline(always)]
            fn apply<V: Real>(&self, []: [V; 0], [$x]: [V; 1]) -> [V; 1] {
                [$formula]
            }
        })*

        fn check(stride: u64) {
            at_every_level(|level| {
                $(worst(stringify!($name), level, stride, $bound, Unit::$unit, &formula::$name, |$x: f64| $reference);)*
            });
        }
    };
}
functions! {
    exp |x| x.exp(), = x.exp(), within 2.0 ulp of result;
    ln |x| x.ln(), = x.ln(), within 2.0 ulp of result;
    ln_one_plus |x| x.ln_one_plus(), = x.ln_1p(), within 2.0 ulp of result;
    tanh |x| x.tanh(), = x.tanh(), within 2.0 ulp of result;
    erf |x| x.erf(), = libm::erf(x), within 2.0 ulp of result;
    sigmoid |x| x.sigmoid(), = logistic(x), within 2.0 ulp of result;
    softplus |x| x.softplus(), = x.max(0.0) + (-x.abs()).exp().ln_1p(), within 2.2 ulp of result;
    // Subnormal results of sigmoid have fewer digits.
    silu |x| Silu::value(x), = x.max(-1e3) * logistic(x), within 2.6 ulp of normal_result;
    // Far below 0, the result is a difference of nearly equal numbers: its error is relative to x, not to the result.
    gelu |x| Gelu::value(x), = 0.5 * x.max(-1e3) * libm::erfc(-x * FRAC_1_SQRT_2), within 1.5 ulp of input;
}

/// `1 / (1 + e⁻ˣ)`.
fn logistic(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

/// The unit of errors: the distance between neighboring `f32` around ...
#[expect(non_camel_case_types, reason = "as they are written in the table")]
#[derive(Clone, Copy)]
enum Unit {
    /// ... the result.
    result,
    /// ... the result, or 10⁻³⁶ where it is smaller.
    normal_result,
    /// ... the input.
    input,
}

struct Apply<'a, F>(&'a F, &'a mut [f32]);

impl<F: ElementwiseKernel<0, 1>> Work for Apply<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        elementwise(simd, self.0, [], [self.1]);
    }
}

fn worst<F: ElementwiseKernel<0, 1>>(
    name: &str,
    level: Level,
    stride: u64,
    bound: f64,
    unit: Unit,
    f: &F,
    reference: impl Fn(f64) -> f64,
) {
    let (mut largest, mut place) = (0.0, 0.0);
    let mut bits = 0u64;
    let special = [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1.0, -1.0, f32::MIN_POSITIVE, f32::MAX];
    let mut specials = Some(special);
    while bits < 1 << 32 {
        let x: Vec<f32> = match specials.take() {
            Some(special) => special.to_vec(),
            None => (0..4097).map(|step| f32::from_bits((bits + step * stride) as u32)).collect(),
        };
        let mut y = x.clone();
        dispatch(Apply(f, &mut y));
        for (&x, &y) in x.iter().zip(&y) {
            let expected = reference(f64::from(x));
            let size = match unit {
                Unit::result => expected,
                Unit::normal_result => expected.abs().max(1e-36),
                Unit::input => f64::from(x),
            };
            let error = ulps(y, expected, size);
            if error > largest {
                (largest, place) = (error, x);
            }
        }
        bits += 4097 * stride;
    }
    println!("{name} {level:?}: {largest:.3} ulp at {place:e}");
    assert!(largest <= bound, "{name} at {level:?}: {largest} ulp at {place:e}");
}

/// The error of `y`, in distances between neighboring `f32` around `size`.
fn ulps(y: f32, expected: f64, size: f64) -> f64 {
    let rounded = expected as f32;
    if rounded.is_nan() || rounded.is_infinite() || y.is_nan() || y.is_infinite() {
        let same = y.to_bits() == rounded.to_bits() || (y.is_nan() && rounded.is_nan());
        // The largest number and ∞ are one unit apart.
        let next_to = y.abs() == f32::MAX && rounded.is_infinite() || y.is_infinite() && rounded.abs() == f32::MAX;
        return if same {
            0.0
        } else if next_to {
            1.0
        } else {
            f64::INFINITY
        };
    }
    if rounded == 0.0 && y == 0.0 && rounded.is_sign_negative() != y.is_sign_negative() {
        return f64::INFINITY;
    }
    let size = (size as f32).abs().max(f32::MIN_POSITIVE);
    let unit = f64::from(f32::from_bits(size.to_bits() + 1)) - f64::from(size);
    (f64::from(y) - expected).abs() / unit
}

#[test]
fn errors_are_within_their_bounds() {
    check(65_521);
}

#[test]
#[ignore = "takes minutes: all 2³² numbers, for a release build"]
fn errors_are_within_their_bounds_everywhere() {
    check(1);
}
