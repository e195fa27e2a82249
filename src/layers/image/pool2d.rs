//! The maximum and the mean of windows of an image.

use core::marker::PhantomData;

use super::{
    Average, Channels, Max, Reduce, Valid, Window, fault,
    recent::{Recent, looks_ahead},
    registers::with_registers,
    window::{self, slide},
};
use crate::{
    Parameters, Rng, Tensor,
    activation::Linear,
    kernel::{Element, Simd, Vector},
    layer::{Ending, Infer, Inferred, Layer, Operations, Path, first_fault},
    message::Message,
    stream::{Past, Streaming, Taps},
};

/// The maximum of each channel in windows of `K`×`KW` pixels:
/// `y[i][j][c] = max x[i·s + u·d − p][j·s + v·d − p][c]` over the pixels `u`, `v` of the window that are inside the
/// image, with stride `s`, dilation `d` and `p` pixels of padding, which the [`Window`] `P` determines. By default, the
/// windows lie side by side.
///
/// x: `I`, an [`Image`](super::Image); y: an image with the same channels. The gradient of a maximum goes to the first
/// pixel that has it.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<2, 4, 1>)]
/// type Net = (MaxPool2d<_, 2>, Flatten<_>);
///
/// let net = Net::new(1);
/// assert_eq!(net.predict(&[[[1.0], [5.0], [2.0], [0.0]], [[3.0], [4.0], [-1.0], [-2.0]]]), [5.0, 2.0]);
/// // In full, with the output:
/// type InFull = MaxPool2d<Image<2, 4, 1>, 2, Valid<2>, 2, Image<1, 2, 1>>;
/// assert_eq!(net.0, InFull::zeroed());
/// ```
pub type MaxPool2d<I, const K: usize, P = Valid<K>, const KW: usize = K, O = Inferred> = Pool2d<Max, I, K, P, KW, O>;

/// The mean of each channel in windows of `K`×`KW` pixels, like [`MaxPool2d`]. Pixels outside the image are left out of
/// the mean, as in Keras.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<2, 4, 1>)]
/// type Net = (AveragePool2d<_, 2>, Flatten<_>);
///
/// let net = Net::new(1);
/// assert_eq!(net.predict(&[[[1.0], [5.0], [2.0], [0.0]], [[2.0], [4.0], [-1.0], [-2.0]]]), [3.0, -0.25]);
/// ```
pub type AveragePool2d<I, const K: usize, P = Valid<K>, const KW: usize = K, O = Inferred> =
    Pool2d<Average, I, K, P, KW, O>;

/// A pooling layer: [`MaxPool2d`] or [`AveragePool2d`], depending on `R`.
#[derive(Default, Parameters)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct Pool2d<R: Reduce, I: Channels, const K: usize, P: Window = Valid<K>, const KW: usize = K, O = Inferred>(
    #[allow(clippy::type_complexity, reason = "four names")] PhantomData<fn() -> (R, I, P, O)>,
);

impl<R: Reduce, I: Channels, P: Window, const K: usize, const KW: usize, O> Pool2d<R, I, K, P, KW, O> {
    const NAMED: Message<64> = {
        let message = Message::new().text(R::NAME).text("2d<").number(K as u128);
        window::named::<P>(message, [K, KW], [K, K], ["", ""]).text(">")
    };
}

#[diagnostic::do_not_recommend]
impl<R: Reduce, I: Channels, P: Window, const K: usize, const KW: usize> Infer for Pool2d<R, I, K, P, KW, Inferred> {
    const FAULT: Option<Message> = fault::misfit_of_pool::<I, P>(Self::KIND.as_str(), [K, KW]);
    const EXTENTS: [usize; 6] = fault::inferred::<I, P>([K, KW]);
    type Layer<const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const UNUSED: usize> =
        Pool2d<R, [[[I::Element; C]; W]; H], K, P, KW, [[[I::Element; C]; OW]; OH]>;
}

impl<
    R: Reduce,
    P: Window,
    T: Element,
    const K: usize,
    const KW: usize,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
> Layer for Pool2d<R, [[[T; C]; W]; H], K, P, KW, [[[T; C]; OW]; OH]>
{
    type Input = [[[T; C]; W]; H];
    type Output = [[[T; C]; OW]; OH];
    type Tape<const B: usize> = ();
    type Head = Linear;

    const FAULT: Option<Message> = fault::mismatch_of_pool::<P>(Self::KIND.as_str(), [H, W, C], [K, KW], [OH, OW, C]);

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, _: S, x: &[Self::Input], y: &mut [Self::Output]) {
        for (x, y) in x.iter().zip(y) {
            with_registers!(S, T, C; Self::forward_image(x, y));
        }
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: Option<&mut Rng>,
        x: &[Self::Input],
        (): &mut (),
        y: &mut [Self::Output],
    ) {
        self.forward_batch::<S, E, B>(simd, x, y);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        _: S,
        x: &[Self::Input],
        (): &mut (),
        y: &[Self::Output],
        dy: &mut [Self::Output],
        dx: Option<&mut [Self::Input]>,
    ) {
        let Some(dx) = dx else { return };
        Tensor::flat_mut(dx).fill(T::zero());
        for (((x, y), dy), dx) in x.iter().zip(y).zip(dy).zip(dx) {
            with_registers!(S, T, C; Self::backward_image(x, y, dy, dx));
        }
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        operations.pool(path, R::POOL, slide::<P>([H, W], [K, KW]).1);
    }
}

impl<
    R: Reduce,
    P: Window,
    T: Element,
    const K: usize,
    const KW: usize,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
> Streaming for Pool2d<R, [[[T; C]; W]; H], K, P, KW, [[[T; C]; OW]; OH]>
where
    Taps<K>: Past,
{
    type Frame = [[T; C]; W];
    type Emitted = [[T; C]; OW];
    type State = Recent<[[T; C]; W], P, K>;

    const STREAM_FAULT: Option<Message> =
        first_fault(&[<Self as Layer>::FAULT, looks_ahead::<P>(Self::KIND.as_str(), H, K)]);
    const DELAY: usize = Self::State::DELAY;
    const PERIOD: usize = Self::State::PERIOD;

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, state: &mut Self::State, frame: &[[T; C]; W], y: &mut [[T; C]; OW]) -> bool {
        let mut window = [[[T::zero(); C]; W]; K];
        let Some(seen) = state.push(frame, &[[T::zero(); C]; W], &mut window) else { return false };
        let inside = window.get(K - seen..).unwrap_or(&[]);
        with_registers!(S, T, C; Self::forward_row(inside, 1, seen, y));
        true
    }
}
