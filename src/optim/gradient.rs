//! The storage of a gradient: in memory of its own, nowhere, or summed over several steps.

use core::{array::from_mut, marker::PhantomData};

use super::{
    Optimizer,
    clip::clip,
    norm::{Bound, Norm, norm},
    state::{OptimizerState, StateCount},
    update::Update,
};
use crate::{
    Zeroed,
    cores::{Cores, OneCore},
    kernel::{Element, ElementwiseKernel, Real, Simd, elementwise, sum_of},
    layer::{Layer, Parameter, Path, VisitGradient, VisitTrainable},
    regularize::Penalty,
};

/// A choice of [`GradientMemory`] and of the cores that compute the gradient.
pub trait GradientKind: 'static {
    /// Whether the batch passes through the network whole and on one core, so that [`InPlace`](super::InPlace) may use
    /// each gradient at once.
    const WHOLE: bool = true;
    /// The cores.
    type Cores: Cores;
    /// The memory for the gradient of all trainable parameters `L`.
    type Memory<L: Zeroed>: GradientMemory<L, Self::Cores>;
}

/// The gradient of the whole network is kept.
#[derive(Clone, Copy, Debug)]
pub struct Kept;

/// The gradient of each parameter is used as soon as it is computed.
#[derive(Clone, Copy, Debug)]
pub struct NotKept;

impl GradientKind for Kept {
    type Cores = OneCore;
    type Memory<L: Zeroed> = [L; 1];
}

impl GradientKind for NotKept {
    type Cores = OneCore;
    type Memory<L: Zeroed> = [L; 0];
}

/// The gradient and the sum of the gradients since the last update are kept.
#[derive(Clone, Copy, Debug)]
pub struct Summed;

impl GradientKind for Summed {
    type Cores = OneCore;
    type Memory<L: Zeroed> = [L; 2];
}

/// The values from which gradients are computed after the backward pass.
pub struct AfterBackward<'a, S, N: Layer, C: Cores, const B: usize> {
    /// The instruction set in use.
    pub simd: S,
    /// The inputs of the batch.
    pub x: &'a [N::Input],
    /// The memory of the passes.
    pub passes: &'a mut C::Passes<N, B>,
    /// The gradient of the loss with respect to the outputs, as `backward_batch` left it.
    pub dy: &'a [N::Output],
    /// Whether these are the first rows of the batch.
    pub is_first: bool,
}

/// The measures of a gradient that a step needs before it changes any weight.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The norm of the gradient, or an upper bound.
    pub norm: Norm,
    /// The cost of penalties, which is part of the loss.
    pub cost: f64,
}

/// Memory for the gradient of all trainable parameters `L`, of the network `N`.
pub trait GradientMemory<L: Zeroed, C: Cores>: Zeroed {
    /// The multiple of the norm that the element type must be able to represent, so that no number overflows on the way
    /// to the gradient that is applied: 0 if nothing is added to it, more than 1 where sums are rounded. Each of several
    /// steps that are summed has to leave room for the others.
    const MARGIN: f64;

    /// Adds the gradient of a part of the batch which is not the last.
    fn add<S: Simd, N: Layer<Trainable = L>, const B: usize>(
        &mut self,
        network: &N,
        part: &mut AfterBackward<'_, S, N, C, B>,
    ) {
        let _ = (network, part);
    }

    /// Measures the gradient of all parts, of which `batch` is the last, and computes it with its penalties if it is kept.
    fn measure<S: Simd, N: Layer<Trainable = L>, const B: usize>(
        &mut self,
        network: &mut N,
        batch: &mut AfterBackward<'_, S, N, C, B>,
        penalty: Penalty,
    ) -> Measured;

    /// Clips the gradient, whose norm is known, and applies step `number` of the optimizer.
    fn apply<S: Simd, N: Layer<Trainable = L>, O: Optimizer, const B: usize>(
        &mut self,
        network: &mut N,
        batch: AfterBackward<'_, S, N, C, B>,
        norm: Norm,
        optimizer: &O,
        number: u64,
        state: &mut Stored<O, L>,
    );

    /// The sum of gradients that have not been applied to the weights yet, which a resumed run needs: one item or none.
    fn sum(&self) -> &[L] {
        &[]
    }

    /// The same with write access.
    fn sum_mut(&mut self) -> &mut [L] {
        &mut []
    }
}

/// The state of the optimizer `O` for all trainable parameters `L`.
pub(crate) type Stored<O, L> = <<<O as Optimizer>::State as OptimizerState>::Count as StateCount>::Stored<L>;

/// The whole gradient.
impl<L: Zeroed> GradientMemory<L, OneCore> for [L; 1] {
    const MARGIN: f64 = 0.0;

    #[inline(always)]
    fn measure<S: Simd, N: Layer<Trainable = L>, const B: usize>(
        &mut self,
        network: &mut N,
        batch: &mut AfterBackward<'_, S, N, OneCore, B>,
        penalty: Penalty,
    ) -> Measured {
        let ([gradient], simd) = (self, batch.simd);
        batch.passes.gradient(simd, network, batch.x, batch.dy, gradient);
        penalized::<S, N>(simd, network, gradient, penalty)
    }

    #[inline(always)]
    fn apply<S: Simd, N: Layer<Trainable = L>, O: Optimizer, const B: usize>(
        &mut self,
        network: &mut N,
        batch: AfterBackward<'_, S, N, OneCore, B>,
        norm: Norm,
        optimizer: &O,
        number: u64,
        state: &mut Stored<O, L>,
    ) {
        let [gradient] = self;
        apply_kept::<S, OneCore, N, O>(batch.simd, gradient, network, norm, optimizer, number, state);
    }
}

/// Adds the gradient of the penalties, and measures the sum.
#[inline(always)]
pub(super) fn penalized<S: Simd, N: Layer>(
    simd: S,
    network: &mut N,
    gradient: &mut N::Trainable,
    penalty: Penalty,
) -> Measured {
    let mut penalties = Penalties { simd, penalty, cost: 0.0 };
    N::trainable_mut(Some(network), gradient, [], Path::ROOT, &mut penalties);
    Measured { norm: norm::<S, OneCore, N>(simd, gradient), cost: penalties.cost }
}

/// Clips a gradient in memory, whose norm is known, and applies step `number` of the optimizer.
#[inline(always)]
pub(super) fn apply_kept<S: Simd, C: Cores, N: Layer, O: Optimizer>(
    simd: S,
    gradient: &mut N::Trainable,
    network: &mut N,
    norm: Norm,
    optimizer: &O,
    number: u64,
    state: &mut Stored<O, N::Trainable>,
) {
    if let Some(limit) = optimizer.settings().clip {
        clip::<S, C, N>(simd, limit, norm, gradient);
    }
    let mut update = Update::<S, C, O, true>::new(simd, optimizer, number);
    CountOf::<O>::apply(InMemory::<S, C, _>(simd, gradient, PhantomData), network, state, &mut update);
}

/// Adds a gradient to the sum, or in the last of `every` steps replaces the gradient by the mean and the sum by 0.
/// Returns whether it is the last.
#[inline(always)]
pub(super) fn accumulate<S: Simd, C: Cores, N: Layer>(
    simd: S,
    gradient: &mut N::Trainable,
    sum: &mut N::Trainable,
    number: u64,
    every: u64,
) -> bool {
    let mean_of = (number % every + 1 == every).then_some(every as f64);
    N::trainable_mut(None, gradient, [sum], Path::ROOT, &mut Accumulation::<S, C>(simd, Sum { mean_of }, PhantomData));
    mean_of.is_some()
}

/// A gradient, and the sum of the gradients since the last update.
impl<L: Zeroed> GradientMemory<L, OneCore> for [L; 2] {
    const MARGIN: f64 = 1.0625;

    #[inline(always)]
    fn measure<S: Simd, N: Layer<Trainable = L>, const B: usize>(
        &mut self,
        network: &mut N,
        batch: &mut AfterBackward<'_, S, N, OneCore, B>,
        penalty: Penalty,
    ) -> Measured {
        let [gradient, _] = self.each_mut().map(from_mut);
        GradientMemory::<L, OneCore>::measure(gradient, network, batch, penalty)
    }

    #[inline(always)]
    fn apply<S: Simd, N: Layer<Trainable = L>, O: Optimizer, const B: usize>(
        &mut self,
        network: &mut N,
        batch: AfterBackward<'_, S, N, OneCore, B>,
        _: Norm,
        optimizer: &O,
        number: u64,
        state: &mut Stored<O, L>,
    ) {
        let ([gradient, sum], simd) = (self, batch.simd);
        if accumulate::<S, OneCore, N>(simd, gradient, sum, number, optimizer.steps_per_update()) {
            let norm = norm::<S, OneCore, N>(simd, gradient);
            apply_kept::<S, OneCore, N, O>(simd, gradient, network, norm, optimizer, number, state);
        }
    }

    fn sum(&self) -> &[L] {
        &self[1..]
    }

    fn sum_mut(&mut self) -> &mut [L] {
        &mut self[1..]
    }
}

struct Accumulation<S, C>(S, Sum, PhantomData<C>);

#[derive(Clone, Copy)]
struct Sum {
    mean_of: Option<f64>,
}

impl ElementwiseKernel<0, 2> for Sum {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [g, sum]: [V; 2]) -> [V; 2] {
        match self.mean_of {
            Some(steps) => [(g + sum) / V::splat(steps), V::splat(0.0)],
            None => [g, g + sum],
        }
    }
}

impl<S: Simd, C: Cores, T: Element> VisitTrainable<T, 1> for Accumulation<S, C> {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, _: &mut [T], gradient: &mut [T], [sum]: [&mut [T]; 1]) {
        C::elementwise(self.0, &self.1, [], [gradient, sum]);
    }
}

type CountOf<O> = <<O as Optimizer>::State as OptimizerState>::Count;

/// No memory for the gradient: it is computed twice, once to bound its norm and once to apply it.
impl<L: Zeroed> GradientMemory<L, OneCore> for [L; 0] {
    const MARGIN: f64 = 1.0625;

    #[inline(always)]
    fn measure<S: Simd, N: Layer<Trainable = L>, const B: usize>(
        &mut self,
        network: &mut N,
        batch: &mut AfterBackward<'_, S, N, OneCore, B>,
        penalty: Penalty,
    ) -> Measured {
        let simd = batch.simd;
        let mut bound = Bound::<S, false>::new(simd, penalty);
        batch.passes.visit_gradient(simd, network, batch.x, batch.dy, [], &mut bound);
        let norm = Norm::of(bound.square(), || {
            let mut bound = Bound::<S, true>::new(simd, penalty);
            batch.passes.visit_gradient(simd, network, batch.x, batch.dy, [], &mut bound);
            bound.square()
        });
        Measured { norm, cost: bound.cost }
    }

    #[inline(always)]
    fn apply<S: Simd, N: Layer<Trainable = L>, O: Optimizer, const B: usize>(
        &mut self,
        network: &mut N,
        batch: AfterBackward<'_, S, N, OneCore, B>,
        _: Norm,
        optimizer: &O,
        number: u64,
        state: &mut Stored<O, L>,
    ) {
        let mut update = Update::<S, OneCore, O, false>::new(batch.simd, optimizer, number);
        CountOf::<O>::apply(batch, network, state, &mut update);
    }
}

/// A source of gradients.
pub trait GradientSource<N: Layer> {
    /// The instruction set in use.
    type Simd: Simd;
    /// The cores.
    type Cores: Cores;

    /// Visits the gradient of each parameter, with the parameter and its state.
    fn visit<V: VisitGradient<N::Element, M>, const M: usize>(
        self,
        network: &mut N,
        state: [&mut N::Trainable; M],
        visitor: &mut V,
    );
}

/// A gradient in memory.
struct InMemory<'a, S, C, L>(S, &'a mut L, PhantomData<C>);

impl<S: Simd, C: Cores, N: Layer> GradientSource<N> for InMemory<'_, S, C, N::Trainable> {
    type Simd = S;
    type Cores = C;

    #[inline(always)]
    fn visit<V: VisitGradient<N::Element, M>, const M: usize>(
        self,
        network: &mut N,
        state: [&mut N::Trainable; M],
        visitor: &mut V,
    ) {
        N::trainable_mut(Some(network), self.1, state, Path::ROOT, visitor);
    }
}

/// Gradients that are computed parameter by parameter.
impl<S: Simd, N: Layer, const B: usize> GradientSource<N> for AfterBackward<'_, S, N, OneCore, B> {
    type Simd = S;
    type Cores = OneCore;

    #[inline(always)]
    fn visit<V: VisitGradient<N::Element, M>, const M: usize>(
        self,
        network: &mut N,
        state: [&mut N::Trainable; M],
        visitor: &mut V,
    ) {
        self.passes.visit_gradient(self.simd, network, self.x, self.dy, state, visitor);
    }
}

/// Adds the gradient of the penalties, and sums their cost.
struct Penalties<S> {
    simd: S,
    penalty: Penalty,
    cost: f64,
}

impl<S: Simd, T: Element> VisitTrainable<T, 0> for Penalties<S> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, weights: &mut [T], gradient: &mut [T], []: [&mut [T]; 0]) {
        let penalty = parameter.penalty_with(self.penalty);
        if penalty != Penalty::NONE {
            self.cost += sum_of(self.simd, &penalty, [&*weights]).to_f64();
            elementwise(self.simd, &penalty, [&*weights], [gradient]);
        }
    }
}
