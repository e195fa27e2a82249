//! Convolutions and fully connected layers with AVX-512 VNNI, which multiplies four pairs of int8 for each of 16 sums.
//!
//! - One factor of the instruction has no sign: it is `x + 128`. `Σ (x − zero)·w = Σ (x + 128)·w − (128 + zero)·Σ w`, so the
//!   last term becomes part of the bias.
//! - Part of an image is copied with its padding and as `x + 128`, so that windows have no borders.
//! - Depthwise layers, which have few products for each output, multiply pairs of numbers of 16 bits, `x − zero`.
//! - Filters are copied 16 at a time, in the order in which the instruction reads them.
//! - Sums are rounded 16 at a time. This needs multipliers below 1/2; other layers are computed without VNNI.
//!
//! No function depends on the shapes by its type, so that all layers share their code.
//!
//! SAFETY of calls of functions with `target_feature`: the caller of [`run`] promises the instructions.

mod area;
mod dense;
mod depthwise;
mod round;
#[cfg(test)]
mod tests;
mod tile;

use super::{Layer, Shape, Slide};
use area::most;

/// The channels of a register.
const LANES: usize = 16;

/// The outputs of a layer, unless it is not computed here: then, it returns false.
///
/// # Safety
///
/// The processor has AVX-512 F, VL, DQ, BW and VNNI.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
pub unsafe fn run(x: &[i8], layer: Layer<'_>, y: &mut [i8]) -> bool {
    let Shape { image: [height, width, channels], window: [rows, columns], output, slide } = layer.shape;
    let (pixels, taps, outputs) = (output[0] * output[1], rows * columns, layer.bias.len());
    let products = if layer.channelwise { taps } else { taps * channels };
    if pixels * products * outputs == 0 || slide.dilation != [1, 1] || !is_usual(&layer) {
        return false;
    }
    assert!(x.len() == height * width * channels && y.len() == pixels * outputs);
    assert!(layer.weights.len() == products * outputs && (!layer.channelwise || outputs == channels));
    assert!(layer.mantissas.len() == outputs && layer.exponents.len() == outputs);
    // SAFETY: the caller promises the instructions, and the lengths have been checked.
    unsafe {
        if layer.channelwise {
            if taps > depthwise::MOST_TAPS || taps * channels > most::<i16>() {
                return false;
            }
            depthwise::outputs(x, layer, y);
        } else if [rows, columns] == [height, width] && pixels == 1 && slide.before == [0; 2] {
            dense::outputs(x, layer, y);
        } else {
            let quads = (columns * channels).div_ceil(4);
            if 4 * quads * rows > tile::MOST_PRODUCTS {
                return false;
            }
            tile::outputs(x, Layer { shape: flattened(layer.shape), ..layer }, quads, y);
        }
    }
    true
}

/// Whether all multipliers can be applied 16 at a time: those below 1/2.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
fn is_usual(layer: &Layer<'_>) -> bool {
    let multipliers = layer.mantissas.iter().zip(layer.exponents);
    multipliers.fold(true, |usual, (mantissa, exponent)| {
        usual & (*mantissa == 0 && *exponent == 0 || *mantissa > 0 && (-31..0).contains(exponent))
    })
}

/// The same convolution with one long row, if windows are single pixels.
fn flattened(shape: Shape) -> Shape {
    let [height, width, channels] = shape.image;
    if shape.window == [1; 2] && shape.output == [height, width] && shape.slide == Slide::PIXELS {
        return Shape { image: [1, height * width, channels], output: [1, height * width], ..shape };
    }
    shape
}

/// `x + 128`.
#[inline]
fn unsigned(x: i8) -> u8 {
    x as u8 ^ 0x80
}
