//! Branches in int8 that are combined number by number; their sums, differences and products.

use core::{fmt::Debug, mem::MaybeUninit, slice};

use super::place::{output, room};
use super::{
    Apart, Bounds, Int8Activation, Int8Form, Int8Layer, Int8Tensor, Largest, Multiplier, Quantize, Run, Scale,
    Smallest, SquaredDifference,
};
#[cfg(feature = "std")]
use super::{Calibration, Operation, QuantizeError, Rounded, Samples};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Tensor, Zeroed,
    kernel::{
        Simd,
        int8::{Factor, apart, int8_fits},
    },
    layer::first_fault,
    layers::{self, Branches},
    message::Message,
    stream::{Streaming, apart_in_time, step},
};

/// Two branches whose outputs are combined number by number: [`Add`](layers::Add), [`Subtract`](layers::Subtract),
/// [`Multiply`](layers::Multiply) or another, depending on `C`. Numbers of the second branch that are fewer than those of
/// the first are repeated: one for each channel.
pub struct Combine<A, B, C, Act: Int8Activation> {
    /// The first branch.
    pub first: A,
    /// The second branch.
    pub second: B,
    /// How they are combined: a [`Sum`], a [`Difference`], a [`Product`], a [`SquaredDifference`], or the
    /// [`Largest`] or [`Smallest`].
    pub combination: C,
    /// The constants of the activation.
    pub activation: Act::Form,
}

/// How int8 of two scales are combined.
pub trait Combination: Copy + PartialEq + Debug + Zeroed + Send + Sync + 'static {
    /// Whether the operation needs inputs of the scale of its output, for export.
    const OF_ONE_SCALE: bool = false;

    /// The combination of inputs with these scales, limited to a range.
    fn of(inputs: [Scale; 2], output: Scale, range: [f32; 2]) -> Self;

    /// The combination of each `y` and `other`, in `y`.
    fn apply(&self, y: &mut [i8], other: &[i8]);

    /// The operation, for export, whose output is limited to a range.
    #[cfg(feature = "std")]
    fn operation(range: [f32; 2]) -> Operation;
}

/// The addition of int8 of two scales. Both are first brought to a common scale with 20 fraction bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sum {
    /// The int8 of both inputs that stand for 0.
    pub zeros: [i8; 2],
    /// From both inputs to the common scale.
    pub inputs: [Multiplier; 2],
    /// From the common scale to the output.
    pub output: Multiplier,
    /// The range of the output.
    pub bounds: Bounds,
}

/// The fraction bits of the common scale.
const FRACTION: u32 = 20;

impl Sum {
    /// The sum of inputs with these scales, limited to a range.
    pub const fn new(inputs: [Scale; 2], output: Scale, range: [f32; 2]) -> Self {
        let [a, b] = [inputs[0].scale as f64, inputs[1].scale as f64];
        let twice = 2.0 * if a > b { a } else { b };
        Self {
            zeros: [inputs[0].zero, inputs[1].zero],
            inputs: [Multiplier::new(a / twice), Multiplier::new(b / twice)],
            output: Multiplier::new(twice / ((1 << FRACTION) as f64 * output.scale as f64)),
            bounds: Bounds::of(output, range),
        }
    }

    /// `y + SIGN·other`, in `y`.
    #[inline(always)]
    fn add<const SIGN: i32>(&self, y: &mut [i8], other: &[i8]) {
        // The constants are in registers.
        let Self { zeros, inputs: [a, b], output, bounds } = *self;
        // The larger of two scales is half the common one, which needs no product.
        let zero = |input: usize| -SIGN * (i32::from(zeros[input]) << (FRACTION - 1));
        match [Factor::of(a, zero(1)), Factor::of(b, zero(0)), Factor::of(output, i32::from(bounds.zero))] {
            [None, Some(factor), Some(output)] if a == Multiplier::HALF => {
                Scaled { zero: zeros[1], factor, output }.add_all::<true, SIGN>(y, other);
                return bounds.limit(y);
            }
            [Some(factor), None, Some(output)] if b == Multiplier::HALF => {
                Scaled { zero: zeros[0], factor, output }.add_all::<false, SIGN>(y, other);
                return bounds.limit(y);
            }
            _ => {}
        }
        let units = |q: i8, input: usize| (i32::from(q) - i32::from(zeros[input])) << FRACTION;
        for (y, other) in y.iter_mut().zip(other) {
            let sum = a.apply(units(*y, 0)) + SIGN * b.apply(units(*other, 1));
            *y = bounds.clamp(output.apply(sum));
        }
    }
}

/// A [`Sum`] of which one input has half the common scale. The zero points of this one and of the output are added by the
/// factors.
struct Scaled {
    /// The zero point of the other input.
    zero: i8,
    /// From the other input to the common scale.
    factor: Factor,
    output: Factor,
}

/// The numbers that are added side by side.
const BLOCK: usize = if cfg!(target_pointer_width = "32") { 4 } else { 64 };

impl Scaled {
    /// `y + SIGN·other`, in `y`; the input of half the common scale is `y` if it is `FIRST`, or else `other`.
    #[inline(always)]
    fn add_all<const FIRST: bool, const SIGN: i32>(self, y: &mut [i8], other: &[i8]) {
        let (blocks, rest) = y.as_chunks_mut::<BLOCK>();
        let (other_blocks, other_rest) = other.as_chunks::<BLOCK>();
        for (y, other) in blocks.iter_mut().zip(other_blocks) {
            for (y, other) in y.iter_mut().zip(other) {
                *y = self.add::<FIRST, SIGN>(*y, *other);
            }
        }
        for (y, other) in rest.iter_mut().zip(other_rest) {
            *y = self.add::<FIRST, SIGN>(*y, *other);
        }
    }

    #[inline(always)]
    fn add<const FIRST: bool, const SIGN: i32>(&self, y: i8, other: i8) -> i8 {
        let [half, other] = if FIRST { [y, other] } else { [other, y] };
        let half = i32::from(half) << (FRACTION - 1);
        let other = self.factor.apply((i32::from(other) - i32::from(self.zero)) << FRACTION);
        let sum = if FIRST { half + SIGN * other } else { other + SIGN * half };
        int8_fits(self.output.apply(sum).clamp(-128, 127))
    }
}

// SAFETY: the fields are integers.
unsafe impl Zeroed for Sum {}

impl Combination for Sum {
    fn of(inputs: [Scale; 2], output: Scale, range: [f32; 2]) -> Self {
        Self::new(inputs, output, range)
    }

    #[inline(always)]
    fn apply(&self, y: &mut [i8], other: &[i8]) {
        self.add::<1>(y, other);
    }

    #[cfg(feature = "std")]
    fn operation(range: [f32; 2]) -> Operation {
        Operation::Add(range)
    }
}

/// The first input minus the second. The numbers are those of the [`Sum`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference(pub Sum);

impl Difference {
    /// The difference of inputs with these scales, limited to a range.
    pub const fn new(inputs: [Scale; 2], output: Scale, range: [f32; 2]) -> Self {
        Self(Sum::new(inputs, output, range))
    }
}

// SAFETY: the field is `Zeroed`.
unsafe impl Zeroed for Difference {}

impl Combination for Difference {
    fn of(inputs: [Scale; 2], output: Scale, range: [f32; 2]) -> Self {
        Self::new(inputs, output, range)
    }

    #[inline(always)]
    fn apply(&self, y: &mut [i8], other: &[i8]) {
        self.0.add::<-1>(y, other);
    }

    #[cfg(feature = "std")]
    fn operation(range: [f32; 2]) -> Operation {
        Operation::Subtract(range)
    }
}

/// The product of int8 of two scales, which is rounded twice, as a convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Product {
    /// The int8 of both inputs that stand for 0.
    pub zeros: [i8; 2],
    /// From the product to the output.
    pub output: Multiplier,
    /// The range of the output.
    pub bounds: Bounds,
}

impl Product {
    /// The product of inputs with these scales, limited to a range.
    pub const fn new([a, b]: [Scale; 2], output: Scale, range: [f32; 2]) -> Self {
        // TensorFlow Lite computes the factor in `f32`.
        let factor = a.scale * b.scale / output.scale;
        Self { zeros: [a.zero, b.zero], output: Multiplier::new(factor as f64), bounds: Bounds::of(output, range) }
    }
}

// SAFETY: the fields are integers.
unsafe impl Zeroed for Product {}

impl Combination for Product {
    fn of(inputs: [Scale; 2], output: Scale, range: [f32; 2]) -> Self {
        Self::new(inputs, output, range)
    }

    #[inline(always)]
    fn apply(&self, y: &mut [i8], other: &[i8]) {
        let Self { zeros: [a, b], output, bounds } = *self;
        for (y, other) in y.iter_mut().zip(other) {
            let product = (i32::from(*y) - i32::from(a)) * (i32::from(*other) - i32::from(b));
            *y = bounds.clamp(output.apply(product));
        }
    }

    #[cfg(feature = "std")]
    fn operation(range: [f32; 2]) -> Operation {
        Operation::Multiply(range)
    }
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<A: Zeroed, B: Zeroed, C: Zeroed, Act: Int8Activation> Zeroed for Combine<A, B, C, Act> {}

impl<X: Int8Tensor, A: Int8Layer<Input = X>, B: Int8Layer<Input = X>, C: Combination, Act: Int8Activation> Int8Layer
    for Combine<A, B, C, Act>
{
    type Input = X;
    type Output = A::Output;
    type Place = Apart<Self::Output>;
    const INSIDE: usize = {
        let second = B::INSIDE + room::<B>();
        if A::INSIDE > second { A::INSIDE } else { second }
    };

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &X, y: &mut A::Output) {
        apart(simd, Run { layers: &self.first, x, y });
        let y = A::Output::flat_mut(slice::from_mut(y));
        let mut second = MaybeUninit::uninit();
        let second = output(simd, &self.second, x, &mut second);
        self.join(y, B::Output::flat(slice::from_ref(second)));
    }
}

impl<A: Int8Layer, B, C: Combination, Act: Int8Activation> Combine<A, B, C, Act> {
    /// Combines `y` with numbers that are as many, or one for each channel.
    #[inline(always)]
    fn join(&self, y: &mut [i8], second: &[i8]) {
        // Unlike a loop, a closure may be compiled without the instruction set of its caller.
        for y in y.chunks_exact_mut(second.len().max(1)) {
            self.combination.apply(y, second);
        }
        if !Act::Form::LIMITS {
            for y in y.chunks_exact_mut(A::Output::INNERMOST) {
                self.activation.apply(y);
            }
        }
    }
}

impl<
    A: Int8Layer + Streaming<Emitted: Int8Tensor>,
    B: Streaming<Frame = A::Frame, Emitted: Int8Tensor>,
    C: Combination,
    Act: Int8Activation,
> Streaming for Combine<A, B, C, Act>
{
    type Frame = A::Frame;
    type Emitted = A::Emitted;
    type State = (A::State, B::State);

    const STREAM_FAULT: Option<Message> = first_fault(&[A::STREAM_FAULT, B::STREAM_FAULT, apart_in_time::<A, B>()]);
    const FRAME_MACS: usize = A::FRAME_MACS + B::FRAME_MACS;
    const DELAY: usize = A::DELAY;
    const PERIOD: usize = A::PERIOD;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut Self::State, frame: &A::Frame, y: &mut A::Emitted) -> bool {
        let mut second = B::Emitted::zeroed_on_stack();
        let first_is_due = step(&self.first, simd, &mut state.0, frame, y);
        let both_are_due = step(&self.second, simd, &mut state.1, frame, &mut second) && first_is_due;
        if both_are_due {
            self.join(Int8Tensor::flat_mut(slice::from_mut(y)), B::Emitted::flat(slice::from_ref(&second)));
        }
        both_are_due
    }
}

macro_rules! combinations {
    ($($join:ident: $combination:ty;)*) => {
        $(impl<A: Quantize, B: Quantize<Element = A::Element, Input = A::Input>, Act: Int8Activation> Quantize
            for Branches<A, B, layers::$join<Act>>
        where
            A::Int8: Int8Layer<Input = <A::Input as Tensor>::Int8>,
            B::Int8: Int8Layer<Input = <A::Input as Tensor>::Int8>,
        {
            type Int8 = Combine<A::Int8, B::Int8, $combination, Act>;
            #[cfg(feature = "std")]
            type Aware = Rounded<Branches<A::Aware, B::Aware, layers::$join<Act>>>;

            #[cfg(feature = "std")]
            fn quantize(
                &self,
                int8: &mut Self::Int8,
                x: Samples<A::Input>,
                calibration: &mut Calibration,
                path: Path<'_>,
            ) -> Result<Samples<A::Output>, QuantizeError> {
                let first = self.first.quantize(&mut int8.first, x.clone(), calibration, path.join("first"))?.scale();
                let second = self.second.quantize(&mut int8.second, x.clone(), calibration, path.join("second"))?.scale();
                let (y, scales) = calibration.scales::<Self, Act>(self, &x, path)?;
                int8.combination = <$combination>::new([first, second], scales.logits, Act::RANGE);
                int8.activation = Act::Form::of::<Act>(scales.logits, scales.output);
                Ok(calibration.run::<Self>(int8, x, y, scales, path))
            }
        })*
    };
}
combinations! {
    Add: Sum;
    Subtract: Difference;
    Multiply: Product;
    SquaredDifference: SquaredDifference;
    Maximum: Largest;
    Minimum: Smallest;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    /// All pairs of int8, for scales that are alike, equal, and far from each other.
    #[test]
    fn sums_and_differences_are_those_of_the_multipliers() {
        let mut rng = Rng::new(3);
        let numbers: [i8; 256] = core::array::from_fn(|n| n as u8 as i8);
        for n in 0..60 {
            let mut scale = |octaves: f32| Scale {
                scale: 0.01 * (octaves * (2.0 * rng.uniform() as f32 - 1.0)).exp2(),
                zero: rng.bits() as i8,
            };
            let mut inputs = [scale(3.0), scale(3.0)];
            match n % 6 {
                0 => inputs[1].scale = inputs[0].scale,
                1 => inputs[0].scale *= 4096.0,
                2 => inputs[1].scale *= 4096.0,
                _ => {}
            }
            let output = scale(5.0);
            let sum = Sum::new(inputs, output, [f32::NEG_INFINITY, f32::INFINITY]);
            let units = |q: i8, input: usize| (i32::from(q) - i32::from(inputs[input].zero)) << FRACTION;
            for other in &numbers {
                let (mut sums, mut differences) = (numbers, numbers);
                sum.apply(&mut sums, &[*other; 256]);
                Difference(sum).apply(&mut differences, &[*other; 256]);
                for ((q, total), difference) in numbers.iter().zip(sums).zip(differences) {
                    let [a, b] = [sum.inputs[0].apply(units(*q, 0)), sum.inputs[1].apply(units(*other, 1))];
                    let expected = [a + b, a - b].map(|sum_of_both| sum.bounds.clamp(sum.output.apply(sum_of_both)));
                    assert_eq!([total, difference], expected, "{inputs:?} {output:?}: {q} and {other}");
                }
            }
        }
    }
}
