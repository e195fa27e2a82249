//! Depthwise convolutions, 16 channels at a time.

use core::arch::x86_64::*;

use super::{
    LANES, Layer,
    area::{self, Area, Outputs},
    round::Rounding,
    unsigned,
};

/// The most pixels of a window.
pub const MOST_TAPS: usize = 64;

/// The bytes from which and to which four pixels of a window are brought side by side: those of each dword, and of each
/// quarter of the register.
const DWORDS: [i32; 16] = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];
const BYTES: [i8; 16] = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];

/// The outputs of a depthwise convolution.
///
/// # Safety
///
/// The lengths are those of the shape, and windows have at most [`MOST_TAPS`] pixels.
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
pub unsafe fn outputs(x: &[i8], layer: Layer<'_>, y: &mut [i8]) {
    let shape = layer.shape;
    let ([_, _, channels], [rows, columns], [down, right]) = (shape.image, shape.window, shape.slide.stride);
    let taps = rows * columns;
    let zero = _mm512_set1_epi8(unsigned(layer.zero) as i8);
    let mut area = Area::new();
    for Outputs { first, size } in area::all(shape) {
        let (from, length) = area.copy(x, shape, Outputs { first, size }, unsigned(layer.zero));
        // The places of pixels; those after the last one have weights of 0.
        let mut places = [0; MOST_TAPS];
        for (tap, place) in places[..taps].iter_mut().enumerate() {
            *place = tap / columns * length + tap % columns * channels;
        }
        for group in (0..channels).step_by(LANES) {
            let mut weights = [_mm512_setzero_si512(); MOST_TAPS / 4];
            let mut surplus = _mm512_setzero_si512();
            for (quad, weights) in weights[..taps.div_ceil(4)].iter_mut().enumerate() {
                let mut four = [_mm_setzero_si128(); 4];
                for (tap, four) in four.iter_mut().enumerate().take(taps - 4 * quad) {
                    let count = LANES.min(channels - group);
                    let row = &layer.weights[(4 * quad + tap) * channels + group..][..count];
                    // SAFETY: only the numbers of the mask are read.
                    *four = unsafe { _mm_maskz_loadu_epi8(((1u32 << count) - 1) as __mmask16, row.as_ptr()) };
                }
                *weights = side_by_side(four);
                surplus = _mm512_dpbusd_epi32(surplus, zero, *weights);
            }
            let (quads, rounding) = (taps.div_ceil(4), Rounding::new(&layer, group, surplus));
            for i in 0..size[0] {
                let at = ((first[0] + i) * shape.output[1] + first[1]) * channels + group;
                let y = y[at..].as_mut_ptr();
                for j in 0..size[1] {
                    let x = from.wrapping_add(i * down * length + j * right * channels + group);
                    let mut sums = rounding.bias();
                    for quad in 0..quads {
                        let places = &places[4 * quad..][..4];
                        // SAFETY: the area has the window, and 15 bytes after it may be read.
                        let [a, b, c, d] = unsafe {
                            [
                                _mm_loadu_si128(x.add(places[0]).cast()),
                                _mm_loadu_si128(x.add(places[1]).cast()),
                                _mm_loadu_si128(x.add(places[2]).cast()),
                                _mm_loadu_si128(x.add(places[3]).cast()),
                            ]
                        };
                        sums = _mm512_dpbusd_epi32(sums, side_by_side([a, b, c, d]), weights[quad]);
                    }
                    // SAFETY: the outputs of the group.
                    unsafe { rounding.store(sums, y.add(j * channels)) };
                }
            }
        }
    }
}

/// Four times 16 bytes: the first ones, then the second ones, and so on.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
fn side_by_side([a, b, c, d]: [__m128i; 4]) -> __m512i {
    let four = _mm512_inserti32x4::<1>(_mm512_castsi128_si512(a), b);
    let four = _mm512_inserti32x4::<3>(_mm512_inserti32x4::<2>(four, c), d);
    // SAFETY: the constants are arrays of the size of a register, and of a quarter.
    let (dwords, bytes) =
        unsafe { (_mm512_loadu_si512(DWORDS.as_ptr().cast()), _mm_loadu_si128(BYTES.as_ptr().cast())) };
    _mm512_shuffle_epi8(_mm512_permutexvar_epi32(dwords, four), _mm512_broadcast_i32x4(bytes))
}
