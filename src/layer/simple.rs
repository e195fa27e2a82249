//! Layers as formulas for one sample.

use core::any::type_name;

use super::{Invalid, Operations, Parameter, Parameters, Path, VisitTrainable};
use crate::{
    Rng, Tensor, Zeroed,
    kernel::{Element, Simd},
    message::Message,
};

/// A layer as a formula for one sample: the trait for a layer of your own. `#[derive(Layer)]`, which includes
/// [`#[derive(Parameters)]`](Parameters), implements [`Layer`](super::Layer) from it.
///
/// The methods are compiled for each instruction set, together with the loop over the batch. `simd` is the instruction
/// set in use, which functions of [`kernel`](crate::kernel) take. Mark the methods `#[inline(always)]` if speed
/// matters.
///
/// A layer whose formula is for a whole batch, such as a matrix product, has `#[derive(Parameters)]` and implements
/// [`Layer`](super::Layer) itself. A layer that maps each number separately needs neither: an
/// [`Elementwise`](crate::activation::Elementwise) activation in [`layers::Activate`](crate::layers::Activate) is a
/// layer.
///
/// ```
/// use shiplap::prelude::*;
///
/// /// `y = x / 2`
/// #[derive(Layer)]
/// struct Halve;
///
/// impl SimpleLayer for Halve {
///     type Input = [f32; 4];
///     type Output = [f32; 4];
///     type Tape = ();
///
///     fn forward<S: Simd>(&self, _: S, x: &[f32; 4], y: &mut [f32; 4]) {
///         *y = x.map(|x| x / 2.0);
///     }
///
///     fn backward<S: Simd>(&self, simd: S, _x: &[f32; 4], _tape: &(), _y: &[f32; 4], dy: &[f32; 4], dx: &mut [f32; 4]) {
///         self.forward(simd, dy, dx);
///     }
/// }
///
/// let net: (Halve, Dense<4, 1, Linear>) = Network::new(1);
/// assert_eq!(net.0.predict(&[2.0, 4.0, 6.0, 8.0]), [1.0, 2.0, 3.0, 4.0]);
/// ```
///
/// The [guide](crate::guide::layer) describes a layer that is trained, checked, saved and exported.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no formula",
    label = "`SimpleLayer` is not implemented for it",
    note = "`#[derive(Layer)]` makes a layer of the formula in `impl SimpleLayer`; without one, use `#[derive(Parameters)]` and `impl Layer`"
)]
pub trait SimpleLayer: Parameters {
    /// One sample of the input.
    type Input: Tensor<Element = Self::Element>;
    /// The output for one sample.
    type Output: Tensor<Element = Self::Element>;
    /// The values that [`record`](Self::record) saves for `backward` for one sample, besides input and output: often
    /// `()`.
    type Tape: Zeroed;

    /// The number of multiply-accumulates for one sample.
    const MACS: usize = 0;
    /// The error in the constants of the layer's type, such as a width of 0, if there is one. A network with a fault
    /// does not compile.
    const FAULT: Option<Message> = None;
    /// Whether a NaN in the input stands for a missing value, as for [`Impute`](crate::layers::Impute). Otherwise, NaN
    /// is an error in training.
    const TAKES_MISSING: bool = false;
    /// Whether a step of the output depends on later steps of the input, as with [`Reversed`](crate::layers::Reversed). The
    /// loss [`EachStep`](crate::loss::EachStep) does not compile with such a layer.
    const LOOKS_AHEAD: bool = false;
    /// Whether the layer takes only whole numbers, as [`Embedding`](crate::layers::Embedding) does. One that follows a
    /// layer which does not [keep them whole](Self::KEEPS_WHOLE) does not compile.
    const TAKES_WHOLE: bool = false;
    /// Whether the output has whole numbers if the input has, also in training, as that of
    /// [`Reshape`](crate::layers::Reshape).
    const KEEPS_WHOLE: bool = false;

    /// The first number of a sample for which the layer has no output, as for [`Embedding`](crate::layers::Embedding). It is
    /// an error in training and evaluation. By default, there is none.
    #[inline(always)]
    fn invalid(x: &Self::Input) -> Option<Invalid> {
        let _ = x;
        None
    }

    /// If the layer outputs a part of its input at inference: this part, and the place of its first number. A number that
    /// the next layer does not take is then [invalid](Self::invalid) in the input of this one.
    #[inline(always)]
    fn part(x: &Self::Input) -> Option<(usize, &Self::Output)> {
        let _ = x;
        None
    }

    /// `y = f(x)` at inference. At first, `y` may hold any numbers.
    fn forward<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output);

    /// Computes `y = f(x)` and records the values that `backward` needs in `tape`. `rng` is the random generator in
    /// training. It is `None` if the layer is to act as at inference, for example because it is frozen; random layers
    /// are then inactive.
    #[inline(always)]
    fn record<S: Simd>(
        &self,
        simd: S,
        rng: Option<&mut Rng>,
        x: &Self::Input,
        tape: &mut Self::Tape,
        y: &mut Self::Output,
    ) {
        let _ = (rng, tape);
        self.forward(simd, x, y);
    }

    /// From `dy`, the gradient of the loss with respect to `y`, computes `dx`, the gradient with respect to `x`. `x`,
    /// `tape` and `y` are those of the last `record`.
    fn backward<S: Simd>(
        &self,
        simd: S,
        x: &Self::Input,
        tape: &Self::Tape,
        y: &Self::Output,
        dy: &Self::Output,
        dx: &mut Self::Input,
    );

    /// Adds the gradient of the loss with respect to the trainable parameters, for this sample, to `gradient`. A layer
    /// without trainable parameters need not implement it. A formula that needs `y` keeps it in the tape.
    #[inline(always)]
    fn gradient<S: Simd>(
        &self,
        simd: S,
        x: &Self::Input,
        tape: &Self::Tape,
        dy: &Self::Output,
        gradient: &mut Self::Trainable,
    ) {
        let _ = (simd, x, tape, dy, gradient);
    }

    /// Lists the operations of `forward`, for export. A layer that does not implement it can be trained and saved, but
    /// not exported.
    fn operations<V: Operations<Self::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.other(path, const { &Self::KIND }.as_str(), format_args!("{}", type_name::<Self>()), &[]);
    }
}

/// The methods of [`Layer`](super::Layer) as loops over the samples of a batch, for `#[derive(Layer)]`.
#[doc(hidden)]
pub mod batch {
    use super::*;
    use crate::layer::assert_sound;

    /// One constant for all methods and instruction sets: a fault is one error.
    struct Sound<L>(core::marker::PhantomData<L>);

    impl<L: SimpleLayer> Sound<L> {
        const CHECKED: () = assert_sound(&<L as SimpleLayer>::FAULT);
    }

    #[inline(always)]
    pub fn forward<L: SimpleLayer, S: Simd>(layer: &L, simd: S, x: &[L::Input], y: &mut [L::Output]) {
        let () = Sound::<L>::CHECKED;
        for (x, y) in x.iter().zip(y) {
            layer.forward(simd, x, y);
        }
    }

    #[inline(always)]
    pub fn record<L: SimpleLayer, S: Simd>(
        layer: &L,
        simd: S,
        mut rng: Option<&mut Rng>,
        x: &[L::Input],
        tape: &mut [L::Tape],
        y: &mut [L::Output],
    ) {
        let () = Sound::<L>::CHECKED;
        for ((x, y), tape) in x.iter().zip(y).zip(tape) {
            layer.record(simd, rng.as_deref_mut(), x, tape, y);
        }
    }

    #[inline(always)]
    pub fn backward<L: SimpleLayer, S: Simd>(
        layer: &L,
        simd: S,
        x: &[L::Input],
        tape: &[L::Tape],
        y: &[L::Output],
        dy: &[L::Output],
        dx: Option<&mut [L::Input]>,
    ) {
        let Some(dx) = dx else { return };
        for ((((x, tape), y), dy), dx) in x.iter().zip(tape).zip(y).zip(dy).zip(dx) {
            layer.backward(simd, x, tape, y, dy, dx);
        }
    }

    #[inline(always)]
    pub fn gradient<L: SimpleLayer, S: Simd>(
        layer: &L,
        simd: S,
        x: &[L::Input],
        tape: &[L::Tape],
        dy: &[L::Output],
        gradient: &mut L::Trainable,
    ) {
        if size_of::<L::Trainable>() == 0 {
            return;
        }
        L::trainable_mut(None, gradient, [], Path::ROOT, &mut Clear);
        for ((x, tape), dy) in x.iter().zip(tape).zip(dy) {
            layer.gradient(simd, x, tape, dy, gradient);
        }
    }
}

/// Sets a gradient to 0.
struct Clear;

impl<T: Element> VisitTrainable<T, 0> for Clear {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, _: &mut [T], gradient: &mut [T], []: [&mut [T]; 0]) {
        gradient.fill(T::zero());
    }
}
