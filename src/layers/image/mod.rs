//! Layers of images, `[[[T; CHANNELS]; WIDTH]; HEIGHT]`: [`Conv2d`], [`DepthwiseConv2d`], [`ConvTranspose2d`]; pooling
//! ([`MaxPool2d`], [`AveragePool2d`], [`GlobalAveragePool`], [`GlobalMaxPool`]); [`UpSample2d`], [`Resize2d`], [`ZeroPad2d`];
//! [`SpatialDropout`]; [`Flatten`], [`Reshape`]. A [`Window`] describes the steps of a window and the padding, also of the
//! layers of series in [`sequence`](super::sequence).

mod conv2d;
mod conv_transpose2d;
pub(super) mod convolution;
mod crop2d;
mod depthwise_conv2d;
pub(super) mod fault;
mod flatten;
mod global_max_pool;
mod global_pool;
mod pool2d;
mod pool_passes;
pub(crate) mod recent;
mod reduce;
mod registers;
mod reshape;
mod resize2d;
mod sampling;
mod spatial_dropout;
pub(crate) mod transpose2d;
mod up_sample2d;
pub(crate) mod window;
mod zero_pad2d;

pub use conv_transpose2d::ConvTranspose2d;
pub use conv2d::Conv2d;
pub use crop2d::Crop2d;
pub use depthwise_conv2d::DepthwiseConv2d;
pub use flatten::Flatten;
pub use global_max_pool::GlobalMaxPool;
pub use global_pool::GlobalAveragePool;
pub use pool2d::{AveragePool2d, MaxPool2d, Pool2d};
pub use reduce::{Average, Max, Reduce};
pub use reshape::Reshape;
pub use resize2d::Resize2d;
pub use sampling::{Corners, HalfPixel, Sampling, TopLeft};
pub use spatial_dropout::SpatialDropout;
pub use transpose2d::Transpose2d;
pub use up_sample2d::UpSample2d;
pub use window::{Causal, Padded, Same, Valid, Window};
pub use zero_pad2d::ZeroPad2d;

use crate::{
    Pair, Tensor,
    kernel::{Element, Simd, nn_from, nt_from, tn},
};

/// An image: rows of pixels, each with a number for each channel. It is the alias of a nested array.
///
/// ```
/// use shiplap::layers::Image;
///
/// let mut image: Image<28, 28, 1> = [[[0.0; 1]; 28]; 28];
/// image[3][5][0] = 0.5; // row 3, column 5
/// ```
pub type Image<const HEIGHT: usize, const WIDTH: usize, const CHANNELS: usize, T = f32> =
    [[[T; CHANNELS]; WIDTH]; HEIGHT];

/// A tensor of up to 4 axes, of which the innermost counts as channels.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an image",
    label = "neither an image nor a smaller tensor",
    note = "an image is `[[[f32; CHANNELS]; WIDTH]; HEIGHT]`, or `Image<HEIGHT, WIDTH, CHANNELS>`"
)]
pub trait Channels: Tensor {
    /// An `X` for each channel: `[X; 3]` for an image of 3 channels. A [`Pair`], which has none, is a fault of each layer of
    /// channels.
    type Each<X: Tensor>: Tensor<Element = X::Element>;
    /// This tensor with another number of channels.
    type Resized<const N: usize>: Channels<Element = Self::Element>;

    /// `y[p][o] = start[p][o] + Σ_c x[p][c]·kernel[c][o]` for each pixel `p`, as in [`nn_from`].
    #[doc(hidden)]
    #[inline(always)]
    fn pixels_nn<S: Simd, const OUT: usize>(
        simd: S,
        start: &[[Self::Element; OUT]],
        x: &[Self::Element],
        kernel: &Self::Each<[Self::Element; OUT]>,
        y: &mut [[Self::Element; OUT]],
    ) {
        let _ = (simd, start, x, kernel, y);
    }

    /// `dx[p][c] = start[p][c] + Σₒ dz[p][o]·kernel[c][o]` for each pixel `p`, as in [`nt_from`].
    #[doc(hidden)]
    #[inline(always)]
    fn pixels_nt<S: Simd, const OUT: usize>(
        simd: S,
        start: &[Self::Element],
        dz: &[[Self::Element; OUT]],
        kernel: &Self::Each<[Self::Element; OUT]>,
        dx: &mut [Self::Element],
    ) {
        let _ = (simd, start, dz, kernel, dx);
    }

    /// `gradient[c][o] = Σ_p x[p][c]·dz[p][o]`, as in [`tn`].
    #[doc(hidden)]
    #[inline(always)]
    fn pixels_tn<S: Simd, const OUT: usize>(
        simd: S,
        x: &[Self::Element],
        dz: &[[Self::Element; OUT]],
        gradient: &mut Self::Each<[Self::Element; OUT]>,
    ) {
        let _ = (simd, x, dz, gradient);
    }
}

impl Channels for f32 {
    type Each<X: Tensor> = X;
    type Resized<const N: usize> = [f32; N];
}

impl Channels for f64 {
    type Each<X: Tensor> = X;
    type Resized<const N: usize> = [f64; N];
}

impl<A: Tensor, B: Tensor<Element = A::Element>> Channels for Pair<A, B> {
    type Each<X: Tensor> = X;
    type Resized<const N: usize> = [A::Element; N];
}

macro_rules! channels {
    ($([$($axis:ident)*] $shape:ty, $resized:ty;)*) => {
        $(impl<T: Element, const N: usize, $(const $axis: usize),*> Channels for $shape {
            type Each<X: Tensor> = [X; N];
            type Resized<const M: usize> = $resized;

            #[inline(always)]
            fn pixels_nn<S: Simd, const OUT: usize>(
                simd: S,
                start: &[[T; OUT]],
                x: &[T],
                kernel: &[[T; OUT]; N],
                y: &mut [[T; OUT]],
            ) {
                if const { N > 0 } {
                    nn_from(simd, start, x.as_chunks::<N>().0, kernel, y);
                }
            }

            #[inline(always)]
            fn pixels_nt<S: Simd, const OUT: usize>(
                simd: S,
                start: &[T],
                dz: &[[T; OUT]],
                kernel: &[[T; OUT]; N],
                dx: &mut [T],
            ) {
                if const { N > 0 } {
                    nt_from(simd, start.as_chunks::<N>().0, dz, kernel, dx.as_chunks_mut::<N>().0);
                }
            }

            #[inline(always)]
            fn pixels_tn<S: Simd, const OUT: usize>(
                simd: S,
                x: &[T],
                dz: &[[T; OUT]],
                gradient: &mut [[T; OUT]; N],
            ) {
                if const { N > 0 } {
                    tn(simd, x.as_chunks::<N>().0, dz, gradient);
                }
            }
        })*
    };
}
channels! {
    [] [T; N], [T; M];
    [A] [[T; N]; A], [[T; M]; A];
    [A B] [[[T; N]; A]; B], [[[T; M]; A]; B];
    [A B C] [[[[T; N]; A]; B]; C], [[[[T; M]; A]; B]; C];
}
