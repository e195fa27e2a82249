//! Zeros around images.

use core::marker::PhantomData;

use super::{Channels, Valid, fault};
use crate::{
    Layer,
    kernel::{Element, Simd},
    layer::{Infer, Inferred, Operations, Parameters as _, Path, SimpleLayer},
    message::Message,
    stream::{ADDS_ROWS, Streaming, not_streamed},
};

/// Zeros around an image: `TOP` and `BOTTOM` rows, `LEFT` and `RIGHT` columns.
/// `y[i + TOP][j + LEFT] = x[i][j]`, elsewhere 0. With one number, it is that of all sides; with two, the second one is
/// that of the bottom and the right.
///
/// x: `I`, an [`Image`](super::Image); y: an image with the same channels. The [`Window`](super::Window) of a
/// convolution can pad its input, too: this layer is for padding that no window describes.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<2, 2, 1>)]
/// type Net = (ZeroPad2d<_, 0, 1>,);
///
/// let y = Net::new(1).predict(&[[[1.0], [2.0]], [[3.0], [4.0]]]);
/// assert_eq!(y, [[[1.0], [2.0], [0.0]], [[3.0], [4.0], [0.0]], [[0.0]; 3]]);
/// // In full, with the output:
/// type InFull = ZeroPad2d<Image<2, 2, 1>, 0, 1, 0, 1, Image<3, 3, 1>>;
/// assert_eq!(Net::new(1).0, InFull::zeroed());
/// ```
#[derive(Default, Layer)]
#[parameters(element = I::Element)]
pub struct ZeroPad2d<
    I: Channels,
    const TOP: usize,
    const BOTTOM: usize = TOP,
    const LEFT: usize = TOP,
    const RIGHT: usize = BOTTOM,
    O = Inferred,
>(PhantomData<fn() -> (I, O)>);

#[diagnostic::do_not_recommend]
impl<I: Channels, const TOP: usize, const BOTTOM: usize, const LEFT: usize, const RIGHT: usize> Infer
    for ZeroPad2d<I, TOP, BOTTOM, LEFT, RIGHT, Inferred>
{
    const FAULT: Option<Message> = fault::other_tensor::<I, Valid>(Self::KIND.as_str());
    const EXTENTS: [usize; 6] = {
        let [height, width, channels] = fault::extents::<I, Valid>();
        [height, width, channels, TOP + height + BOTTOM, LEFT + width + RIGHT, 0]
    };
    type Layer<const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const UNUSED: usize> =
        ZeroPad2d<[[[I::Element; C]; W]; H], TOP, BOTTOM, LEFT, RIGHT, [[[I::Element; C]; OW]; OH]>;
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
> SimpleLayer for ZeroPad2d<[[[T; C]; W]; H], TOP, BOTTOM, LEFT, RIGHT, [[[T; C]; OW]; OH]>
{
    type Input = [[[T; C]; W]; H];
    type Output = [[[T; C]; OW]; OH];
    type Tape = ();

    const FAULT: Option<Message> =
        fault::unlike::<Valid>(Self::KIND.as_str(), [H, W, C], [TOP + H + BOTTOM, LEFT + W + RIGHT, C], [OH, OW, C]);

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
        y.as_flattened_mut().fill([T::zero(); C]);
        for (x, y) in x.iter().zip(y.iter_mut().skip(TOP)) {
            y[LEFT..LEFT + W].copy_from_slice(x);
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
        for (dx, dy) in dx.iter_mut().zip(dy.iter().skip(TOP)) {
            dx.copy_from_slice(&dy[LEFT..LEFT + W]);
        }
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        operations.zero_pad(path, [TOP, LEFT], [BOTTOM, RIGHT]);
    }
}

/// Each row by itself.
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
> Streaming for ZeroPad2d<[[[T; C]; W]; H], TOP, BOTTOM, LEFT, RIGHT, [[[T; C]; OW]; OH]>
{
    type Frame = [[T; C]; W];
    type Emitted = [[T; C]; OW];
    type State = ();

    const STREAM_FAULT: Option<Message> = if TOP == 0 && BOTTOM == 0 {
        <Self as SimpleLayer>::FAULT
    } else {
        Some(not_streamed(Self::KIND.as_str(), ADDS_ROWS))
    };

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, (): &mut (), frame: &[[T; C]; W], y: &mut [[T; C]; OW]) -> bool {
        y.fill([T::zero(); C]);
        y[LEFT..LEFT + W].copy_from_slice(frame);
        true
    }
}
