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
    fn logits<S: Simd>(&self, simd: S, x: &[Self::Input], then: &impl ElementwiseKernel<0, 1>, y: &mut [Self::Output]);

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
