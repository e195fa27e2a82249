//! The fully connected layer.

use core::{fmt, marker::PhantomData};

use crate::{
    Rng, Tensor, Zeroed,
    activation::{Activation, Keeping},
    flash::{self, Place, Stored, Weights},
    init::Initializer,
    kernel::{Element, Simd, Unchanged, nn, nt, sum_rows, tn},
    layer::{
        Accepts, Description, Ending, Layer, Learn, Operations, Parameter, Path, Role, Visit, VisitMut, VisitTrainable,
    },
    message::Message,
    outline::{Leaf, Outline},
    regularize::Penalty,
};

/// `y[b][o] = act(Σᵢ x[b][i]·kernel[i][o] + bias[o])`, x: `[[T; IN]]`, y: `[[T; OUT]]`.
///
/// ```
/// use shiplap::prelude::*;
///
/// let layer = Dense::<2, 1, Relu>::from_parts([[1.0], [2.0]], [0.5]);
/// assert_eq!(layer.predict(&[3.0, 4.0]), [11.5]);
/// assert_eq!(Dense::<2, 1, Relu>::PARAMS, 3);
/// ```
pub struct Dense<const IN: usize, const OUT: usize, A, T = f32> {
    /// The factors: `kernel[i][o]` from input `i` to output `o`.
    pub kernel: [[T; OUT]; IN],
    /// The addends.
    pub bias: [T; OUT],
    activation: PhantomData<fn() -> A>,
}

// SAFETY: the fields are arrays of `T: Zeroed` and a marker of no size.
unsafe impl<const IN: usize, const OUT: usize, A, T: Zeroed> Zeroed for Dense<IN, OUT, A, T> {}

impl<const IN: usize, const OUT: usize, A, T: Copy> Clone for Dense<IN, OUT, A, T> {
    fn clone(&self) -> Self {
        Self::from_parts(self.kernel, self.bias)
    }
}

impl<const IN: usize, const OUT: usize, A, T: PartialEq> PartialEq for Dense<IN, OUT, A, T> {
    fn eq(&self, other: &Self) -> bool {
        self.kernel == other.kernel && self.bias == other.bias
    }
}

impl<const IN: usize, const OUT: usize, A, T> Dense<IN, OUT, A, T> {
    /// A layer with these parameters.
    pub const fn from_parts(kernel: [[T; OUT]; IN], bias: [T; OUT]) -> Self {
        Self { kernel, bias, activation: PhantomData }
    }
}

impl<const IN: usize, const OUT: usize, A: Activation, T: Element> fmt::Debug for Dense<IN, OUT, A, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Dense<{IN}, {OUT}, {}>", A::NAME)
    }
}

impl<const IN: usize, const OUT: usize, A: Activation, T: Element + Tensor<Element = T>> Layer
    for Dense<IN, OUT, A, T>
{
    type Element = T;
    type Input = [T; IN];
    type Output = [T; OUT];
    type Tape<const B: usize> = <A::Keeps as Keeping>::Storage<T, OUT, B>;
    type Trainable = Self;
    type Head = A;

    const PARAMS: usize = IN * OUT + OUT;
    const MACS: usize = IN * OUT;
    const FAULT: Option<Message> = if IN == 0 || OUT == 0 { Some(zero_width(IN, OUT)) } else { None };
    const OUTLINE: Outline = Outline::Single(Leaf {
        kind: Message::new().text("Dense<").list(&[IN, OUT]).text(", ").text(A::NAME).text(">"),
        tensors: &[("kernel", &[IN, OUT]), ("bias", &[OUT])],
        activation: Some(A::NAME),
        bytes: size_of::<Self>(),
        output: size_of::<[T; OUT]>(),
        macs: Self::MACS,
    });

    #[inline(always)]
    fn forward<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[[T; IN]], y: &mut [[T; OUT]]) {
        if E::LOGITS {
            nn(simd, x, &self.kernel, &self.bias, &Unchanged, y);
        } else {
            A::after_product(simd, x, &self.kernel, &self.bias, y);
        }
    }

    #[inline(always)]
    fn record<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: &mut Rng,
        x: &[[T; IN]],
        tape: &mut Self::Tape<B>,
        y: &mut [[T; OUT]],
    ) {
        if E::LOGITS || !A::Keeps::KEEPS {
            self.forward::<S, E, B>(simd, x, y);
        } else {
            nn(simd, x, &self.kernel, &self.bias, &Unchanged, y);
            A::Keeps::store::<T, OUT, B>(y, tape);
            A::forward(simd, y);
        }
    }

    #[inline(always)]
    fn backward<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: &[[T; IN]],
        tape: &mut Self::Tape<B>,
        y: &[[T; OUT]],
        dy: &mut [[T; OUT]],
        dx: Option<&mut [[T; IN]]>,
    ) {
        if !E::LOGITS {
            A::backward(simd, A::Keeps::logits::<T, OUT, B>(tape, y), y, dy);
        }
        if let Some(dx) = dx {
            nt(simd, dy, &self.kernel, dx);
        }
    }

    #[inline(always)]
    fn gradient<S: Simd, const B: usize>(
        &self,
        simd: S,
        x: &[[T; IN]],
        _: &mut Self::Tape<B>,
        dz: &[[T; OUT]],
        gradient: &mut Self,
    ) {
        tn(simd, x, dz, &mut gradient.kernel);
        sum_rows(simd, dz, &mut gradient.bias);
    }

    #[inline(always)]
    fn learn<S: Simd, V: Learn<T, M>, const M: usize, const B: usize>(
        &mut self,
        _: S,
        x: &[[T; IN]],
        _: &mut Self::Tape<B>,
        dz: &[[T; OUT]],
        mut moments: [&mut Self; M],
        path: Path<'_>,
        learner: &mut V,
    ) {
        let (kernel, bias) = (Self::kernel_parameter(path), Self::bias_parameter(path));
        let kernels = moments.each_mut().map(|moment| &mut moment.kernel);
        learner.product(Parameter { shape: &[IN, OUT], ..kernel }, x, dz, &mut self.kernel, kernels);
        let biases = moments.map(|moment| &mut moment.bias);
        learner.sums(Parameter { shape: &[OUT], ..bias }, dz, &mut self.bias, biases);
    }

    #[inline(always)]
    fn activate<S: Simd>(simd: S, logits: &mut [[T; OUT]]) {
        A::forward(simd, logits);
    }

    #[inline(always)]
    fn parameters<V: Visit<T>>(&self, path: Path<'_>, visitor: &mut V) {
        let (kernel, bias) = (Self::kernel_parameter(path), Self::bias_parameter(path));
        visitor.visit(Parameter { shape: &[IN, OUT], ..kernel }, self.kernel.as_flattened());
        visitor.visit(Parameter { shape: &[OUT], ..bias }, &self.bias);
    }

    #[inline(always)]
    fn parameters_mut<V: VisitMut<T, M>, const M: usize>(
        mut networks: [&mut Self; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        let (kernel, bias) = (Self::kernel_parameter(path), Self::bias_parameter(path));
        let kernels = networks.each_mut().map(|layer| layer.kernel.as_flattened_mut());
        visitor.visit(Parameter { shape: &[IN, OUT], ..kernel }, kernels);
        visitor.visit(Parameter { shape: &[OUT], ..bias }, networks.map(|layer| &mut layer.bias[..]));
    }

    #[inline(always)]
    fn trainable<V: Visit<T>>(learnt: &Self, path: Path<'_>, visitor: &mut V) {
        learnt.parameters(path, visitor);
    }

    #[inline(always)]
    fn trainable_mut<V: VisitTrainable<T, M>, const M: usize>(
        layer: Option<&mut Self>,
        gradient: &mut Self,
        mut moments: [&mut Self; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        let (kernel, bias) = (Self::kernel_parameter(path), Self::bias_parameter(path));
        let (factors, addends) = match layer {
            Some(layer) => (layer.kernel.as_flattened_mut(), &mut layer.bias[..]),
            None => Default::default(),
        };
        let kernels = moments.each_mut().map(|moment| moment.kernel.as_flattened_mut());
        let gradient_buffer = gradient.kernel.as_flattened_mut();
        visitor.visit(Parameter { shape: &[IN, OUT], ..kernel }, factors, gradient_buffer, kernels);
        let biases = moments.map(|moment| &mut moment.bias[..]);
        visitor.visit(Parameter { shape: &[OUT], ..bias }, addends, &mut gradient.bias, biases);
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        show(&Description {
            path,
            kind: format_args!("Dense<{IN}, {OUT}, {}>", A::NAME),
            output: <[T; OUT]>::write_shape,
            params: Self::PARAMS,
        });
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        let (kernel, bias) = (Self::kernel_parameter(path), Self::bias_parameter(path));
        operations.product(Parameter { shape: &[IN, OUT], ..kernel }, self.kernel.as_flattened());
        operations.add(Parameter { shape: &[OUT], ..bias }, &self.bias);
        A::operations(path, operations);
    }
}

impl<const IN: usize, const OUT: usize, A: Activation, T: Element + Tensor<Element = T>> Accepts<[T; IN]>
    for Dense<IN, OUT, A, T>
{
}

impl<W: Weights<T>, P: Place, const IN: usize, const OUT: usize, A: Activation, T: Element + Tensor<Element = T>>
    Stored<W, P> for Dense<IN, OUT, A, T>
{
    const STORED: Self =
        Self::from_parts(flash::matrix(&W::FILE, P::PATH, "kernel"), flash::vector(&W::FILE, P::PATH, "bias"));
}

impl<const IN: usize, const OUT: usize, A: Activation, T: Element> Dense<IN, OUT, A, T> {
    #[inline(always)]
    fn kernel_parameter(path: Path<'_>) -> Parameter<'_> {
        Parameter {
            path,
            name: "kernel",
            role: Role::Kernel,
            shape: &[],
            fan_in: IN,
            fan_out: OUT,
            initializer: A::INITIALIZER,
            penalty: Penalty::NONE,
        }
    }

    #[inline(always)]
    fn bias_parameter(path: Path<'_>) -> Parameter<'_> {
        Parameter { name: "bias", role: Role::Bias, initializer: Initializer::ZEROS, ..Self::kernel_parameter(path) }
    }
}

const fn zero_width(inputs: usize, outputs: usize) -> Message {
    Message::new()
        .text("`Dense<")
        .number(inputs as u128)
        .text(", ")
        .number(outputs as u128)
        .text(", _>` has no width: a dense layer needs at least 1 input and 1 output")
}
