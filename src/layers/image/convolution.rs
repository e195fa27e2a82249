//! What the convolutions of images and of series share.

use super::{Window, window};
use crate::{
    activation::Activation,
    kernel::{Element, ElementwiseKernel, Real, Simd, elementwise_row},
    layers::bias::Biased,
    message::Message,
};

/// The name of a convolution with these `numbers`, such as `Conv2d<8, 3, Relu>`.
pub(in crate::layers) const fn named<A: Activation, P: Window, Z: Biased>(
    layer: &str,
    numbers: &[usize],
    kernel: [usize; 2],
) -> Message<64> {
    let message = Message::new().text(layer).text("<").list(numbers).text(", ").text(A::NAME);
    window::named::<P>(message, kernel, [1, 1], [Z::SUFFIX, ", Bias"]).text(">")
}

/// The gradient of an [`Affine`](crate::layers::affine::Affine) layer whose kernel slides over images, with functions for
/// the whole gradient of the kernel and for its parts. The closures return the images that slide and are slid over, the
/// output as rows of channels, and the kernel as that of an image.
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
                $crate::kernel::sum_rows(simd, $pixels, bias);
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
            path: $crate::layer::Path<'_>,
            visitor: &mut V,
        ) {
            let kernels = $crate::kernel::map_each(&mut state, |state| {
                let $kernel = &mut state.kernel;
                $of_image
            });
            let $kernel = &mut self.kernel;
            $parts(simd, PhantomData::<$steps>, $from, $to, $of_image, kernels, |values, gradient, state| {
                visitor.visit(Self::TENSORS[0].at(path), values, gradient, state);
            });
            let biases = $crate::kernel::map_each(&mut state, |state| &mut state.bias);
            Z::sums(visitor, Self::TENSORS, path, $pixels, &mut self.bias, biases);
        }
    };
}
pub(in crate::layers) use sliding_gradient;

/// `push` of a convolution, whose formula for a window is `$formula` with `$steps`, and whose frames before the first
/// one are `$outside`. The closure returns the window, the kernel and the output as those of an image.
macro_rules! push_window {
    (
        $formula:ident, $steps:ty, $outside:expr,
        |$window:ident, $kernel:ident, $y:ident| ($image:expr, $of_image:expr, $row:expr)
    ) => {
        #[inline(always)]
        fn push<S: Simd>(&self, simd: S, state: &mut Self::State, frame: &Self::Frame, $y: &mut Self::Emitted) -> bool {
            let mut $window = [*$outside; K];
            let Some(_) = state.push(frame, $outside, &mut $window) else { return false };
            let ($kernel, bias) = (&self.kernel, Z::or_zeros(&self.bias));
            let row = core::array::from_mut(core::array::from_mut($row));
            $formula(simd, PhantomData::<$steps>, &[$image], $of_image, bias, &$crate::kernel::Unchanged, row);
            A::forward(simd, core::slice::from_mut($y));
            true
        }
    };
}
pub(in crate::layers) use push_window;

/// `y = then(y + bias)` for each pixel.
#[inline(always)]
pub(super) fn add_bias<S: Simd, T: Element, const F: usize>(
    simd: S,
    bias: &[T; F],
    then: &impl ElementwiseKernel<0, 1>,
    y: &mut [[T; F]],
) {
    for pixel in y {
        elementwise_row(simd, &AddThen(then), [bias], [pixel]);
    }
}

/// `then(y + bias)`
#[derive(Clone, Copy)]
struct AddThen<'a, M>(&'a M);

impl<M: ElementwiseKernel<0, 1>> ElementwiseKernel<1, 1> for AddThen<'_, M> {
    #[inline(always)]
    fn apply<V: Real>(&self, [bias]: [V; 1], [y]: [V; 1]) -> [V; 1] {
        self.0.apply([], [y + bias])
    }
}
