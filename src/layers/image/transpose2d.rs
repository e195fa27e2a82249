//! Images whose rows become columns.

use core::marker::PhantomData;

use super::{Channels, Valid, fault};
use crate::{
    Layer,
    kernel::{Element, Simd},
    layer::{Infer, Inferred, Operations, Parameters as _, Path, SimpleLayer},
    message::Message,
};

/// Exchanges the rows and columns of an image: `y[j][i] = x[i][j]`.
///
/// x: `I`, an [`Image`](super::Image) of H×W pixels; y: an image of W×H pixels with the same channels. Between two
/// [`Reshape`](super::Reshape)s and in a [`TimeDistributed`](crate::layers::TimeDistributed), it exchanges any axes, as
/// the channel shuffle of ShuffleNet (Zhang et al. 2018) does:
///
/// ```
/// use shiplap::prelude::*;
///
/// // Two groups of three channels.
/// #[network(input = [f32; 6])]
/// type Shuffle = (Reshape<_, Image<2, 3, 1>>, Transpose2d<_>, Flatten<_>);
///
/// assert_eq!(Shuffle::new(1).predict(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
/// // In full, with the output:
/// type InFull = Transpose2d<Image<2, 3, 1>, Image<3, 2, 1>>;
/// assert_eq!(Shuffle::new(1).1, InFull::zeroed());
/// ```
#[derive(Default, Layer)]
#[parameters(element = I::Element)]
pub struct Transpose2d<I: Channels, O = Inferred>(PhantomData<fn() -> (I, O)>);

#[diagnostic::do_not_recommend]
impl<I: Channels> Infer for Transpose2d<I, Inferred> {
    const FAULT: Option<Message> = fault::other_tensor::<I, Valid>(Self::KIND.as_str());
    const EXTENTS: [usize; 6] = {
        let [height, width, channels] = fault::extents::<I, Valid>();
        [height, width, channels, 0, 0, 0]
    };
    type Layer<const H: usize, const W: usize, const C: usize, const _A: usize, const _B: usize, const _C: usize> =
        Transpose2d<[[[I::Element; C]; W]; H], [[[I::Element; C]; H]; W]>;
}

impl<T: Element, const H: usize, const W: usize, const C: usize> SimpleLayer
    for Transpose2d<[[[T; C]; W]; H], [[[T; C]; H]; W]>
{
    type Input = [[[T; C]; W]; H];
    type Output = [[[T; C]; H]; W];
    type Tape = ();

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
        transpose(x, y);
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
        transpose(dy, dx);
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        operations.transpose(path);
    }
}

/// `y[j][i] = x[i][j]`.
#[inline(always)]
pub(crate) fn transpose<P: Copy, const H: usize, const W: usize>(x: &[[P; W]; H], y: &mut [[P; H]; W]) {
    for (i, row) in x.iter().enumerate() {
        for (pixel, column) in row.iter().zip(&mut *y) {
            column[i] = *pixel;
        }
    }
}
