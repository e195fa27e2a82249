//! Parts of images.

use core::marker::PhantomData;

use super::{Channels, Valid, fault};
use crate::{
    Layer,
    kernel::{Element, Simd},
    layer::{Infer, Inferred, Operations, Parameters as _, Path, SimpleLayer},
    message::Message,
    stream::{CUTS_ROWS, Streaming, not_streamed},
};

/// Cuts rows and columns off an image: `TOP` and `BOTTOM` rows, `LEFT` and `RIGHT` columns.
/// `y[i][j] = x[i + TOP][j + LEFT]`. With one number, it is that of all sides; with two, the second one is that of the
/// bottom and the right.
///
/// x: `I`, an [`Image`](super::Image); y: an image with the same channels.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<2, 3, 1>)]
/// type Net = (Crop2d<_, 1, 0, 0, 1>,);
///
/// let y = Net::new(1).predict(&[[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]]);
/// assert_eq!(y, [[[4.0], [5.0]]]);
/// // In full, with the output:
/// type InFull = Crop2d<Image<2, 3, 1>, 1, 0, 0, 1, Image<1, 2, 1>>;
/// assert_eq!(Net::new(1).0, InFull::zeroed());
/// ```
#[derive(Default, Layer)]
#[parameters(element = I::Element)]
pub struct Crop2d<
    I: Channels,
    const TOP: usize,
    const BOTTOM: usize = TOP,
    const LEFT: usize = TOP,
    const RIGHT: usize = BOTTOM,
    O = Inferred,
>(PhantomData<fn() -> (I, O)>);

/// The lengths of an axis after `[before, after]` of its pixels are cut off; at least 1, so that there is a type.
const fn rest(length: usize, [before, after]: [usize; 2]) -> usize {
    match length.saturating_sub(before).saturating_sub(after) {
        0 => 1,
        rest => rest,
    }
}

#[diagnostic::do_not_recommend]
impl<I: Channels, const TOP: usize, const BOTTOM: usize, const LEFT: usize, const RIGHT: usize> Infer
    for Crop2d<I, TOP, BOTTOM, LEFT, RIGHT, Inferred>
{
    const FAULT: Option<Message> = fault::other_tensor::<I, Valid>(Self::KIND.as_str());
    const EXTENTS: [usize; 6] = {
        let [height, width, channels] = fault::extents::<I, Valid>();
        [height, width, channels, rest(height, [TOP, BOTTOM]), rest(width, [LEFT, RIGHT]), 0]
    };
    type Layer<const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const UNUSED: usize> =
        Crop2d<[[[I::Element; C]; W]; H], TOP, BOTTOM, LEFT, RIGHT, [[[I::Element; C]; OW]; OH]>;
}

impl<
    T: Element,
    const H: usize,
    const W: usize,
    const C: usize,
    const TOP: usize,
    const BOTTOM: usize,
    const LEFT: usize,
    const RIGHT: usize,
    const OH: usize,
    const OW: usize,
> SimpleLayer for Crop2d<[[[T; C]; W]; H], TOP, BOTTOM, LEFT, RIGHT, [[[T; C]; OW]; OH]>
{
    type Input = [[[T; C]; W]; H];
    type Output = [[[T; C]; OW]; OH];
    type Tape = ();

    const FAULT: Option<Message> = if TOP + BOTTOM >= H || LEFT + RIGHT >= W {
        let message = Message::naming(Self::KIND.as_str()).text("cuts off all of an image of [");
        Some(message.list(&[H, W]).text("]"))
    } else {
        let cropped = [rest(H, [TOP, BOTTOM]), rest(W, [LEFT, RIGHT]), C];
        fault::unlike::<Valid>(Self::KIND.as_str(), [H, W, C], cropped, [OH, OW, C])
    };

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
        for (x, y) in x.iter().skip(TOP).zip(y) {
            y.copy_from_slice(&x[LEFT..LEFT + OW]);
        }
    }

    #[inline(always)]
    fn backward<S: Simd>(
        &self,
        _: S,
        _: &Self::Input,
        (): &(),
        _: &Self::Output,
        dy: &Self::Output,
        dx: &mut Self::Input,
    ) {
        dx.as_flattened_mut().fill([T::zero(); C]);
        for (dx, dy) in dx.iter_mut().skip(TOP).zip(dy) {
            dx[LEFT..LEFT + OW].copy_from_slice(dy);
        }
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        operations.crop(path, [TOP, LEFT], [OH, OW]);
    }
}

/// Each row by itself, except for the first ones. The state is their number.
impl<
    T: Element,
    const H: usize,
    const W: usize,
    const C: usize,
    const TOP: usize,
    const BOTTOM: usize,
    const LEFT: usize,
    const RIGHT: usize,
    const OH: usize,
    const OW: usize,
> Streaming for Crop2d<[[[T; C]; W]; H], TOP, BOTTOM, LEFT, RIGHT, [[[T; C]; OW]; OH]>
{
    type Frame = [[T; C]; W];
    type Emitted = [[T; C]; OW];
    type State = usize;

    const STREAM_FAULT: Option<Message> =
        if BOTTOM == 0 { <Self as SimpleLayer>::FAULT } else { Some(not_streamed(Self::KIND.as_str(), CUTS_ROWS)) };
    const DELAY: usize = TOP;

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, seen: &mut usize, frame: &[[T; C]; W], y: &mut [[T; C]; OW]) -> bool {
        if *seen < TOP {
            *seen += 1;
            return false;
        }
        y.copy_from_slice(&frame[LEFT..LEFT + OW]);
        true
    }
}
