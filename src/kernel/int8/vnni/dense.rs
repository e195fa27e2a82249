//! Fully connected layers.

use core::arch::x86_64::*;

use super::{LANES, Layer, round::Rounding, unsigned};

/// The int8 of a register.
const STEP: usize = 64;

/// The outputs whose sums are computed together.
const BLOCK: usize = 8;

/// The outputs of a fully connected layer.
///
/// # Safety
///
/// The weights are those of as many inputs and outputs.
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
pub unsafe fn outputs(x: &[i8], layer: Layer<'_>, y: &mut [i8]) {
    // SAFETY: as the caller promises.
    unsafe {
        match layer.zero {
            i8::MIN => groups::<true>(x, layer, y),
            _ => groups::<false>(x, layer, y),
        }
    }
}

/// The outputs, 16 at a time. If inputs are `UNSIGNED`, their zero point is −128, as after a ReLU, and none is below it.
///
/// # Safety
///
/// As [`outputs`].
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
unsafe fn groups<const UNSIGNED: bool>(x: &[i8], layer: Layer<'_>, y: &mut [i8]) {
    let zero = _mm512_set1_epi8(unsigned(layer.zero) as i8);
    for (group, y) in y.chunks_mut(LANES).enumerate() {
        let first = group * LANES;
        let mut sums = [_mm512_setzero_si512(); LANES];
        for (sums, first) in sums.chunks_exact_mut(BLOCK).zip((first..layer.bias.len()).step_by(BLOCK)) {
            // SAFETY: there is an output `first`.
            sums.copy_from_slice(&unsafe { block_sums::<UNSIGNED>(x, layer, first, zero) });
        }
        let sums = totals(sums);
        let rounding = Rounding::new(&layer, first, [_mm512_setzero_si512()]);
        // SAFETY: the outputs of the group.
        unsafe { rounding.store([_mm512_add_epi32(sums, rounding.bias()[0])], y.as_mut_ptr()) };
    }
}

/// The sums of eight outputs from `first` on, in 16 parts each. Those of outputs that do not exist are those of the last one.
///
/// # Safety
///
/// There is an output `first`, and the weights are those of as many inputs and outputs.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
unsafe fn block_sums<const UNSIGNED: bool>(
    x: &[i8],
    layer: Layer<'_>,
    first: usize,
    zero: __m512i,
) -> [__m512i; BLOCK] {
    let (start, last) = (layer.weights.as_ptr().wrapping_add(first * x.len()), layer.bias.len() - 1 - first);
    let mut rows = [start; BLOCK];
    for (n, row) in rows.iter_mut().enumerate() {
        // The usual case, in fewer instructions.
        let n = if last >= BLOCK - 1 { n } else { n.min(last) };
        *row = row.wrapping_add(n * x.len());
    }
    let sign = _mm512_set1_epi8(-128);
    let [mut sums, mut surplus] = [[_mm512_setzero_si512(); BLOCK]; 2];
    let mut k = 0;
    while k < x.len() {
        let rest = x.len() - k;
        let mask = if rest >= STEP { !0 } else { (1u64 << rest) - 1 };
        // SAFETY: only the numbers of the mask are read.
        unsafe {
            let x = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, x.as_ptr().add(k)), sign);
            for n in 0..BLOCK {
                let weights = _mm512_maskz_loadu_epi8(mask, rows[n].add(k));
                sums[n] = _mm512_dpbusd_epi32(sums[n], x, weights);
                if !UNSIGNED {
                    surplus[n] = _mm512_dpbusd_epi32(surplus[n], zero, weights);
                }
            }
        }
        k += STEP;
    }
    for n in 0..BLOCK {
        sums[n] = _mm512_sub_epi32(sums[n], surplus[n]);
    }
    sums
}

/// The sum of the numbers of each register.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
fn totals(sums: [__m512i; LANES]) -> __m512i {
    let mut four = [_mm512_setzero_si512(); 4];
    for (n, four) in four.iter_mut().enumerate() {
        let pair = |a: __m512i, b: __m512i| _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        let (a, b) = (pair(sums[4 * n], sums[4 * n + 1]), pair(sums[4 * n + 2], sums[4 * n + 3]));
        *four = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    }
    let quarters = |a: __m512i, b: __m512i| {
        _mm512_add_epi32(_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0xdd>(a, b))
    };
    quarters(quarters(four[0], four[1]), quarters(four[2], four[3]))
}
