//! Sums of products with registers of 128 bits: NEON of aarch64, and the SIMD instructions of WebAssembly.

#[cfg(target_arch = "aarch64")]
mod register {
    //! SAFETY of every `unsafe`: this module is compiled only for processors with NEON, and each array has the numbers
    //! that are loaded.

    use core::arch::aarch64::*;

    pub type Numbers = int16x8_t;
    pub type Sums = int32x4_t;

    #[inline(always)]
    pub fn zero() -> Sums {
        unsafe { vdupq_n_s32(0) }
    }

    #[inline(always)]
    pub fn load(x: &[i16; 8]) -> Numbers {
        unsafe { vld1q_s16(x.as_ptr()) }
    }

    #[inline(always)]
    pub fn widen(weights: &[i8; 8]) -> Numbers {
        unsafe { vmovl_s8(vld1_s8(weights.as_ptr())) }
    }

    #[inline(always)]
    pub fn add_products(sums: Sums, x: Numbers, weights: Numbers) -> Sums {
        unsafe { vmlal_high_s16(vmlal_s16(sums, vget_low_s16(x), vget_low_s16(weights)), x, weights) }
    }

    #[inline(always)]
    pub fn total(sums: Sums) -> i32 {
        unsafe { vaddvq_s32(sums) }
    }
}

#[cfg(target_arch = "wasm32")]
mod register {
    use core::arch::wasm32::*;

    pub type Numbers = v128;
    pub type Sums = v128;

    #[inline(always)]
    pub fn zero() -> Sums {
        i32x4_splat(0)
    }

    #[inline(always)]
    pub fn load(x: &[i16; 8]) -> Numbers {
        // SAFETY: the array has the numbers of a register.
        unsafe { v128_load(x.as_ptr().cast()) }
    }

    #[inline(always)]
    pub fn widen(weights: &[i8; 8]) -> Numbers {
        // SAFETY: the array has the numbers of half a register.
        unsafe { i16x8_load_extend_i8x8(weights.as_ptr()) }
    }

    #[inline(always)]
    pub fn add_products(sums: Sums, x: Numbers, weights: Numbers) -> Sums {
        i32x4_add(sums, i32x4_dot_i16x8(x, weights))
    }

    #[inline(always)]
    pub fn total(sums: Sums) -> i32 {
        let halves = i32x4_add(sums, i32x4_shuffle::<2, 3, 0, 1>(sums, sums));
        i32x4_extract_lane::<0>(halves).wrapping_add(i32x4_extract_lane::<1>(halves))
    }
}

use register::{add_products, load, total, widen, zero};

/// `Σₖ x[p][k]·weights[n][k]` for each row and each output.
#[inline(always)]
pub fn dots<const P: usize, const N: usize>(x: [&[i16]; P], weights: [&[i8]; N]) -> [[i32; P]; N] {
    let length = weights.iter().fold(usize::MAX, |length, weights| length.min(weights.len()));
    let length = x.iter().fold(length, |length, x| length.min(x.len()));
    let mut sums = [[zero(); P]; N];
    let x = x.map(|x| x[..length].as_chunks());
    let weights = weights.map(|weights| weights[..length].as_chunks());
    for step in 0..length / 8 {
        let x = x.map(|(x, _)| load(&x[step]));
        for n in 0..N {
            let weights = widen(&weights[n].0[step]);
            for p in 0..P {
                sums[n][p] = add_products(sums[n][p], x[p], weights);
            }
        }
    }
    let mut totals = sums.map(|sums| sums.map(total));
    for n in 0..N {
        for p in 0..P {
            for (x, weight) in x[p].1.iter().zip(weights[n].1) {
                totals[n][p] += i32::from(*x) * i32::from(*weight);
            }
        }
    }
    totals
}
