//! What a layer is, and what fits after what.

use core::{fmt, marker::PhantomData};

use crate::{
    Rng, Tensor, Zeroed,
    init::Initializer,
    kernel::{Element, ElementwiseKernel, Simd},
    message::Message,
    outline::Outline,
    regularize::Penalty,
};

/// A function of a fixed shape with parameters that can be learnt. A network is one too.
///
/// A batch is a slice of rows, `&[Self::Input]`; `B` in the methods is the most rows there may be,
/// and only sizes storage. `simd` is the instruction set in use; pass it on. Methods should be
/// `#[inline(always)]`: they are compiled once for each instruction set, inside its caller.
///
/// `src/layers/dropout.rs` is the smallest example, `src/layers/dense.rs` the typical one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "not a layer",
    note = "a network is a layer, a tuple of 1 to 16 layers, or a struct with `#[derive(Network)]`; for more than 16, nest tuples: `((A, B), (C, D))`"
)]
pub trait Layer: Zeroed {
    /// `f32` or `f64`.
    type Element: Element;
    /// One sample that goes in.
    type Input: Tensor<Element = Self::Element>;
    /// What comes out for it.
    type Output: Tensor<Element = Self::Element>;
    /// What `record` keeps for `backward`, for up to `B` rows.
    type Tape<const B: usize>: Zeroed;
    /// What of it can be learnt, in the form in which gradients and moments are kept: `Self`, or `()` if nothing can.
    type Trainable: Zeroed + Send + Sync;
    /// The activation that the layer ends in; [`Linear`](crate::activation::Linear) if in none.
    type Head;

    /// How many numbers can be learnt.
    const PARAMS: usize;
    /// Multiply-accumulates to predict one sample.
    const MACS: usize;
    /// What is wrong with the numbers in the layer's type, as a width of 0: a network with a fault does not compile.
    const FAULT: Option<Message> = None;
    /// Whether a NaN that goes in stands for a missing value, as for [`Impute`](crate::layers::Impute). Training
    /// refuses it elsewhere.
    const TAKES_MISSING: bool = false;
    /// What it is made of: its tensors, activations and bytes, for files and budgets that are checked when compiling.
    const OUTLINE: Outline = Outline::unnamed(size_of::<Self>(), size_of::<Self::Output>(), Self::MACS);

    /// `y = f(x)`, row by row, as for use: nothing is dropped, nothing kept.
    fn forward<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[Self::Input], y: &mut [Self::Output]);

    /// `y = f(x)`, and `tape` keeps what `backward` needs. Random layers are active if [`E::TRAINING`](Ending::TRAINING).
    fn record<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        rng: &mut Rng,
        x: &[Self::Input],
        tape: &mut Self::Tape<B>,
        y: &mut [Self::Output],
    );

    /// From the gradient of the loss with respect to `y`, that with respect to `x`, written to `dx` where asked for.
    /// What it leaves in `dy` is for [`gradient`](Self::gradient) and [`learn`](Self::learn), which come after.
    ///
    /// `x`, `tape` and `y` are those of the last `record`.
    fn backward<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[Self::Input],
        tape: &mut Self::Tape<B>,
        y: &[Self::Output],
        dy: &mut [Self::Output],
        dx: Option<&mut [Self::Input]>,
    );

    /// The gradient of the loss with respect to what can be learnt, from `x` and from what `backward` left in `tape` and
    /// `dy`. It replaces what is in `gradient`. A layer that learns nothing need not write it.
    ///
    /// It may be asked for several times after one `backward`, and is the same each time.
    #[inline(always)]
    fn gradient<S: Simd, const B: usize>(
        &self,
        _simd: S,
        _x: &[Self::Input],
        _tape: &mut Self::Tape<B>,
        _dy: &[Self::Output],
        _gradient: &mut Self::Trainable,
    ) {
    }

    /// Hands the gradient of each parameter to the learner as soon as it is there, which may change the parameter by it:
    /// so training needs no memory for the gradient of the network. Unless written otherwise, the gradient of this one
    /// layer is made on the stack.
    ///
    /// Training [in place](crate::optim::InPlace) calls it twice after one `backward`: the first learner only measures.
    #[expect(clippy::too_many_arguments, reason = "gradient's, and who learns what")]
    #[inline(always)]
    fn learn<S: Simd, V: Learn<Self::Element, M>, const M: usize, const B: usize>(
        &mut self,
        simd: S,
        x: &[Self::Input],
        tape: &mut Self::Tape<B>,
        dy: &[Self::Output],
        moments: [&mut Self::Trainable; M],
        path: Path<'_>,
        learner: &mut V,
    ) {
        let mut gradient = Self::Trainable::zeroed();
        self.gradient(simd, x, tape, dy, &mut gradient);
        Self::trainable_mut(Some(self), &mut gradient, moments, path, learner);
    }

    /// Applies the activation of [`Head`](Self::Head) to rows of logits.
    fn activate<S: Simd>(simd: S, logits: &mut [Self::Output]);

    /// Shows each parameter and [statistic](Role::Statistic): counting, saving and printing go through here.
    fn parameters<V: Visit<Self::Element>>(&self, path: Path<'_>, visitor: &mut V);

    /// The same of `M` networks of this type side by side, to write to: starting and loading go through here.
    fn parameters_mut<V: VisitMut<Self::Element, M>, const M: usize>(
        networks: [&mut Self; M],
        path: Path<'_>,
        visitor: &mut V,
    );

    /// Shows what is kept beside each parameter that can be learnt, as a moment. A layer that learns nothing need not
    /// write it.
    #[inline(always)]
    fn trainable<V: Visit<Self::Element>>(_learnt: &Self::Trainable, _path: Path<'_>, _visitor: &mut V) {}

    /// Shows each parameter that can be learnt with its gradient and moments, to write to: updating goes through here.
    /// Without a layer, values are empty. One that learns nothing need not write it.
    #[inline(always)]
    fn trainable_mut<V: VisitTrainable<Self::Element, M>, const M: usize>(
        _layer: Option<&mut Self>,
        _gradient: &mut Self::Trainable,
        _moments: [&mut Self::Trainable; M],
        _path: Path<'_>,
        _visitor: &mut V,
    ) {
    }

    /// Shows each layer, for a summary.
    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>));

    /// Shows what `forward` does, one operation after another, for other programs to do the same. A layer that does not
    /// say what it does can be trained and saved, but not exported.
    fn operations<V: Operations<Self::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.other(path, core::any::type_name::<Self>());
    }
}

/// A layer that takes `X`. Each layer states it for its own input: that is what makes a layer that
/// does not fit a compile error which says so.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit: it is given `{X}`",
    label = "`{Self}` does not take `{X}`"
)]
pub trait Accepts<X: Tensor>: Layer<Input = X> {}

/// A sample that the network `N` takes: `Taken` is the network's input. That the bound is on the sample lets the compiler
/// see its width before it asks whether it fits, and name both.
#[diagnostic::on_unimplemented(
    message = "the network takes samples `{Taken}`, these are `{Self}`",
    label = "a sample for this network is `{Taken}`",
    note = "the network is `{N}`",
    note = "samples are fixed-size arrays: a `Vec` or slice becomes one by `try_into`"
)]
pub trait Sample<N: Layer, Taken = <N as Layer>::Input>: Tensor {
    /// These samples, known to be the network's inputs.
    fn rows(samples: &[Self]) -> &[Taken];
}

#[diagnostic::do_not_recommend]
impl<N: Layer, X: Tensor> Sample<N, X> for X {
    #[inline(always)]
    fn rows(samples: &[X]) -> &[X] {
        samples
    }
}

/// A layer that takes `Taken`, and is given just that. It is true of every layer where `Given` is `Taken`; generated code
/// asks for it where two layers meet, so that what does not fit is an error at the layer, with both shapes.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit: it takes `{Taken}`, and is given `{Given}`",
    label = "takes `{Taken}`, is given `{Given}`"
)]
pub trait Fits<Given, Taken>: Layer {
    /// `()`: a type to be named where nothing but the compiler's answer is wanted.
    type Met;

    /// Rows on their way into the layer.
    fn rows_into(rows: &[Given]) -> &[Taken];

    /// Their gradients on the way back.
    fn gradient_into(rows: &mut [Given]) -> &mut [Taken];
}

#[diagnostic::do_not_recommend]
impl<L: Layer, X> Fits<X, X> for L {
    type Met = ();

    #[inline(always)]
    fn rows_into(rows: &[X]) -> &[X] {
        rows
    }

    #[inline(always)]
    fn gradient_into(rows: &mut [X]) -> &mut [X] {
        rows
    }
}

/// A layer that takes what the layer `L` gives, for bounds in generated code: written with the layer and not with its
/// output, the compiler recognises the bound before it has worked out what the output is.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit after `{L}`",
    label = "`{Self}` does not take what `{L}` gives"
)]
pub trait After<L: Layer>: Accepts<L::Output> + Layer<Element = L::Element> {}

impl<L: Layer, A: Accepts<L::Output> + Layer<Element = L::Element>> After<L> for A {}

/// A layer that gives what the layer `L` takes, where `L` is known: a bound on `L` would hide what is known of it.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit before `{L}`",
    label = "`{Self}` does not give what `{L}` takes"
)]
pub trait Before<L: Layer>: Layer<Output = L::Input, Element = L::Element> {}

impl<B: Layer, L: Accepts<B::Output> + Layer<Element = B::Element>> Before<L> for B {}

/// Whether there is something to learn, for generated code.
#[doc(hidden)]
pub const fn learns<Trainable>() -> bool {
    size_of::<Trainable>() > 0
}

/// Does not compile if a layer has this [fault](Layer::FAULT): says so at the caller.
#[doc(hidden)]
#[track_caller]
pub const fn assert_sound(fault: &Option<Message>) {
    if let Some(fault) = fault {
        panic!("{}", fault.as_str());
    }
}

/// The first of the layers' faults, for generated code.
#[doc(hidden)]
pub const fn first_fault(faults: &[Option<Message>]) -> Option<Message> {
    let mut index = 0;
    while index < faults.len() {
        if faults[index].is_some() {
            return faults[index];
        }
        index += 1;
    }
    None
}

/// Where a pass through the network ends: after the last activation, or before it. Losses that are
/// fused with their activation ([`BinaryCrossentropy`](crate::loss::BinaryCrossentropy), ...) want the logits.
pub trait Ending: sealed::Ending {
    /// Whether the last activation is left out.
    const LOGITS: bool;
    /// Whether what is recorded is for training: random layers are active.
    const TRAINING: bool;
    /// The pass through the layers before the last, which end in their activations.
    type Inner: Ending;
}

/// The pass ends after the last activation: `y` is the prediction.
#[derive(Clone, Copy, Debug)]
pub struct Predictions;

/// The pass ends before the last activation: `y` is the logits, and `dy` the gradient for them.
#[derive(Clone, Copy, Debug)]
pub struct Logits;

/// The pass ends as `E` says, and is recorded as for use: nothing is dropped.
#[derive(Clone, Copy, Debug)]
pub struct InUse<E>(PhantomData<E>);

impl Ending for Predictions {
    const LOGITS: bool = false;
    const TRAINING: bool = true;
    type Inner = Predictions;
}

impl Ending for Logits {
    const LOGITS: bool = true;
    const TRAINING: bool = true;
    type Inner = Predictions;
}

impl<E: Ending> Ending for InUse<E> {
    const LOGITS: bool = E::LOGITS;
    const TRAINING: bool = false;
    type Inner = InUse<E::Inner>;
}

mod sealed {
    /// Nobody else's passes end elsewhere.
    pub trait Ending {}
    impl Ending for super::Predictions {}
    impl Ending for super::Logits {}
    impl<E: super::Ending> Ending for super::InUse<E> {}
}

/// How many rows may go through layers at once if each takes so many bytes of the stack: as many as fit into an eighth of
/// what a thread has, or on a chip into a few outputs, and at least one.
pub(crate) const fn rows_at_once(bytes: usize) -> usize {
    const STACK: usize = if cfg!(feature = "std") { 256 * 1024 } else { 256 };
    match bytes {
        0 => STACK,
        1..=STACK => STACK / bytes,
        _ => 1,
    }
}

/// Between two layers of a sequence: the tape of the first, what it gave, and the gradient for that.
#[doc(hidden)]
#[derive(Debug)]
pub struct Link<Tape, Output, const B: usize> {
    /// The tape of the layer itself.
    pub tape: Tape,
    /// What the layer gave, row by row.
    pub output: [Output; B],
    /// The gradient of the loss with respect to `output`.
    pub gradient: [Output; B],
}

// SAFETY: all three fields are `Zeroed`.
unsafe impl<Tape: Zeroed, Output: Zeroed, const B: usize> Zeroed for Link<Tape, Output, B> {}

/// What a parameter is for: penalties and decay treat kernels and biases apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Factors of the input.
    Kernel,
    /// An addend.
    Bias,
    /// A number that is not trained but fitted to data or set by hand, as a mean: it is saved and loaded, left alone by
    /// initialisers, and not among what is [learnt](Layer::Trainable).
    Statistic,
}

/// One parameter of a layer, as shown to a visitor.
#[derive(Clone, Copy, Debug)]
pub struct Parameter<'a> {
    /// The layer that it belongs to.
    pub path: Path<'a>,
    /// Its name in the layer: `kernel`, `bias`.
    pub name: &'static str,
    /// What it is for.
    pub role: Role,
    /// Its shape, outermost first.
    pub shape: &'a [usize],
    /// How many inputs feed one output.
    pub fan_in: usize,
    /// How many outputs one input feeds.
    pub fan_out: usize,
    /// How it starts unless told otherwise.
    pub initializer: Initializer,
    /// What its size costs.
    pub penalty: Penalty,
}

impl Parameter<'_> {
    /// What its size costs where kernels cost `everywhere` beside.
    #[inline(always)]
    pub(crate) fn penalty_with(&self, everywhere: Penalty) -> Penalty {
        match self.role {
            Role::Kernel => self.penalty + everywhere,
            Role::Bias => self.penalty,
            Role::Statistic => Penalty::NONE,
        }
    }
}

/// Reads the parameters of a network, one after another.
pub trait Visit<T> {
    /// Called for each parameter, `values` in row-major order.
    fn visit(&mut self, parameter: Parameter<'_>, values: &[T]);
}

/// Reads and writes the parameters of `M` networks side by side.
pub trait VisitMut<T, const M: usize> {
    /// Called for each parameter with its values in each of the networks, in row-major order.
    fn visit(&mut self, parameter: Parameter<'_>, values: [&mut [T]; M]);
}

/// Reads and writes what can be learnt, parameter by parameter.
pub trait VisitTrainable<T, const M: usize> {
    /// Called for each parameter with its values (empty if there is only what is kept beside them), their gradient, and
    /// `M` moments, in row-major order.
    fn visit(&mut self, parameter: Parameter<'_>, values: &mut [T], gradient: &mut [T], moments: [&mut [T]; M]);
}

/// Learns from gradients where they are produced: they are there already ([`VisitTrainable::visit`]), or can be made of what is
/// handed over.
pub trait Learn<T: Element, const M: usize>: VisitTrainable<T, M> {
    /// Called for a kernel, whose gradient is `gradient[i][o] = Σ_b x[b][i]·dz[b][o]`.
    fn product<const IN: usize, const OUT: usize>(
        &mut self,
        parameter: Parameter<'_>,
        x: &[[T; IN]],
        dz: &[[T; OUT]],
        kernel: &mut [[T; OUT]; IN],
        moments: [&mut [[T; OUT]; IN]; M],
    );

    /// Called for a bias, whose gradient is `gradient[o] = Σ_b dz[b][o]`.
    fn sums<const N: usize>(
        &mut self,
        parameter: Parameter<'_>,
        dz: &[[T; N]],
        bias: &mut [T; N],
        moments: [&mut [T; N]; M],
    );
}

/// Follows what a network does to each row, operation by operation.
pub trait Operations<T> {
    /// `y[o] = Σᵢ x[i]·factors[i][o]`, for factors of the shape `[IN, OUT]`.
    fn product(&mut self, factors: Parameter<'_>, values: &[T]);

    /// `y = x + addends`, item by item.
    fn add(&mut self, addends: Parameter<'_>, values: &[T]);

    /// `y = formula(x)`, each number by itself.
    fn elementwise(&mut self, path: Path<'_>, name: &'static str, formula: &impl ElementwiseKernel<0, 1>);

    /// `y[n] = formula(x[n], columns[0][n], columns[1][n], ...)`, each column with its own numbers, for `READ − 1` such
    /// rows of numbers.
    fn columnwise<const READ: usize>(
        &mut self,
        path: Path<'_>,
        name: &'static str,
        columns: &[(Parameter<'_>, &[T])],
        formula: &impl ElementwiseKernel<READ, 1>,
    );

    /// `y[n] = e^x[n] / Σₖ e^x[k]`.
    fn softmax(&mut self, path: Path<'_>);

    /// Something else, of which only the name is known.
    fn other(&mut self, path: Path<'_>, name: &'static str);
}

/// Where in a network a layer is: `1`, `encoder.0`, ...
///
/// ```
/// use shiplap::layer::Path;
///
/// assert_eq!(Path::ROOT.join("encoder").join("0").to_string(), "encoder.0");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    pub(crate) parent: Option<&'a Path<'a>>,
    pub(crate) name: &'a str,
}

impl<'a> Path<'a> {
    /// The network as a whole.
    pub const ROOT: Path<'static> = Path { parent: None, name: "" };

    /// The layer `name` inside this one.
    pub const fn join(&'a self, name: &'a str) -> Path<'a> {
        Path { parent: Some(self), name }
    }

    /// Adds it to a message.
    pub(crate) const fn written<const BYTES: usize>(&self, message: Message<BYTES>) -> Message<BYTES> {
        match self.parent {
            Some(parent) if !parent.name.is_empty() => parent.written(message).text(".").text(self.name),
            _ => message.text(self.name),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(formatter)?;
            if !parent.name.is_empty() {
                formatter.write_str(".")?;
            }
        }
        formatter.write_str(self.name)
    }
}

/// One line of a summary.
#[derive(Clone, Copy, Debug)]
pub struct Description<'a> {
    /// Where in the network the layer is.
    pub path: Path<'a>,
    /// What it is: `Dense<10, 1, Sigmoid>`.
    pub kind: fmt::Arguments<'a>,
    /// Writes the shape of its output.
    pub output: fn(&mut dyn fmt::Write) -> fmt::Result,
    /// How many numbers it can learn.
    pub params: usize,
}
