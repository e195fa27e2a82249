//! The convolution of each channel of a series by itself.

use core::{array, marker::PhantomData, slice};

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
        image::{
            Channels, Valid, Window,
            convolution::{self, push_window, sliding_gradient},
            fault,
            recent::{Recent, is_past, looks_ahead, reads_padding},
            window::{Over, Row, slide},
        },
    },
    message::Message,
    stream::{Past, Streaming, Taps},
};

/// One filter of `K` steps for each channel of a series: `y[i][c] = act(bias[c] + Σ x[i·s + u·d − p][c]·kernel[u][c])`,
/// summed over `u`, with stride `s`, dilation `d` and `p` zeros before the series, which the [`Window`] `P` determines; of two
/// strides or dilations, the first one counts. With [`Causal`](crate::layers::Causal), an output depends on no later input.
///
/// x: `I`, a series `[[T; CHANNELS]; STEPS]`; y: a series with the same channels. A separable convolution is this layer
/// followed by a [`Conv1d`](super::Conv1d) of one step, which combines the channels:
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [[f32; 16]; 64])]
/// type Separable = (DepthwiseConv1d<_, 5, Relu, Causal>, Conv1d<_, 32, 1, Relu>);
/// #[network(input = [[f32; 16]; 64])]
/// type Whole = (Conv1d<_, 32, 5, Relu, Causal>,);
///
/// assert_eq!(Stream::<Separable>::MACS, 5 * 16 + 16 * 32);
/// assert_eq!(Stream::<Whole>::MACS, 5 * 16 * 32);
/// ```
///
/// In full, the layer has its input and output:
///
/// ```
/// use shiplap::prelude::*;
///
/// type Pairs = DepthwiseConv1d<[[f32; 2]; 3], 2, Linear, Valid, NoBias, [[f32; 2]; 2]>;
/// let pairs = Pairs::from_parts([[1.0, -1.0], [1.0, 1.0]], []);
/// assert_eq!(pairs.predict(&[[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]), [[3.0, 1.0], [6.0, 2.0]]);
/// ```
#[derive(Parameters)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct DepthwiseConv1d<
    I: Channels,
    const K: usize,
    A: Activation = Linear,
    P: Window = Valid,
    Z: Biased = Bias,
    O = Inferred,
> {
    /// The weights of the filters: `kernel[step][channel]`.
    #[kernel(fan_in = K, fan_out = K)]
    pub kernel: [I::Each<I::Element>; K],
    /// The bias of each channel; an empty array with [`NoBias`](crate::layers::NoBias).
    #[bias]
    pub bias: Z::Of<I::Each<I::Element>>,
    #[allow(clippy::type_complexity, reason = "four names")]
    types: PhantomData<fn() -> (A, P, Z, O)>,
}

impl<I: Channels, const K: usize, A: Activation, P: Window, Z: Biased, O> DepthwiseConv1d<I, K, A, P, Z, O> {
    const NAMED: Message<64> = convolution::named::<A, P, Z>("DepthwiseConv1d", &[K], [K, K]);

    /// A layer with these parameters.
    pub const fn from_parts(kernel: [I::Each<I::Element>; K], bias: Z::Of<I::Each<I::Element>>) -> Self {
        Self { kernel, bias, types: PhantomData }
    }
}

#[diagnostic::do_not_recommend]
impl<I: Channels, const K: usize, A: Activation, P: Window, Z: Biased> Infer
    for DepthwiseConv1d<I, K, A, P, Z, Inferred>
{
    const FAULT: Option<Message> = fault::misfit::<I, Row<P>>(Self::KIND.as_str(), [1, K]);
    const EXTENTS: [usize; 6] = fault::inferred::<I, Row<P>>([1, K]);
    type Layer<
        const ONE: usize,
        const L: usize,
        const C: usize,
        const ONE_AGAIN: usize,
        const OL: usize,
        const UNUSED: usize,
    > = DepthwiseConv1d<[[I::Element; C]; L], K, A, P, Z, [[I::Element; C]; OL]>;
}

impl<T: Element, A: Activation, P: Window, Z: Biased, const L: usize, const C: usize, const K: usize, const OL: usize>
    Layer for DepthwiseConv1d<[[T; C]; L], K, A, P, Z, [[T; C]; OL]>
{
    type Input = [[T; C]; L];
    type Output = [[T; C]; OL];
    type Head = A;

    const MACS: usize = OL * C * K;
    const LOOKS_AHEAD: Option<bool> = Some(!is_past::<P>(L, K));
    const FAULT: Option<Message> = fault::mismatch::<Row<P>>(Self::KIND.as_str(), [1, L, C], [1, K], [1, OL, C], C);

    affine_passes!();

    sliding_gradient!(
        depthwise_gradient,
        depthwise_gradient_parts,
        Over<Row<P>, 1, L, 1, K>,
        |x, dz| (x.as_chunks::<1>().0, dz.as_chunks::<1>().0),
        dz.as_flattened(),
        |kernel| array::from_mut(kernel)
    );

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        let kernel = Tensor::flat(slice::from_ref(&self.kernel));
        operations.depthwise(path, "kernel", slide::<Row<P>>([1, L], [1, K]).1, [1, K, C], kernel);
        Z::operations(&self.bias, path, operations);
        A::operations(path, operations);
    }
}

/// A series is an image of one row.
impl<T: Element, A: Activation, P: Window, Z: Biased, const L: usize, const C: usize, const K: usize, const OL: usize>
    Affine for DepthwiseConv1d<[[T; C]; L], K, A, P, Z, [[T; C]; OL]>
{
    #[inline(always)]
    fn logits<S: Simd>(&self, simd: S, x: &[Self::Input], then: &impl ElementwiseKernel<0, 1>, y: &mut [Self::Output]) {
        let (kernel, bias) = (array::from_ref(&self.kernel), Z::or_zeros(&self.bias));
        let steps = PhantomData::<Over<Row<P>, 1, L, 1, K>>;
        depthwise(simd, steps, x.as_chunks::<1>().0, kernel, bias, then, y.as_chunks_mut::<1>().0);
    }

    #[inline(always)]
    fn logits_backward<S: Simd>(&self, simd: S, dz: &[Self::Output], dx: &mut [Self::Input]) {
        let steps = PhantomData::<Over<Row<P>, 1, L, 1, K>>;
        depthwise_backward(
            simd,
            steps,
            dz.as_chunks::<1>().0,
            array::from_ref(&self.kernel),
            dx.as_chunks_mut::<1>().0,
        );
    }
}

impl<T: Element, A: Activation, P: Window, Z: Biased, const L: usize, const C: usize, const K: usize, const OL: usize>
    Streaming for DepthwiseConv1d<[[T; C]; L], K, A, P, Z, [[T; C]; OL]>
where
    Taps<K>: Past,
{
    type Frame = [T; C];
    type Emitted = [T; C];
    type State = Recent<[T; C], P, K>;

    const STREAM_FAULT: Option<Message> =
        first_fault(&[<Self as Layer>::FAULT, looks_ahead::<P>(Self::KIND.as_str(), L, K)]);
    const PADDED_FAULT: Option<Message> =
        first_fault(&[<Self as Layer>::FAULT, reads_padding::<P>(Self::KIND.as_str(), L, K)]);
    const FRAME_MACS: usize = C * K;
    const DELAY: usize = Self::State::DELAY;
    const PERIOD: usize = Self::State::PERIOD;

    push_window!(depthwise, Over<Row<Valid>, 1, K, 1, K>, T::zeros(), |window, kernel, y| (
        [window],
        array::from_ref(kernel),
        array::from_mut(y)
    ));
}
