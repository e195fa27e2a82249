//! The maximum and the mean of windows of a series.

use core::{array, marker::PhantomData};

use crate::{
    Parameters, Rng, Zeroed,
    activation::Linear,
    kernel::{Element, Simd},
    layer::{Ending, Infer, Inferred, Layer, Operations, Path, first_fault},
    layers::image::{
        Average, Channels, Max, Pool2d, Reduce, Valid, Window, fault,
        recent::{Recent, is_past, looks_ahead, reads_padding},
        window::{self, Row},
    },
    message::Message,
    stream::{Past, Streaming, Taps},
};

/// The maximum of each channel in windows of `K` steps of a series: `y[i][c] = max x[i·s + u·d − p][c]` over the steps
/// `u` of the window that are inside the series, like [`MaxPool2d`](crate::layers::MaxPool2d).
///
/// x: `I`, a series `[[T; CHANNELS]; STEPS]`; y: a series with the same channels.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [[f32; 1]; 4])]
/// type Net = (MaxPool1d<_, 2>,);
///
/// assert_eq!(Net::new(1).predict(&[[1.0], [5.0], [2.0], [0.0]]), [[5.0], [2.0]]);
/// // In full, with the output:
/// type InFull = MaxPool1d<[[f32; 1]; 4], 2, Valid<2>, [[f32; 1]; 2]>;
/// assert_eq!(Net::new(1).0, InFull::zeroed());
/// ```
pub type MaxPool1d<I, const K: usize, P = Valid<K>, O = Inferred> = Pool1d<Max, I, K, P, O>;

/// The mean of each channel in windows of `K` steps of a series, like [`MaxPool1d`]. Steps outside the series are left
/// out of the mean, as in Keras.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [[f32; 1]; 4])]
/// type Net = (AveragePool1d<_, 2>,);
///
/// assert_eq!(Net::new(1).predict(&[[1.0], [5.0], [2.0], [0.0]]), [[3.0], [1.0]]);
/// ```
pub type AveragePool1d<I, const K: usize, P = Valid<K>, O = Inferred> = Pool1d<Average, I, K, P, O>;

/// A pooling layer of series: [`MaxPool1d`] or [`AveragePool1d`], depending on `R`.
#[derive(Default, Parameters)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct Pool1d<R: Reduce, I: Channels, const K: usize, P: Window = Valid<K>, O = Inferred>(
    #[allow(clippy::type_complexity, reason = "four names")] PhantomData<fn() -> (R, I, P, O)>,
);

impl<R: Reduce, I: Channels, P: Window, const K: usize, O> Pool1d<R, I, K, P, O> {
    const NAMED: Message<64> = {
        let message = Message::new().text(R::NAME).text("1d<").number(K as u128);
        window::named::<P>(message, [K, K], [K, K], ["", ""]).text(">")
    };
}

#[diagnostic::do_not_recommend]
impl<R: Reduce, I: Channels, P: Window, const K: usize> Infer for Pool1d<R, I, K, P, Inferred> {
    const FAULT: Option<Message> = fault::misfit_of_pool::<I, Row<P>>(Self::KIND.as_str(), [1, K]);
    const EXTENTS: [usize; 6] = fault::inferred::<I, Row<P>>([1, K]);
    type Layer<
        const ONE: usize,
        const L: usize,
        const C: usize,
        const ONE_AGAIN: usize,
        const OL: usize,
        const UNUSED: usize,
    > = Pool1d<R, [[I::Element; C]; L], K, P, [[I::Element; C]; OL]>;
}

/// The layer for images of one row.
type OfRow<R, T, const L: usize, const C: usize, const K: usize, P, const OL: usize> =
    Pool2d<R, [[[T; C]; L]; 1], 1, Row<P>, K, [[[T; C]; OL]; 1]>;

impl<R: Reduce, P: Window, T: Element, const K: usize, const L: usize, const C: usize, const OL: usize> Layer
    for Pool1d<R, [[T; C]; L], K, P, [[T; C]; OL]>
{
    type Input = [[T; C]; L];
    type Output = [[T; C]; OL];
    type Tape<const B: usize> = ();
    type Head = Linear;

    const LOOKS_AHEAD: Option<bool> = Some(!is_past::<P>(L, K));
    const FAULT: Option<Message> =
        fault::mismatch_of_pool::<Row<P>>(Self::KIND.as_str(), [1, L, C], [1, K], [1, OL, C]);

    #[inline(always)]
    fn forward_batch<V: Simd, E: Ending, const B: usize>(&self, simd: V, x: &[Self::Input], y: &mut [Self::Output]) {
        let pool = OfRow::<R, T, L, C, K, P, OL>::zeroed();
        pool.forward_batch::<V, E, B>(simd, x.as_chunks::<1>().0, y.as_chunks_mut::<1>().0);
    }

    #[inline(always)]
    fn record_batch<V: Simd, E: Ending, const B: usize>(
        &self,
        simd: V,
        _: Option<&mut Rng>,
        x: &[Self::Input],
        (): &mut (),
        y: &mut [Self::Output],
    ) {
        self.forward_batch::<V, E, B>(simd, x, y);
    }

    #[inline(always)]
    fn backward_batch<V: Simd, E: Ending, const B: usize>(
        &self,
        simd: V,
        x: &[Self::Input],
        tape: &mut (),
        y: &[Self::Output],
        dy: &mut [Self::Output],
        dx: Option<&mut [Self::Input]>,
    ) {
        let pool = OfRow::<R, T, L, C, K, P, OL>::zeroed();
        let (x, y, dy) = (x.as_chunks::<1>().0, y.as_chunks::<1>().0, dy.as_chunks_mut::<1>().0);
        pool.backward_batch::<V, E, B>(simd, x, tape, y, dy, dx.map(|dx| dx.as_chunks_mut::<1>().0));
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        OfRow::<R, T, L, C, K, P, OL>::zeroed().operations(path, operations);
    }
}

/// The layer for images of one column, whose rows are the frames of a stream.
type OfColumn<R, T, const L: usize, const C: usize, const K: usize, P, const OL: usize> =
    Pool2d<R, [[[T; C]; 1]; L], K, P, 1, [[[T; C]; 1]; OL]>;

impl<R: Reduce, P: Window, T: Element, const K: usize, const L: usize, const C: usize, const OL: usize> Streaming
    for Pool1d<R, [[T; C]; L], K, P, [[T; C]; OL]>
where
    Taps<K>: Past,
{
    type Frame = [T; C];
    type Emitted = [T; C];
    type State = Recent<[[T; C]; 1], P, K>;

    const STREAM_FAULT: Option<Message> =
        first_fault(&[<Self as Layer>::FAULT, looks_ahead::<P>(Self::KIND.as_str(), L, K)]);
    const PADDED_FAULT: Option<Message> =
        first_fault(&[<Self as Layer>::FAULT, reads_padding::<P>(Self::KIND.as_str(), L, K)]);
    const DELAY: usize = Self::State::DELAY;
    const PERIOD: usize = Self::State::PERIOD;

    #[inline(always)]
    fn push<V: Simd>(&self, simd: V, state: &mut Self::State, frame: &[T; C], y: &mut [T; C]) -> bool {
        let pool = OfColumn::<R, T, L, C, K, P, OL>::zeroed();
        pool.push(simd, state, array::from_ref(frame), array::from_mut(y))
    }
}
