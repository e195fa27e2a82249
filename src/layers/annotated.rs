//! Wrappers that compute the same as the layer inside, and change only the description of its parameters.

/// Implements `Zeroed`, `Parameters`, `Layer` and `Network` for a wrapper with the field `layer`. The arguments are its
/// generics with their bounds, the function that changes a parameter's description, and the format string and values of
/// the text that it adds to a line of the summary.
macro_rules! annotated {
    ($wrapper:ident<$($annotation:ident: $bound:ident),+>, $annotate:expr, $suffix:literal, $($word:expr),+) => {
        // SAFETY: the fields are `Zeroed` and a marker of no size.
        unsafe impl<L: $crate::Zeroed, $($annotation),+> $crate::Zeroed for $wrapper<L, $($annotation),+> {}

        impl<L: $crate::layer::Layer, $($annotation: $bound),+> $crate::layer::Parameters for $wrapper<L, $($annotation),+> {
            type Element = L::Element;
            type Trainable = L::Trainable;

            const PARAMS: usize = L::PARAMS;
            const KIND: $crate::message::Message<64> = L::KIND;

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
                mut layers: [&mut Self; M],
                path: $crate::layer::Path<'_>,
                visitor: &mut V,
            ) {
                let layers = $crate::kernel::map_each(&mut layers, |layer| &mut layer.layer);
                L::parameters_mut(layers, path, &mut $crate::layers::annotated::Annotating(visitor, $annotate));
            }

            #[inline(always)]
            fn trainable<V: $crate::layer::Visit<L::Element>>(
                trainable: &L::Trainable,
                path: $crate::layer::Path<'_>,
                visitor: &mut V,
            ) {
                L::trainable(trainable, path, &mut $crate::layers::annotated::Annotating(visitor, $annotate));
            }

            #[inline(always)]
            fn trainable_mut<V: $crate::layer::VisitTrainable<L::Element, M>, const M: usize>(
                layer: Option<&mut Self>,
                gradient: &mut L::Trainable,
                state: [&mut L::Trainable; M],
                path: $crate::layer::Path<'_>,
                visitor: &mut V,
            ) {
                let visitor = &mut $crate::layers::annotated::Annotating(visitor, $annotate);
                L::trainable_mut(layer.map(|layer| &mut layer.layer), gradient, state, path, visitor);
            }
        }

        impl<L: $crate::stream::Streaming, $($annotation: $bound),+> $crate::stream::Streaming for $wrapper<L, $($annotation),+> {
            const PADDED_FAULT: Option<$crate::message::Message> = L::PADDED_FAULT;
            $crate::stream::by_layer!(L, |this| &this.layer);
        }

        impl<L: $crate::layer::Layer, $($annotation: $bound),+> $crate::layer::Layer for $wrapper<L, $($annotation),+> {
            type Input = L::Input;
            type Output = L::Output;
            type Tape<const BATCH: usize> = L::Tape<BATCH>;
            type Head = L::Head;

            const MACS: usize = L::MACS;
            const FAULT: Option<$crate::message::Message> = L::FAULT;
            const TAKES_MISSING: bool = L::TAKES_MISSING;
            const TAKES_WHOLE: bool = L::TAKES_WHOLE;
            const KEEPS_WHOLE: bool = L::KEEPS_WHOLE;
            const OUTLINE: $crate::layer::Outline = L::OUTLINE;

            #[inline(always)]
            fn invalid(x: &L::Input) -> Option<$crate::layer::Invalid> {
                L::invalid(x)
            }

            #[inline(always)]
            fn part(x: &L::Input) -> Option<(usize, &L::Output)> {
                L::part(x)
            }

            #[inline(always)]
            fn forward_batch<S: $crate::kernel::Simd, E: $crate::layer::Ending, const BATCH: usize>(
                &self,
                simd: S,
                x: &[L::Input],
                y: &mut [L::Output],
            ) {
                self.layer.forward_batch::<S, E, BATCH>(simd, x, y);
            }

            #[inline(always)]
            fn forward_padded<S: $crate::kernel::Simd, E: $crate::layer::Ending, const BATCH: usize>(
                &self,
                simd: S,
                lengths: &[usize],
                x: &[L::Input],
                y: &mut [L::Output],
            ) {
                self.layer.forward_padded::<S, E, BATCH>(simd, lengths, x, y);
            }

            #[inline(always)]
            fn set_lengths<const BATCH: usize>(tape: &mut L::Tape<BATCH>, lengths: &[usize]) {
                L::set_lengths::<BATCH>(tape, lengths);
            }

            #[inline(always)]
            fn record_batch<S: $crate::kernel::Simd, E: $crate::layer::Ending, const BATCH: usize>(
                &self,
                simd: S,
                rng: Option<&mut $crate::Rng>,
                x: &[L::Input],
                tape: &mut L::Tape<BATCH>,
                y: &mut [L::Output],
            ) {
                self.layer.record_batch::<S, E, BATCH>(simd, rng, x, tape, y);
            }

            #[inline(always)]
            fn backward_batch<S: $crate::kernel::Simd, E: $crate::layer::Ending, const BATCH: usize>(
                &self,
                simd: S,
                x: &[L::Input],
                tape: &mut L::Tape<BATCH>,
                y: &[L::Output],
                dy: &mut [L::Output],
                dx: Option<&mut [L::Input]>,
            ) {
                self.layer.backward_batch::<S, E, BATCH>(simd, x, tape, y, dy, dx);
            }

            #[inline(always)]
            fn gradient_batch<S: $crate::kernel::Simd, const BATCH: usize>(
                &self,
                simd: S,
                x: &[L::Input],
                tape: &mut L::Tape<BATCH>,
                dy: &[L::Output],
                gradient: &mut L::Trainable,
            ) {
                self.layer.gradient_batch(simd, x, tape, dy, gradient);
            }

            #[inline(always)]
            fn visit_gradient<S: $crate::kernel::Simd, V: $crate::layer::VisitGradient<L::Element, M>, const M: usize, const BATCH: usize>(
                &mut self,
                simd: S,
                x: &[L::Input],
                tape: &mut L::Tape<BATCH>,
                dy: &[L::Output],
                state: [&mut L::Trainable; M],
                path: $crate::layer::Path<'_>,
                visitor: &mut V,
            ) {
                let visitor = &mut $crate::layers::annotated::Annotating(visitor, $annotate);
                self.layer.visit_gradient(simd, x, tape, dy, state, path, visitor);
            }

            #[inline(always)]
            fn update_statistics<S: $crate::kernel::Simd, const BATCH: usize>(
                &mut self,
                simd: S,
                tape: &L::Tape<BATCH>,
                share: f64,
            ) {
                self.layer.update_statistics(simd, tape, share);
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

        impl<L: $crate::network::Network, $($annotation: $bound),+> $crate::network::Network
            for $wrapper<L, $($annotation),+>
        {
        }
    };
}
pub(super) use annotated;

use crate::{
    kernel::Element,
    layer::{Parameter, Visit, VisitGradient, VisitMut, VisitTrainable},
};

/// Changes the description of each parameter on its way to a visitor.
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
    fn visit(&mut self, parameter: Parameter<'_>, values: &mut [T], gradient: &mut [T], state: [&mut [T]; M]) {
        self.0.visit((self.1)(parameter), values, gradient, state);
    }
}

impl<T: Element, V: VisitGradient<T, M>, const M: usize> VisitGradient<T, M> for Annotating<'_, V> {
    #[inline(always)]
    fn product<const IN: usize, const OUT: usize>(
        &mut self,
        parameter: Parameter<'_>,
        x: &[[T; IN]],
        dz: &[[T; OUT]],
        kernel: &mut [[T; OUT]; IN],
        state: [&mut [[T; OUT]; IN]; M],
    ) {
        self.0.product((self.1)(parameter), x, dz, kernel, state);
    }

    #[inline(always)]
    fn sums<const N: usize>(
        &mut self,
        parameter: Parameter<'_>,
        dz: &[[T; N]],
        bias: &mut [T; N],
        state: [&mut [T; N]; M],
    ) {
        self.0.sums((self.1)(parameter), dz, bias, state);
    }
}
