//! The convolution of a series.

use core::{array, marker::PhantomData, slice};

use crate::{
    Parameters, Tensor,
    activation::{Activation, Linear},
    kernel::{Element, ElementwiseKernel, Simd, conv, conv_backward, conv_gradient, conv_gradient_parts},
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

/// `F` filters of `K` steps over a series, such as the samples of sensors:
/// `y[i][f] = act(bias[f] + Σ x[i·s + u·d − p][c]·kernel[u][c][f])`, summed over `u` and `c`, with stride `s`, dilation `d`
/// and `p` zeros before the series, which the [`Window`] `P` determines; of two strides or dilations, the first one
/// counts. With [`Causal`](crate::layers::Causal), an output depends on no later input.
///
/// x: `I`, a series `[[T; CHANNELS]; STEPS]`; y: a series of `F` channels.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [[f32; 3]; 128])]
/// type Net = (
///     Conv1d<_, 8, 5, Relu, Causal>,
///     MaxPool1d<_, 4>,
///     Conv1d<_, 16, 3, Relu, Causal<1, 2>>,
///     GlobalAveragePool<_>,
///     Dense<_, 6, Softmax>,
/// );
///
/// assert_eq!(Net::PARAMS, (5 * 3 * 8 + 8) + (3 * 8 * 16 + 16) + (16 * 6 + 6));
/// ```
///
/// In full, the layer has its input and output:
///
/// ```
/// use shiplap::prelude::*;
///
/// type Differences = Conv1d<[[f32; 1]; 4], 1, 2, Linear, Valid, NoBias, [[f32; 1]; 3]>;
/// let differences = Differences::from_parts([[[-1.0]], [[1.0]]], []);
/// assert_eq!(differences.predict(&[[1.0], [3.0], [6.0], [6.0]]), [[2.0], [3.0], [0.0]]);
/// ```
#[derive(Parameters)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct Conv1d<
    I: Channels,
    const F: usize,
    const K: usize,
    A: Activation = Linear,
    P: Window = Valid,
    Z: Biased = Bias,
    O = Inferred,
> {
    /// The weights of the filters: `kernel[step][channel][filter]`.
    #[kernel(fan_out = K * F)]
    pub kernel: [I::Each<[I::Element; F]>; K],
    /// The bias of each filter; an empty array with [`NoBias`](crate::layers::NoBias).
    #[bias]
    pub bias: Z::Of<[I::Element; F]>,
    #[allow(clippy::type_complexity, reason = "four names")]
    types: PhantomData<fn() -> (A, P, Z, O)>,
}

impl<I: Channels, const F: usize, const K: usize, A: Activation, P: Window, Z: Biased, O> Conv1d<I, F, K, A, P, Z, O> {
    const NAMED: Message<64> = convolution::named::<A, P, Z>("Conv1d", &[F, K], [K, K]);

    /// A layer with these parameters.
    pub const fn from_parts(kernel: [I::Each<[I::Element; F]>; K], bias: Z::Of<[I::Element; F]>) -> Self {
        Self { kernel, bias, types: PhantomData }
    }
}

#[diagnostic::do_not_recommend]
impl<I: Channels, const F: usize, const K: usize, A: Activation, P: Window, Z: Biased> Infer
    for Conv1d<I, F, K, A, P, Z, Inferred>
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
    > = Conv1d<[[I::Element; C]; L], F, K, A, P, Z, [[I::Element; F]; OL]>;
}

impl<
    T: Element,
    A: Activation,
    P: Window,
    Z: Biased,
    const L: usize,
    const C: usize,
    const F: usize,
    const K: usize,
    const OL: usize,
> Layer for Conv1d<[[T; C]; L], F, K, A, P, Z, [[T; F]; OL]>
{
    type Input = [[T; C]; L];
    type Output = [[T; F]; OL];
    type Head = A;

    const MACS: usize = OL * F * K * C;
    const LOOKS_AHEAD: Option<bool> = Some(!is_past::<P>(L, K));
    const FAULT: Option<Message> = fault::mismatch::<Row<P>>(Self::KIND.as_str(), [1, L, C], [1, K], [1, OL, F], F);

    affine_passes!();

    sliding_gradient!(
        conv_gradient,
        conv_gradient_parts,
        Over<Row<P>, 1, L, 1, K>,
        |x, dz| (x.as_chunks::<1>().0, dz.as_chunks::<1>().0),
        dz.as_flattened(),
        |kernel| array::from_mut(kernel)
    );

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        let kernel = Tensor::flat(slice::from_ref(&self.kernel));
        operations.convolution(path, "kernel", slide::<Row<P>>([1, L], [1, K]).1, [1, K, C, F], kernel);
        Z::operations(&self.bias, path, operations);
        A::operations(path, operations);
    }
}

/// A series is an image of one row.
impl<
    T: Element,
    A: Activation,
    P: Window,
    Z: Biased,
    const L: usize,
    const C: usize,
    const F: usize,
    const K: usize,
    const OL: usize,
> Affine for Conv1d<[[T; C]; L], F, K, A, P, Z, [[T; F]; OL]>
{
    #[inline(always)]
    fn logits<S: Simd>(&self, simd: S, x: &[Self::Input], then: &impl ElementwiseKernel<0, 1>, y: &mut [Self::Output]) {
        let (kernel, bias) = (array::from_ref(&self.kernel), Z::or_zeros(&self.bias));
        let steps = PhantomData::<Over<Row<P>, 1, L, 1, K>>;
        conv(simd, steps, x.as_chunks::<1>().0, kernel, bias, then, y.as_chunks_mut::<1>().0);
    }

    #[inline(always)]
    fn logits_backward<S: Simd>(&self, simd: S, dz: &[Self::Output], dx: &mut [Self::Input]) {
        let steps = PhantomData::<Over<Row<P>, 1, L, 1, K>>;
        conv_backward(simd, steps, dz.as_chunks::<1>().0, array::from_ref(&self.kernel), dx.as_chunks_mut::<1>().0);
    }
}

impl<
    T: Element,
    A: Activation,
    P: Window,
    Z: Biased,
    const L: usize,
    const C: usize,
    const F: usize,
    const K: usize,
    const OL: usize,
> Streaming for Conv1d<[[T; C]; L], F, K, A, P, Z, [[T; F]; OL]>
where
    Taps<K>: Past,
{
    type Frame = [T; C];
    type Emitted = [T; F];
    type State = Recent<[T; C], P, K>;

    const STREAM_FAULT: Option<Message> =
        first_fault(&[<Self as Layer>::FAULT, looks_ahead::<P>(Self::KIND.as_str(), L, K)]);
    const PADDED_FAULT: Option<Message> =
        first_fault(&[<Self as Layer>::FAULT, reads_padding::<P>(Self::KIND.as_str(), L, K)]);
    const FRAME_MACS: usize = F * K * C;
    const DELAY: usize = Self::State::DELAY;
    const PERIOD: usize = Self::State::PERIOD;

    push_window!(conv, Over<Row<Valid>, 1, K, 1, K>, T::zeros(), |window, kernel, y| (
        [window],
        array::from_ref(kernel),
        array::from_mut(y)
    ));
}
