//! The transposed convolution of an image.

use core::{marker::PhantomData, slice};

use super::{
    Channels, Valid, Window,
    convolution::{self, add_bias, sliding_gradient},
    fault,
    window::{Over, slide},
};
use crate::{
    Parameters, Tensor,
    activation::{Activation, Linear},
    kernel::{Element, ElementwiseKernel, Simd, Unchanged, conv, conv_backward, conv_gradient, conv_gradient_parts},
    layer::{Infer, Inferred, Layer, Operations, Path},
    layers::{
        affine::{Affine, affine_passes},
        bias::{Bias, Biased},
    },
    message::Message,
    stream::{REPEATS_ROWS, Streaming, never, not_streamed},
};

/// The transpose of a convolution, which enlarges an image by its stride:
/// `y[i·s + u·d − p][j·s + v·d − p][f] = act(bias[f] + Σ x[i][j][c]·kernel[u][v][f][c])`, summed over all `i`, `j`, `u`,
/// `v` and `c` that reach the pixel, with stride `s`, dilation `d` and `p` pixels cut off, which the [`Window`] `P`
/// determines.
///
/// x: `I`, an [`Image`](super::Image); y: an image of `F` channels. From `n` pixels, an axis grows to `n·s` with
/// [`Same`](super::Same), to `(n − 1)·s + max((K − 1)·d + 1, s)` with [`Valid`], and to `(n − 1)·s + (K − 1)·d + 1 − 2·p`
/// with [`Padded`](super::Padded), as in PyTorch.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<7, 7, 8>)]
/// type Decoder = (ConvTranspose2d<_, 4, 3, Relu, Same<2>>, ConvTranspose2d<_, 1, 3, Sigmoid, Same<2>>);
///
/// assert_eq!(Decoder::new(1).predict(&[[[0.0; 8]; 7]; 7]), [[[0.5]; 28]; 28]);
/// ```
///
/// In full, the layer has its input and output:
///
/// ```
/// use shiplap::prelude::*;
///
/// type Spread = ConvTranspose2d<Image<1, 2, 1>, 1, 1, Linear, Valid<1, 1, 2>, NoBias, 3, Image<1, 5, 1>>;
/// let spread = Spread::from_parts([[[[1.0]], [[2.0]], [[3.0]]]], []);
/// assert_eq!(spread.predict(&[[[1.0], [10.0]]]), [[[1.0], [2.0], [13.0], [20.0], [30.0]]]);
/// ```
#[derive(Parameters)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct ConvTranspose2d<
    I: Channels,
    const F: usize,
    const K: usize,
    A: Activation = Linear,
    P: Window = Valid,
    Z: Biased = Bias,
    const KW: usize = K,
    O = Inferred,
> {
    /// The weights: `kernel[row][column][filter][channel]`.
    #[allow(clippy::type_complexity, reason = "four axes")]
    #[kernel(fan_in = K * KW * I::INNERMOST, fan_out = K * KW * F)]
    pub kernel: [[[I::Each<I::Element>; F]; KW]; K],
    /// The bias of each filter; an empty array with [`NoBias`](crate::layers::NoBias).
    #[bias]
    pub bias: Z::Of<[I::Element; F]>,
    #[allow(clippy::type_complexity, reason = "four names")]
    types: PhantomData<fn() -> (A, P, Z, O)>,
}

impl<I: Channels, const F: usize, const K: usize, A: Activation, P: Window, Z: Biased, const KW: usize, O>
    ConvTranspose2d<I, F, K, A, P, Z, KW, O>
{
    const NAMED: Message<64> = convolution::named::<A, P, Z>("ConvTranspose2d", &[F, K], [K, KW]);

    /// A layer with these parameters.
    #[allow(clippy::type_complexity, reason = "four axes")]
    pub const fn from_parts(kernel: [[[I::Each<I::Element>; F]; KW]; K], bias: Z::Of<[I::Element; F]>) -> Self {
        Self { kernel, bias, types: PhantomData }
    }
}

#[diagnostic::do_not_recommend]
impl<I: Channels, const F: usize, const K: usize, A: Activation, P: Window, Z: Biased, const KW: usize> Infer
    for ConvTranspose2d<I, F, K, A, P, Z, KW, Inferred>
{
    const FAULT: Option<Message> = fault::misfit_of_transposed::<I, P>(Self::KIND.as_str(), [K, KW]);
    const EXTENTS: [usize; 6] = fault::inferred_grown::<I, P>([K, KW]);
    type Layer<const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const UNUSED: usize> =
        ConvTranspose2d<[[[I::Element; C]; W]; H], F, K, A, P, Z, KW, [[[I::Element; F]; OW]; OH]>;
}

impl<
    T: Element,
    A: Activation,
    P: Window,
    Z: Biased,
    const H: usize,
    const W: usize,
    const C: usize,
    const F: usize,
    const K: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
> Layer for ConvTranspose2d<[[[T; C]; W]; H], F, K, A, P, Z, KW, [[[T; F]; OW]; OH]>
{
    type Input = [[[T; C]; W]; H];
    type Output = [[[T; F]; OW]; OH];
    type Head = A;

    const MACS: usize = H * W * C * F * K * KW;
    const FAULT: Option<Message> =
        fault::mismatch_of_transposed::<P>(Self::KIND.as_str(), [H, W, C], [K, KW], [OH, OW, F], F);

    affine_passes!();

    sliding_gradient!(
        conv_gradient, conv_gradient_parts, Over<P, OH, OW, K, KW>, |x, dz| (dz, x), dz.as_flattened().as_flattened(),
        |kernel| kernel
    );

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        let kernel = Tensor::flat(slice::from_ref(&self.kernel));
        let window = slide::<P>([OH, OW], [K, KW]).1;
        operations.transposed_convolution(path, "kernel", window, [H, W], [OH, OW], [K, KW, F, C], kernel);
        Z::operations(&self.bias, path, operations);
        A::operations(path, operations);
    }
}

/// The backward pass of the convolution from y to x is this layer, and its forward pass the gradient.
impl<
    T: Element,
    A: Activation,
    P: Window,
    Z: Biased,
    const H: usize,
    const W: usize,
    const C: usize,
    const F: usize,
    const K: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
> Affine for ConvTranspose2d<[[[T; C]; W]; H], F, K, A, P, Z, KW, [[[T; F]; OW]; OH]>
{
    #[inline(always)]
    fn logits<S: Simd>(&self, simd: S, x: &[Self::Input], then: &impl ElementwiseKernel<0, 1>, y: &mut [Self::Output]) {
        conv_backward(simd, PhantomData::<Over<P, OH, OW, K, KW>>, x, &self.kernel, y);
        add_bias(simd, Z::or_zeros(&self.bias), then, y.as_flattened_mut().as_flattened_mut());
    }

    #[inline(always)]
    fn logits_backward<S: Simd>(&self, simd: S, dz: &[Self::Output], dx: &mut [Self::Input]) {
        let steps = PhantomData::<Over<P, OH, OW, K, KW>>;
        conv(simd, steps, dz, &self.kernel, T::zeros(), &Unchanged, dx);
    }
}

/// A fault: its outputs follow the input.
impl<
    T: Element,
    A: Activation,
    P: Window,
    Z: Biased,
    const H: usize,
    const W: usize,
    const C: usize,
    const F: usize,
    const K: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
> Streaming for ConvTranspose2d<[[[T; C]; W]; H], F, K, A, P, Z, KW, [[[T; F]; OW]; OH]>
{
    const STREAM_FAULT: Option<Message> = Some(not_streamed(Self::KIND.as_str(), REPEATS_ROWS));

    never!([[T; C]; W], [[T; F]; OW]);
}
