//! The depthwise convolution in int8.

use core::{array, marker::PhantomData};

use super::{
    Affine, Int8Activation, Int8Layer, Quantize,
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
        Biased, Window,
        image::{
            recent::{Recent, looks_ahead},
            window::Newest,
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

    /// The outputs of the window `Q` over some rows.
    #[inline(always)]
    fn rows<S: Simd, Q: Window, const ROWS: usize, const OUTPUTS: usize>(
        &self,
        simd: S,
        x: &[[[i8; C]; W]; ROWS],
        y: &mut [[[i8; C]; OW]; OUTPUTS],
    ) {
        const { assert_fits_sum(K * KW) };
        let Affine { weights, channels, zero, bounds, .. } = &self.channels;
        let window = const { sliding::<Q>([ROWS, W], [K, KW]) };
        if depthwise(simd, x, *zero, weights, channels, *bounds, window, y) {
            self.channels.activate(y.as_flattened_mut().as_flattened_mut());
            return;
        }
        let surplus = channels.surplus(weights, *zero);
        let mut patch = [[[0; C]; KW]; K];
        for (i, row) in y.iter_mut().enumerate() {
            for (j, y) in row.iter_mut().enumerate() {
                let rows = gather::<Q, ROWS, W, C, K, KW>(x, [i, j], *zero, &mut patch);
                let mut sums = [0i32; C];
                for c in 0..C {
                    let mut sum = -surplus[c];
                    for u in 0..K {
                        for v in 0..KW {
                            sum += i32::from(rows[u][v][c]) * i32::from(weights[u][v][c]);
                        }
                    }
                    sums[c] = sum;
                }
                channels.round_all::<Twice>(&sums, *bounds, y);
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

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output) {
        self.rows::<S, P, H, OH>(simd, x, y);
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
        self.rows::<S, Newest<P>, K, 1>(simd, &window, array::from_mut(y));
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
