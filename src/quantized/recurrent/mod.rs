//! Recurrent layers in int8.

#[cfg(all(test, feature = "std"))]
mod tests;
mod unit;

pub use unit::Int8Unit;

use core::{marker::PhantomData, slice};

#[cfg(feature = "std")]
use super::affine::{int8_of_weight, int32_of_bias, scale_of_weights};
use super::{Apart, Int8Layer, Int8Tensor, Multiplier, Quantize, affine::assert_fits_sum};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples, Scale, Scales};
use crate::{
    Tensor, Zeroed,
    kernel::{
        Simd,
        int8::gate::{ARGUMENT_BITS, shifted},
    },
    layers::{Returns, image::Channels, sequence},
    stream::Streaming,
};
#[cfg(feature = "std")]
use crate::{activation::Tanh, kernel::Element, layer::Path};

/// The int8 of a number for each channel of `I`.
type Frame<I> = <<I as Channels>::Each<<I as Tensor>::Element> as Tensor>::Int8;

/// [`Gru`](crate::layers::Gru), [`Lstm`](crate::layers::Lstm) and [`SimpleRnn`](crate::layers::SimpleRnn) in int8.
///
/// TensorFlow Lite's specification covers only the LSTM, so the arithmetic is this crate's own, and the same on each
/// processor. The weights of a gate have one scale, its sums 32 bits. A sum is rounded to 12 fraction bits, as by
/// [`Multiplier::apply_once`], and limited to −16 and 16; the argument of a gate is limited to −8 and 8. The sigmoid and tanh
/// have 15 fraction bits: lines between 257 numbers. The state has 16 bits, of which the products read 8, as does the
/// output: its scale is 1/128.
pub struct Recurrent<I: Channels, const UNITS: usize, K, R, const GATES: usize, const SAVED: usize, const STATES: usize>
{
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
    #[allow(clippy::type_complexity, reason = "two names")]
    types: PhantomData<fn() -> (K, R)>,
}

// SAFETY: the fields are integers.
unsafe impl Zeroed for Multiplier {}

// SAFETY: the fields are `Zeroed`.
unsafe impl<I: Channels, const UNITS: usize, K, R, const GATES: usize, const SAVED: usize, const STATES: usize> Zeroed
    for Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>
{
}

/// The scale of the state that products read, and of the output.
#[cfg(feature = "std")]
const STATE: Scale = Scale::OF_TANH;
/// The bits by which the state is longer than an int8.
const FINER: i32 = 8;
/// The largest product of a gate: 16.
const LARGEST: i32 = (16 << ARGUMENT_BITS) - 1;
/// The units whose sums are computed together, in registers.
const BLOCK: usize = 8;

/// The states of a recurrent layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct States<const UNITS: usize, const STATES: usize>([[i16; UNITS]; STATES]);

// SAFETY: the field is `Zeroed`.
unsafe impl<const UNITS: usize, const STATES: usize> Zeroed for States<UNITS, STATES> {}

impl<const UNITS: usize, const STATES: usize> States<UNITS, STATES> {
    /// The state as the output.
    #[inline(always)]
    fn output(&self, y: &mut [i8]) {
        for (y, h) in y.iter_mut().zip(self.0.first().into_iter().flatten()) {
            *y = rounded(*h);
        }
    }
}

/// The int8 of a state.
#[inline(always)]
fn rounded(state: i16) -> i8 {
    shifted(i32::from(state), FINER).min(i8::MAX.into()) as i8
}

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
    /// The states after one more frame.
    #[inline(always)]
    fn step<S: Simd>(&self, simd: S, frame: &[i8], states: &mut States<UNITS, STATES>) {
        let mut wide = <Frame<I> as Int8Tensor>::Wide::zeroed_on_stack();
        let wide = Frame::<I>::wide_mut(slice::from_mut(&mut wide));
        for (wide, x) in wide.iter_mut().zip(frame) {
            *wide = i16::from(*x) - i16::from(self.zero);
        }
        let before: [i16; UNITS] = states.0[0].map(|state| rounded(state).into());
        let mut unit = 0;
        while unit + BLOCK <= UNITS {
            self.units::<S, BLOCK>(simd, unit, wide, &before, states);
            unit += BLOCK;
        }
        while unit < UNITS {
            self.units::<S, 1>(simd, unit, wide, &before, states);
            unit += 1;
        }
    }

    /// The states of `N` units from `first` on.
    #[inline(always)]
    fn units<S: Simd, const N: usize>(
        &self,
        simd: S,
        first: usize,
        frame: &[i16],
        before: &[i16; UNITS],
        states: &mut States<UNITS, STATES>,
    ) {
        let of_frame = self.products::<S, Frame<I>, N>(simd, 0, first, frame, &self.kernel);
        let of_state = self.products::<S, [i8; UNITS], N>(simd, 1, first, before, &self.recurrent_kernel);
        for n in 0..N {
            let of = |part: &[[i32; N]; GATES]| part.map(|gate| gate[n]);
            let place = |states: &[i16; UNITS]| states.get(first + n).copied().unwrap_or(0);
            let next = K::step(of(&of_frame), of(&of_state), core::array::from_fn(|s| place(&states.0[s])));
            for (states, next) in states.0.iter_mut().zip(next) {
                if let Some(state) = states.get_mut(first + n) {
                    *state = next;
                }
            }
        }
    }

    /// The products of `N` units from `first` on, for each gate: those with the frame, part 0, or with the state, part 1.
    #[inline(always)]
    fn products<S: Simd, W: Int8Tensor, const N: usize>(
        &self,
        simd: S,
        part: usize,
        first: usize,
        row: &[i16],
        weights: &[[W; UNITS]; GATES],
    ) -> [[i32; N]; GATES] {
        core::array::from_fn(|gate| {
            let mut rows: [&[i8]; N] = [&[]; N];
            for (row, weights) in rows.iter_mut().zip(weights[gate].get(first..).unwrap_or(&[])) {
                *row = W::flat(slice::from_ref(weights));
            }
            let (sums, bias) = (simd.dots([row], rows), self.bias[part][gate].get(first..).unwrap_or(&[]));
            core::array::from_fn(|n| {
                let sum = sums[n][0].wrapping_add(bias.get(n).copied().unwrap_or(0));
                self.multipliers[part][gate].apply_once(sum).clamp(-LARGEST - 1, LARGEST)
            })
        })
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
                states.output(row);
            }
        }
        if !R::ALL
            && let Some(row) = rows.next()
        {
            states.output(row);
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
        states.output(y);
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
        // The scale of the output does not depend on the samples, as that of tanh.
        let (y, scales) = calibration.scales::<Self, Tanh>(self, &x, path)?;
        let scales = Scales { logits: STATE, output: STATE, ..scales };
        int8.zero = x.scale().zero;
        calibration.weights.clear();
        for gate in 0..GATES {
            let kernel = Tensor::flat(slice::from_ref(&self.kernel[gate]));
            let recurrent = self.recurrent_kernel[gate].as_flattened();
            let parts = [
                rounded_gate(
                    x.scale(),
                    (kernel, Some(&self.bias[gate])),
                    (Int8Tensor::flat_mut(&mut int8.kernel[gate]), &mut int8.bias[0][gate]),
                ),
                rounded_gate(
                    STATE,
                    (recurrent, self.recurrent_bias.as_ref().get(gate)),
                    (int8.recurrent_kernel[gate].as_flattened_mut(), &mut int8.bias[1][gate]),
                ),
            ];
            for (part, scale) in parts.into_iter().enumerate() {
                let input = [x.scale(), STATE][part];
                let step = f64::from(input.scale) * f64::from(scale);
                int8.multipliers[part][gate] = Multiplier::new(step * f64::from(1 << ARGUMENT_BITS));
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
