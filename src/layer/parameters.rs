//! The parameters of a layer, and visitors for them.

use super::{Outline, Path};
use crate::{Tensor, Zeroed, init::Initializer, kernel::Element, message::Message, regularize::Penalty};

/// The numbers that a layer holds, listed once. `#[derive(Parameters)]` implements this trait from the fields of a
/// struct.
///
/// Initialization, updates, counting, saving, loading, printing and storage in flash all use this trait.
///
/// Each field of the struct has an attribute:
///
/// | attribute | the field holds | type |
/// |---|---|---|
/// | `#[kernel]` | trainable weights, subject to penalties | an array of numbers |
/// | `#[bias]` | trainable numbers without penalty | an array of numbers |
/// | `#[statistic]` | numbers that are fitted to data or set by hand, and saved, but not trained | an array of numbers |
/// | `#[running]` | statistics of the batches seen in training: [`Layer::update_statistics`] updates them | an array of numbers |
/// | `#[layer]` | a nested layer | a [`Layer`](super::Layer) |
///
/// [`Layer::update_statistics`]: super::Layer::update_statistics
///
/// A `PhantomData` field needs no attribute. `#[kernel(initializer = Initializer::Constant(1.0))]` sets the initial
/// values; `fan_in` and `fan_out` are set likewise. By default, the activation determines the initializer of a kernel;
/// without an activation, it is [`GlorotUniform`](Initializer::GlorotUniform). The last of several axes of a kernel
/// counts as its outputs. A bias starts at 0. `#[statistic(never_negative)]` marks numbers such as standard deviations:
/// files in which one is negative are neither written nor read.
///
/// With `#[parameters(element = ..)]`, which names the type of the numbers, a field may have another type than an array:
/// any [`Tensor`], such as the associated type of a trait. If it has no elements, visitors do not see it.
///
/// The derive also implements [`Zeroed`], `Clone`, `Debug`, `PartialEq` and [`Stored`](crate::flash::Stored).
/// [`KIND`](Self::KIND) contains the name of the struct, its integer parameters and the name of its activation, which
/// is the type parameter with the bound `Activation` or `Elementwise`.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[derive(Parameters)]
/// struct Affine<const N: usize> {
///     #[kernel(initializer = Initializer::Constant(1.0))]
///     scale: [f32; N],
///     #[bias]
///     shift: [f32; N],
/// }
///
/// assert_eq!(Affine::<3>::PARAMS, 6);
/// assert_eq!(format!("{:?}", Affine::<3>::zeroed()), "Affine<3>");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "not a layer",
    note = "a network is a layer, a tuple of 1 to 16 layers, or a struct with `#[derive(Network)]`; a layer of your own has `#[derive(Layer)]` and implements `SimpleLayer`"
)]
pub trait Parameters: Zeroed {
    /// `f32` or `f64`.
    type Element: Element;
    /// The trainable parameters, in the form in which gradients and optimizer state are stored: `Self` if all numbers
    /// are trainable, `()` if none are, otherwise a tuple of the trainable fields.
    type Trainable: Zeroed;

    /// The number of trainable parameters.
    const PARAMS: usize;
    /// The name in summaries and budgets: `Dense<10, 1, Sigmoid>`.
    const KIND: Message<64> = Message::new().text("network");
    /// The arrays of numbers, without those of nested layers.
    const TENSORS: &'static [Parameter<'static>] = &[];
    /// The nested layers by name.
    const LAYERS: &'static [(&'static str, Outline)] = &[];
    /// The name of the activation in the layer's type, if it has one.
    const ACTIVATION: Option<&'static str> = None;

    /// Visits all numbers: trainable parameters and [statistics](Role::Statistic).
    fn parameters<V: Visit<Self::Element>>(&self, path: Path<'_>, visitor: &mut V);

    /// Visits all numbers of `M` layers of this type side by side, with write access.
    fn parameters_mut<V: VisitMut<Self::Element, M>, const M: usize>(
        layers: [&mut Self; M],
        path: Path<'_>,
        visitor: &mut V,
    );

    /// Visits values that correspond to the trainable parameters: a gradient, or a part of the optimizer state.
    fn trainable<V: Visit<Self::Element>>(trainable: &Self::Trainable, path: Path<'_>, visitor: &mut V);

    /// Visits each trainable parameter with its gradient and optimizer state, with write access. The values are empty
    /// if `layer` is `None`.
    fn trainable_mut<V: VisitTrainable<Self::Element, M>, const M: usize>(
        layer: Option<&mut Self>,
        gradient: &mut Self::Trainable,
        state: [&mut Self::Trainable; M],
        path: Path<'_>,
        visitor: &mut V,
    );
}

/// The use of a parameter: penalties apply to kernels only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// Weights that are multiplied with the input.
    Kernel,
    /// Numbers that are added to the output.
    Bias,
    /// Numbers that are not trained but fitted to data or set by hand, such as a mean. They are saved and loaded, but
    /// initializers and optimizers ignore them.
    Statistic,
    /// Statistics of the batches seen in training, such as a running mean. They are initialized, saved and loaded, but
    /// optimizers ignore them.
    Running,
}

/// The description of one parameter for visitors.
#[derive(Clone, Copy, Debug)]
pub struct Parameter<'a> {
    /// The layer that holds it.
    pub path: Path<'a>,
    /// The name in the layer: `kernel`, `bias`.
    pub name: &'static str,
    /// The use of the parameter.
    pub role: Role,
    /// The shape, outermost axis first.
    pub shape: &'a [usize],
    /// The number of inputs that affect one output.
    pub fan_in: usize,
    /// The number of outputs that one input affects.
    pub fan_out: usize,
    /// The default initializer.
    pub initializer: Initializer,
    /// The penalty in the type of the network.
    pub penalty: Penalty,
    /// Whether its numbers are at least 0, such as a standard deviation. Files in which one is negative are neither
    /// written nor read.
    pub never_negative: bool,
}

impl<'a> Parameter<'a> {
    /// The same parameter in the layer at `path`.
    #[inline(always)]
    #[must_use]
    pub const fn at(self, path: Path<'a>) -> Self {
        Self { path, ..self }
    }

    /// The total penalty if all kernels also have the penalty `everywhere`.
    #[inline(always)]
    pub(crate) fn penalty_with(&self, everywhere: Penalty) -> Penalty {
        match self.role {
            Role::Kernel => self.penalty + everywhere,
            Role::Bias => self.penalty,
            Role::Statistic | Role::Running => Penalty::NONE,
        }
    }
}

/// `tensors` without those at the end, after the first `required`, that have no numbers.
#[doc(hidden)]
pub const fn present(tensors: &'static [Parameter<'static>], required: usize) -> &'static [Parameter<'static>] {
    let mut count = tensors.len();
    while count > required && has_no_numbers(tensors[count - 1].shape) {
        count -= 1;
    }
    tensors.split_at(count).0
}

const fn has_no_numbers(shape: &[usize]) -> bool {
    let mut axis = 0;
    while axis < shape.len() {
        if shape[axis] == 0 {
            return true;
        }
        axis += 1;
    }
    false
}

/// The default number of inputs that affect one output of the kernel `X`: the last of several axes counts as outputs.
#[doc(hidden)]
pub const fn fan_in<X: Tensor>() -> usize {
    if X::RANK > 1 && X::INNERMOST > 0 { X::LEN / X::INNERMOST } else { 1 }
}

/// The default number of outputs that one input of the kernel `X` affects.
#[doc(hidden)]
pub const fn fan_out<X: Tensor>() -> usize {
    if X::RANK > 1 { X::INNERMOST } else { 1 }
}

/// Reads the parameters of a network, one after another.
pub trait Visit<T> {
    /// Called for each parameter, with its values in row-major order.
    fn visit(&mut self, parameter: Parameter<'_>, values: &[T]);
}

/// Reads and writes the parameters of `M` networks side by side.
pub trait VisitMut<T, const M: usize> {
    /// Called for each parameter with its values in each of the networks, in row-major order.
    fn visit(&mut self, parameter: Parameter<'_>, values: [&mut [T]; M]);
}

/// Reads and writes trainable parameters.
pub trait VisitTrainable<T, const M: usize> {
    /// Called for each trainable parameter with its values (empty without a layer), its gradient and `M` parts of
    /// optimizer state, in row-major order.
    fn visit(&mut self, parameter: Parameter<'_>, values: &mut [T], gradient: &mut [T], state: [&mut [T]; M]);
}

/// Processes gradients as they are computed. A gradient is either in memory, whole or in several parts one after another
/// ([`VisitTrainable::visit`]), or follows from the arguments.
pub trait VisitGradient<T: Element, const M: usize>: VisitTrainable<T, M> {
    /// Called for a kernel whose gradient is `gradient[i][o] = Σ_b x[b][i]·dz[b][o]`.
    fn product<const IN: usize, const OUT: usize>(
        &mut self,
        parameter: Parameter<'_>,
        x: &[[T; IN]],
        dz: &[[T; OUT]],
        kernel: &mut [[T; OUT]; IN],
        state: [&mut [[T; OUT]; IN]; M],
    );

    /// Called for a bias whose gradient is `gradient[o] = Σ_b dz[b][o]`.
    fn sums<const N: usize>(
        &mut self,
        parameter: Parameter<'_>,
        dz: &[[T; N]],
        bias: &mut [T; N],
        state: [&mut [T; N]; M],
    );
}
