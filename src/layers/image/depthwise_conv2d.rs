//! The convolution of each channel of an image by itself.

use core::{marker::PhantomData, slice};

use super::{
    Channels, Valid, Window,
    convolution::{self, push_window, sliding_gradient},
    fault,
    recent::{Recent, looks_ahead},
    window::{Newest, Over, slide},
};
use crate::{
    Parameters, Tensor,
    activation::{Activation, Linear},
    kernel::{
        Element, ElementwiseKernel, Simd, depthwise, depthwise_backward, depthwise_gradient, depthwise_gradient_parts,
    },
    layer::{Infer, Inferred, Layer, Operations, Path, first_fault},
    layers::{
        affine::{Affine, affine_passes},
        bias::{Bias, Biased},
    },
    message::Message,
    stream::{Past, Streaming, Taps},
};

/// One filter of `K`×`KW` pixels for each channel of an image:
/// `y[i][j][c] = act(bias[c] + Σ x[i·s + u·d − p][j·s + v·d − p][c]·kernel[u][v][c])`, summed over `u` and `v`, with
/// stride `s`, dilation `d` and `p` zeros before the image, which the [`Window`] `P` determines.
///
/// x: `I`, an [`Image`](super::Image); y: an image with the same channels. A separable convolution is this layer followed
/// by a [`Conv2d`](super::Conv2d) of 1×1 pixels, which combines the channels; it takes a fraction of the weights and
/// multiply-accumulates of one convolution:
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<32, 32, 16>)]
/// type Separable = (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 64, 1, Relu>);
/// #[network(input = Image<32, 32, 16>)]
/// type Whole = (Conv2d<_, 64, 3, Relu, Same>,);
///
/// assert_eq!(Separable::PARAMS, (3 * 3 * 16 + 16) + (16 * 64 + 64));
/// assert_eq!(Whole::PARAMS, 3 * 3 * 16 * 64 + 64);
/// ```
///
/// In full, the layer has its input and output:
///
/// ```
/// use shiplap::prelude::*;
///
/// type Pairs = DepthwiseConv2d<Image<1, 3, 2>, 1, Linear, Valid, NoBias, 2, Image<1, 2, 2>>;
/// let pairs = Pairs::from_parts([[[1.0, -1.0], [1.0, 1.0]]], []);
/// assert_eq!(pairs.predict(&[[[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]]), [[[3.0, 1.0], [6.0, 2.0]]]);
/// ```
#[derive(Parameters)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct DepthwiseConv2d<
    I: Channels,
    const K: usize,
    A: Activation = Linear,
    P: Window = Valid,
    Z: Biased = Bias,
    const KW: usize = K,
    O = Inferred,
> {
    /// The weights of the filters: `kernel[row][column][channel]`.
    #[kernel(fan_in = K * KW, fan_out = K * KW)]
    pub kernel: [[I::Each<I::Element>; KW]; K],
    /// The bias of each channel; an empty array with [`NoBias`](crate::layers::NoBias).
    #[bias]
    pub bias: Z::Of<I::Each<I::Element>>,
    #[allow(clippy::type_complexity, reason = "four names")]
    types: PhantomData<fn() -> (A, P, Z, O)>,
}

impl<I: Channels, const K: usize, A: Activation, P: Window, Z: Biased, const KW: usize, O>
    DepthwiseConv2d<I, K, A, P, Z, KW, O>
{
    const NAMED: Message<64> = convolution::named::<A, P, Z>("DepthwiseConv2d", &[K], [K, KW]);

    /// A layer with these parameters.
    pub const fn from_parts(kernel: [[I::Each<I::Element>; KW]; K], bias: Z::Of<I::Each<I::Element>>) -> Self {
        Self { kernel, bias, types: PhantomData }
    }
}

#[diagnostic::do_not_recommend]
impl<I: Channels, const K: usize, A: Activation, P: Window, Z: Biased, const KW: usize> Infer
    for DepthwiseConv2d<I, K, A, P, Z, KW, Inferred>
{
    const FAULT: Option<Message> = fault::misfit::<I, P>(Self::KIND.as_str(), [K, KW]);
    const EXTENTS: [usize; 6] = fault::inferred::<I, P>([K, KW]);
    type Layer<const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const UNUSED: usize> =
        DepthwiseConv2d<[[[I::Element; C]; W]; H], K, A, P, Z, KW, [[[I::Element; C]; OW]; OH]>;
}

impl<
    T: Element,
    A: Activation,
    P: Window,
    Z: Biased,
    const H: usize,
    const W: usize,
    const C: usize,
    const K: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
> Layer for DepthwiseConv2d<[[[T; C]; W]; H], K, A, P, Z, KW, [[[T; C]; OW]; OH]>
{
    type Input = [[[T; C]; W]; H];
    type Output = [[[T; C]; OW]; OH];
    type Head = A;

    const MACS: usize = OH * OW * C * K * KW;
    const FAULT: Option<Message> = fault::mismatch::<P>(Self::KIND.as_str(), [H, W, C], [K, KW], [OH, OW, C], C);

    affine_passes!();

    sliding_gradient!(
        depthwise_gradient, depthwise_gradient_parts, Over<P, H, W, K, KW>, |x, dz| (x, dz),
        dz.as_flattened().as_flattened(), |kernel| kernel
    );

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        let kernel = Tensor::flat(slice::from_ref(&self.kernel));
        operations.depthwise(path, "kernel", slide::<P>([H, W], [K, KW]).1, [K, KW, C], kernel);
        Z::operations(&self.bias, path, operations);
        A::operations(path, operations);
    }
}

impl<
    T: Element,
    A: Activation,
    P: Window,
    Z: Biased,
    const H: usize,
    const W: usize,
    const C: usize,
    const K: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
> Affine for DepthwiseConv2d<[[[T; C]; W]; H], K, A, P, Z, KW, [[[T; C]; OW]; OH]>
{
    #[inline(always)]
    fn logits<S: Simd>(&self, simd: S, x: &[Self::Input], then: &impl ElementwiseKernel<0, 1>, y: &mut [Self::Output]) {
        let bias = Z::or_zeros(&self.bias);
        depthwise(simd, PhantomData::<Over<P, H, W, K, KW>>, x, &self.kernel, bias, then, y);
    }

    #[inline(always)]
    fn logits_backward<S: Simd>(&self, simd: S, dz: &[Self::Output], dx: &mut [Self::Input]) {
        depthwise_backward(simd, PhantomData::<Over<P, H, W, K, KW>>, dz, &self.kernel, dx);
    }
}

impl<
    T: Element,
    A: Activation,
    P: Window,
    Z: Biased,
    const H: usize,
    const W: usize,
    const C: usize,
    const K: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
> Streaming for DepthwiseConv2d<[[[T; C]; W]; H], K, A, P, Z, KW, [[[T; C]; OW]; OH]>
where
    Taps<K>: Past,
{
    type Frame = [[T; C]; W];
    type Emitted = [[T; C]; OW];
    type State = Recent<[[T; C]; W], P, K>;

    const STREAM_FAULT: Option<Message> =
        first_fault(&[<Self as Layer>::FAULT, looks_ahead::<P>(Self::KIND.as_str(), H, K)]);
    const FRAME_MACS: usize = OW * C * K * KW;
    const DELAY: usize = Self::State::DELAY;
    const PERIOD: usize = Self::State::PERIOD;

    push_window!(depthwise, Over<Newest<P>, K, W, K, KW>, &[*T::zeros(); W], |window, kernel, y| (window, kernel, y));
}
