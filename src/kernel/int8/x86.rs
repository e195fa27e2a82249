//! Sums of products with AVX2.

use core::arch::x86_64::*;

/// The products of a step.
const STEP: usize = 16;

/// `Σₖ x[p][k]·weights[n][k]` for each row and each output.
#[inline]
#[target_feature(enable = "avx2")]
pub fn dots<const P: usize, const N: usize>(x: [&[i16]; P], weights: [&[i8]; N]) -> [[i32; P]; N] {
    let length = weights.iter().fold(usize::MAX, |length, weights| length.min(weights.len()));
    let length = x.iter().fold(length, |length, x| length.min(x.len()));
    let mut sums = [[_mm256_setzero_si256(); P]; N];
    let mut k = 0;
    while k + STEP <= length {
        let mut rows = [_mm256_setzero_si256(); P];
        for p in 0..P {
            // SAFETY: the row has at least `STEP` numbers from `k` on.
            rows[p] = unsafe { _mm256_loadu_si256(x[p].as_ptr().add(k).cast()) };
        }
        for n in 0..N {
            // SAFETY: as above, for the weights.
            let weights = unsafe { _mm_loadu_si128(weights[n].as_ptr().add(k).cast()) };
            let weights = _mm256_cvtepi8_epi16(weights);
            for p in 0..P {
                sums[n][p] = _mm256_add_epi32(sums[n][p], _mm256_madd_epi16(rows[p], weights));
            }
        }
        k += STEP;
    }
    if k < length {
        let mut rows = [_mm256_setzero_si256(); P];
        for p in 0..P {
            let mut row = [0i16; STEP];
            row[..length - k].copy_from_slice(&x[p][k..length]);
            // SAFETY: the array has `STEP` numbers.
            rows[p] = unsafe { _mm256_loadu_si256(row.as_ptr().cast()) };
        }
        for n in 0..N {
            let mut row = [0i8; STEP];
            row[..length - k].copy_from_slice(&weights[n][k..length]);
            // SAFETY: the array has `STEP` numbers.
            let weights = _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(row.as_ptr().cast()) });
            for p in 0..P {
                sums[n][p] = _mm256_add_epi32(sums[n][p], _mm256_madd_epi16(rows[p], weights));
            }
        }
    }
    totals(sums)
}

/// The sum of the lanes of each register, four registers at a time.
#[inline]
#[target_feature(enable = "avx2")]
fn totals<const P: usize, const N: usize>(sums: [[__m256i; P]; N]) -> [[i32; P]; N] {
    let mut totals = [[0; P]; N];
    let sums = sums.as_flattened();
    for (sums, totals) in sums.chunks(4).zip(totals.as_flattened_mut().chunks_mut(4)) {
        let mut four = [_mm256_setzero_si256(); 4];
        four[..sums.len()].copy_from_slice(sums);
        let pairs = [_mm256_hadd_epi32(four[0], four[1]), _mm256_hadd_epi32(four[2], four[3])];
        let halves = _mm256_hadd_epi32(pairs[0], pairs[1]);
        let four = _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
        let mut numbers = [0i32; 4];
        // SAFETY: the array has room for four numbers.
        unsafe { _mm_storeu_si128(numbers.as_mut_ptr().cast(), four) };
        totals.copy_from_slice(&numbers[..totals.len()]);
    }
    totals
}
