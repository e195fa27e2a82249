//! Compares the instruction counts of the library with those of handwritten loops, for two networks: 1000 parameters in two
//! layers, and one layer of 128 to 128.
//!
//! The results of the loops may differ by rounding, because they add in another order. Those of the library must have the
//! same bits as on a PC.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::hint::black_box;

use firmware::{Outcome, cost, ensure, hash::Hash, pattern::pattern, program};
use shiplap::{activation::Activation, prelude::*};

#[network]
type Small = (Dense<24, 24, Relu>, Dense<24, 16, Linear>);
type Wide = Dense<128, 128, Linear>;

const_assert!(Small::PARAMS == 1000);

static SMALL: Small = (Dense::from_parts(pattern(1), [0.1; 24]), Dense::from_parts(pattern(2), [0.2; 16]));
static WIDE: Wide = Dense::from_parts(pattern(3), [0.3; 128]);

program!(run);

fn run() -> Outcome {
    #[cfg(target_os = "none")]
    firmware::chip::check_counter()?;

    let [x] = pattern::<24, 1>(4);
    let small = black_box(&SMALL);
    let (ours, _) = cost::of("1000 parameters, library", || small.predict(black_box(&x)));
    let (loops, _) = cost::of("1000 parameters, as plain loops", || {
        let hidden = relu(plain(&small.0, black_box(&x)));
        plain(&small.1, &hidden)
    });
    let (by_hand, _) = cost::of("1000 parameters, unrolled by hand", || {
        let hidden = relu(unrolled(&small.0, black_box(&x)));
        unrolled(&small.1, &hidden)
    });
    check_close(&ours, &loops)?;
    check_close(&ours, &by_hand)?;
    Hash::of(&ours).check(335_540_317)?;

    let [x] = pattern::<128, 1>(5);
    let wide = black_box(&WIDE);
    let (ours, _) = cost::of("128 to 128, library", || wide.predict(black_box(&x)));
    let (loops, _) = cost::of("128 to 128, as plain loops", || plain(wide, black_box(&x)));
    let (by_hand, _) = cost::of("128 to 128, unrolled by hand", || unrolled(wide, black_box(&x)));
    check_close(&ours, &loops)?;
    check_close(&ours, &by_hand)?;
    Hash::of(&ours).check(973_230_969)
}

/// A layer as straightforward loops.
#[expect(clippy::needless_range_loop, reason = "the loops follow the formula")]
#[inline(always)]
fn plain<const IN: usize, const OUT: usize, A: Activation>(layer: &Dense<IN, OUT, A>, x: &[f32; IN]) -> [f32; OUT] {
    let mut y = layer.bias;
    for i in 0..IN {
        for o in 0..OUT {
            y[o] += x[i] * layer.kernel[i][o];
        }
    }
    y
}

/// A layer with eight sums in registers.
#[inline(always)]
fn unrolled<const IN: usize, const OUT: usize, A: Activation>(layer: &Dense<IN, OUT, A>, x: &[f32; IN]) -> [f32; OUT] {
    const { assert!(OUT.is_multiple_of(8)) };
    let mut y = [0.0; OUT];
    for o in (0..OUT).step_by(8) {
        let mut sums: [f32; 8] = core::array::from_fn(|lane| layer.bias[o + lane]);
        for i in 0..IN {
            let (x, weights) = (x[i], &layer.kernel[i]);
            sums[0] += x * weights[o];
            sums[1] += x * weights[o + 1];
            sums[2] += x * weights[o + 2];
            sums[3] += x * weights[o + 3];
            sums[4] += x * weights[o + 4];
            sums[5] += x * weights[o + 5];
            sums[6] += x * weights[o + 6];
            sums[7] += x * weights[o + 7];
        }
        y[o..o + 8].copy_from_slice(&sums);
    }
    y
}

#[inline(always)]
fn relu<const N: usize>(x: [f32; N]) -> [f32; N] {
    x.map(|x| if x > 0.0 { x } else { 0.0 })
}

fn check_close(ours: &[f32], theirs: &[f32]) -> Outcome {
    let differ = ours.iter().zip(theirs).any(|(ours, theirs)| (ours - theirs).abs() > 1e-5);
    ensure(!differ, "the results of the library and of a loop differ")
}
