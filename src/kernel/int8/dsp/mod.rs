//! Sums of products with the DSP instructions of Cortex-M4 and M7, which multiply two pairs of 16-bit integers at once.
//!
//! The constants of a layer are brought into the order of these instructions when the program is compiled:
//!
//! - The zero point of the input is part of the bias: `Σ (x − zero)·w = Σ x·w − zero·Σ w`.
//! - The sum of two filters is computed in one 32-bit integer. A half of a word of weights is `256·b + a` for the weights
//!   `a` and `b` of two filters; its products have the sum `256·Σ x·b + Σ x·a`, and those of its lower byte `Σ x·a`. So
//!   one word of memory has four weights, and one instruction less is needed to widen them.
//!   Filters whose sums are too large for it, and the last of a number that is not a multiple of four, are multiplied
//!   by a simple loop, and so are long rows.
//! - A bias is doubled, and half a unit and the zero point of the output are one number, added by the instruction that
//!   multiplies. This needs a shift from 1 to 22 bits, and sums below 2³⁰; otherwise, the layer is rounded by
//!   [`Multiplier`]s.
//!
//! SAFETY of each `asm!` that is `pure` and `nomem`: the instruction depends only on its operands, and the build script
//! selects this file only for processors that have it.

mod depthwise;
mod product;
mod round;
mod rows;
mod three;
mod windows;

use core::arch::asm;

pub(crate) use depthwise::depthwise;
use product::is_long;
pub(crate) use product::products;

use super::{
    Bounds, Round, Shape,
    multiplier::Multiplier,
    tensor::{Int8Tensor, numbers_of, numbers_of_mut},
};
use crate::kernel::Simd;

/// The rounding of sums to int8, for `F` output channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channels<const F: usize> {
    each: [Channel; F],
    /// Whether all channels have the usual form, and filters are packed.
    usual: bool,
}

/// The rounding of an output channel. The fields are in the order in which they are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Channel {
    /// The bias; twice the bias in the usual form.
    bias: i32,
    mantissa: i32,
    /// In the usual form, half a unit and the zero point of the output, shifted left by `shift`.
    offset: i32,
    /// The exponent; in the usual form, the shift to the right after the product, as the low byte. It is negative in the
    /// first of four filters without weights.
    shift: i32,
}

impl<const F: usize> Channels<F> {
    /// The rounding with these biases and multipliers.
    pub(crate) const fn new(bias: [i32; F], multipliers: [Multiplier; F]) -> Self {
        let mut each = [Channel { bias: 0, mantissa: 0, offset: 0, shift: 0 }; F];
        let mut f = 0;
        while f < F {
            let Multiplier { mantissa, exponent } = multipliers[f];
            each[f] = Channel { bias: bias[f], mantissa, offset: 0, shift: exponent };
            f += 1;
        }
        Self { each, usual: false }
    }

    /// Brings filters and their rounding into the order of the instructions.
    pub(crate) const fn order_filters<W: Int8Tensor, R: Round>(
        &mut self,
        filters: &mut [W; F],
        zero: i8,
        bounds: Bounds,
    ) {
        let source = *filters;
        let source = numbers_of(&source);
        self.fold::<R>(source, [W::LEN, 1], W::LEN, zero, bounds, can_pack(source, W::LEN));
        if self.usual {
            pack(source, numbers_of_mut(filters), W::LEN, F);
            self.mark_constants(source, 4 * W::LEN);
        }
    }

    /// Marks the groups of four filters without weights, which need no products. `length` is that of a group.
    const fn mark_constants(&mut self, weights: &[i8], length: usize) {
        let mut group = 0;
        while 4 * (group + 1) <= F {
            let mut k = group * length;
            while k < (group + 1) * length && weights[k] == 0 {
                k += 1;
            }
            if k == (group + 1) * length {
                self.each[4 * group].shift |= i32::MIN;
            }
            group += 1;
        }
    }

    /// Brings the rounding of a depthwise convolution, whose weights have the channels last, into the order of the
    /// instructions.
    pub(crate) const fn order_channels<W: Int8Tensor, R: Round>(&mut self, weights: &W, zero: i8, bounds: Bounds) {
        self.fold::<R>(numbers_of(weights), [1, F], W::LEN / F, zero, bounds, true);
    }

    /// By how much the sums of channels are too large: the zero point of the input is part of the bias.
    #[inline(always)]
    pub(crate) const fn surplus<const KW: usize, const K: usize>(
        &self,
        _: &[[[i8; F]; KW]; K],
        _: i8,
    ) -> Option<[i32; F]> {
        None
    }

    /// The outputs of all channels, with these sums.
    #[inline(always)]
    pub(crate) fn outputs<R: Round>(&self, bounds: Bounds, y: &mut [i8; F], sum: impl Fn(usize) -> i32) {
        for (f, (y, channel)) in y.iter_mut().zip(&self.each).enumerate() {
            *y = channel.round::<R>(self.usual, sum(f), bounds.zero);
        }
        bounds.limit(y);
    }

    /// Adds the zero points to the constants. They get the usual form if it exists and may be used. Weight `k` of channel
    /// `f` is at `f·steps[0] + k·steps[1]`.
    const fn fold<R: Round>(
        &mut self,
        weights: &[i8],
        steps: [usize; 2],
        count: usize,
        zero: i8,
        bounds: Bounds,
        mut usual: bool,
    ) {
        let mut folded = [Channel { bias: 0, mantissa: 0, offset: 0, shift: 0 }; F];
        let mut f = 0;
        while f < F {
            let (mut sum, mut magnitude, mut place, mut k) = (0i32, 0i64, f * steps[0], 0);
            while k < count {
                let weight = weights[place] as i32;
                sum += weight;
                magnitude += if weight < 0 { -weight } else { weight } as i64;
                place += steps[1];
                k += 1;
            }
            self.each[f].bias = self.each[f].bias.wrapping_sub(zero as i32 * sum);
            match self.each[f].in_usual_form::<R>(magnitude, bounds.zero) {
                Some(channel) => folded[f] = channel,
                None => usual = false,
            }
            f += 1;
        }
        if usual {
            self.each = folded;
            self.usual = true;
        }
    }
}

impl Channel {
    /// The usual form, if there is one, for weights of this magnitude in all.
    const fn in_usual_form<R: Round>(self, magnitude: i64, zero: i8) -> Option<Self> {
        let Self { mut bias, mut mantissa, mut shift, .. } = self;
        shift = -shift;
        // The output of a filter without weights, as pruned networks have it, is a constant.
        if magnitude == 0 {
            let multiplier = Multiplier { mantissa, exponent: -shift };
            let output = if R::ONCE { multiplier.apply_once(bias) } else { multiplier.apply(bias) };
            let output = if output < -256 {
                -256
            } else if output > 256 {
                256
            } else {
                output
            };
            (bias, mantissa, shift) = (4 * output, 1 << 30, 1);
        } else if mantissa == 0 {
            (bias, shift) = (0, 1);
        } else if (bias as i64).abs() + 128 * magnitude >= 1 << 30 {
            return None;
        }
        if shift < 1 || shift > 22 {
            return None;
        }
        let offset = (1 << (shift - 1)) + ((zero as i32) << shift);
        Some(Self { bias: 2 * bias, mantissa, offset, shift })
    }

    /// The output for a sum, by more instructions than where channels have the usual form.
    #[inline(never)]
    fn round<R: Round>(&self, usual: bool, sum: i32, zero: i8) -> i8 {
        let (bias, exponent) = if usual { (self.bias >> 1, -self.shift) } else { (self.bias, self.shift) };
        let (sum, multiplier) = (bias.wrapping_add(sum), Multiplier { mantissa: self.mantissa, exponent });
        let rounded = if R::ONCE { multiplier.apply_once(sum) } else { multiplier.apply(sum) };
        rounded.saturating_add(i32::from(zero)).clamp(-128, 127) as i8
    }
}

/// A convolution of an image, if the processor has a way of its own: it has none but [`products`].
#[inline(always)]
pub(crate) fn convolution<S: Simd, W, R: Round, const F: usize>(
    _: S,
    _: &[i8],
    _: i8,
    _: &[W; F],
    _: &Channels<F>,
    _: Bounds,
    _: Shape,
    _: &mut [i8],
) -> bool {
    false
}

/// The numbers of a row in word `j`: of each group of four, the first and the third, and the second and the fourth; then
/// two that are left. A last one has no word.
const fn pair(j: usize, length: usize) -> [usize; 2] {
    let first = j / 2 * 4 + j % 2;
    if j / 2 < length / 4 { [first, first + 2] } else { [2 * j, 2 * j + 1] }
}

/// Whether the sums of two filters fit into one integer: those of the second below 2²³. No weight may be −128, which is
/// not in the specification.
const fn can_pack(filters: &[i8], length: usize) -> bool {
    if length < 2 || is_long(length) {
        return false;
    }
    let mut start = 0;
    while start < filters.len() {
        let (mut magnitude, mut k) = (0, start);
        while k < start + length {
            if filters[k] == -128 {
                return false;
            }
            magnitude += filters[k].unsigned_abs() as u32;
            k += 1;
        }
        if magnitude >= 1 << 16 {
            return false;
        }
        start += length;
    }
    true
}

/// Writes filters to `packed`, four at a time: for each word of a row, that of the first and the second filter, and that
/// of the third and the fourth. The filters that are left stay as they are.
const fn pack(filters: &[i8], packed: &mut [i8], length: usize, count: usize) {
    let mut filter = 0;
    while filter + 4 <= count {
        let mut to = filter * length;
        let mut j = 0;
        while 2 * j < length {
            let numbers = if 2 * j + 1 == length { [length - 1, length] } else { pair(j, length) };
            let mut start = filter * length;
            let mut two = 0;
            while two < 2 {
                let mut n = 0;
                while n < 2 && numbers[n] < length {
                    let (a, b) = (filters[start + numbers[n]], filters[start + length + numbers[n]]);
                    packed[to] = a;
                    packed[to + 1] = if a < 0 { b - 1 } else { b };
                    to += 2;
                    n += 1;
                }
                start += 2 * length;
                two += 1;
            }
            j += 1;
        }
        filter += 4;
    }
}

/// `a·b / 2³²`, rounded half up.
#[inline(always)]
pub(super) fn high_product(a: i32, b: i32) -> i32 {
    let product;
    // SAFETY: see the head of this file.
    unsafe {
        asm!("smmulr {}, {}, {}", lateout(reg) product, in(reg) a, in(reg) b,
            options(pure, nomem, nostack, preserves_flags));
    }
    product
}

/// The bytes 0 and 2 of a word as 16-bit integers.
#[inline(always)]
fn even(word: u32) -> u32 {
    let pair;
    // SAFETY: see the head of this file.
    unsafe { asm!("sxtb16 {}, {}", lateout(reg) pair, in(reg) word, options(pure, nomem, nostack, preserves_flags)) };
    pair
}

/// The bytes 1 and 3.
#[inline(always)]
fn odd(word: u32) -> u32 {
    let pair;
    // SAFETY: see the head of this file.
    unsafe {
        asm!("sxtb16 {}, {}, ror #8", lateout(reg) pair, in(reg) word, options(pure, nomem, nostack, preserves_flags));
    }
    pair
}
