//! A layer, or a whole network, whose weights cost.

use core::marker::PhantomData;

use crate::{
    Rng, Tensor, Zeroed,
    kernel::Simd,
    layer::{Accepts, Description, Ending, Layer, Operations, Parameter, Path, Role, Visit, VisitMut},
    message::Message,
    regularize::Regularizer,
};

/// `L` with the penalty `R` on its kernels.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Net = (Regularized<Dense<4, 8, Relu>, L2<1, -3>>, Dense<8, 1, Linear>);
/// assert_eq!(Net::PARAMS, 49);
/// ```
#[derive(Clone, Debug)]
pub struct Regularized<L, R> {
    /// The layer.
    pub layer: L,
    regularizer: PhantomData<fn() -> R>,
}

// SAFETY: the fields are `Zeroed` and a marker of no size.
unsafe impl<L: Zeroed, R> Zeroed for Regularized<L, R> {}

impl<L: Layer, R: Regularizer> Layer for Regularized<L, R> {
    type Element = L::Element;
    type Input = L::Input;
    type Output = L::Output;
    type Tape<const B: usize> = L::Tape<B>;
    type Head = L::Head;

    const PARAMS: usize = L::PARAMS;
    const MACS: usize = L::MACS;
    const FAULT: Option<Message> = L::FAULT;
    const TAKES_MISSING: bool = L::TAKES_MISSING;

    #[inline(always)]
    fn forward<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[L::Input], y: &mut [L::Output]) {
        self.layer.forward::<S, E, B>(simd, x, y);
    }

    #[inline(always)]
    fn record<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        rng: &mut Rng,
        x: &[L::Input],
        tape: &mut L::Tape<B>,
        y: &mut [L::Output],
    ) {
        self.layer.record::<S, E, B>(simd, rng, x, tape, y);
    }

    #[inline(always)]
    fn backward<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[L::Input],
        tape: &mut L::Tape<B>,
        y: &[L::Output],
        dy: &mut [L::Output],
        dx: Option<&mut [L::Input]>,
        gradient: &mut Self,
    ) {
        self.layer.backward::<S, E, B>(simd, x, tape, y, dy, dx, &mut gradient.layer);
    }

    #[inline(always)]
    fn activate<S: Simd>(simd: S, logits: &mut [L::Output]) {
        L::activate(simd, logits);
    }

    #[inline(always)]
    fn parameters<V: Visit<L::Element>>(&self, path: Path<'_>, visitor: &mut V) {
        self.layer.parameters(path, &mut Penalised::<V, R>(visitor, PhantomData));
    }

    #[inline(always)]
    fn parameters_mut<V: VisitMut<L::Element, M>, const M: usize>(
        networks: [&mut Self; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        let layers = networks.map(|network| &mut network.layer);
        L::parameters_mut(layers, path, &mut Penalised::<V, R>(visitor, PhantomData));
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        L::describe(path, &mut |line| {
            show(&Description { kind: format_args!("{} + {}", line.kind, R::PENALTY), ..*line });
        });
    }

    fn operations<V: Operations<L::Element>>(&self, path: Path<'_>, operations: &mut V) {
        self.layer.operations(path, operations);
    }
}

impl<X: Tensor, L: Accepts<X>, R: Regularizer> Accepts<X> for Regularized<L, R> {}

/// Adds the penalty to each kernel on its way to a visitor.
struct Penalised<'a, V, R>(&'a mut V, PhantomData<R>);

impl<V, R: Regularizer> Penalised<'_, V, R> {
    #[inline(always)]
    fn penalise<'p>(&self, parameter: Parameter<'p>) -> Parameter<'p> {
        match parameter.role {
            Role::Kernel => Parameter { penalty: parameter.penalty + R::PENALTY, ..parameter },
            Role::Bias | Role::Statistic => parameter,
        }
    }
}

impl<T, V: Visit<T>, R: Regularizer> Visit<T> for Penalised<'_, V, R> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, values: &[T]) {
        self.0.visit(self.penalise(parameter), values);
    }
}

impl<T, V: VisitMut<T, M>, R: Regularizer, const M: usize> VisitMut<T, M> for Penalised<'_, V, R> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, values: [&mut [T]; M]) {
        self.0.visit(self.penalise(parameter), values);
    }
}
