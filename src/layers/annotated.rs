//! What wrappers have in common that pass a layer on as it is, but say something more of its parameters.

/// `impl Zeroed`, `Layer` and `Accepts` for a wrapper with the field `layer`, from its generics with their bounds, what
/// becomes of each parameter on its way to a visitor, and how a line of the summary goes on.
macro_rules! annotated {
    ($wrapper:ident<$($annotation:ident: $bound:ident),+>, $annotate:expr, $suffix:literal, $($word:expr),+) => {
        // SAFETY: the fields are `Zeroed` and a marker of no size.
        unsafe impl<L: $crate::Zeroed, $($annotation),+> $crate::Zeroed for $wrapper<L, $($annotation),+> {}

        impl<L: $crate::layer::Layer, $($annotation: $bound),+> $crate::layer::Layer for $wrapper<L, $($annotation),+> {
            type Element = L::Element;
            type Input = L::Input;
            type Output = L::Output;
            type Tape<const BATCH: usize> = L::Tape<BATCH>;
            type Trainable = L::Trainable;
            type Head = L::Head;

            const PARAMS: usize = L::PARAMS;
            const MACS: usize = L::MACS;
            const FAULT: Option<$crate::message::Message> = L::FAULT;
            const TAKES_MISSING: bool = L::TAKES_MISSING;
            const OUTLINE: $crate::outline::Outline = L::OUTLINE;

            #[inline(always)]
            fn forward<S: $crate::kernel::Simd, E: $crate::layer::Ending, const BATCH: usize>(
                &self,
                simd: S,
                x: &[L::Input],
                y: &mut [L::Output],
            ) {
                self.layer.forward::<S, E, BATCH>(simd, x, y);
            }

            #[inline(always)]
            fn record<S: $crate::kernel::Simd, E: $crate::layer::Ending, const BATCH: usize>(
                &self,
                simd: S,
                rng: &mut $crate::Rng,
                x: &[L::Input],
                tape: &mut L::Tape<BATCH>,
                y: &mut [L::Output],
            ) {
                self.layer.record::<S, E, BATCH>(simd, rng, x, tape, y);
            }

            #[inline(always)]
            fn backward<S: $crate::kernel::Simd, E: $crate::layer::Ending, const BATCH: usize>(
                &self,
                simd: S,
                x: &[L::Input],
                tape: &mut L::Tape<BATCH>,
                y: &[L::Output],
                dy: &mut [L::Output],
                dx: Option<&mut [L::Input]>,
            ) {
                self.layer.backward::<S, E, BATCH>(simd, x, tape, y, dy, dx);
            }

            #[inline(always)]
            fn gradient<S: $crate::kernel::Simd, const BATCH: usize>(
                &self,
                simd: S,
                x: &[L::Input],
                tape: &mut L::Tape<BATCH>,
                dy: &[L::Output],
                gradient: &mut L::Trainable,
            ) {
                self.layer.gradient(simd, x, tape, dy, gradient);
            }

            #[inline(always)]
            fn learn<S: $crate::kernel::Simd, V: $crate::layer::Learn<L::Element, M>, const M: usize, const BATCH: usize>(
                &mut self,
                simd: S,
                x: &[L::Input],
                tape: &mut L::Tape<BATCH>,
                dy: &[L::Output],
                moments: [&mut L::Trainable; M],
                path: $crate::layer::Path<'_>,
                learner: &mut V,
            ) {
                let learner = &mut $crate::layers::annotated::Annotating(learner, $annotate);
                self.layer.learn(simd, x, tape, dy, moments, path, learner);
            }

            #[inline(always)]
            fn activate<S: $crate::kernel::Simd>(simd: S, logits: &mut [L::Output]) {
                L::activate(simd, logits);
            }

            #[inline(always)]
            fn parameters<V: $crate::layer::Visit<L::Element>>(
                &self,
                path: $crate::layer::Path<'_>,
                visitor: &mut V,
            ) {
                self.layer.parameters(path, &mut $crate::layers::annotated::Annotating(visitor, $annotate));
            }

            #[inline(always)]
            fn parameters_mut<V: $crate::layer::VisitMut<L::Element, M>, const M: usize>(
                networks: [&mut Self; M],
                path: $crate::layer::Path<'_>,
                visitor: &mut V,
            ) {
                let layers = networks.map(|network| &mut network.layer);
                L::parameters_mut(layers, path, &mut $crate::layers::annotated::Annotating(visitor, $annotate));
            }

            #[inline(always)]
            fn trainable<V: $crate::layer::Visit<L::Element>>(
                learnt: &L::Trainable,
                path: $crate::layer::Path<'_>,
                visitor: &mut V,
            ) {
                L::trainable(learnt, path, &mut $crate::layers::annotated::Annotating(visitor, $annotate));
            }

            #[inline(always)]
            fn trainable_mut<V: $crate::layer::VisitTrainable<L::Element, M>, const M: usize>(
                layer: Option<&mut Self>,
                gradient: &mut L::Trainable,
                moments: [&mut L::Trainable; M],
                path: $crate::layer::Path<'_>,
                visitor: &mut V,
            ) {
                let visitor = &mut $crate::layers::annotated::Annotating(visitor, $annotate);
                L::trainable_mut(layer.map(|layer| &mut layer.layer), gradient, moments, path, visitor);
            }

            fn describe(
                path: $crate::layer::Path<'_>,
                show: &mut dyn FnMut(&$crate::layer::Description<'_>),
            ) {
                L::describe(path, &mut |line| {
                    let kind = format_args!(concat!("{} + ", $suffix), line.kind, $($word),+);
                    show(&$crate::layer::Description { kind, ..*line });
                });
            }

            fn operations<V: $crate::layer::Operations<L::Element>>(
                &self,
                path: $crate::layer::Path<'_>,
                operations: &mut V,
            ) {
                self.layer.operations(path, operations);
            }
        }

        impl<X: $crate::Tensor, L: $crate::layer::Accepts<X>, $($annotation: $bound),+> $crate::layer::Accepts<X>
            for $wrapper<L, $($annotation),+>
        {
        }
    };
}
pub(super) use annotated;

use crate::{
    kernel::Element,
    layer::{Learn, Parameter, Visit, VisitMut, VisitTrainable},
};

/// Changes what is said of each parameter on its way to a visitor.
pub(super) struct Annotating<'a, V>(pub &'a mut V, pub fn(Parameter<'_>) -> Parameter<'_>);

impl<T, V: Visit<T>> Visit<T> for Annotating<'_, V> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, values: &[T]) {
        self.0.visit((self.1)(parameter), values);
    }
}

impl<T, V: VisitMut<T, M>, const M: usize> VisitMut<T, M> for Annotating<'_, V> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, values: [&mut [T]; M]) {
        self.0.visit((self.1)(parameter), values);
    }
}

impl<T, V: VisitTrainable<T, M>, const M: usize> VisitTrainable<T, M> for Annotating<'_, V> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, values: &mut [T], gradient: &mut [T], moments: [&mut [T]; M]) {
        self.0.visit((self.1)(parameter), values, gradient, moments);
    }
}

impl<T: Element, V: Learn<T, M>, const M: usize> Learn<T, M> for Annotating<'_, V> {
    #[inline(always)]
    fn product<const IN: usize, const OUT: usize>(
        &mut self,
        parameter: Parameter<'_>,
        x: &[[T; IN]],
        dz: &[[T; OUT]],
        kernel: &mut [[T; OUT]; IN],
        moments: [&mut [[T; OUT]; IN]; M],
    ) {
        self.0.product((self.1)(parameter), x, dz, kernel, moments);
    }

    #[inline(always)]
    fn sums<const N: usize>(
        &mut self,
        parameter: Parameter<'_>,
        dz: &[[T; N]],
        bias: &mut [T; N],
        moments: [&mut [T; N]; M],
    ) {
        self.0.sums((self.1)(parameter), dz, bias, moments);
    }
}
