//! Sums of products with the DSP instructions of Cortex-M4 and M7, which multiply two pairs of 16-bit integers at once.
//!
//! SAFETY of each `asm!` that is `pure` and `nomem`: the instruction depends only on its operands, and the build script
//! selects this file only for processors that have it.

use core::{arch::asm, slice};

use super::{
    multiplier::{Multiplier, half_away_from_zero},
    tensor::Int8Tensor,
};
use crate::Zeroed;

/// `P` rows of 16-bit integers, four of a row at a time: the first and the third, and the second and the fourth. Those
/// that are left, fewer than four of each row, come last.
#[repr(C, align(4))]
pub struct Rows<W: Int8Tensor, const P: usize>([W::Wide; P]);

// SAFETY: the field is `Zeroed`.
unsafe impl<W: Int8Tensor, const P: usize> Zeroed for Rows<W, P> {}

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

/// The difference of two pairs.
#[inline(always)]
fn difference(a: u32, b: u32) -> u32 {
    let pair;
    // SAFETY: see the head of this file. The instruction sets flags of its own, which nothing reads.
    unsafe { asm!("ssub16 {}, {}, {}", lateout(reg) pair, in(reg) a, in(reg) b, options(pure, nomem, nostack)) };
    pair
}

impl<W: Int8Tensor, const P: usize> Rows<W, P> {
    /// The groups of four in a row.
    const GROUPS: usize = W::LEN / 4;
    /// The numbers of a row that are left.
    const REST: usize = W::LEN % 4;

    /// `x[p][k] − zero`, in `rows`.
    #[inline(always)]
    pub fn center(rows: &mut Self, x: &[W; P], zero: i8) {
        let zeros = u32::from(i16::from(zero) as u16) * 0x0001_0001;
        let start = (&raw mut rows.0).cast::<u32>();
        for p in 0..P {
            let (groups, rest) = W::flat(slice::from_ref(&x[p])).as_chunks::<4>();
            for (group, numbers) in groups.iter().enumerate() {
                let word = u32::from_le_bytes(numbers.map(|number| number as u8));
                // SAFETY: `group` is below `GROUPS`, so these are words 0 to `GROUPS`·`P`·2 of the rows, which have
                // `LEN`·`P` halves of a word, and are aligned to words.
                unsafe {
                    let to = start.add((group * P + p) * 2);
                    to.write(difference(even(word), zeros));
                    to.add(1).write(difference(odd(word), zeros));
                }
            }
            for (number, x) in rest.iter().enumerate() {
                // SAFETY: `number` is below `REST`, so this is one of the last `REST`·`P` numbers of the rows.
                unsafe {
                    let to = start.cast::<i16>().add(Self::GROUPS * 4 * P + p * Self::REST + number);
                    to.write(i16::from(*x) - i16::from(zero));
                }
            }
        }
    }

    /// `Σₖ x[p][k]·weights[n][k]` for two outputs.
    #[inline(always)]
    pub fn dots(&self, weights: &[W; 2]) -> [[i32; P]; 2] {
        // The offset of the second output is part of an instruction.
        if Self::GROUPS == 0 || W::LEN > 4092 || P > 2 {
            return [self.dot(&weights[0]), self.dot(&weights[1])];
        }
        let mut sums = if P == 2 { self.two_rows(weights) } else { self.one_row(weights) };
        for n in 0..2 {
            self.add_rest(&weights[n], &mut sums[n]);
        }
        let mut result = [[0; P]; 2];
        for n in 0..2 {
            for p in 0..P {
                result[n][p] = sums[n][p];
            }
        }
        result
    }

    /// `Σₖ x[p][k]·weights[k]`.
    #[inline(always)]
    pub fn dot(&self, weights: &W) -> [i32; P] {
        let mut sums = [0; 2];
        let rows = W::wide(&self.0);
        let (groups, _) = W::flat(slice::from_ref(weights)).as_chunks::<4>();
        for (rows, weights) in rows.chunks_exact(4 * P).zip(groups) {
            for (x, sum) in rows.as_chunks::<4>().0.iter().zip(&mut sums) {
                for (x, weight) in x.iter().zip([weights[0], weights[2], weights[1], weights[3]]) {
                    *sum += i32::from(*x) * i32::from(weight);
                }
            }
        }
        self.add_rest(weights, &mut sums);
        let mut result = [0; P];
        result.iter_mut().zip(sums).for_each(|(result, sum)| *result = sum);
        result
    }

    #[inline(always)]
    fn add_rest(&self, weights: &W, sums: &mut [i32; 2]) {
        if Self::REST > 0 {
            let rows = W::wide(&self.0).iter().skip(Self::GROUPS * 4 * P);
            let (_, rest) = W::flat(slice::from_ref(weights)).as_chunks::<4>();
            for (number, x) in rows.enumerate() {
                if let (Some(sum), Some(weight)) = (sums.get_mut(number / Self::REST), rest.get(number % Self::REST)) {
                    *sum += i32::from(*x) * i32::from(*weight);
                }
            }
        }
    }

    #[inline(always)]
    fn two_rows(&self, weights: &[W; 2]) -> [[i32; 2]; 2] {
        let [mut a, mut b, mut c, mut d] = [0i32; 4];
        let start = (&raw const self.0).cast::<u32>();
        macro_rules! groups {
            ($times:literal) => {
                // SAFETY: it reads `GROUPS` times four words of the rows, which are aligned to words, and as many words
                // of each row of weights, which are `LEN` bytes apart.
                unsafe {
                    asm!(
                        "2:",
                        concat!(".rept ", $times),
                        "ldrd {x0}, {x1}, [{x}], #8",
                        "ldrd {y0}, {y1}, [{x}], #8",
                        "ldr {w}, [{weights}, #{length}]",
                        "sxtb16 {t}, {w}",
                        "smlad {c}, {t}, {x0}, {c}",
                        "smlad {d}, {t}, {y0}, {d}",
                        "sxtb16 {t}, {w}, ror #8",
                        "ldr {w}, [{weights}], #4",
                        "smlad {c}, {t}, {x1}, {c}",
                        "smlad {d}, {t}, {y1}, {d}",
                        "sxtb16 {t}, {w}",
                        "smlad {a}, {t}, {x0}, {a}",
                        "smlad {b}, {t}, {y0}, {b}",
                        "sxtb16 {t}, {w}, ror #8",
                        "smlad {a}, {t}, {x1}, {a}",
                        "smlad {b}, {t}, {y1}, {b}",
                        ".endr",
                        "cmp {x}, {end}",
                        "bne 2b",
                        a = inout(reg) a, b = inout(reg) b, c = inout(reg) c, d = inout(reg) d,
                        x = inout(reg) start => _, weights = inout(reg) weights.as_ptr() => _,
                        end = in(reg) start.wrapping_add(Self::GROUPS * 4),
                        x0 = out(reg) _, x1 = out(reg) _, y0 = out(reg) _, y1 = out(reg) _,
                        w = out(reg) _, t = out(reg) _, length = const W::LEN,
                        options(readonly, nostack),
                    );
                }
            };
        }
        match Self::GROUPS % 4 {
            0 => groups!(4),
            2 => groups!(2),
            _ => groups!(1),
        }
        [[a, b], [c, d]]
    }

    #[inline(always)]
    fn one_row(&self, weights: &[W; 2]) -> [[i32; 2]; 2] {
        let [mut a, mut c] = [0i32; 2];
        let start = (&raw const self.0).cast::<u32>();
        macro_rules! groups {
            ($times:literal) => {
                // SAFETY: as in `two_rows`, with two words of the row.
                unsafe {
                    asm!(
                        "2:",
                        concat!(".rept ", $times),
                        "ldrd {x0}, {x1}, [{x}], #8",
                        "ldr {v}, [{weights}, #{length}]",
                        "ldr {w}, [{weights}], #4",
                        "sxtb16 {t}, {v}",
                        "smlad {c}, {t}, {x0}, {c}",
                        "sxtb16 {t}, {v}, ror #8",
                        "smlad {c}, {t}, {x1}, {c}",
                        "sxtb16 {t}, {w}",
                        "smlad {a}, {t}, {x0}, {a}",
                        "sxtb16 {t}, {w}, ror #8",
                        "smlad {a}, {t}, {x1}, {a}",
                        ".endr",
                        "cmp {x}, {end}",
                        "bne 2b",
                        a = inout(reg) a, c = inout(reg) c,
                        x = inout(reg) start => _, weights = inout(reg) weights.as_ptr() => _,
                        end = in(reg) start.wrapping_add(Self::GROUPS * 2),
                        x0 = out(reg) _, x1 = out(reg) _, v = out(reg) _, w = out(reg) _, t = out(reg) _,
                        length = const W::LEN,
                        options(readonly, nostack),
                    );
                }
            };
        }
        match Self::GROUPS % 4 {
            0 => groups!(4),
            2 => groups!(2),
            _ => groups!(1),
        }
        [[a, 0], [c, 0]]
    }
}

/// [`Multiplier::apply`]; products that are out of the range of int8 may be others that are out of it, too.
#[inline(always)]
pub fn round(multiplier: Multiplier, sum: i32) -> i32 {
    let Multiplier { mantissa, exponent } = multiplier;
    if !(-21..=-2).contains(&exponent) {
        return multiplier.apply(sum);
    }
    // Twice the sum saturates from 2³⁰ on. Such sums are 2²⁹ at least after the product, and 2⁸ after the shift.
    let product: i32;
    // SAFETY: see the head of this file.
    unsafe {
        asm!("smmulr {}, {}, {}", lateout(reg) product, in(reg) sum.saturating_add(sum), in(reg) mantissa,
            options(pure, nomem, nostack, preserves_flags));
    }
    half_away_from_zero(product, -exponent)
}

/// `Σₜ x[t][c]·weights[t][c] − surplus[c]` for each channel `c`: four channels at a time. The offset of the last pixel is
/// part of an instruction, so windows have at most 4096 numbers.
#[inline(always)]
pub fn sums_by_channel<const C: usize, const KW: usize, const K: usize>(
    x: &[[[i8; C]; KW]; K],
    weights: &[[[i8; C]; KW]; K],
    surplus: &[i32; C],
    sums: &mut [i32; C],
) {
    let (mut x, mut weights) = (x.as_ptr().cast::<u32>(), weights.as_ptr().cast::<u32>());
    for (surplus, sums) in surplus.as_chunks::<4>().0.iter().zip(sums.as_chunks_mut::<4>().0) {
        let [mut a, mut b, mut c, mut d] = surplus.map(|surplus| -surplus);
        // SAFETY: it reads a word of each pixel of the window, at the channels of this group.
        unsafe {
            asm!(
                ".set shiplap_offset, 0",
                ".rept {pixels}",
                "ldr {p}, [{x}, #shiplap_offset]",
                "ldr {w}, [{weights}, #shiplap_offset]",
                "sxtb16 {s}, {p}",
                "sxtb16 {t}, {w}",
                "smlabb {a}, {s}, {t}, {a}",
                "smlatt {c}, {s}, {t}, {c}",
                "sxtb16 {s}, {p}, ror #8",
                "sxtb16 {t}, {w}, ror #8",
                "smlabb {b}, {s}, {t}, {b}",
                "smlatt {d}, {s}, {t}, {d}",
                ".set shiplap_offset, shiplap_offset + {channels}",
                ".endr",
                pixels = const K * KW, channels = const C,
                a = inout(reg) a, b = inout(reg) b, c = inout(reg) c, d = inout(reg) d,
                x = in(reg) x, weights = in(reg) weights,
                p = out(reg) _, w = out(reg) _, s = out(reg) _, t = out(reg) _,
                options(readonly, nostack, preserves_flags),
            );
        }
        *sums = [a, b, c, d];
        (x, weights) = (x.wrapping_add(1), weights.wrapping_add(1));
    }
}
