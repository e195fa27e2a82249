//! The outputs are those of an obvious version, for odd shapes and extreme numbers.

use std::vec::Vec;

use super::*;
use crate::{
    Rng,
    kernel::{
        int8::{Bounds, Multiplier},
        level::has_vnni,
    },
};

/// One of these numbers.
fn one_of<X: Copy>(rng: &mut Rng, numbers: &[X]) -> X {
    numbers[(rng.uniform() * numbers.len() as f64) as usize]
}

/// A number from `low` to `high`.
fn between(rng: &mut Rng, low: usize, high: usize) -> usize {
    low + (rng.uniform() * (high - low + 1) as f64) as usize
}

/// Random int8, or only extremes of one or both signs.
fn int8(rng: &mut Rng, count: usize) -> Vec<i8> {
    let extremes: &[i8] = one_of(rng, &[&[-128], &[127], &[-128, 127], &[], &[]]);
    (0..count)
        .map(|_| if extremes.is_empty() { (rng.uniform() * 256.0 - 128.0) as i8 } else { one_of(rng, extremes) })
        .collect()
}

/// The outputs, one product at a time.
fn naive(x: &[i8], layer: Layer<'_>) -> Vec<i8> {
    let Shape { image: [height, width, channels], window: [rows, columns], output, slide } = layer.shape;
    let mut y = Vec::new();
    for i in 0..output[0] {
        for j in 0..output[1] {
            for f in 0..layer.bias.len() {
                let mut sum = layer.bias[f];
                for u in 0..rows {
                    for v in 0..columns {
                        let row = (i * slide.stride[0] + u).wrapping_sub(slide.before[0]);
                        let column = (j * slide.stride[1] + v).wrapping_sub(slide.before[1]);
                        if row >= height || column >= width {
                            continue;
                        }
                        for c in 0..channels {
                            let tap = u * columns + v;
                            let weight = match layer.channelwise {
                                true if c != f => continue,
                                true => layer.weights[tap * channels + c],
                                false => layer.weights[(f * rows * columns + tap) * channels + c],
                            };
                            let x = x[(row * width + column) * channels + c];
                            sum += (i32::from(x) - i32::from(layer.zero)) * i32::from(weight);
                        }
                    }
                }
                let multiplier = Multiplier { mantissa: layer.mantissas[f], exponent: layer.exponents[f].into() };
                let rounded = if layer.once { multiplier.apply_once(sum) } else { multiplier.apply(sum) };
                y.push(layer.bounds.clamp(rounded));
            }
        }
    }
    y
}

/// Compares a layer with random constants. Returns whether it has been computed here.
fn compare(rng: &mut Rng, shape: Shape, channelwise: bool, outputs: usize) -> bool {
    let ([height, width, channels], [rows, columns]) = (shape.image, shape.window);
    let products = rows * columns * if channelwise { 1 } else { channels };
    let (x, weights) = (int8(rng, height * width * channels), int8(rng, products * outputs));
    let largest = (30.0 * rng.uniform()).exp2();
    let bias: Vec<i32> = (0..outputs).map(|_| ((2.0 * rng.uniform() - 1.0) * largest) as i32).collect();
    let scale = 1.0 + one_of(rng, &[4.0, 16.0, 28.0]) * rng.uniform();
    let multipliers: Vec<_> =
        (0..outputs).map(|_| Multiplier::new(rng.uniform() * (-scale - 3.0 * rng.uniform()).exp2())).collect();
    let mantissas: Vec<i32> = multipliers.iter().map(|multiplier| multiplier.mantissa).collect();
    let exponents: Vec<i8> = multipliers.iter().map(|multiplier| multiplier.exponent as i8).collect();
    let zero = one_of(rng, &[-128, 127, 0, 5]);
    let bounds = one_of(
        rng,
        &[
            Bounds { zero: -128, least: -128, most: 127 },
            Bounds { zero: 3, least: -128, most: 127 },
            Bounds { zero: -7, least: -7, most: 90 },
            Bounds { zero: 127, least: -120, most: 127 },
        ],
    );
    let (bias, mantissas, exponents) = (&bias[..], &mantissas[..], &exponents[..]);
    let once = rng.uniform() < 0.3;
    let layer = Layer { shape, channelwise, weights: &weights, bias, mantissas, exponents, zero, bounds, once };
    let mut y = std::vec![0; shape.output[0] * shape.output[1] * outputs];
    // SAFETY: the test has checked the instructions.
    let computed = unsafe { run(&x, layer, &mut y) };
    if computed {
        assert_eq!(y, naive(&x, layer), "{:?} {:?} {outputs} {channelwise}", shape.image, shape.window);
    }
    computed
}

/// A shape of windows that overlap the image.
fn shape(rng: &mut Rng, image: [usize; 3], window: [usize; 2]) -> Shape {
    let (mut stride, mut before, mut output) = ([1; 2], [0; 2], [1; 2]);
    for axis in 0..2 {
        stride[axis] = between(rng, 1, 3);
        before[axis] = between(rng, 0, window[axis] - 1);
        let after = between(rng, 0, window[axis] - 1);
        output[axis] = (before[axis] + image[axis] + after).saturating_sub(window[axis]) / stride[axis] + 1;
    }
    Shape { image, window, output, slide: Slide { before, stride, dilation: [1; 2] } }
}

#[test]
fn layers_are_those_of_the_obvious_version() {
    if !crate::kernel::Level::Avx512.is_available() || !has_vnni() {
        return;
    }
    let (mut rng, mut computed) = (Rng::new(1), 0);
    let count = if cfg!(miri) { 5 } else { 300 };
    for _ in 0..count {
        let image = [between(&mut rng, 1, 9), between(&mut rng, 1, 21), between(&mut rng, 1, 40)];
        let window = [between(&mut rng, 1, 4), between(&mut rng, 1, 5)];
        let shape = shape(&mut rng, image, window);
        let outputs = between(&mut rng, 1, 70);
        computed += usize::from(compare(&mut rng, shape, false, outputs));
        computed += usize::from(compare(&mut rng, shape, true, image[2]));
        let (column, length) = ([between(&mut rng, 1, 40), 1, image[2]], between(&mut rng, 1, 20));
        let along = self::shape(&mut rng, column, [length, 1]);
        computed += usize::from(compare(&mut rng, along, true, image[2]));
        let inputs = between(&mut rng, 1, 200);
        let dense = Shape { image: [1, 1, inputs], window: [1; 2], output: [1; 2], slide: Slide::PIXELS };
        computed += usize::from(compare(&mut rng, dense, false, outputs));
        let pixels = Shape { image: [image[0], image[1], inputs], output: [image[0], image[1]], ..dense };
        computed += usize::from(compare(&mut rng, pixels, false, outputs));
    }
    assert_eq!(computed, 5 * count);
}

#[test]
fn one_window_beside_an_image_of_its_size_is_no_fully_connected_layer() {
    if !crate::kernel::Level::Avx512.is_available() || !has_vnni() {
        return;
    }
    let shape = |image, window, stride| {
        let slide = Slide { before: [0; 2], stride, dilation: [1; 2] };
        Shape { image, window, output: [1; 2], slide }
    };
    let mut rng = Rng::new(3);
    assert!(compare(&mut rng, shape([2, 1, 5], [1, 2], [5, 1]), false, 3));
    assert!(compare(&mut rng, shape([1, 2, 12], [2, 1], [3, 3]), false, 20));
}

#[test]
fn large_images_are_computed_in_parts() {
    if !crate::kernel::Level::Avx512.is_available() || !has_vnni() || cfg!(miri) {
        return;
    }
    let mut rng = Rng::new(2);
    for image in [[40, 40, 64], [3, 300, 70]] {
        let shape = shape(&mut rng, image, [3, 3]);
        assert!(compare(&mut rng, shape, false, 3));
        assert!(compare(&mut rng, shape, true, image[2]));
    }
}
