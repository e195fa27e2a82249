//! The errors of the vector math of `f32`, in units of the last place, at each instruction set.
//!
//! A debug build looks at one number of 65 521; `cargo test --release --test math -- --ignored` at all 2³².

mod common;

use common::at_every_level;
use shiplap::kernel::{Level, Real, Simd, Sweep, Work, dispatch, sweep};

macro_rules! functions {
    ($($name:ident($x:ident) = $reference:expr, within $bound:literal;)*) => {
        #[expect(non_camel_case_types, reason = "each is named as its function")]
        mod formula { $(#[derive(Clone, Copy)] pub struct $name;)* }

        $(impl Sweep<0, 1> for formula::$name {
            #[inline(always)]
            fn apply<V: Real>(&self, []: [V; 0], [x]: [V; 1]) -> [V; 1] {
                [x.$name()]
            }
        })*

        fn check(stride: u64) {
            at_every_level(|level| {
                $(worst(stringify!($name), level, stride, $bound, &formula::$name, |$x: f64| $reference);)*
            });
        }
    };
}
functions! {
    exp(x) = x.exp(), within 2.0;
    ln(x) = x.ln(), within 2.0;
    ln_one_plus(x) = x.ln_1p(), within 2.0;
    tanh(x) = x.tanh(), within 2.0;
    erf(x) = libm::erf(x), within 2.0;
    sigmoid(x) = if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }, within 2.0;
    softplus(x) = x.max(0.0) + (-x.abs()).exp().ln_1p(), within 2.0;
}

struct Apply<'a, F>(&'a F, &'a mut [f32]);

impl<F: Sweep<0, 1>> Work for Apply<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        sweep(simd, self.0, [], [self.1]);
    }
}

fn worst<F: Sweep<0, 1>>(name: &str, level: Level, stride: u64, bound: f64, f: &F, reference: impl Fn(f64) -> f64) {
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
            let error = ulps(y, expected);
            if error > largest {
                (largest, place) = (error, x);
            }
        }
        bits += 4097 * stride;
    }
    println!("{name} {level:?}: {largest:.3} ulp at {place:e}");
    assert!(largest <= bound, "{name} at {level:?}: {largest} ulp at {place:e}");
}

/// How far `y` is from `expected`, in distances between the `f32` around `expected`.
fn ulps(y: f32, expected: f64) -> f64 {
    let rounded = expected as f32;
    if rounded.is_nan() || rounded.is_infinite() || y.is_nan() || y.is_infinite() {
        let same = y.to_bits() == rounded.to_bits() || (y.is_nan() && rounded.is_nan());
        // The greatest number instead of ∞, or the other way round, is one apart.
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
    let size = rounded.abs().max(f32::MIN_POSITIVE);
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
