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
        let units = |q: i8, input: usize| (i32::from(q) - i32::from(zeros[input])) << FRACTION;
        if let (Some(a), Some(b), Some(output)) = (Factor::of(a), Factor::of(b), Factor::of(output)) {
            let zero = i32::from(bounds.zero);
            for (y, other) in y.iter_mut().zip(other) {
                let sum = output.apply(a.apply(units(*y, 0)) + SIGN * b.apply(units(*other, 1)));
                *y = int8_fits((sum + zero).clamp(-128, 127));
            }
            bounds.limit(y);
            return;
        }
        for (y, other) in y.iter_mut().zip(other) {
            let sum = a.apply(units(*y, 0)) + SIGN * b.apply(units(*other, 1));
            *y = bounds.clamp(output.apply(sum));
        }
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
