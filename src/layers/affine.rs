//! Layers that end in an activation: everything but the linear map and its bias.

use crate::{
    activation::Fusible,
    kernel::{ElementwiseKernel, Simd},
    layer::Layer,
};

/// A layer that computes logits, the weights times the input plus a bias, and applies its `Head` to them. The macro
/// `affine_passes` implements the passes of [`Layer`] from this trait.
pub(super) trait Affine: Layer {
    /// Computes `then(z)` from the logits `z`.
    fn logits<S: Simd, O: ElementwiseKernel<0, 1>>(&self, simd: S, x: &[Self::Input], then: &O, y: &mut [Self::Output]);

    /// Computes the gradient with respect to the input, from that with respect to the logits.
    fn logits_backward<S: Simd>(&self, simd: S, dz: &[Self::Output], dx: &mut [Self::Input]);
}

/// The logits of `x`, followed by an activation.
pub(super) struct LogitsOf<'a, S, L: Layer> {
    pub simd: S,
    pub layer: &'a L,
    pub x: &'a [L::Input],
}

impl<S: Simd, L: Affine> Fusible<L::Output> for LogitsOf<'_, S, L> {
    #[inline(always)]
    fn compute<O: ElementwiseKernel<0, 1>>(self, then: &O, y: &mut [L::Output]) {
        self.layer.logits(self.simd, self.x, then, y);
    }
}

/// The tape and the passes of an [`Affine`] layer.
macro_rules! affine_passes {
    () => {
        type Tape<const B: usize> =
            <<Self::Head as $crate::activation::Activation>::Saves as $crate::activation::Save>::Storage<
                Self::Output,
                B,
            >;

        #[inline(always)]
        fn forward_batch<S: $crate::kernel::Simd, E: $crate::layer::Ending, const B: usize>(
            &self,
            simd: S,
            x: &[Self::Input],
            y: &mut [Self::Output],
        ) {
            let logits = $crate::layers::affine::LogitsOf { simd, layer: self, x };
            $crate::layers::activate::compute::<S, E, Self::Head, _>(simd, logits, y);
        }

        #[inline(always)]
        fn record_batch<S: $crate::kernel::Simd, E: $crate::layer::Ending, const B: usize>(
            &self,
            simd: S,
            _: Option<&mut $crate::Rng>,
            x: &[Self::Input],
            tape: &mut Self::Tape<B>,
            y: &mut [Self::Output],
        ) {
            let logits = $crate::layers::affine::LogitsOf { simd, layer: self, x };
            $crate::layers::activate::record::<S, E, Self::Head, _, B>(simd, logits, y, tape);
        }

        #[inline(always)]
        fn backward_batch<S: $crate::kernel::Simd, E: $crate::layer::Ending, const B: usize>(
            &self,
            simd: S,
            _: &[Self::Input],
            tape: &mut Self::Tape<B>,
            y: &[Self::Output],
            dy: &mut [Self::Output],
            dx: Option<&mut [Self::Input]>,
        ) {
            $crate::layers::activate::activate_backward::<S, E, Self::Head, _, B>(simd, tape, y, dy);
            if let Some(dx) = dx {
                $crate::layers::affine::Affine::logits_backward(self, simd, dy, dx);
            }
        }
    };
}
pub(super) use affine_passes;

/// The gradient of an [`Affine`] layer whose kernel slides over images, with functions for the whole gradient of the
/// kernel and for its parts. The closures return the images that slide and are slid over, the output as rows of
/// channels, and the kernel as that of an image.
macro_rules! sliding_gradient {
    (
        $whole:ident, $parts:ident, $steps:ty, |$x:ident, $dz:ident| ($from:expr, $to:expr), $pixels:expr,
        |$kernel:ident| $of_image:expr
    ) => {
        #[inline(always)]
        fn gradient_batch<S: $crate::kernel::Simd, const B: usize>(
            &self,
            simd: S,
            $x: &[Self::Input],
            _: &mut Self::Tape<B>,
            $dz: &[Self::Output],
            gradient: &mut Self,
        ) {
            let $kernel = &mut gradient.kernel;
            $whole(simd, PhantomData::<$steps>, $from, $to, $of_image);
            if let Some(bias) = Z::get_mut(&mut gradient.bias) {
                sum_rows(simd, $pixels, bias);
            }
        }

        /// On microcontrollers, the gradient of the kernel is used a row at a time.
        #[inline(always)]
        fn visit_gradient<
            S: $crate::kernel::Simd,
            V: $crate::layer::VisitGradient<T, M>,
            const M: usize,
            const B: usize,
        >(
            &mut self,
            simd: S,
            $x: &[Self::Input],
            _: &mut Self::Tape<B>,
            $dz: &[Self::Output],
            mut state: [&mut Self; M],
            path: Path<'_>,
            visitor: &mut V,
        ) {
            let kernels = map_each(&mut state, |state| {
                let $kernel = &mut state.kernel;
                $of_image
            });
            let $kernel = &mut self.kernel;
            $parts(simd, PhantomData::<$steps>, $from, $to, $of_image, kernels, |values, gradient, state| {
                visitor.visit(Self::TENSORS[0].at(path), values, gradient, state);
            });
            let biases = map_each(&mut state, |state| &mut state.bias);
            Z::sums(visitor, Self::TENSORS, path, $pixels, &mut self.bias, biases);
        }
    };
}
pub(super) use sliding_gradient;
