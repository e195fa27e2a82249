//! Sums in registers, rounded to int8.

use core::arch::x86_64::*;

use super::{LANES, Layer};

/// The rounding of 16 sums: to the high half of twice their product with the mantissas, which rounds, and by a shift to
/// the right. Both roundings are additions before it:
///
/// - once, `⌊(2·sum·mantissa + 2^(31 + shift)) / 2^(32 + shift)⌋`;
/// - twice, 2³¹ rounds the high half, and half a unit of the shift, less 1 for sums below 0, rounds half away from 0.
#[derive(Clone, Copy)]
pub struct Rounding {
    bias: __m512i,
    /// The mantissas, for sums of even and odd index.
    mantissas: [__m512i; 2],
    /// What is added to their products.
    halves: [__m512i; 2],
    shift: __m512i,
    /// The sums from which 1 is subtracted if they are below 0.
    away: __mmask16,
    /// The sums.
    all: __mmask16,
    zero: __m512i,
    limits: [__m128i; 2],
}

impl Rounding {
    /// The rounding of up to 16 channels from `first` on, whose sums are too large by `surplus`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    pub fn new(layer: &Layer<'_>, first: usize, surplus: __m512i) -> Self {
        let [mut bias, mut mantissas, mut shift] = [[0i32; LANES]; 3];
        let count = LANES.min(layer.bias.len() - first);
        bias[..count].copy_from_slice(&layer.bias[first..][..count]);
        mantissas[..count].copy_from_slice(&layer.mantissas[first..][..count]);
        for (shift, exponent) in shift.iter_mut().zip(&layer.exponents[first..][..count]) {
            *shift = -i32::from(*exponent);
        }
        let [bias, mantissas, shift] = [bias, mantissas, shift].map(|numbers| load(&numbers));
        let shifted = _mm512_cmpneq_epi32_mask(shift, _mm512_setzero_si512());
        // Half a unit of the shift, 0 without one, in the high half of 64 bits.
        let half = _mm512_srli_epi32::<1>(_mm512_sllv_epi32(_mm512_set1_epi32(1), shift));
        let (even, odd) = (_mm512_slli_epi64::<32>(half), _mm512_and_si512(half, _mm512_set1_epi64(!0 << 32)));
        let low = _mm512_set1_epi64(1 << 31);
        let halves = if layer.once {
            // Half a unit of the high half if there is no shift.
            let none = _mm512_maskz_set1_epi32(!shifted, i32::MIN);
            let (low, high) = (_mm512_and_si512(none, _mm512_set1_epi64(0xffff_ffff)), _mm512_srli_epi64::<32>(none));
            [_mm512_or_si512(even, low), _mm512_or_si512(odd, high)]
        } else {
            [_mm512_add_epi64(even, low), _mm512_add_epi64(odd, low)]
        };
        let bounds = layer.bounds;
        // Below 0, the exact numbers do not matter if they are limited to 0.
        let away = if layer.once || bounds.least >= bounds.zero { 0 } else { shifted };
        Self {
            bias: _mm512_sub_epi32(bias, surplus),
            mantissas: [mantissas, _mm512_srli_epi64::<32>(mantissas)],
            halves,
            shift,
            away,
            all: ((1u32 << count) - 1) as __mmask16,
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
        let sums = _mm512_add_epi32(sums, sums);
        let even = _mm512_add_epi64(_mm512_mul_epi32(sums, self.mantissas[0]), self.halves[0]);
        let odd = _mm512_mul_epi32(_mm512_srli_epi64::<32>(sums), self.mantissas[1]);
        let odd = _mm512_add_epi64(odd, self.halves[1]);
        let mut high = _mm512_mask_shuffle_epi32::<0b11_11_01_01>(odd, 0x5555, even);
        if self.away != 0 {
            high = _mm512_mask_add_epi32(high, self.away, high, _mm512_srai_epi32::<31>(sums));
        }
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

/// 16 numbers in a register.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
fn load(numbers: &[i32; LANES]) -> __m512i {
    // SAFETY: the array is as long as the register.
    unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) }
}
