//! Sums in registers, rounded to int8.

use core::arch::x86_64::*;

use super::{LANES, Layer};

/// The channels of the first of two registers whose channels are [in groups of four](Rounding::interleaved).
const EVEN_FOURS: [i32; LANES] = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];

/// From the groups of four of a register to those of the other one.
const FOUR: i32 = 4;

/// The dwords of four registers, packed to int8: those of each, one after the other.
const REGISTERS: [i32; LANES] = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];

/// The dwords of two registers whose channels are in groups of four, packed to int8 with another copy of them.
const FOURS: [i32; LANES] = [0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15];

/// The rounding of 16 sums: for multipliers `mantissa·2^(−31 − shift)` with shifts from 1 to 31, it is
/// `⌊(sum·mantissa + half) / 2^(31 + shift)⌋`, the high half of 64 bits and a shift to the right. `half` is
///
/// - `2^(30 + shift)` if sums are rounded once;
/// - 2³⁰ more if they are rounded twice, since the first rounding is to units of 2³¹; and 2³¹ less for sums below 0,
///   whose second rounding is half away from 0.
#[derive(Clone, Copy)]
struct Lanes {
    bias: __m512i,
    /// The mantissas, for sums of even and odd index.
    mantissas: [__m512i; 2],
    /// What is added to their products.
    halves: [__m512i; 2],
    /// The shifts, less 1.
    shift: __m512i,
}

/// The rounding of the sums of `N` registers, up to four, and their range.
#[derive(Clone, Copy)]
pub struct Rounding<const N: usize> {
    lanes: [Lanes; N],
    /// Whether `half` is less for sums below 0.
    away: bool,
    /// The channels.
    all: __mmask64,
    zero: __m512i,
    limits: [__m512i; 2],
}

impl<const N: usize> Rounding<N> {
    /// The rounding of channels from `first` on, 16 in each register, whose sums are too large by `surplus`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    pub fn new(layer: &Layer<'_>, first: usize, surplus: [__m512i; N]) -> Self {
        let constants = core::array::from_fn(|n| constants(layer, first + n * LANES));
        Self::of(layer, first, constants, surplus)
    }

    /// The rounding with these biases, mantissas and exponents.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    fn of(layer: &Layer<'_>, first: usize, constants: [[__m512i; 3]; N], surplus: [__m512i; N]) -> Self {
        let (bounds, count) = (layer.bounds, layer.bias.len() - first);
        Self {
            lanes: core::array::from_fn(|n| {
                let [bias, mantissas, exponents] = constants[n];
                Lanes::new(_mm512_sub_epi32(bias, surplus[n]), mantissas, exponents, layer.once)
            }),
            // If they are limited to 0, the exact numbers below it do not matter.
            away: !layer.once && bounds.least < bounds.zero,
            all: first_of(count.min(N * LANES)),
            zero: _mm512_set1_epi16(i16::from(bounds.zero)),
            limits: [_mm512_set1_epi8(bounds.least), _mm512_set1_epi8(bounds.most)],
        }
    }

    /// The rounding of the first `count` of its channels.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    pub fn of_first(self, count: usize) -> Self {
        Self { all: self.all & first_of(count), ..self }
    }

    /// The biases, with which sums start.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    pub fn bias(&self) -> [__m512i; N] {
        self.lanes.map(|lanes| lanes.bias)
    }

    /// Rounds sums and stores them.
    ///
    /// # Safety
    ///
    /// There is room for as many int8 as there are channels.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    pub unsafe fn store(&self, sums: [__m512i; N], y: *mut i8) {
        let mut rounded = [_mm512_setzero_si512(); 4];
        for n in 0..N {
            rounded[n] = self.lanes[n].rounded(sums[n], self.away);
        }
        let low = self.words(rounded[0], rounded[1]);
        let high = if N > 2 { self.words(rounded[2], rounded[3]) } else { low };
        // SAFETY: the caller promises the room.
        unsafe { self.store_words([low, high], &REGISTERS, y) };
    }

    /// Two registers of rounded sums as numbers of 16 bits: four of each, in turn.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    fn words(&self, a: __m512i, b: __m512i) -> __m512i {
        _mm512_adds_epi16(_mm512_packs_epi32(a, b), self.zero)
    }

    /// Stores numbers of 16 bits as int8, with their dwords in this order.
    ///
    /// # Safety
    ///
    /// As [`store`](Self::store).
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    unsafe fn store_words(&self, [low, high]: [__m512i; 2], order: &[i32; LANES], y: *mut i8) {
        let bytes = _mm512_packs_epi16(low, high);
        let bytes = _mm512_min_epi8(_mm512_max_epi8(bytes, self.limits[0]), self.limits[1]);
        // SAFETY: the array is of the size of a register, and the caller promises the room.
        unsafe {
            let bytes = _mm512_permutexvar_epi32(_mm512_loadu_si512(order.as_ptr().cast()), bytes);
            match N {
                1 if self.all == first_of(16) => _mm_storeu_si128(y.cast(), _mm512_castsi512_si128(bytes)),
                2 if self.all == first_of(32) => _mm256_storeu_si256(y.cast(), _mm512_castsi512_si256(bytes)),
                4 if self.all == first_of(64) => _mm512_storeu_si512(y.cast(), bytes),
                _ => _mm512_mask_storeu_epi8(y, self.all, bytes),
            }
        }
    }
}

impl Rounding<2> {
    /// The rounding of 32 channels from `first` on: four of the first register, four of the second one, and so on.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    pub fn interleaved(layer: &Layer<'_>, first: usize) -> Self {
        let (low, high) = (constants(layer, first), constants(layer, first + LANES));
        // SAFETY: the array is of the size of a register.
        let even = unsafe { _mm512_loadu_si512(EVEN_FOURS.as_ptr().cast()) };
        let odd = _mm512_add_epi32(even, _mm512_set1_epi32(FOUR));
        let constants =
            [even, odd].map(|order| core::array::from_fn(|n| _mm512_permutex2var_epi32(low[n], order, high[n])));
        Self::of(layer, first, constants, [_mm512_setzero_si512(); 2])
    }

    /// Rounds sums of [`interleaved`](Self::interleaved) channels and stores them.
    ///
    /// # Safety
    ///
    /// As [`store`](Self::store).
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    pub unsafe fn store_interleaved(&self, sums: [__m512i; 2], y: *mut i8) {
        let [low, high] = &self.lanes;
        let words = self.words(low.rounded(sums[0], self.away), high.rounded(sums[1], self.away));
        // SAFETY: as the caller promises.
        unsafe { self.store_words([words; 2], &FOURS, y) };
    }
}

impl Lanes {
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    fn new(bias: __m512i, mantissas: __m512i, exponents: __m512i, once: bool) -> Self {
        // Multipliers of 0 have the exponent 0; here, any will do.
        let exponents = _mm512_min_epi32(exponents, _mm512_set1_epi32(-1));
        let shift = _mm512_sub_epi32(_mm512_set1_epi32(-1), exponents);
        let half = _mm512_sllv_epi32(_mm512_set1_epi32(1), shift);
        let halves = [_mm512_and_si512(half, _mm512_set1_epi64(0xffff_ffff)), _mm512_srli_epi64::<32>(half)];
        let first = _mm512_set1_epi64(if once { 0 } else { 1 << 30 });
        let halves = halves.map(|half| _mm512_add_epi64(_mm512_slli_epi64::<31>(half), first));
        Self { bias, mantissas: [mantissas, _mm512_srli_epi64::<32>(mantissas)], halves, shift }
    }

    /// The rounded sums, less the zero point.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    fn rounded(&self, sums: __m512i, away: bool) -> __m512i {
        let mut even = _mm512_mul_epi32(sums, self.mantissas[0]);
        let mut odd = _mm512_mul_epi32(_mm512_srli_epi64::<32>(sums), self.mantissas[1]);
        if away {
            let unit = _mm512_set1_epi64(1 << 31);
            even = _mm512_mask_sub_epi64(even, _mm512_movepi64_mask(even), even, unit);
            odd = _mm512_mask_sub_epi64(odd, _mm512_movepi64_mask(odd), odd, unit);
        }
        let (even, odd) = (_mm512_add_epi64(even, self.halves[0]), _mm512_add_epi64(odd, self.halves[1]));
        let high = _mm512_mask_shuffle_epi32::<0b11_11_01_01>(odd, 0x5555, even);
        _mm512_srav_epi32(high, self.shift)
    }
}

/// The biases, mantissas and exponents of up to 16 channels from `first` on.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
fn constants(layer: &Layer<'_>, first: usize) -> [__m512i; 3] {
    let first = first.min(layer.bias.len());
    let count = LANES.min(layer.bias.len() - first);
    let all = first_of(count) as __mmask16;
    let (bias, mantissas) = (&layer.bias[first..][..count], &layer.mantissas[first..][..count]);
    let exponents = &layer.exponents[first..][..count];
    // SAFETY: only the numbers of the mask are read.
    unsafe {
        [
            _mm512_maskz_loadu_epi32(all, bias.as_ptr()),
            _mm512_maskz_loadu_epi32(all, mantissas.as_ptr()),
            _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(all, exponents.as_ptr())),
        ]
    }
}

/// The mask of the first `count` numbers.
#[inline(always)]
fn first_of(count: usize) -> __mmask64 {
    if count >= 64 { !0 } else { (1 << count) - 1 }
}
