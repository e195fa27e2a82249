//! Layers that normalize each sample by itself: everything but the formulas.

use crate::{kernel::Simd, layer::Layer};

/// A layer that normalizes each sample by itself, and applies its `Head` to the result. The macro `sample_passes` implements
/// the passes of [`Layer`] from this trait, and `frame_passes` those of [`Streaming`](crate::stream::Streaming).
pub(super) trait EachSample: Layer {
    /// Computes `y` before the activation.
    fn normalize<S: Simd>(&self, simd: S, x: &[Self::Element], y: &mut [Self::Element]);

    /// Computes the gradients with respect to `x` and, added to `gradient`, to the parameters, from that with respect to `y`
    /// before the activation.
    fn normalize_backward<S: Simd>(
        &self,
        simd: S,
        x: &[Self::Element],
        dy: &[Self::Element],
        dx: Option<&mut [Self::Element]>,
        gradient: &mut Self,
    );
}

/// The tape and the passes of a layer [`EachSample`] with these parameters.
macro_rules! sample_passes {
    ($($parameter:ident),*) => {
        /// The numbers that the activation saves, and the gradients with respect to the parameters.
        type Tape<const B: usize> = (
            <<Self::Head as $crate::activation::Activation>::Saves as $crate::activation::Save>::Storage<
                Self::Output,
                B,
            >,
            Self,
        );

        #[inline(always)]
        fn forward_batch<S: $crate::kernel::Simd, E: $crate::layer::Ending, const B: usize>(
            &self,
            simd: S,
            x: &[Self::Input],
            y: &mut [Self::Output],
        ) {
            self.normalize(simd, $crate::Tensor::flat(x), $crate::Tensor::flat_mut(y));
            if !E::LOGITS {
                <Self::Head as $crate::activation::Activation>::forward(simd, y);
            }
        }

        #[inline(always)]
        fn record_batch<S: $crate::kernel::Simd, E: $crate::layer::Ending, const B: usize>(
            &self,
            simd: S,
            _: Option<&mut $crate::Rng>,
            x: &[Self::Input],
            (saved, _): &mut Self::Tape<B>,
            y: &mut [Self::Output],
        ) {
            self.forward_batch::<S, $crate::layer::Logits, B>(simd, x, y);
            $crate::layers::activate::activate::<S, E, Self::Head, _, B>(simd, y, saved);
        }

        #[inline(always)]
        fn backward_batch<S: $crate::kernel::Simd, E: $crate::layer::Ending, const B: usize>(
            &self,
            simd: S,
            x: &[Self::Input],
            (saved, gradient): &mut Self::Tape<B>,
            y: &[Self::Output],
            dy: &mut [Self::Output],
            dx: Option<&mut [Self::Input]>,
        ) {
            $crate::layers::activate::activate_backward::<S, E, Self::Head, _, B>(simd, saved, y, dy);
            $(gradient.$parameter = $crate::Zeroed::zeroed_on_stack();)*
            let (x, dy, dx) = ($crate::Tensor::flat(x), $crate::Tensor::flat(dy), dx.map($crate::Tensor::flat_mut));
            self.normalize_backward(simd, x, dy, dx, gradient);
        }

        #[inline(always)]
        fn gradient_batch<S: $crate::kernel::Simd, const B: usize>(
            &self,
            _: S,
            _: &[Self::Input],
            (_, computed): &mut Self::Tape<B>,
            _: &[Self::Output],
            gradient: &mut Self::Trainable,
        ) {
            $(gradient.$parameter = computed.$parameter;)*
        }
    };
}
pub(super) use sample_passes;

/// The items of [`Streaming`](crate::stream::Streaming) for a layer [`EachSample`] whose frames are normalized one at a time.
macro_rules! frame_passes {
    () => {
        type Frame = <I as $crate::Tensor>::Frame;
        type Emitted = <I as $crate::Tensor>::Frame;
        type State = ();

        const FRAME_MACS: usize = <Self::Frame as $crate::Tensor>::LEN;

        #[inline(always)]
        fn push<S: $crate::kernel::Simd>(
            &self,
            simd: S,
            (): &mut (),
            frame: &Self::Frame,
            y: &mut Self::Emitted,
        ) -> bool {
            self.normalize(
                simd,
                $crate::layers::norm::moments::flat(frame),
                $crate::layers::norm::moments::flat_mut(y),
            );
            A::forward(simd, core::slice::from_mut(y));
            true
        }
    };
}
pub(super) use frame_passes;
