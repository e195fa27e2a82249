//! Depthwise convolutions, 32 channels at a time.
//!
//! Numbers of 16 bits of two pixels of a window are brought side by side. An instruction multiplies both by their weights
//! and adds the products to the sum of the channel.

use core::{arch::x86_64::*, array, mem::MaybeUninit, slice};

use super::{
    LANES, Layer,
    area::{self, Area, Outputs},
    round::Rounding,
};

/// The most pixels of a window.
pub const MOST_TAPS: usize = 64;
const MOST_PAIRS: usize = MOST_TAPS / 2;

/// The channels of two registers of sums.
const WIDE: usize = 2 * LANES;

/// The outputs of a depthwise convolution.
///
/// # Safety
///
/// The lengths are those of the shape, and windows have at most [`MOST_TAPS`] pixels.
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
pub unsafe fn outputs(x: &[i8], layer: Layer<'_>, y: &mut [i8]) {
    let channels = layer.shape.image[2];
    if channels >= WIDE || !WIDE.is_multiple_of(channels) || layer.shape.slide.stride[1] != 1 {
        // SAFETY: as the caller promises.
        return unsafe { groups(x, layer, y) };
    }
    // The windows of neighbouring pixels are one after the other, so that their channels are as those of one pixel.
    let mut weights = [0; WIDE * MOST_TAPS];
    for (to, from) in weights.chunks_exact_mut(WIDE).zip(layer.weights.chunks_exact(channels)) {
        to.copy_from_slice(&repeated(from));
    }
    let (bias, mantissas, exponents) = (repeated(layer.bias), repeated(layer.mantissas), repeated(layer.exponents));
    let layer = Layer { weights: &weights, bias: &bias, mantissas: &mantissas, exponents: &exponents, ..layer };
    // SAFETY: as the caller promises.
    unsafe { groups(x, layer, y) };
}

/// The numbers, again and again.
#[inline(always)]
fn repeated<T: Copy>(numbers: &[T]) -> [T; WIDE] {
    array::from_fn(|n| numbers[n % numbers.len()])
}

/// The outputs, where the layer has weights for each channel, or for [`WIDE`] numbers of a row of pixels.
///
/// # Safety
///
/// As [`outputs`].
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
unsafe fn groups(x: &[i8], layer: Layer<'_>, y: &mut [i8]) {
    let shape = layer.shape;
    let ([_, _, channels], [rows, columns], [down, right]) = (shape.image, shape.window, shape.slide.stride);
    let (lanes, taps) = (layer.bias.len(), rows * columns);
    let (mut area, mut pairs) = (Area::new(), [const { MaybeUninit::uninit() }; MOST_PAIRS]);
    let pairs = &mut pairs[..taps.div_ceil(2)];
    for outputs in area::all::<i16>(shape) {
        let Outputs { first, size } = outputs;
        let (from, length) = area.copy::<i16>(x, shape, outputs, layer.zero);
        // The steps of a row, the numbers after the last one, and the distances of two steps.
        let [steps, rest, next, next_output] = match lanes == channels {
            true => [size[1], 0, right * channels, channels],
            false => [size[1] * channels / WIDE, size[1] * channels % WIDE, WIDE, WIDE],
        };
        for group in (0..lanes).step_by(WIDE) {
            let place = |tap| tap / columns * length + tap % columns * channels;
            let windows = Windows::new(&layer, taps, group, place, pairs);
            for i in 0..size[0] {
                let at = ((first[0] + i) * shape.output[1] + first[1]) * channels + group;
                let mut x = from.wrapping_add(i * down * length + group);
                let mut y = y[at..].as_mut_ptr();
                // SAFETY: the area has the windows, and 64 bytes after it may be read; the outputs are those of the row.
                unsafe {
                    for _ in 0..steps {
                        windows.store(x, y, &windows.rounding);
                        (x, y) = (x.wrapping_add(next), y.wrapping_add(next_output));
                    }
                    if rest > 0 {
                        windows.store(x, y, &windows.rounding.of_first(rest));
                    }
                }
            }
        }
    }
}

/// Two pixels of a window.
#[derive(Clone, Copy)]
struct Pair {
    places: [usize; 2],
    /// Their weights, side by side as the instruction reads them.
    weights: [__m512i; 2],
}

/// Windows of up to [`WIDE`] channels.
struct Windows<'a> {
    pairs: &'a [Pair],
    rounding: Rounding<2>,
}

impl<'a> Windows<'a> {
    /// Windows of so many pixels for the channels from `group` on, and the places of the pixels.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    fn new(
        layer: &Layer<'_>,
        taps: usize,
        group: usize,
        place: impl Fn(usize) -> usize,
        pairs: &'a mut [MaybeUninit<Pair>],
    ) -> Self {
        let lanes = layer.bias.len();
        let count = WIDE.min(lanes - group);
        let mask = ((1u64 << count) - 1) as __mmask32;
        let weights = |tap: usize| {
            let row = &layer.weights[tap * lanes + group..][..count];
            // SAFETY: only the numbers of the mask are read.
            _mm512_cvtepi8_epi16(unsafe { _mm256_maskz_loadu_epi8(mask, row.as_ptr()) })
        };
        for (pair, first) in pairs.iter_mut().zip((0..).step_by(2)) {
            // A last pixel without another one is read twice, and has no second weights.
            let last = first + 1 == taps;
            let second = if last { first } else { first + 1 };
            let (a, b) = (weights(first), if last { _mm512_setzero_si512() } else { weights(second) });
            let weights = [_mm512_unpacklo_epi16(a, b), _mm512_unpackhi_epi16(a, b)];
            pair.write(Pair { places: [place(first), place(second)], weights });
        }
        // SAFETY: the loop has written each of them.
        let pairs = unsafe { slice::from_raw_parts(pairs.as_ptr().cast(), pairs.len()) };
        Self { pairs, rounding: Rounding::interleaved(layer, group) }
    }

    /// The outputs of a window.
    ///
    /// # Safety
    ///
    /// The numbers of the window are there, and as many after each as a register holds. There is room for the outputs.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    unsafe fn store(&self, x: *const i16, y: *mut i8, rounding: &Rounding<2>) {
        let [mut low, mut high] = rounding.bias();
        for Pair { places, weights } in self.pairs {
            // SAFETY: the caller promises the numbers.
            let [a, b] = unsafe { places.map(|place| _mm512_loadu_si512(x.add(place).cast())) };
            low = _mm512_dpwssd_epi32(low, _mm512_unpacklo_epi16(a, b), weights[0]);
            high = _mm512_dpwssd_epi32(high, _mm512_unpackhi_epi16(a, b), weights[1]);
        }
        // SAFETY: the caller promises the room.
        unsafe { rounding.store_interleaved([low, high], y) };
    }
}
