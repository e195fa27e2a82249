//! Recurrent layers in int8.

mod lstm;
#[cfg(all(test, feature = "std"))]
mod tests;
mod unit;

pub use lstm::LstmForm;
pub use unit::Int8Unit;

use core::{array, marker::PhantomData, slice};

#[cfg(feature = "std")]
use super::affine::{int8_of_weight, int32_of_bias, scale_of_weights};
use super::{Apart, Int8Layer, Int8Tensor, Multiplier, Quantize, affine::assert_fits_sum};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples, Scale};
use crate::{
    Tensor, Zeroed,
    kernel::Simd,
    layers::{Returns, image::Channels, sequence},
    stream::Streaming,
};
#[cfg(feature = "std")]
use crate::{kernel::Element, layer::Path};

/// The int8 of a number for each channel of `I`.
type Frame<I> = <<I as Channels>::Each<<I as Tensor>::Element> as Tensor>::Int8;

/// [`Gru`](crate::layers::Gru), [`Lstm`](crate::layers::Lstm) and [`SimpleRnn`](crate::layers::SimpleRnn) in int8.
///
/// The weights of a gate have one scale, its sums 32 bits, and the numbers that its function takes 16 bits: 12 of them are
/// fraction bits. So they are limited to −8 and 8. The results are the same on each processor.
///
/// `Lstm` has the arithmetic of TensorFlow Lite's `UNIDIRECTIONAL_SEQUENCE_LSTM`. A cell has 16 bits, and a power of two for
/// its scale: it reaches to the next power of two above the largest one of the samples, at most to 64. A state is an int8
/// of the scale of the output, which follows from the samples, too.
///
/// TensorFlow Lite has no such operator for the other two: their arithmetic is this crate's own. A sum is rounded as by
/// [`Multiplier::apply_once`], and limited to −16 and 16. The sigmoid and tanh have 15 fraction bits: lines between 257
/// numbers. The state has 16 bits, of which the products read 8, as does the output: its scale is 1/128.
pub struct Recurrent<
    I: Channels,
    const UNITS: usize,
    K: Int8Unit<GATES, SAVED, STATES>,
    R,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> {
    /// The weights of the frame: `kernel[gate][unit][feature]`.
    pub kernel: [[Frame<I>; UNITS]; GATES],
    /// The weights of the state before: `recurrent_kernel[gate][unit][unit before]`.
    pub recurrent_kernel: [[[i8; UNITS]; UNITS]; GATES],
    /// The biases of both products, in units of their sums: `bias[gate][unit]`.
    pub bias: [[[i32; UNITS]; GATES]; 2],
    /// The factors from the sums of both products to 12 fraction bits, for each gate.
    pub multipliers: [[Multiplier; GATES]; 2],
    /// The int8 of the input that stands for 0.
    pub zero: i8,
    /// The other constants.
    pub form: K::Form,
    #[allow(clippy::type_complexity, reason = "two names")]
    types: PhantomData<fn() -> (K, R)>,
}

// SAFETY: the fields are integers.
unsafe impl Zeroed for Multiplier {}

// SAFETY: the fields are `Zeroed`.
unsafe impl<
    I: Channels,
    const UNITS: usize,
    K: Int8Unit<GATES, SAVED, STATES>,
    R,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> Zeroed for Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>
{
}

/// The units whose sums are computed together, in registers.
const BLOCK: usize = 8;

/// The states of a recurrent layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct States<const UNITS: usize, const STATES: usize>([[i16; UNITS]; STATES]);

// SAFETY: the field is `Zeroed`.
unsafe impl<const UNITS: usize, const STATES: usize> Zeroed for States<UNITS, STATES> {}

impl<
    I: Channels,
    const UNITS: usize,
    K: Int8Unit<GATES, SAVED, STATES>,
    R: Returns,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>
{
    /// The first state as the output.
    #[inline(always)]
    fn output(&self, states: &States<UNITS, STATES>, y: &mut [i8]) {
        for (y, h) in y.iter_mut().zip(states.0.first().into_iter().flatten()) {
            *y = K::output(&self.form, *h);
        }
    }

    /// The states after one more frame.
    #[inline(always)]
    fn step<S: Simd>(&self, simd: S, frame: &[i8], states: &mut States<UNITS, STATES>) {
        let mut wide = <Frame<I> as Int8Tensor>::Wide::zeroed_on_stack();
        let wide = Frame::<I>::wide_mut(slice::from_mut(&mut wide));
        for (wide, x) in wide.iter_mut().zip(frame) {
            *wide = i16::from(*x) - i16::from(self.zero);
        }
        let before = states.0[0].map(K::factor);
        let of_frame = self.products::<S, Frame<I>>(simd, 0, wide, &self.kernel);
        let of_state = self.products::<S, [i8; UNITS]>(simd, 1, &before, &self.recurrent_kernel);
        // Arrays of a known length, and no branch: the compiler computes several units at once.
        for unit in 0..UNITS {
            let of = |part: &[[i32; UNITS]; GATES]| array::from_fn(|gate| part[gate][unit]);
            let next = K::step(&self.form, of(&of_frame), of(&of_state), array::from_fn(|state| states.0[state][unit]));
            for (states, next) in states.0.iter_mut().zip(next) {
                states[unit] = next;
            }
        }
    }

    /// The products for each gate: those with the frame, part 0, or with the state, part 1.
    #[inline(always)]
    fn products<S: Simd, W: Int8Tensor>(
        &self,
        simd: S,
        part: usize,
        row: &[i16],
        weights: &[[W; UNITS]; GATES],
    ) -> [[i32; UNITS]; GATES] {
        let mut products = [[0; UNITS]; GATES];
        for gate in 0..GATES {
            let (sums, multiplier) = (&mut products[gate], self.multipliers[part][gate]);
            let (blocks, rest) = sums.as_chunks_mut();
            let (of_blocks, of_rest) = weights[gate].as_chunks();
            for (sums, weights) in blocks.iter_mut().zip(of_blocks) {
                *sums = dots::<S, W, BLOCK>(simd, row, weights);
            }
            for (sum, weights) in rest.iter_mut().zip(of_rest) {
                [*sum] = dots(simd, row, array::from_ref(weights));
            }
            for (sum, bias) in sums.iter_mut().zip(&self.bias[part][gate]) {
                *sum = K::product(multiplier, sum.wrapping_add(*bias));
            }
        }
        products
    }
}

/// The products of a row with those of `N` units.
#[inline(always)]
fn dots<S: Simd, W: Int8Tensor, const N: usize>(simd: S, row: &[i16], weights: &[W; N]) -> [i32; N] {
    simd.dots([row], weights.each_ref().map(|weights| W::flat(slice::from_ref(weights)))).map(|[sum]| sum)
}

impl<
    I: Channels,
    const UNITS: usize,
    K: Int8Unit<GATES, SAVED, STATES>,
    R: Returns,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> Int8Layer for Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>
{
    type Input = I::Int8;
    type Output = <R::Of<I, UNITS> as Tensor>::Int8;
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output) {
        const { assert_fits_sum(if I::INNERMOST > UNITS { I::INNERMOST } else { UNITS }) };
        let mut states = States::zeroed_on_stack();
        let y = Int8Tensor::flat_mut(slice::from_mut(y));
        let mut rows = y.chunks_exact_mut(UNITS.max(1));
        for frame in I::Int8::flat(slice::from_ref(x)).chunks_exact(I::INNERMOST.max(1)) {
            self.step(simd, frame, &mut states);
            if R::ALL
                && let Some(row) = rows.next()
            {
                self.output(&states, row);
            }
        }
        if !R::ALL
            && let Some(row) = rows.next()
        {
            self.output(&states, row);
        }
    }
}

impl<
    I: Channels,
    const UNITS: usize,
    K: Int8Unit<GATES, SAVED, STATES>,
    R: Returns,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> Streaming for Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>
{
    type Frame = Frame<I>;
    type Emitted = [i8; UNITS];
    /// The states, and the number of frames up to the first output.
    type State = (States<UNITS, STATES>, usize);

    const FRAME_MACS: usize = GATES * UNITS * (I::INNERMOST + UNITS);
    const DELAY: usize =
        if R::ALL { 0 } else { (I::LEN / if I::INNERMOST == 0 { 1 } else { I::INNERMOST }).saturating_sub(1) };

    #[inline(always)]
    fn push<S: Simd>(
        &self,
        simd: S,
        (states, seen): &mut Self::State,
        frame: &Self::Frame,
        y: &mut [i8; UNITS],
    ) -> bool {
        const { assert_fits_sum(if I::INNERMOST > UNITS { I::INNERMOST } else { UNITS }) };
        self.step(simd, Int8Tensor::flat(slice::from_ref(frame)), states);
        self.output(states, y);
        let due = *seen >= Self::DELAY;
        *seen += usize::from(!due);
        due
    }
}

impl<
    I: Channels,
    const UNITS: usize,
    K: Int8Unit<GATES, SAVED, STATES>,
    R: Returns,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> Quantize for sequence::Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>
{
    type Int8 = Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>;
    #[cfg(feature = "std")]
    type Aware = Rounded<Self>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<I>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<R::Of<I, UNITS>>, QuantizeError> {
        let (y, scales) = K::scales(self, &x, calibration, path)?;
        let inputs = [x.scale(), scales.output];
        int8.zero = x.scale().zero;
        int8.form = K::form(scales);
        calibration.weights.clear();
        for gate in 0..GATES {
            let kernel = Tensor::flat(slice::from_ref(&self.kernel[gate]));
            let recurrent = self.recurrent_kernel[gate].as_flattened();
            let parts = [
                rounded_gate(
                    inputs[0],
                    (kernel, Some(&self.bias[gate])),
                    (Int8Tensor::flat_mut(&mut int8.kernel[gate]), &mut int8.bias[0][gate]),
                ),
                rounded_gate(
                    inputs[1],
                    (recurrent, self.recurrent_bias.as_ref().get(gate)),
                    (int8.recurrent_kernel[gate].as_flattened_mut(), &mut int8.bias[1][gate]),
                ),
            ];
            for (part, scale) in parts.into_iter().enumerate() {
                int8.multipliers[part][gate] = K::multiplier(scale, inputs[part]);
                calibration.weights.push(scale);
            }
        }
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}

/// Rounds the weights `[input][unit]` and the bias of a gate to `[unit][input]` and to units of the sums. Returns the scale
/// of the weights.
#[cfg(feature = "std")]
fn rounded_gate<T: Element, const UNITS: usize>(
    input: Scale,
    (weights, bias): (&[T], Option<&[T; UNITS]>),
    (rounded, rounded_bias): (&mut [i8], &mut [i32; UNITS]),
) -> f32 {
    let largest = |numbers: &[T]| numbers.iter().fold(0f64, |most, number| most.max(number.to_f64().abs()));
    let scale = scale_of_weights(largest(weights), bias.map_or(0.0, |bias| largest(bias)), input);
    let width = weights.len() / UNITS.max(1);
    for (unit, row) in rounded.chunks_exact_mut(width.max(1)).enumerate() {
        for (weight, rounded) in weights.iter().skip(unit).step_by(UNITS.max(1)).zip(row) {
            *rounded = int8_of_weight(weight.to_f64(), scale) as i8;
        }
    }
    for (unit, rounded) in rounded_bias.iter_mut().enumerate() {
        *rounded = bias.map_or(0.0, |bias| int32_of_bias(bias[unit].to_f64(), scale, input)) as i32;
    }
    scale
}
