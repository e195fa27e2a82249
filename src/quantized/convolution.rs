//! Convolutions in int8.

use core::{array, marker::PhantomData};

use super::{
    Affine, Apart, Int8Activation, Int8Layer, Int8Tensor, Quantize,
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
        int8::{PIXELS, Shape, Twice},
    },
    layers::{
        Biased, Window,
        image::{
            recent::{Recent, looks_ahead},
            window::{Newest, Row},
        },
    },
    message::Message,
    stream::{Past, Streaming, Taps},
};

/// [`Conv2d`](crate::layers::Conv2d) in int8: the weights of each filter, `[row][column][channel]`, with a scale each.
/// The arguments are the shapes of input, output and kernel.
pub struct Conv2d<
    P,
    A: Int8Activation,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const F: usize,
    const K: usize,
    const KW: usize,
> {
    /// The constants of the filters.
    pub filters: Affine<[[[[i8; C]; KW]; K]; F], F, A>,
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
    const F: usize,
    const K: usize,
    const KW: usize,
> Zeroed for Conv2d<P, A, H, W, C, OH, OW, F, K, KW>
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
    const F: usize,
    const K: usize,
    const KW: usize,
> Conv2d<P, A, H, W, C, OH, OW, F, K, KW>
{
    /// A layer with these filters.
    pub const fn from_parts(filters: Affine<[[[[i8; C]; KW]; K]; F], F, A>) -> Self {
        let filters = filters.ordered::<Twice>();
        Self { filters, window: PhantomData }
    }

    /// The outputs from pixel `start`, `N` at a time, as long as there are so many. Returns the pixel after them.
    #[inline(always)]
    fn pixels<S: Simd, Q: Window, const ROWS: usize, const N: usize>(
        &self,
        simd: S,
        x: &[[[i8; C]; W]; ROWS],
        start: usize,
        y: &mut [[i8; F]],
    ) -> usize {
        let mut at = start;
        // The window of a pixel is the pixel itself.
        if K == 1 && KW == 1 && Q::STRIDE == [1, 1] && y.len() == ROWS * W && OW == W {
            let pixels = x.as_flattened()[start..].as_chunks::<N>().0;
            for (x, y) in pixels.iter().zip(y[start..].chunks_exact_mut(N)) {
                self.filters.rows::<S, Twice, K, N>(simd, x.each_ref().map(|x| [&x[..]; K]), y.as_flattened_mut());
                at += N;
            }
            return at;
        }
        let mut patches = [[[[0i8; C]; KW]; K]; N];
        for y in y[start..].chunks_exact_mut(N) {
            let mut pixel = at;
            let rows = patches.each_mut().map(|patch| {
                let rows = gather::<Q, ROWS, W, C, K, KW>(x, [pixel / OW, pixel % OW], self.filters.zero, patch);
                pixel += 1;
                rows.map(|row| row.as_flattened())
            });
            self.filters.rows::<S, Twice, K, N>(simd, rows, y.as_flattened_mut());
            at += N;
        }
        at
    }

    /// The outputs of the window `Q` over some rows.
    #[inline(always)]
    fn rows<S: Simd, Q: Window, const ROWS: usize, const OUTPUTS: usize>(
        &self,
        simd: S,
        x: &[[[i8; C]; W]; ROWS],
        y: &mut [[[i8; F]; OW]; OUTPUTS],
    ) {
        const { assert_fits_sum(K * KW * C) };
        let slide = sliding::<Q>([ROWS, W], [K, KW]);
        let shape = Shape { image: [ROWS, W, C], window: [K, KW], output: [OUTPUTS, OW], slide };
        if self.filters.image::<S, Twice>(simd, Int8Tensor::flat(x), shape, Int8Tensor::flat_mut(y)) {
            return;
        }
        let y = y.as_flattened_mut();
        let rest = self.pixels::<S, Q, ROWS, PIXELS>(simd, x, 0, y);
        self.pixels::<S, Q, ROWS, 1>(simd, x, rest, y);
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
    const F: usize,
    const K: usize,
    const KW: usize,
> Int8Layer for Conv2d<P, A, H, W, C, OH, OW, F, K, KW>
{
    type Input = [[[i8; C]; W]; H];
    type Output = [[[i8; F]; OW]; OH];
    type Place = Apart<Self::Output>;

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
    const F: usize,
    const K: usize,
    const KW: usize,
> Streaming for Conv2d<P, A, H, W, C, OH, OW, F, K, KW>
where
    Taps<K>: Past,
{
    type Frame = [[i8; C]; W];
    type Emitted = [[i8; F]; OW];
    type State = Recent<[[i8; C]; W], P, K>;

    const STREAM_FAULT: Option<Message> = looks_ahead::<P>("Conv2d", H, K);
    const APART: bool = true;
    const FRAME_MACS: usize = OW * F * K * KW * C;
    const DELAY: usize = Self::State::DELAY;
    const PERIOD: usize = Self::State::PERIOD;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut Self::State, frame: &[[i8; C]; W], y: &mut [[i8; F]; OW]) -> bool {
        let mut window = [[[0; C]; W]; K];
        let Some(_) = state.push(frame, &[[self.filters.zero; C]; W], &mut window) else { return false };
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
    const F: usize,
    const K: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
> Quantize for crate::layers::Conv2d<[[[T; C]; W]; H], F, K, A, P, Z, KW, [[[T; F]; OW]; OH]>
{
    type Int8 = Conv2d<P, A, H, W, C, OH, OW, F, K, KW>;
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
        let (kernel, bias) = (self.kernel.as_flattened().as_flattened(), Z::get(&self.bias));
        let real = Real {
            products: K * KW * C,
            weight: &|f, k| kernel[k][f].to_f64(),
            place: &|f, k| f * (K * KW * C) + k,
            bias: &|f| bias.map_or(0.0, |bias| bias[f].to_f64()),
            one_scale: false,
        };
        let (y, scales) = int8.filters.quantize(self, &real, &x, calibration, path)?;
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}

/// [`Conv1d`](crate::layers::Conv1d) in int8: a convolution of images of one row.
pub struct Conv1d<
    P: Window,
    A: Int8Activation,
    const W: usize,
    const C: usize,
    const OW: usize,
    const F: usize,
    const K: usize,
>(pub(super) Conv2d<Row<P>, A, 1, W, C, 1, OW, F, 1, K>);

// SAFETY: the field is `Zeroed`.
unsafe impl<
    P: Window,
    A: Int8Activation,
    const W: usize,
    const C: usize,
    const OW: usize,
    const F: usize,
    const K: usize,
> Zeroed for Conv1d<P, A, W, C, OW, F, K>
{
}

impl<P: Window, A: Int8Activation, const W: usize, const C: usize, const OW: usize, const F: usize, const K: usize>
    Conv1d<P, A, W, C, OW, F, K>
{
    /// A layer with these filters.
    pub const fn from_parts(filters: Affine<[[[[i8; C]; K]; 1]; F], F, A>) -> Self {
        Self(Conv2d::from_parts(filters))
    }
}

impl<P: Window, A: Int8Activation, const W: usize, const C: usize, const OW: usize, const F: usize, const K: usize>
    Int8Layer for Conv1d<P, A, W, C, OW, F, K>
{
    type Input = [[i8; C]; W];
    type Output = [[i8; F]; OW];
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output) {
        self.0.run(simd, array::from_ref(x), array::from_mut(y));
    }
}

impl<P: Window, A: Int8Activation, const W: usize, const C: usize, const OW: usize, const F: usize, const K: usize>
    Streaming for Conv1d<P, A, W, C, OW, F, K>
where
    Taps<K>: Past,
{
    type Frame = [i8; C];
    type Emitted = [i8; F];
    type State = Recent<[i8; C], P, K>;

    const STREAM_FAULT: Option<Message> = looks_ahead::<P>("Conv1d", W, K);
    const APART: bool = true;
    const FRAME_MACS: usize = F * K * C;
    const DELAY: usize = Self::State::DELAY;
    const PERIOD: usize = Self::State::PERIOD;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut Self::State, frame: &[i8; C], y: &mut [i8; F]) -> bool {
        let mut window = [[0; C]; K];
        let Some(_) = state.push(frame, &[self.0.filters.zero; C], &mut window) else { return false };
        self.0.filters.rows::<S, Twice, 1, 1>(simd, [[window.as_flattened()]], y);
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
    const F: usize,
    const K: usize,
    const OL: usize,
> Quantize for crate::layers::Conv1d<[[T; C]; L], F, K, A, P, Z, [[T; F]; OL]>
{
    type Int8 = Conv1d<P, A, L, C, OL, F, K>;
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
            products: K * C,
            weight: &|f, k| kernel[k][f].to_f64(),
            place: &|f, k| f * (K * C) + k,
            bias: &|f| bias.map_or(0.0, |bias| bias[f].to_f64()),
            one_scale: false,
        };
        let (y, scales) = int8.0.filters.quantize(self, &real, &x, calibration, path)?;
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}
