//! A layer, or a whole network, that starts as its type says.

use core::marker::PhantomData;

use crate::{
    Rng, Tensor, Zeroed,
    init::{Initialize, Preferred},
    kernel::Simd,
    layer::{Accepts, Description, Ending, Layer, Operations, Parameter, Path, Role, Visit, VisitMut},
    message::Message,
};

/// `L` whose kernels start with the initialiser `K`, and whose biases with `B`.
///
/// ```
/// use shiplap::{init::{Constant, HeNormal, Preferred}, prelude::*};
///
/// // Kernels by He's normal, biases at 0.1; and one whose kernels start as they do anyway.
/// type Net = (
///     Initialized<Dense<4, 8, Gelu>, HeNormal, Constant<1, -1>>,
///     Initialized<Dense<8, 1, Linear>, Preferred, Constant<-2, 0>>,
/// );
/// let net: Net = Network::new(1);
/// assert_eq!((net.0.layer.bias, net.1.layer.bias), ([0.1; 8], [-2.0]));
/// ```
#[derive(Clone, Debug)]
pub struct Initialized<L, K, B = Preferred> {
    /// The layer.
    pub layer: L,
    initializers: PhantomData<fn() -> (K, B)>,
}

// SAFETY: the fields are `Zeroed` and a marker of no size.
unsafe impl<L: Zeroed, K, B> Zeroed for Initialized<L, K, B> {}

impl<L: Layer, K: Initialize, I: Initialize> Layer for Initialized<L, K, I> {
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
        self.layer.parameters(path, &mut Starting::<V, K, I>(visitor, PhantomData));
    }

    #[inline(always)]
    fn parameters_mut<V: VisitMut<L::Element, M>, const M: usize>(
        networks: [&mut Self; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        let layers = networks.map(|network| &mut network.layer);
        L::parameters_mut(layers, path, &mut Starting::<V, K, I>(visitor, PhantomData));
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        L::describe(path, &mut |line| {
            show(&Description { kind: format_args!("{} + {}, {}", line.kind, K::NAME, I::NAME), ..*line });
        });
    }

    fn operations<V: Operations<L::Element>>(&self, path: Path<'_>, operations: &mut V) {
        self.layer.operations(path, operations);
    }
}

impl<X: Tensor, L: Accepts<X>, K: Initialize, I: Initialize> Accepts<X> for Initialized<L, K, I> {}

/// Names the initialiser of each parameter on its way to a visitor.
struct Starting<'a, V, K, B>(&'a mut V, PhantomData<(K, B)>);

impl<V, K: Initialize, B: Initialize> Starting<'_, V, K, B> {
    #[inline(always)]
    fn start<'p>(&self, parameter: Parameter<'p>) -> Parameter<'p> {
        let chosen = match parameter.role {
            Role::Kernel => K::INITIALIZER,
            Role::Bias => B::INITIALIZER,
            Role::Statistic => None,
        };
        Parameter { initializer: chosen.unwrap_or(parameter.initializer), ..parameter }
    }
}

impl<T, V: Visit<T>, K: Initialize, B: Initialize> Visit<T> for Starting<'_, V, K, B> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, values: &[T]) {
        self.0.visit(self.start(parameter), values);
    }
}

impl<T, V: VisitMut<T, M>, K: Initialize, B: Initialize, const M: usize> VisitMut<T, M> for Starting<'_, V, K, B> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, values: [&mut [T]; M]) {
        self.0.visit(self.start(parameter), values);
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::{
        init::{Constant, Zeros},
        prelude::*,
    };

    #[test]
    fn kernels_and_biases_start_as_told() {
        type Both = Initialized<Dense<2, 3, Relu>, Constant<5, -1>, Constant<-1, 1>>;
        let both: Both = Network::new(1);
        assert_eq!(both.layer, Dense::from_parts([[0.5; 3]; 2], [-10.0; 3]));
        assert!(Both::summary().to_string().contains("Dense<2, 3, Relu> + Constant, Constant"));
        // The inner choice is the nearer one only where the outer leaves it.
        type Outer = Initialized<(Both, Dense<3, 1, Linear>), Zeros>;
        let Initialized { layer: (inner, last), .. } = Outer::new(1);
        assert_eq!((inner.layer.kernel, inner.layer.bias), ([[0.0; 3]; 2], [-10.0; 3]));
        assert_eq!(last, Dense::zeroed());
    }
}
