//! Sums in registers, rounded to int8.

use core::arch::x86_64::*;

use super::{LANES, Layer};

/// The rounding of 16 sums: for multipliers `mantissa·2^(−31 − shift)` with shifts from 1 to 31, it is
/// `⌊(sum·mantissa + half) / 2^(31 + shift)⌋`, the high half of 64 bits and a shift to the right. `half` is
///
/// - `2^(30 + shift)` if sums are rounded once;
/// - 2³⁰ more if they are rounded twice, since the first rounding is to units of 2³¹; and 2³¹ less for sums below 0,
///   whose second rounding is half away from 0.
#[derive(Clone, Copy)]
pub struct Rounding {
    bias: __m512i,
    /// The mantissas, for sums of even and odd index.
    mantissas: [__m512i; 2],
    /// What is added to their products.
    halves: [__m512i; 2],
    /// The shifts, less 1.
    shift: __m512i,
    /// Whether `half` is less for sums below 0.
    away: bool,
    /// The channels.
    all: __mmask16,
    zero: __m512i,
    limits: [__m128i; 2],
}

impl Rounding {
    /// The rounding of up to 16 channels from `first` on, whose sums are too large by `surplus`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    pub fn new(layer: &Layer<'_>, first: usize, surplus: __m512i) -> Self {
        let count = LANES.min(layer.bias.len() - first);
        let all = ((1u32 << count) - 1) as __mmask16;
        let (bias, mantissas) = (&layer.bias[first..][..count], &layer.mantissas[first..][..count]);
        let exponents = &layer.exponents[first..][..count];
        // SAFETY: only the numbers of the mask are read.
        let [bias, mantissas, exponents] = unsafe {
            [
                _mm512_maskz_loadu_epi32(all, bias.as_ptr()),
                _mm512_maskz_loadu_epi32(all, mantissas.as_ptr()),
                _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(all, exponents.as_ptr())),
            ]
        };
        // Multipliers of 0 have the exponent 0; here, any will do.
        let exponents = _mm512_min_epi32(exponents, _mm512_set1_epi32(-1));
        let shift = _mm512_sub_epi32(_mm512_set1_epi32(-1), exponents);
        let half = _mm512_sllv_epi32(_mm512_set1_epi32(1), shift);
        let halves = [_mm512_and_si512(half, _mm512_set1_epi64(0xffff_ffff)), _mm512_srli_epi64::<32>(half)];
        let first = _mm512_set1_epi64(if layer.once { 0 } else { 1 << 30 });
        let halves = halves.map(|half| _mm512_add_epi64(_mm512_slli_epi64::<31>(half), first));
        let bounds = layer.bounds;
        Self {
            bias: _mm512_sub_epi32(bias, surplus),
            mantissas: [mantissas, _mm512_srli_epi64::<32>(mantissas)],
            halves,
            shift,
            // If they are limited to 0, the exact numbers below it do not matter.
            away: !layer.once && bounds.least < bounds.zero,
            all,
            zero: _mm512_set1_epi32(i32::from(bounds.zero)),
            limits: [_mm_set1_epi8(bounds.least), _mm_set1_epi8(bounds.most)],
        }
    }

    /// The bias, with which sums start.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    pub fn bias(&self) -> __m512i {
        self.bias
    }

    /// Rounds sums and stores them.
    ///
    /// # Safety
    ///
    /// There is room for as many int8 as there are channels.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    pub unsafe fn store(&self, sums: __m512i, y: *mut i8) {
        let mut even = _mm512_mul_epi32(sums, self.mantissas[0]);
        let mut odd = _mm512_mul_epi32(_mm512_srli_epi64::<32>(sums), self.mantissas[1]);
        if self.away {
            let unit = _mm512_set1_epi64(1 << 31);
            even = _mm512_mask_sub_epi64(even, _mm512_movepi64_mask(even), even, unit);
            odd = _mm512_mask_sub_epi64(odd, _mm512_movepi64_mask(odd), odd, unit);
        }
        let (even, odd) = (_mm512_add_epi64(even, self.halves[0]), _mm512_add_epi64(odd, self.halves[1]));
        let high = _mm512_mask_shuffle_epi32::<0b11_11_01_01>(odd, 0x5555, even);
        let rounded = _mm512_add_epi32(_mm512_srav_epi32(high, self.shift), self.zero);
        let rounded = _mm512_cvtsepi32_epi8(rounded);
        let rounded = _mm_min_epi8(_mm_max_epi8(rounded, self.limits[0]), self.limits[1]);
        // SAFETY: the caller promises the room.
        unsafe {
            if self.all == !0 {
                _mm_storeu_si128(y.cast(), rounded);
            } else {
                _mm_mask_storeu_epi8(y, self.all, rounded);
            }
        }
    }
}
