//! Sums of products of int8, rounded to int8.

use core::{array, slice};

use super::{int8_fits, multiplier::Multiplier, tensor::Int8Tensor};

/// The rounding of the sums of one output channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// The bias, added to the sum.
    pub bias: i32,
    /// The scale of the sum divided by that of the output.
    pub multiplier: Multiplier,
}

/// The range of int8 outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The int8 that stands for 0.
    pub zero: i8,
    /// The least output.
    pub least: i8,
    /// The largest output.
    pub most: i8,
}

impl Bounds {
    /// The closest number within the bounds to `zero` plus `rounded`.
    #[inline(always)]
    pub(crate) fn clamp(self, rounded: i32) -> i8 {
        int8_fits(rounded.saturating_add(self.zero as i32).clamp(self.least as i32, self.most as i32))
    }
}

/// How a sum is rounded.
pub(crate) trait Round {
    fn round(multiplier: Multiplier, sum: i32) -> i32;
}

/// As [`Multiplier::apply`].
pub(crate) struct Twice;

/// As [`Multiplier::apply_once`].
pub(crate) struct Once;

impl Round for Twice {
    #[inline(always)]
    fn round(multiplier: Multiplier, sum: i32) -> i32 {
        multiplier.apply(sum)
    }
}

impl Round for Once {
    #[inline(always)]
    fn round(multiplier: Multiplier, sum: i32) -> i32 {
        multiplier.apply_once(sum)
    }
}

/// `y[p][f] = bounds(channel[f](Σₖ x[p][k]·weights[f][k]))` for `P` rows `x`, which are centered at 0. `y` has the outputs
/// of the rows one after the other.
#[inline(always)]
pub(crate) fn products<W: Int8Tensor, R: Round, const F: usize, const P: usize>(
    x: &[W::Wide; P],
    weights: &[W; F],
    channels: &[Channel; F],
    bounds: Bounds,
    y: &mut [i8],
) {
    let y = &mut y[..P * F];
    for (f, (weights, channel)) in weights.iter().zip(channels).enumerate() {
        let sums = dots::<W, P>(x, weights);
        for p in 0..P {
            y[p * F + f] = bounds.clamp(R::round(channel.multiplier, channel.bias.wrapping_add(sums[p])));
        }
    }
}

/// `Σₖ x[p][k]·weights[k]` for each row.
#[inline(always)]
fn dots<W: Int8Tensor, const P: usize>(x: &[W::Wide; P], weights: &W) -> [i32; P] {
    let weights = &W::flat(slice::from_ref(weights))[..W::LEN];
    let x: [&[i16]; P] = array::from_fn(|p| &W::wide(slice::from_ref(&x[p]))[..W::LEN]);
    let mut sums = [0; P];
    for k in 0..W::LEN {
        for p in 0..P {
            sums[p] += i32::from(x[p][k]) * i32::from(weights[k]);
        }
    }
    sums
}

/// Writes `x[k] − zero` to `wide`.
#[inline(always)]
pub(crate) fn center(x: &[i8], zero: i8, wide: &mut [i16]) {
    for (wide, x) in wide.iter_mut().zip(x) {
        *wide = i16::from(*x) - i16::from(zero);
    }
}
