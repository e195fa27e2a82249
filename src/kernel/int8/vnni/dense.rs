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
    let zero = _mm512_set1_epi8(unsigned(layer.zero) as i8);
    for (group, y) in y.chunks_mut(LANES).enumerate() {
        let mut sums = [_mm512_setzero_si512(); LANES];
        for (block, sums) in sums.chunks_exact_mut(BLOCK).enumerate() {
            let first = group * LANES + block * BLOCK;
            if first < layer.bias.len() {
                // SAFETY: rows of weights that do not exist are those of the last output.
                sums.copy_from_slice(&unsafe { block_sums(x, layer, first, zero) });
            }
        }
        let sums = totals(sums);
        let rounding = Rounding::new(&layer, group * LANES, _mm512_setzero_si512());
        // SAFETY: the outputs of the group.
        unsafe { rounding.store(_mm512_add_epi32(sums, rounding.bias()), y.as_mut_ptr()) };
    }
}

/// The sums of eight outputs from `first` on, in 16 parts each.
///
/// # Safety
///
/// There is an output `first`, and the weights are those of as many inputs.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
unsafe fn block_sums(x: &[i8], layer: Layer<'_>, first: usize, zero: __m512i) -> [__m512i; BLOCK] {
    let mut rows = [layer.weights.as_ptr(); BLOCK];
    for (n, row) in rows.iter_mut().enumerate() {
        *row = layer.weights[(first + n).min(layer.bias.len() - 1) * x.len()..][..x.len()].as_ptr();
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
                surplus[n] = _mm512_dpbusd_epi32(surplus[n], zero, weights);
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
