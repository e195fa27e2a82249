//! Larger images, by repetition of pixels.

use core::marker::PhantomData;

use super::{Channels, Valid, fault};
use crate::{
    Layer,
    kernel::{Element, Plus, Simd, elementwise_row},
    layer::{Infer, Inferred, Operations, Parameters as _, Path, SimpleLayer},
    message::Message,
    stream::{REPEATS_ROWS, Streaming, not_streamed},
};

/// Repeats each pixel in `R` rows and `RW` columns: `y[i][j] = x[⌊i/R⌋][⌊j/RW⌋]`, the nearest pixel.
///
/// x: `I`, an [`Image`](super::Image) of H×W pixels; y: an image of H·R×W·RW pixels with the same channels.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<1, 2, 1>)]
/// type Net = (UpSample2d<_, 2>,);
///
/// assert_eq!(Net::new(1).predict(&[[[1.0], [3.0]]]), [[[1.0], [1.0], [3.0], [3.0]]; 2]);
/// // In full, with the output:
/// type InFull = UpSample2d<Image<1, 2, 1>, 2, 2, Image<2, 4, 1>>;
/// assert_eq!(Net::new(1).0, InFull::zeroed());
/// ```
#[derive(Default, Layer)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct UpSample2d<I: Channels, const R: usize, const RW: usize = R, O = Inferred>(PhantomData<fn() -> (I, O)>);

impl<I: Channels, const R: usize, const RW: usize, O> UpSample2d<I, R, RW, O> {
    const NAMED: Message<64> = {
        let message = Message::new().text("UpSample2d<").number(R as u128);
        if R == RW { message.text(">") } else { message.text(", ").number(RW as u128).text(">") }
    };
}

#[diagnostic::do_not_recommend]
impl<I: Channels, const R: usize, const RW: usize> Infer for UpSample2d<I, R, RW, Inferred> {
    const FAULT: Option<Message> = fault::other_tensor::<I, Valid>(Self::NAMED.as_str());
    const EXTENTS: [usize; 6] = {
        let [height, width, channels] = fault::extents::<I, Valid>();
        [height, width, channels, height * R, width * RW, 0]
    };
    type Layer<const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const UNUSED: usize> =
        UpSample2d<[[[I::Element; C]; W]; H], R, RW, [[[I::Element; C]; OW]; OH]>;
}

impl<
    T: Element,
    const H: usize,
    const W: usize,
    const C: usize,
    const R: usize,
    const RW: usize,
    const OH: usize,
    const OW: usize,
> SimpleLayer for UpSample2d<[[[T; C]; W]; H], R, RW, [[[T; C]; OW]; OH]>
{
    type Input = [[[T; C]; W]; H];
    type Output = [[[T; C]; OW]; OH];
    type Tape = ();

    const FAULT: Option<Message> = if R == 0 || RW == 0 {
        Some(Message::naming(Self::KIND.as_str()).text("repeats each pixel 0 times: the factors are at least 1"))
    } else {
        fault::unlike::<Valid>(Self::KIND.as_str(), [H, W, C], [H * R, W * RW, C], [OH, OW, C])
    };

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
        for (rows, x) in y.chunks_mut(R).zip(x) {
            for row in rows {
                row.chunks_mut(RW).zip(x).for_each(|(pixels, x)| pixels.fill(*x));
            }
        }
    }

    #[inline(always)]
    fn backward<S: Simd>(
        &self,
        simd: S,
        _: &Self::Input,
        (): &(),
        _: &Self::Output,
        dy: &Self::Output,
        dx: &mut Self::Input,
    ) {
        dx.as_flattened_mut().fill([T::zero(); C]);
        for (rows, dx) in dy.chunks(R).zip(dx) {
            for row in rows {
                for (pixels, dx) in row.chunks(RW).zip(dx.iter_mut()) {
                    for dy in pixels {
                        elementwise_row(simd, &Plus, [dy], [dx]);
                    }
                }
            }
        }
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        operations.up_sample(path, [R, RW]);
    }
}

/// Each row by itself.
impl<
    T: Element,
    const H: usize,
    const W: usize,
    const C: usize,
    const R: usize,
    const RW: usize,
    const OH: usize,
    const OW: usize,
> Streaming for UpSample2d<[[[T; C]; W]; H], R, RW, [[[T; C]; OW]; OH]>
{
    type Frame = [[T; C]; W];
    type Emitted = [[T; C]; OW];
    type State = ();

    const STREAM_FAULT: Option<Message> =
        if R == 1 { <Self as SimpleLayer>::FAULT } else { Some(not_streamed(Self::KIND.as_str(), REPEATS_ROWS)) };

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, (): &mut (), frame: &[[T; C]; W], y: &mut [[T; C]; OW]) -> bool {
        y.chunks_mut(RW.max(1)).zip(frame).for_each(|(pixels, x)| pixels.fill(*x));
        true
    }
}
