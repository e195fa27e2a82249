//! Layers in int8. The kernels of depthwise convolutions for Cortex-M4 depend on the number of channels, their scales and
//! the window. Those of other microcontrollers depend on the length of a row, of its parts, and the number of filters. The
//! products of an LSTM are shorter or longer than a register.

use core::array;

use shiplap::{
    include_model,
    layers::Window,
    prelude::*,
    quantized::{self, Affine, Multiplier, Quantized, Scale},
};

const INPUT: Scale = Scale { scale: 1.0, zero: -7 };
const OUTPUT: Scale = Scale { scale: 1.0, zero: 11 };

/// The constants of a channel: its scale divided by that of the output, and the largest magnitudes of its weights
/// and biases.
#[derive(Clone, Copy)]
struct Range(f32, i32, i32);

const USUAL: Range = Range(0.003, 127, 20_000);
/// Sums are not scaled down.
const LARGE: Range = Range(0.8, 2, 50);
const LARGER: Range = Range(1.7, 1, 20);
/// Only the bias counts.
const SMALL: Range = Range(1e-8, 127, 1 << 30);
/// All sums are too small to count.
const NONE: Range = Range(1e-10, 127, 20_000);

/// `sum·m·2^(e − 31)` of the reference kernels: rounded half up, then half away from 0.
fn scaled(sum: i32, Multiplier { mantissa, exponent }: Multiplier) -> i64 {
    let product = (i64::from(sum) << exponent.max(0)) * i64::from(mantissa);
    let (product, unit) = ((product + (1 << 30)).div_euclid(1 << 31), 1i64 << (-exponent).max(0));
    product.signum() * ((product.abs() + unit / 2) / unit)
}

/// The output for a sum with this scale.
fn rounded(sum: i32, scale: f32) -> i64 {
    let output = scaled(sum, Multiplier::new(f64::from(scale))) + i64::from(OUTPUT.zero);
    output.clamp(OUTPUT.zero.into(), 127)
}

/// Compares the outputs of a convolution without padding with those of plain loops.
fn convolution_agrees<
    P: Window,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const F: usize,
    const K: usize,
    const KW: usize,
>(
    range: Range,
) -> bool {
    let mut rng = Rng::new(7);
    let mut whole = |most: i32| rng.bits() as i32 % (most + 1);
    let x: [[[i8; C]; W]; H] = array::from_fn(|_| array::from_fn(|_| array::from_fn(|_| whole(255) as i8)));
    let weights: [[[[i8; C]; KW]; K]; F] =
        array::from_fn(|_| array::from_fn(|_| array::from_fn(|_| array::from_fn(|_| whole(range.1) as i8))));
    let bias: [i32; F] = array::from_fn(|_| whole(range.2));
    let network = Quantized::<Conv2d<Image<H, W, C>, F, K, Relu, P, Bias, KW, Image<OH, OW, F>>>::from_parts(
        INPUT,
        quantized::Conv2d::from_parts(Affine::new(weights, bias, [range.0; F], INPUT, OUTPUT, ())),
        OUTPUT,
    );
    let y = network.predict_int8(&x);
    (0..OH * OW * F).all(|n| {
        let [i, j, f] = [n / F / OW, n / F % OW, n % F];
        let mut sum = bias[f];
        for tap in 0..K * KW {
            let [u, v] = [tap / KW, tap % KW];
            for c in 0..C {
                let x = x[i * P::STRIDE[0] + u][j * P::STRIDE[1] + v][c];
                sum += (i32::from(x) - i32::from(INPUT.zero)) * i32::from(weights[f][u][v][c]);
            }
        }
        i64::from(y[i][j][f]) == rounded(sum, range.0)
    })
}

pub fn convolutions() -> bool {
    // Pixels, by fours and not, with more and fewer channels than a round of a loop has products.
    convolution_agrees::<Valid, 3, 3, 16, 3, 3, 8, 1, 1>(USUAL)
        && convolution_agrees::<Valid, 2, 2, 13, 2, 2, 7, 1, 1>(USUAL)
        && convolution_agrees::<Valid, 1, 5, 3, 1, 5, 5, 1, 1>(USUAL)
        && convolution_agrees::<Valid, 1, 3, 1, 1, 3, 2, 1, 1>(LARGE)
        // Windows of short parts, and of others.
        && convolution_agrees::<Valid, 4, 5, 3, 2, 3, 6, 3, 3>(USUAL)
        && convolution_agrees::<Valid, 5, 5, 7, 3, 3, 9, 3, 3>(USUAL)
        && convolution_agrees::<Valid<2>, 5, 7, 16, 2, 3, 4, 3, 3>(USUAL)
        && convolution_agrees::<Valid, 2, 1, 1, 1, 1, 3, 2, 1>(LARGER)
        && convolution_agrees::<Valid, 1, 9, 5, 1, 6, 1, 1, 4>(USUAL)
        && convolution_agrees::<Valid, 1, 3, 9, 1, 3, 3, 1, 1>(SMALL)
        && convolution_agrees::<Valid, 1, 3, 9, 1, 3, 5, 1, 1>(NONE)
        // Long rows, whole and in parts.
        && convolution_agrees::<Valid, 1, 1, 3079, 1, 1, 5, 1, 1>(USUAL)
        && convolution_agrees::<Valid, 3, 4, 350, 1, 2, 2, 3, 3>(USUAL)
}

/// Compares the outputs of a depthwise convolution with those of plain loops. Channel `c` has the constants of
/// `ranges[c % ranges.len()]`. `before` is the padding before the first row and column.
fn agrees<
    P: Window,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
>(
    ranges: &[Range],
    before: [usize; 2],
) -> bool {
    let mut rng = Rng::new(5);
    let mut whole = |most: i32| rng.bits() as i32 % (most + 1);
    let ranges: [Range; C] = array::from_fn(|c| ranges[c % ranges.len()]);
    let x: [[[i8; C]; W]; H] = array::from_fn(|_| array::from_fn(|_| array::from_fn(|_| whole(127) as i8)));
    let weights: [[[i8; C]; KW]; K] = array::from_fn(|_| array::from_fn(|_| ranges.map(|range| whole(range.1) as i8)));
    let bias = ranges.map(|range| whole(range.2));
    let network = Quantized::<DepthwiseConv2d<Image<H, W, C>, K, Relu, P, Bias, KW, Image<OH, OW, C>>>::from_parts(
        INPUT,
        quantized::DepthwiseConv2d::from_parts(Affine::new(
            weights,
            bias,
            ranges.map(|range| range.0),
            INPUT,
            OUTPUT,
            (),
        )),
        OUTPUT,
    );
    let y = network.predict_int8(&x);
    (0..OH * OW * C).all(|n| {
        let [i, j, c] = [n / C / OW, n / C % OW, n % C];
        let mut sum = bias[c];
        for tap in 0..K * KW {
            let row = (i * P::STRIDE[0] + tap / KW * P::DILATION[0]).wrapping_sub(before[0]);
            let column = (j * P::STRIDE[1] + tap % KW * P::DILATION[1]).wrapping_sub(before[1]);
            if let Some(pixel) = x.get(row).and_then(|row| row.get(column)) {
                sum += (i32::from(pixel[c]) - i32::from(INPUT.zero)) * i32::from(weights[tap / KW][tap % KW][c]);
            }
        }
        i64::from(y[i][j][c]) == rounded(sum, ranges[c].0)
    })
}

/// The same for windows of three columns, and for images turned by a right angle: with strides of one and two.
fn three_agrees<const H: usize, const W: usize, const HALF_H: usize, const HALF_W: usize>() -> bool {
    let before = [(H % 2), (W % 2)];
    agrees::<Same, H, W, 4, H, W, 3, 3>(&[USUAL], [1, 1])
        && agrees::<Same, W, H, 4, W, H, 3, 3>(&[USUAL], [1, 1])
        && agrees::<Same<2>, H, W, 8, HALF_H, HALF_W, 3, 3>(&[USUAL], before)
        && agrees::<Same<2>, W, H, 8, HALF_W, HALF_H, 3, 3>(&[USUAL], [before[1], before[0]])
}

pub fn depthwise() -> bool {
    // Channels of the usual form, in many short rows and in others.
    agrees::<Same, 9, 5, 8, 9, 5, 3, 3>(&[USUAL], [1, 1])
        && agrees::<Same<2>, 7, 17, 12, 4, 9, 3, 3>(&[USUAL], [1, 1])
        // Channels of another form, each or one of them.
        && agrees::<Same, 9, 5, 8, 9, 5, 3, 3>(&[LARGE], [1, 1])
        && agrees::<Same<2>, 7, 9, 8, 4, 5, 3, 5>(&[USUAL, LARGER, SMALL, LARGE, USUAL, USUAL, USUAL], [1, 2])
        && agrees::<Valid, 1, 12, 4, 1, 10, 1, 3>(&[USUAL, USUAL, SMALL], [0, 0])
        && agrees::<Valid, 1, 12, 4, 1, 10, 1, 3>(&[USUAL, NONE, USUAL], [0, 0])
        // Numbers of channels that are no multiple of four.
        && agrees::<Same, 6, 7, 1, 6, 7, 3, 3>(&[USUAL], [1, 1])
        && agrees::<Same<2>, 7, 9, 3, 4, 5, 5, 3>(&[USUAL], [2, 1])
        && agrees::<Valid, 5, 6, 6, 3, 4, 3, 3>(&[USUAL, LARGE, SMALL], [0, 0])
        && agrees::<Valid, 5, 6, 11, 3, 4, 3, 3>(&[USUAL], [0, 0])
        // Windows that are dilated, of many pixels, or far outside the image.
        && agrees::<Same<1, 2>, 6, 7, 8, 6, 7, 3, 3>(&[USUAL], [2, 2])
        && agrees::<Same, 9, 10, 4, 9, 10, 9, 9>(&[USUAL], [4, 4])
        && agrees::<Padded<4>, 3, 3, 4, 9, 9, 3, 3>(&[USUAL, LARGE], [4, 4])
        && agrees::<Padded<2, 2>, 6, 8, 4, 4, 5, 3, 3>(&[USUAL], [2, 2])
        // Windows of three columns.
        && three_agrees::<1, 1, 1, 1>()
        && three_agrees::<2, 5, 1, 3>()
        && three_agrees::<3, 6, 2, 3>()
        && three_agrees::<4, 7, 2, 4>()
        && three_agrees::<9, 8, 5, 4>()
        && three_agrees::<10, 9, 5, 5>()
        && agrees::<Valid, 6, 8, 8, 4, 6, 3, 3>(&[USUAL], [0, 0])
        && agrees::<Valid<2>, 9, 8, 8, 4, 3, 3, 3>(&[USUAL], [0, 0])
        && agrees::<Same, 1, 7, 8, 1, 7, 1, 3>(&[USUAL], [0, 1])
        && agrees::<Same, 5, 7, 8, 5, 7, 5, 3>(&[USUAL], [2, 1])
}

include_model! {
    static STATES: States = "../../models/lstm_states.tflite";
}

/// Compares the states of an LSTM with those of TensorFlow Lite's reference kernels.
pub fn lstm() -> bool {
    let (samples, rest) = include_bytes!("../../models/lstm_states.bin").as_chunks::<{ 9 * (3 + 11) }>();
    rest.is_empty()
        && samples.len() == 16
        && samples.iter().all(|sample| {
            let (x, y) = sample.split_at(9 * 3);
            let x: [[i8; 3]; 9] = array::from_fn(|step| array::from_fn(|n| x[3 * step + n] as i8));
            STATES.predict_int8(&x).as_flattened().iter().zip(y).all(|(y, expected)| *y == *expected as i8)
        })
}
