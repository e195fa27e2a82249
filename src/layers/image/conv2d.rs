//! The convolution of an image.

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
    kernel::{Element, ElementwiseKernel, Simd, conv, conv_backward, conv_gradient, conv_gradient_parts},
    layer::{Infer, Inferred, Layer, Operations, Path, first_fault},
    layers::{
        affine::{Affine, affine_passes},
        bias::{Bias, Biased},
    },
    message::Message,
    stream::{Past, Streaming, Taps},
};

/// `F` filters of `K`×`KW` pixels over an image:
/// `y[i][j][f] = act(bias[f] + Σ x[i·s + u·d − p][j·s + v·d − p][c]·kernel[u][v][c][f])`, summed over `u`, `v` and `c`,
/// with stride `s`, dilation `d` and `p` zeros before the image, which the [`Window`] `P` determines.
///
/// x: `I`, an [`Image`](super::Image); y: an image of `F` channels. In a network whose input is given, write `_` for
/// `I`, and omit the output:
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<28, 28, 1>)]
/// type Net = (Conv2d<_, 8, 3, Relu>, MaxPool2d<_, 2>, Flatten<_>, Dense<_, 10, Softmax>);
///
/// let net = Net::new(1);
/// assert_eq!(net.predict(&[[[0.0]; 28]; 28]), [0.1; 10]);
/// assert_eq!(Net::PARAMS, 3 * 3 * 8 + 8 + 13 * 13 * 8 * 10 + 10);
/// ```
///
/// In full, the layer has its input and output:
///
/// ```
/// use shiplap::prelude::*;
///
/// type Edges = Conv2d<Image<5, 5, 1>, 1, 1, Linear, Valid, Bias, 2, Image<5, 4, 1>>;
/// let edges = Edges::from_parts([[[[-1.0]], [[1.0]]]], [0.0]);
/// let mut step = [[[0.0]; 5]; 5];
/// step.iter_mut().for_each(|row| row[3] = [1.0]);
/// assert_eq!(edges.predict(&step), [[[0.0], [0.0], [1.0], [-1.0]]; 5]);
/// ```
#[derive(Parameters)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct Conv2d<
    I: Channels,
    const F: usize,
    const K: usize,
    A: Activation = Linear,
    P: Window = Valid,
    Z: Biased = Bias,
    const KW: usize = K,
    O = Inferred,
> {
    /// The weights of the filters: `kernel[row][column][channel][filter]`.
    #[kernel(fan_out = K * KW * F)]
    pub kernel: [[I::Each<[I::Element; F]>; KW]; K],
    /// The bias of each filter; an empty array with [`NoBias`](crate::layers::NoBias).
    #[bias]
    pub bias: Z::Of<[I::Element; F]>,
    #[allow(clippy::type_complexity, reason = "four names")]
    types: PhantomData<fn() -> (A, P, Z, O)>,
}

impl<I: Channels, const F: usize, const K: usize, A: Activation, P: Window, Z: Biased, const KW: usize, O>
    Conv2d<I, F, K, A, P, Z, KW, O>
{
    const NAMED: Message<64> = convolution::named::<A, P, Z>("Conv2d", &[F, K], [K, KW]);

    /// A layer with these parameters.
    pub const fn from_parts(kernel: [[I::Each<[I::Element; F]>; KW]; K], bias: Z::Of<[I::Element; F]>) -> Self {
        Self { kernel, bias, types: PhantomData }
    }
}

#[diagnostic::do_not_recommend]
impl<I: Channels, const F: usize, const K: usize, A: Activation, P: Window, Z: Biased, const KW: usize> Infer
    for Conv2d<I, F, K, A, P, Z, KW, Inferred>
{
    const FAULT: Option<Message> = fault::misfit::<I, P>(Self::KIND.as_str(), [K, KW]);
    const EXTENTS: [usize; 6] = fault::inferred::<I, P>([K, KW]);
    type Layer<const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const UNUSED: usize> =
        Conv2d<[[[I::Element; C]; W]; H], F, K, A, P, Z, KW, [[[I::Element; F]; OW]; OH]>;
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
> Layer for Conv2d<[[[T; C]; W]; H], F, K, A, P, Z, KW, [[[T; F]; OW]; OH]>
{
    type Input = [[[T; C]; W]; H];
    type Output = [[[T; F]; OW]; OH];
    type Head = A;

    const MACS: usize = OH * OW * F * K * KW * C;
    const FAULT: Option<Message> = fault::mismatch::<P>(Self::KIND.as_str(), [H, W, C], [K, KW], [OH, OW, F], F);

    affine_passes!();

    sliding_gradient!(
        conv_gradient, conv_gradient_parts, Over<P, H, W, K, KW>, |x, dz| (x, dz), dz.as_flattened().as_flattened(),
        |kernel| kernel
    );

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        let window = slide::<P>([H, W], [K, KW]).1;
        let kernel = Tensor::flat(slice::from_ref(&self.kernel));
        operations.convolution(path, "kernel", window, [K, KW, C, F], kernel);
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
    const F: usize,
    const K: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
> Affine for Conv2d<[[[T; C]; W]; H], F, K, A, P, Z, KW, [[[T; F]; OW]; OH]>
{
    #[inline(always)]
    fn logits<S: Simd>(&self, simd: S, x: &[Self::Input], then: &impl ElementwiseKernel<0, 1>, y: &mut [Self::Output]) {
        let bias = Z::or_zeros(&self.bias);
        conv(simd, PhantomData::<Over<P, H, W, K, KW>>, x, &self.kernel, bias, then, y);
    }

    #[inline(always)]
    fn logits_backward<S: Simd>(&self, simd: S, dz: &[Self::Output], dx: &mut [Self::Input]) {
        conv_backward(simd, PhantomData::<Over<P, H, W, K, KW>>, dz, &self.kernel, dx);
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
    const F: usize,
    const K: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
> Streaming for Conv2d<[[[T; C]; W]; H], F, K, A, P, Z, KW, [[[T; F]; OW]; OH]>
where
    Taps<K>: Past,
{
    type Frame = [[T; C]; W];
    type Emitted = [[T; F]; OW];
    type State = Recent<[[T; C]; W], P, K>;

    const STREAM_FAULT: Option<Message> =
        first_fault(&[<Self as Layer>::FAULT, looks_ahead::<P>(Self::KIND.as_str(), H, K)]);
    const FRAME_MACS: usize = OW * F * K * KW * C;
    const DELAY: usize = Self::State::DELAY;
    const PERIOD: usize = Self::State::PERIOD;

    push_window!(conv, Over<Newest<P>, K, W, K, KW>, &[*T::zeros(); W], |window, kernel, y| (window, kernel, y));
}
