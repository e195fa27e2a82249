//! The depthwise convolution in int8.

use core::{array, marker::PhantomData};

use super::{
    Affine, Apart, Int8Activation, Int8Layer, Quantize,
    affine::assert_fits_sum,
    gather::{gather, sliding},
};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples, affine::Real};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Zeroed,
    kernel::{
        Element, Simd,
        int8::{Twice, depthwise},
    },
    layers::{
        Biased, Valid, Window,
        image::{
            recent::{Recent, looks_ahead},
            window::{Newest, Row},
        },
    },
    message::Message,
    stream::{Past, Streaming, Taps},
};

/// [`DepthwiseConv2d`](crate::layers::DepthwiseConv2d) in int8: the weights are `[row][column][channel]`, with a scale for
/// each channel. The arguments are the shapes of input, output and kernel.
pub struct DepthwiseConv2d<
    P,
    A: Int8Activation,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> {
    /// The constants of the channels.
    pub channels: Affine<[[[i8; C]; KW]; K], C, A>,
    window: PhantomData<fn() -> P>,
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<
    P,
    A: Int8Activation,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> Zeroed for DepthwiseConv2d<P, A, H, W, C, OH, OW, K, KW>
{
}

impl<
    P: Window,
    A: Int8Activation,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> DepthwiseConv2d<P, A, H, W, C, OH, OW, K, KW>
{
    /// A layer with these channels.
    pub const fn from_parts(mut channels: Affine<[[[i8; C]; KW]; K], C, A>) -> Self {
        channels.channels.order_channels::<_, Twice>(&channels.weights, channels.zero, channels.bounds);
        Self { channels, window: PhantomData }
    }

    /// The outputs of the window `Q` over some rows and columns.
    #[inline(always)]
    fn part<S: Simd, Q: Window, const ROWS: usize, const COLUMNS: usize, const OUT: usize, const OUT_COLUMNS: usize>(
        &self,
        simd: S,
        x: &[[[i8; C]; COLUMNS]; ROWS],
        y: &mut [[[i8; C]; OUT_COLUMNS]; OUT],
    ) {
        const { assert_fits_sum(K * KW) };
        let Affine { weights, channels, zero, bounds, .. } = &self.channels;
        let window = const { sliding::<Q>([ROWS, COLUMNS], [K, KW]) };
        if depthwise(simd, x, *zero, weights, channels, *bounds, window, y) {
            self.channels.activate(y.as_flattened_mut().as_flattened_mut());
            return;
        }
        let surplus = channels.surplus(weights, *zero);
        let mut patch = [[[0; C]; KW]; K];
        for (i, row) in y.iter_mut().enumerate() {
            for (j, y) in row.iter_mut().enumerate() {
                let rows = gather::<Q, ROWS, COLUMNS, C, K, KW>(x, [i, j], *zero, &mut patch);
                channels.outputs::<Twice>(*bounds, y, |c| {
                    let mut sum = surplus.as_ref().map_or(0, |surplus| -surplus[c]);
                    for u in 0..K {
                        for v in 0..KW {
                            sum += i32::from(rows[u][v][c]) * i32::from(weights[u][v][c]);
                        }
                    }
                    sum
                });
                self.channels.activate(y);
            }
        }
    }
}

impl<
    P: Window,
    A: Int8Activation,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> Int8Layer for DepthwiseConv2d<P, A, H, W, C, OH, OW, K, KW>
{
    type Input = [[[i8; C]; W]; H];
    type Output = [[[i8; C]; OW]; OH];
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output) {
        self.part::<S, P, H, W, OH, OW>(simd, x, y);
    }
}

impl<
    P: Window,
    A: Int8Activation,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> Streaming for DepthwiseConv2d<P, A, H, W, C, OH, OW, K, KW>
where
    Taps<K>: Past,
{
    type Frame = [[i8; C]; W];
    type Emitted = [[i8; C]; OW];
    type State = Recent<[[i8; C]; W], P, K>;

    const STREAM_FAULT: Option<Message> = looks_ahead::<P>("DepthwiseConv2d", H, K);
    const APART: bool = true;
    const FRAME_MACS: usize = OW * C * K * KW;
    const DELAY: usize = Self::State::DELAY;
    const PERIOD: usize = Self::State::PERIOD;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut Self::State, frame: &[[i8; C]; W], y: &mut [[i8; C]; OW]) -> bool {
        let mut window = [[[0; C]; W]; K];
        let Some(_) = state.push(frame, &[[self.channels.zero; C]; W], &mut window) else { return false };
        self.part::<S, Newest<P>, K, W, 1, OW>(simd, &window, array::from_mut(y));
        true
    }
}

impl<
    T: Element,
    A: Int8Activation,
    P: Window,
    Z: Biased,
    const H: usize,
    const W: usize,
    const C: usize,
    const K: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
> Quantize for crate::layers::DepthwiseConv2d<[[[T; C]; W]; H], K, A, P, Z, KW, [[[T; C]; OW]; OH]>
{
    type Int8 = DepthwiseConv2d<P, A, H, W, C, OH, OW, K, KW>;
    #[cfg(feature = "std")]
    type Aware = Rounded<Self>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<Self::Input>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<Self::Output>, QuantizeError> {
        let (kernel, bias) = (self.kernel.as_flattened(), Z::get(&self.bias));
        let real = Real {
            products: K * KW,
            weight: &|f, k| kernel[k][f].to_f64(),
            place: &|f, k| k * C + f,
            bias: &|f| bias.map_or(0.0, |bias| bias[f].to_f64()),
            one_scale: false,
        };
        let (y, scales) = int8.channels.quantize(self, &real, &x, calibration, path)?;
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}

/// [`DepthwiseConv1d`](crate::layers::DepthwiseConv1d) in int8: a depthwise convolution of images of one row.
pub struct DepthwiseConv1d<
    P: Window,
    A: Int8Activation,
    const W: usize,
    const C: usize,
    const OW: usize,
    const K: usize,
>(pub(super) DepthwiseConv2d<Row<P>, A, 1, W, C, 1, OW, 1, K>);

// SAFETY: the field is `Zeroed`.
unsafe impl<P: Window, A: Int8Activation, const W: usize, const C: usize, const OW: usize, const K: usize> Zeroed
    for DepthwiseConv1d<P, A, W, C, OW, K>
{
}

impl<P: Window, A: Int8Activation, const W: usize, const C: usize, const OW: usize, const K: usize>
    DepthwiseConv1d<P, A, W, C, OW, K>
{
    /// A layer with these channels.
    pub const fn from_parts(channels: Affine<[[[i8; C]; K]; 1], C, A>) -> Self {
        Self(DepthwiseConv2d::from_parts(channels))
    }
}

impl<P: Window, A: Int8Activation, const W: usize, const C: usize, const OW: usize, const K: usize> Int8Layer
    for DepthwiseConv1d<P, A, W, C, OW, K>
{
    type Input = [[i8; C]; W];
    type Output = [[i8; C]; OW];
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output) {
        self.0.run(simd, array::from_ref(x), array::from_mut(y));
    }
}

impl<P: Window, A: Int8Activation, const W: usize, const C: usize, const OW: usize, const K: usize> Streaming
    for DepthwiseConv1d<P, A, W, C, OW, K>
where
    Taps<K>: Past,
{
    type Frame = [i8; C];
    type Emitted = [i8; C];
    type State = Recent<[i8; C], P, K>;

    const STREAM_FAULT: Option<Message> = looks_ahead::<P>("DepthwiseConv1d", W, K);
    const APART: bool = true;
    const FRAME_MACS: usize = C * K;
    const DELAY: usize = Self::State::DELAY;
    const PERIOD: usize = Self::State::PERIOD;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut Self::State, frame: &[i8; C], y: &mut [i8; C]) -> bool {
        let mut window = [[0; C]; K];
        let Some(_) = state.push(frame, &[self.0.channels.zero; C], &mut window) else { return false };
        let y = array::from_mut(array::from_mut(y));
        self.0.part::<S, Row<Valid>, 1, K, 1, 1>(simd, array::from_ref(&window), y);
        true
    }
}

impl<
    T: Element,
    A: Int8Activation,
    P: Window,
    Z: Biased,
    const L: usize,
    const C: usize,
    const K: usize,
    const OL: usize,
> Quantize for crate::layers::DepthwiseConv1d<[[T; C]; L], K, A, P, Z, [[T; C]; OL]>
{
    type Int8 = DepthwiseConv1d<P, A, L, C, OL, K>;
    #[cfg(feature = "std")]
    type Aware = Rounded<Self>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<Self::Input>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<Self::Output>, QuantizeError> {
        let real = Real {
            products: K,
            weight: &|c, k| self.kernel[k][c].to_f64(),
            place: &|c, k| k * C + c,
            bias: &|c| Z::get(&self.bias).map_or(0.0, |bias| bias[c].to_f64()),
            one_scale: false,
        };
        let (y, scales) = int8.0.channels.quantize(self, &real, &x, calibration, path)?;
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}
