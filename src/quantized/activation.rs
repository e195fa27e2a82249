//! Activations in int8.

use core::{fmt::Debug, marker::PhantomData, slice};

use super::{Apart, Bounds, Direction, Exponential, Int8Layer, Int8Tensor, LogExponential, Quantize, Scale};
#[cfg(feature = "std")]
use super::{Calibration, Operation, QuantizeError, Rounded, Samples, Scales};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Tensor, Zeroed,
    activation::{
        Abs, Activation, Elementwise, Elu, Exp, Gelu, HardSigmoid, HardSwish, HardTanh, LeakyRelu, Linear, Log,
        LogSoftmax, Negate, Relu, Relu6, Rsqrt, SaveNothing, Selu, Sigmoid, Silu, Softmax, Softplus, Sqrt, Square,
        Tanh, UnitLength,
    },
    kernel::{Baseline, Real, Simd, int8::int8_fits},
    stream::Streaming,
};

/// An activation with an int8 form.
///
/// For an activation of your own that maps each number separately, it is a [`Table`]:
///
/// ```
/// use shiplap::{activation::{Elementwise, SaveNothing}, prelude::*, quantized::{Int8Activation, Quantized, Table}};
///
/// struct Half;
///
/// impl Elementwise for Half {
///     type Saves = SaveNothing;
///     const NAME: &'static str = "Half";
///     fn value<V: Real>(x: V) -> V {
///         x * V::splat(0.5)
///     }
///     fn derivative<V: Real>(_: V, _: V) -> V {
///         V::splat(0.5)
///     }
/// }
///
/// impl Int8Activation for Half {
///     type Form = Table;
/// }
///
/// let layer = Dense::<1, 1, Half>::from_parts([[1.0]], [0.0]);
/// let int8 = Quantized::calibrate(&layer, &[[-1.0], [1.0]])?;
/// assert!((int8.predict(&[0.5])[0] - 0.25).abs() < 0.01);
/// # Ok::<(), shiplap::quantized::QuantizeError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "the activation `{Self}` has no int8 form",
    label = "cannot be quantized",
    note = "for an activation of your own: `impl Int8Activation for {Self} {{ type Form = Table; }}`"
)]
pub trait Int8Activation: Activation {
    /// The constants of the activation: `()` if it only limits its input to a range, which costs nothing.
    type Form: Int8Form;
    /// The range of the outputs.
    const RANGE: [f32; 2] = [f32::NEG_INFINITY, f32::INFINITY];
    /// The scale of the output, if it does not follow from samples.
    const OUTPUT: Option<Scale> = None;
}

/// The constants of an activation.
pub trait Int8Form: Copy + PartialEq + Debug + Zeroed + Send + Sync + 'static {
    /// Whether the scale before the activation is that of its output.
    const LIMITS: bool = false;

    /// The constants of the activation `A`.
    fn of<A: Int8Activation>(input: Scale, output: Scale) -> Self;

    /// Replaces a row of inputs by the outputs.
    fn apply(&self, y: &mut [i8]);

    /// The operation of the activation `name`, for export, unless there is none.
    #[cfg(feature = "std")]
    fn operation(&self, name: &'static str) -> Option<Operation> {
        let _ = name;
        None
    }
}

impl Int8Form for () {
    const LIMITS: bool = true;

    fn of<A: Int8Activation>(_: Scale, _: Scale) {}

    #[inline(always)]
    fn apply(&self, _: &mut [i8]) {}
}

// SAFETY: the fields are integers.
unsafe impl Zeroed for Exponential {}

impl Int8Form for Exponential {
    fn of<A: Int8Activation>(input: Scale, _: Scale) -> Self {
        Self::of_scale(input.scale)
    }

    #[inline(always)]
    fn apply(&self, y: &mut [i8]) {
        self.softmax(y);
    }

    #[cfg(feature = "std")]
    fn operation(&self, _: &'static str) -> Option<Operation> {
        Some(Operation::Softmax)
    }
}

// SAFETY: the fields are integers.
unsafe impl Zeroed for LogExponential {}

impl Int8Form for LogExponential {
    fn of<A: Int8Activation>(input: Scale, _: Scale) -> Self {
        Self::of_scale(input.scale)
    }

    #[inline(always)]
    fn apply(&self, y: &mut [i8]) {
        self.log_softmax(y);
    }

    #[cfg(feature = "std")]
    fn operation(&self, _: &'static str) -> Option<Operation> {
        Some(Operation::LogSoftmax)
    }
}

// SAFETY: the field is an integer.
unsafe impl Zeroed for Direction {}

impl Int8Form for Direction {
    fn of<A: Int8Activation>(input: Scale, _: Scale) -> Self {
        Self { zero: input.zero }
    }

    #[inline(always)]
    fn apply(&self, y: &mut [i8]) {
        Self::apply(*self, y);
    }

    #[cfg(feature = "std")]
    fn operation(&self, _: &'static str) -> Option<Operation> {
        Some(Operation::UnitLength)
    }
}

/// The output for each int8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table(pub [i8; 256]);

// SAFETY: the field is `Zeroed`.
unsafe impl Zeroed for Table {}

impl Int8Form for Table {
    fn of<A: Int8Activation>(input: Scale, output: Scale) -> Self {
        Self(core::array::from_fn(|index| {
            let mut value = [input.real(int8_fits(index as i32 - 128))];
            A::forward(Baseline, slice::from_mut(&mut value));
            output.quantize(value[0])
        }))
    }

    #[inline(always)]
    fn apply(&self, y: &mut [i8]) {
        for y in y {
            *y = self.0[(i16::from(*y) + 128) as usize];
        }
    }

    #[cfg(feature = "std")]
    fn operation(&self, name: &'static str) -> Option<Operation> {
        Some(Operation::Table { name, table: *self })
    }
}

#[cfg(feature = "std")]
impl Table {
    /// Whether these are the outputs of `A`.
    #[allow(dead_code, reason = "exports ask")]
    pub(crate) fn is<A: Int8Activation>(&self, input: Scale, output: Scale) -> bool {
        *self == Self::of::<A>(input, output)
    }
}

/// Activations that limit their input to a range.
macro_rules! limits {
    ($($activation:ty: [$low:expr, $high:expr];)*) => {
        $(impl Int8Activation for $activation {
            type Form = ();
            const RANGE: [f32; 2] = [$low, $high];
        })*
    };
}
limits! {
    HardTanh: [-1.0, 1.0];
    Linear: [f32::NEG_INFINITY, f32::INFINITY];
    Relu: [0.0, f32::INFINITY];
    Relu6: [0.0, 6.0];
}

macro_rules! tables {
    ($($activation:ty: $output:expr;)*) => {
        $(impl Int8Activation for $activation {
            type Form = Table;
            const OUTPUT: Option<Scale> = $output;
        })*
    };
}
tables! {
    Abs: None;
    Elu: None;
    Exp: None;
    Gelu: None;
    HardSigmoid: None;
    HardSwish: None;
    LeakyRelu: None;
    Log: None;
    Negate: None;
    Rsqrt: None;
    Selu: None;
    Sigmoid: Some(Scale::OF_SHARES);
    Silu: None;
    Softplus: None;
    Sqrt: None;
    Square: None;
    Tanh: Some(Scale::OF_TANH);
}

impl Int8Activation for Softmax {
    type Form = Exponential;
    const OUTPUT: Option<Scale> = Some(Scale::OF_SHARES);
}

impl Int8Activation for LogSoftmax {
    type Form = LogExponential;
    const OUTPUT: Option<Scale> = Some(Scale::OF_LOGARITHMS);
}

impl Int8Activation for UnitLength {
    type Form = Direction;
    const OUTPUT: Option<Scale> = Some(Scale::OF_TANH);
}

/// The identity in real numbers, and in int8 a change of the scale: `Activate<Requantize, X>` has a [`Table`] from
/// [`Rescale::table`](super::Rescale::table). Models of other libraries have it between layers of different scales.
#[derive(Clone, Copy, Debug)]
pub struct Requantize;

impl Elementwise for Requantize {
    type Saves = SaveNothing;
    const NAME: &'static str = "Requantize";
    const CHEAP: bool = true;

    #[inline(always)]
    fn value<V: Real>(x: V) -> V {
        x
    }

    #[inline(always)]
    fn derivative<V: Real>(_: V, _: V) -> V {
        V::splat(1.0)
    }
}

impl Int8Activation for Requantize {
    type Form = Table;
}

impl Bounds {
    /// The int8 of `output` in a range of real numbers.
    pub const fn of(output: Scale, range: [f32; 2]) -> Self {
        let least = if range[0] == f32::NEG_INFINITY { i8::MIN } else { output.quantize(range[0]) };
        let most = if range[1] == f32::INFINITY { i8::MAX } else { output.quantize(range[1]) };
        Self { zero: output.zero, least, most }
    }
}

/// [`Activate`](crate::layers::Activate) in int8.
pub struct Activate<A: Int8Activation, X> {
    /// The range of the output.
    pub bounds: Bounds,
    /// The constants of the activation.
    pub activation: A::Form,
    types: PhantomData<fn() -> X>,
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<A: Int8Activation, X> Zeroed for Activate<A, X> {}

impl<A: Int8Activation, X: Tensor> Activate<A, X> {
    /// The activation of these constants, from inputs of the scale `input`; a form that limits needs the scale of the
    /// input at the output.
    pub const fn from_parts(output: Scale, activation: A::Form) -> Self {
        Self { bounds: Bounds::of(output, A::RANGE), activation, types: PhantomData }
    }
}

impl<A: Int8Activation, X: Tensor> Activate<A, X> {
    /// Applies the activation to pixels.
    #[inline(always)]
    fn apply(&self, y: &mut [i8]) {
        if A::Form::LIMITS {
            for y in y {
                *y = (*y).clamp(self.bounds.least, self.bounds.most);
            }
        } else {
            for y in y.chunks_exact_mut(X::INNERMOST) {
                self.activation.apply(y);
            }
        }
    }
}

impl<A: Int8Activation, X: Tensor> Int8Layer for Activate<A, X> {
    type Input = X::Int8;
    type Output = X::Int8;
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, x: &X::Int8, y: &mut X::Int8) {
        *y = *x;
        self.apply(X::Int8::flat_mut(slice::from_mut(y)));
    }
}

type Frame<X> = <<X as Tensor>::Int8 as Int8Tensor>::Frame;

impl<A: Int8Activation, X: Tensor> Streaming for Activate<A, X> {
    type Frame = Frame<X>;
    type Emitted = Frame<X>;
    type State = ();

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, (): &mut (), frame: &Frame<X>, y: &mut Frame<X>) -> bool {
        *y = *frame;
        self.apply(Int8Tensor::flat_mut(slice::from_mut(y)));
        true
    }
}

impl<A: Int8Activation, X: Tensor> Quantize for crate::layers::Activate<A, X> {
    type Int8 = Activate<A, X>;
    #[cfg(feature = "std")]
    type Aware = Rounded<Self>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<X>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<X>, QuantizeError> {
        let (y, scales) = calibration.scales::<Self, A>(self, &x, path)?;
        // An activation that limits its input keeps the scale.
        let output = if A::Form::LIMITS { x.scale() } else { scales.output };
        let scales = Scales { input: x.scale(), logits: x.scale(), output };
        *int8 = Activate::from_parts(output, A::Form::of::<A>(x.scale(), output));
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}
