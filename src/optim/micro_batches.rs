//! Steps that take a batch in parts.

use super::{
    KeepsAverage, Optimizer, OptimizerState, PerWeight, Settings, StateCount, StateOf,
    gradient::{AfterBackward, GradientKind, GradientMemory, Kept, Measured, Stored, apply_kept, penalized},
    norm::Norm,
    state::Numbers,
};
use crate::{
    Zeroed,
    cores::InParts,
    kernel::{Element, Plus, Real, Simd, elementwise},
    layer::{Layer, Parameter, Path, VisitTrainable},
    regularize::Penalty,
};

/// The optimizer `O`, with a tape for `ROWS` rows: a step passes its batch through the network `ROWS` rows at a time, and
/// adds up their gradients.
///
/// The step is that of the whole batch, except for rounding, also if the last part has fewer rows. Only layers that draw
/// random numbers, such as [`Dropout`](crate::layers::Dropout), may draw others. Clipping, penalties and schedules are
/// those of `O`, and so are checkpoints. The tape of an image network is most of the memory for its training, and grows
/// with the batch. The sum of the gradients takes the memory of a second gradient.
///
/// Layers that normalize with the statistics of the batch, and those that continue with the states of the batch before, do
/// not compile. To sum gradients over several steps, use [`Accumulate`](super::Accumulate).
///
/// ```
/// use shiplap::{optim::MicroBatches, prelude::*};
///
/// #[network(input = Image<28, 28, 1>)]
/// type LeNet = (
///     (Conv2d<_, 8, 3, Relu>, MaxPool2d<_, 2>, Conv2d<_, 16, 3, Relu, Same>, MaxPool2d<_, 2>),
///     (Flatten<_>, Dense<_, 10, Softmax>),
/// );
/// type Whole = Trainer<LeNet, SparseCategoricalCrossentropy, Adam, 32>;
/// type Parts = Trainer<LeNet, SparseCategoricalCrossentropy, MicroBatches<Adam, 4>, 32>;
///
/// const_assert!(size_of::<<LeNet as Layer>::Tape<4>>() < 400_000);
/// const_assert!(Parts::BYTES * 4 < Whole::BYTES);
///
/// let (x, y) = ([[[[0.5f32]; 28]; 28]; 30], [3; 30]);
/// let mut whole = Whole::boxed(Adam::default(), 1);
/// let mut parts = Parts::boxed(MicroBatches(Adam::default()), 1);
/// for _ in 0..3 {
///     assert!((whole.step(&x, &y)? - parts.step(&x, &y)?).abs() < 1e-5);
/// }
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MicroBatches<O, const ROWS: usize>(pub O);

#[diagnostic::do_not_recommend]
impl<O: Optimizer<State: AddsParts<ROWS>>, const ROWS: usize> Optimizer for MicroBatches<O, ROWS> {
    type State = <O::State as AddsParts<ROWS>>::Parts;
    const NAME: &'static str = O::NAME;

    formula_of!(O, 0);

    fn check(&self) -> Result<(), &'static str> {
        self.0.check()
    }
}

impl<O: KeepsAverage<State: AddsParts<ROWS>>, const ROWS: usize> KeepsAverage for MicroBatches<O, ROWS> {}

/// State with a stored gradient, to which [`MicroBatches`] can add.
#[diagnostic::on_unimplemented(
    message = "the gradient of this optimizer cannot be added up in parts",
    label = "this optimizer keeps no gradient, or already splits its batches",
    note = "choose one of `MicroBatches<O, ROWS>`, `Accumulate<O>`, `InPlace<O>` and `AllCores<O, SHARDS, ROWS>`"
)]
pub trait AddsParts<const ROWS: usize>: OptimizerState {
    /// The same state, with a gradient that is added up.
    #[doc(hidden)]
    type Parts: OptimizerState<Count = Self::Count>;
}

#[diagnostic::do_not_recommend]
impl<const NUMBERS: usize, const ROWS: usize> AddsParts<ROWS> for PerWeight<NUMBERS, Kept>
where
    Numbers<NUMBERS>: StateCount,
{
    type Parts = PerWeight<NUMBERS, AddedUp<ROWS>>;
}

/// The gradients of `ROWS` rows at a time are added up.
#[derive(Clone, Copy, Debug)]
pub struct AddedUp<const ROWS: usize>;

impl<const ROWS: usize> GradientKind for AddedUp<ROWS> {
    const WHOLE: bool = false;
    type Cores = InParts<ROWS>;
    type Memory<L: Zeroed> = [L; 2];
}

/// The gradient of the last part, and the sum of those before it in this step.
impl<L: Zeroed, const ROWS: usize> GradientMemory<L, InParts<ROWS>> for [L; 2] {
    const MARGIN: f64 = 0.0;

    #[inline(always)]
    fn add<S: Simd, N: Layer<Trainable = L>, const B: usize>(
        &mut self,
        network: &N,
        part: &mut AfterBackward<'_, S, N, InParts<ROWS>, B>,
    ) {
        let ([gradient, sum], simd) = (self, part.simd);
        if part.is_first {
            part.passes.gradient(simd, network, part.x, part.dy, sum);
        } else {
            part.passes.gradient(simd, network, part.x, part.dy, gradient);
            N::trainable_mut(None, sum, [gradient], Path::ROOT, &mut Addition(simd));
        }
    }

    #[inline(always)]
    fn measure<S: Simd, N: Layer<Trainable = L>, const B: usize>(
        &mut self,
        network: &mut N,
        batch: &mut AfterBackward<'_, S, N, InParts<ROWS>, B>,
        penalty: Penalty,
    ) -> Measured {
        let ([gradient, sum], simd) = (self, batch.simd);
        batch.passes.gradient(simd, network, batch.x, batch.dy, gradient);
        if !batch.is_first {
            N::trainable_mut(None, gradient, [sum], Path::ROOT, &mut Addition(simd));
        }
        penalized::<S, N>(simd, network, gradient, penalty)
    }

    #[inline(always)]
    fn apply<S: Simd, N: Layer<Trainable = L>, O: Optimizer, const B: usize>(
        &mut self,
        network: &mut N,
        batch: AfterBackward<'_, S, N, InParts<ROWS>, B>,
        norm: Norm,
        optimizer: &O,
        number: u64,
        state: &mut Stored<O, L>,
    ) {
        let [gradient, _] = self;
        apply_kept::<S, InParts<ROWS>, N, O>(batch.simd, gradient, network, norm, optimizer, number, state);
    }
}

/// Adds a gradient to another.
struct Addition<S>(S);

impl<S: Simd, T: Element> VisitTrainable<T, 1> for Addition<S> {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, _: &mut [T], sum: &mut [T], [gradient]: [&mut [T]; 1]) {
        elementwise(self.0, &Plus, [&*gradient], [sum]);
    }
}
