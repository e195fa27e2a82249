//! Networks in int8, with the arithmetic of TensorFlow Lite's int8 specification.
//!
//! [`Quantized<N>`] is the int8 twin of a network `N`: its weights are int8, its biases and sums 32-bit integers, and its
//! activations int8 of a [`Scale`] each. The multipliers are fixed-point numbers, so it needs no floating-point unit, and
//! every processor computes the same bits: those of TensorFlow Lite's reference kernels.
//!
//! ```
//! use shiplap::{prelude::*, quantized::Quantized};
//!
//! type Net = (Dense<2, 8, Tanh>, Dense<8, 1, Sigmoid>);
//!
//! let (x, y) = ([[0.0f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0f32], [1.0], [1.0], [0.0]]);
//! let mut trainer = Trainer::<Net, BinaryCrossentropy, Adam, 4>::new(Adam::new(0.1), 1);
//! trainer.fit(&x, &y, Fit::epochs(200))?;
//!
//! // The samples determine the scales of the activations.
//! let int8 = Quantized::<Net>::calibrate(trainer.network(), &x)?;
//! for (x, y) in x.iter().zip(&y) {
//!     assert!((int8.predict(x)[0] - y[0]).abs() < 0.1);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`QuantizationAware<N>`] is trained with the rounding of int8, where calibration alone costs accuracy.
//! `io::export_tflite` (feature `tflite`) and `io::export_onnx_int8` (feature `onnx`) write an int8 network for other
//! runtimes, and `include_model!` (feature `include-model`) reads one.
//!
//! A layer without an int8 form, such as [`BatchNorm`](crate::layers::BatchNorm), is a compile error that names it: fold
//! batch norms with [`fold_batch_norms`](crate::network::fold_batch_norms) first.

mod activation;
mod affine;
mod arithmetic;
#[cfg(feature = "std")]
mod aware;
#[cfg(feature = "std")]
mod batch;
mod branches;
#[cfg(feature = "std")]
mod calibrate;
mod constant;
mod conv_transpose2d;
mod convolution;
mod crop2d;
mod dense;
mod depthwise;
#[cfg(feature = "std")]
mod describe;
mod each_step;
#[cfg(feature = "std")]
mod error;
mod extreme;
mod gather;
mod global_pool;
mod mat_mul;
mod p_relu;
mod pair;
mod place;
mod pool;
mod recurrent;
mod reshape;
mod resize2d;
mod scale;
mod sequence;
mod squared_difference;
mod standardize;
mod table;
mod transpose2d;
mod up_sample2d;
mod wrap;
mod zero_pad2d;

pub use activation::{Activate, Int8Activation, Int8Form, Requantize, Table};
pub use affine::Affine;
pub use arithmetic::{Combination, Combine, Difference, Product, Sum};
#[cfg(feature = "std")]
pub use aware::{QuantizationAware, RoundWeights, Rounded};
pub use branches::{Concat, Rescale};
#[cfg(feature = "std")]
pub use calibrate::{Calibrated, Calibration, Ranges, Samples, Scales};
pub use constant::Constant;
pub use conv_transpose2d::ConvTranspose2d;
pub use convolution::{Conv1d, Conv2d};
pub use crop2d::Crop2d;
pub use dense::Dense;
pub use depthwise::{DepthwiseConv1d, DepthwiseConv2d};
#[cfg(feature = "std")]
pub use describe::{Activations, Describe, DescribeError, Describer, Description, Operation, Operator, Weights};
pub use each_step::EachStep;
#[cfg(feature = "std")]
pub use error::QuantizeError;
pub use extreme::{Largest, Smallest};
pub use global_pool::{GlobalAverage, GlobalMax};
pub use mat_mul::MatMul;
pub use p_relu::PRelu;
pub use pair::{Both, First, Second};
pub use place::{Apart, Place, Turn, Within};
pub use pool::{Int8Reduce, Pool1d, Pool2d};
pub use recurrent::{Int8Unit, LstmForm, Recurrent};
pub use reshape::{EachFrame, LastFrames, Reshape};
pub use resize2d::Resize2d;
pub use scale::{Scale, ScalesOf};
pub use squared_difference::SquaredDifference;
pub use standardize::Standardize;
pub use transpose2d::Transpose2d;
pub use up_sample2d::UpSample2d;
pub use zero_pad2d::ZeroPad2d;

#[doc(hidden)]
pub use crate::kernel::int8::int8_of;
pub use crate::kernel::int8::{
    Bounds, Channels, Direction, Exponential, ForArray, Int8Tensor, LogExponential, Multiplier,
};

use core::slice;

use place::RoomOf;
use scale::with_scales;
#[cfg(feature = "std")]
use std::boxed::Box;

#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Layer, Tensor, Zeroed,
    budget::{Budgeted, Costs, PartCosts},
    kernel::{
        Element as _, Simd, Work, dispatch,
        int8::{Room, first_of_mut},
    },
    stream::{Streaming, by_layer},
};

/// A layer or network that has an int8 form.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no int8 form",
    label = "cannot be quantized",
    note = "fold batch norms into the layers before them with `network::fold_batch_norms`; layers that only act in training, such as `Dropout`, have a form"
)]
pub trait Quantize: Layer {
    /// The int8 form.
    type Int8: Int8Layer<Output = <Self::Output as Tensor>::Int8>;
    /// The layer as [`QuantizationAware`] trains it: [`Rounded`], or the layer itself if its outputs are numbers of its
    /// input.
    #[cfg(feature = "std")]
    type Aware: Layer<Element = Self::Element, Input = Self::Input, Output = Self::Output>;

    /// Writes the int8 form to `int8`, whose bytes are zero, and returns the outputs for the samples `x`.
    ///
    /// # Errors
    ///
    /// If an output is not finite.
    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<Self::Input>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<Self::Output>, QuantizeError>;
}

/// A layer in int8.
pub trait Int8Layer: Zeroed + Send + Sync + 'static {
    /// One sample of the input: an [`Int8Tensor`], or [`Raw`] numbers.
    type Input: Zeroed;
    /// The output for one sample.
    type Output: Int8Tensor;
    /// Where the output is.
    type Place: Place;
    /// The bytes of the activations inside.
    const INSIDE: usize = 0;
    /// Those of them that are not in the room of the output.
    #[doc(hidden)]
    const BESIDE: usize = Self::INSIDE;
    /// The costs of each nested layer of a sequence, for budgets.
    #[doc(hidden)]
    const PARTS: &'static [(&'static str, PartCosts)] = &[];

    /// Computes the output `y` for `x`.
    fn run<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output);

    /// Like [`run`](Self::run). The output is at the start of `room`, of which layers inside may use the rest.
    #[doc(hidden)]
    #[inline(always)]
    fn run_in<S: Simd>(&self, simd: S, x: &Self::Input, room: &mut Room<RoomOf<Self>>) {
        self.run(simd, x, first_of_mut(room.numbers()));
    }

    /// The output for `x`, if it is [`Within`] it. A layer of which this is the [`Place`](Self::Place) implements it.
    #[inline(always)]
    fn view(_: &Self::Input) -> Option<&Self::Output> {
        None
    }
}

/// The costs of a layer in int8. Its multiply-accumulates are those of the layer that it is the form of.
pub(crate) const fn costs<L: Int8Layer>() -> PartCosts {
    PartCosts { flash: size_of::<L>(), ram: place::room::<L>() + L::INSIDE, macs: None, parts: L::PARTS }
}

/// The input of a network in int8, for samples `X`.
pub trait Entrance<X: Tensor>: Zeroed {
    /// Whether the numbers are rounded to int8.
    const ROUNDS: bool = true;

    /// Writes the sample, in int8 of these scales.
    fn enter(&mut self, x: &X, scales: ScalesOf<X>);
}

impl<X: Tensor<Int8 = I>, I: Int8Tensor> Entrance<X> for I {
    #[inline(always)]
    fn enter(&mut self, x: &X, scales: ScalesOf<X>) {
        let numbers = I::flat_mut(slice::from_mut(self)).iter_mut().zip(X::flat(slice::from_ref(x)));
        with_scales::<_, I>(numbers, &scales, |(q, x), scale| *q = scale.quantize(x.to_f64() as f32));
    }
}

/// Numbers that enter an int8 network as they are, for a layer such as [`Standardize`] that quantizes them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Raw<X>(pub X);

// SAFETY: the field is `Zeroed`.
unsafe impl<X: Zeroed> Zeroed for Raw<X> {}

impl<X: Tensor> Entrance<X> for Raw<X> {
    const ROUNDS: bool = false;

    #[inline(always)]
    fn enter(&mut self, x: &X, _: ScalesOf<X>) {
        self.0 = *x;
    }
}

/// The network `N` in int8.
///
/// ```
/// use shiplap::{prelude::*, quantized::Quantized};
///
/// #[network(input = Image<8, 8, 1>)]
/// type Net = (Conv2d<_, 4, 3, Relu, Same>, MaxPool2d<_, 2>, Flatten<_>, Dense<_, 2, Softmax>);
///
/// let samples: Vec<_> = (0..10).map(|n| [[[n as f32 / 10.0]; 8]; 8]).collect();
/// let network = Net::new(1);
/// let int8 = Quantized::<Net>::calibrate(&network, &samples)?;
/// assert!((int8.predict(&samples[3])[0] - network.predict(&samples[3])[0]).abs() < 0.02);
/// // Two buffers of int8, to which the layers write in turn, and the output.
/// assert_eq!(Quantized::<Net>::ACTIVATIONS, 8 * 8 * 4 + 4 * 4 * 4 + 2);
/// # Ok::<(), shiplap::quantized::QuantizeError>(())
/// ```
pub struct Quantized<N: Quantize> {
    /// The scale of the input; of a [`Pair`](crate::Pair), those of its members.
    pub input: ScalesOf<N::Input>,
    /// The layers.
    pub layers: N::Int8,
    /// The scale of the output; of a [`Pair`](crate::Pair), those of its members.
    pub output: ScalesOf<N::Output>,
}

impl<N: Quantize> Quantized<N> {
    /// The bytes of the weights and of all other constants.
    pub const BYTES: usize = size_of::<Self>();

    /// The bytes of the activations of [`predict_int8`](Self::predict_int8): two buffers to which the layers write in
    /// turn, and the output, which also takes what fits into it in its turn. Layers that only reshape take none.
    pub const ACTIVATIONS: usize = N::Int8::INSIDE + <N::Output as Tensor>::Int8::LEN;

    /// A network of these parts.
    pub const fn from_parts(input: ScalesOf<N::Input>, layers: N::Int8, output: ScalesOf<N::Output>) -> Self {
        Self { input, layers, output }
    }

    /// The int8 output for an int8 input. The scales of both are in [`input`](Self::input) and [`output`](Self::output).
    /// Activations above 256 KiB do not compile: `predict_int8_batch` writes outputs to a slice.
    #[inline(never)] // Callers share its code, and its stack.
    pub fn predict_int8(&self, x: &<N::Int8 as Int8Layer>::Input) -> <N::Output as Tensor>::Int8 {
        const {
            assert!(
                Self::ACTIVATIONS <= crate::zeroed::ON_THE_STACK,
                "the int8 activations of this network are too large for the stack (over 256 KiB): write outputs to a slice with \
                 `predict_int8_batch`"
            );
        }
        let mut y = <N::Output as Tensor>::Int8::zeroed_on_stack();
        dispatch(Run { layers: &self.layers, x, y: &mut y });
        y
    }

    /// The prediction for one sample, which is quantized first.
    pub fn predict(&self, sample: &N::Input) -> N::Output
    where
        <N::Int8 as Int8Layer>::Input: Entrance<N::Input>,
    {
        let mut x = <N::Int8 as Int8Layer>::Input::zeroed_on_stack();
        x.enter(sample, self.input);
        real(&self.predict_int8(&x), self.output)
    }
}

/// Frames and outputs are in int8, of the scales [`input`](Quantized::input) and [`output`](Quantized::output).
///
/// ```
/// use shiplap::{prelude::*, quantized::Quantized};
///
/// #[network(input = [[f32; 2]; 20])]
/// type Net = (Conv1d<_, 4, 3, Relu>, MaxPool1d<_, 2>, GlobalAveragePool<_>, Dense<_, 2, Softmax>);
///
/// let series: [[f32; 2]; 20] = std::array::from_fn(|step| [step as f32, -1.0]);
/// let int8 = Quantized::<Net>::calibrate(&Net::new(1), &[series])?;
/// let frames = series.map(|frame| frame.map(|number| int8.input.quantize(number)));
/// let mut stream = Stream::<Quantized<Net>>::new();
/// let outputs: Vec<_> = frames.iter().filter_map(|frame| stream.push(&*int8, frame)).collect();
/// assert_eq!(outputs, [int8.predict_int8(&frames)]);
/// # Ok::<(), shiplap::quantized::QuantizeError>(())
/// ```
impl<N: Quantize<Int8: Streaming>> Streaming for Quantized<N> {
    by_layer!(N::Int8, |this| &this.layers);
}

/// A budget lists the bytes of the output of each layer in int8.
impl<N: Quantize> Budgeted for Quantized<N> {
    const COSTS: Costs =
        Costs { flash: Self::BYTES, ram: Self::ACTIVATIONS, form: Some(costs::<N::Int8>()), ..<N as Budgeted>::COSTS };
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<N: Quantize> Zeroed for Quantized<N> {}

#[cfg(feature = "std")]
impl<N: Quantize> Quantized<N>
where
    <N::Int8 as Int8Layer>::Input: Entrance<N::Input>,
{
    /// Quantizes `network`. The samples determine the scales of the activations: they cover the range of each.
    ///
    /// # Errors
    ///
    /// If there are no samples, or a number in them, in the weights or in the activations is not finite.
    pub fn calibrate(network: &N, samples: &[N::Input]) -> Result<Box<Self>, QuantizeError> {
        Self::calibrate_with(network, samples, &mut Calibration::default())
    }

    /// Like [`calibrate`](Self::calibrate), with other [`Ranges`]. The calibration then lists each layer with its range
    /// and its error.
    ///
    /// # Errors
    ///
    /// As for [`calibrate`](Self::calibrate).
    pub fn calibrate_with(
        network: &N,
        samples: &[N::Input],
        calibration: &mut Calibration,
    ) -> Result<Box<Self>, QuantizeError> {
        let mut quantized = Self::zeroed_box();
        let x = calibration.enter(samples)?;
        quantized.input = x.scales;
        let y = network.quantize(&mut quantized.layers, x, calibration, Path::ROOT)?;
        quantized.output = y.scales;
        Ok(quantized)
    }
}

/// The layers of a network at work.
struct Run<'a, L: Int8Layer> {
    layers: &'a L,
    x: &'a L::Input,
    y: &'a mut L::Output,
}

impl<L: Int8Layer> Work for Run<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.layers.run(simd, self.x, self.y);
    }
}

/// The real numbers of a tensor in int8.
fn real<X: Tensor>(q: &X::Int8, scales: ScalesOf<X>) -> X {
    let mut x = X::zeroed_on_stack();
    write_real(q, scales, &mut x);
    x
}

/// Writes the real numbers of a tensor in int8 to `x`.
fn write_real<X: Tensor>(q: &X::Int8, scales: ScalesOf<X>, x: &mut X) {
    let numbers = X::flat_mut(slice::from_mut(x)).iter_mut().zip(X::Int8::flat(slice::from_ref(q)));
    with_scales::<_, X::Int8>(numbers, &scales, |(x, q), scale| *x = X::Element::from_f64(f64::from(scale.real(*q))));
}
