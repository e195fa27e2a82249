//! The maximum and the mean of windows of an image.

use core::marker::PhantomData;

use super::{
    Channels, Valid, Window,
    window::{self, for_each_pixel, mismatch, slide},
};
use crate::{
    Parameters, Rng, Tensor,
    activation::Linear,
    kernel::{Element, ElementwiseKernel, Real, Simd, elementwise_row},
    layer::{Ending, Infer, Inferred, Layer, Operations, Path, Pool},
    message::Message,
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
        let message = window::size(Message::new().text(R::NAME).text("<"), [K, KW]);
        message.text(window::named::<P>([K, KW]).as_str()).text(">")
    };
}

/// How a pooling layer combines the pixels of a window: [`Max`] or [`Average`].
pub trait Reduce: sealed::Sealed + 'static {
    /// The name of the layer.
    const NAME: &'static str;
    /// The operation, for export.
    #[doc(hidden)]
    const POOL: Pool;

    /// Adds the pixel `x` to `y`; it is the first one of the window if `first` is true.
    #[doc(hidden)]
    fn add<S: Simd, T: Element>(simd: S, first: bool, x: &[T], y: &mut [T]);

    /// Completes `y`, the combination of `pixels` pixels.
    #[doc(hidden)]
    fn finish<S: Simd, T: Element>(simd: S, pixels: usize, y: &mut [T]);

    /// Adds the share of the pixel `x` of the gradient `dy` to `dx`. `dy` was divided by `pixels` before.
    #[doc(hidden)]
    fn backward<S: Simd, T: Element>(simd: S, x: &[T], y: &[T], dy: &mut [T], dx: &mut [T]);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Max {}
    impl Sealed for super::Average {}
}

/// The maximum of the pixels of a window.
#[derive(Clone, Copy, Debug)]
pub struct Max;

/// The mean of the pixels of a window.
#[derive(Clone, Copy, Debug)]
pub struct Average;

impl Reduce for Max {
    const NAME: &'static str = "MaxPool2d";
    const POOL: Pool = Pool::Max;

    #[inline(always)]
    fn add<S: Simd, T: Element>(simd: S, first: bool, x: &[T], y: &mut [T]) {
        if first {
            y.copy_from_slice(x);
        } else {
            elementwise_row(simd, &Larger, [x], [y]);
        }
    }

    #[inline(always)]
    fn finish<S: Simd, T: Element>(_: S, _: usize, _: &mut [T]) {}

    #[inline(always)]
    fn backward<S: Simd, T: Element>(simd: S, x: &[T], y: &[T], dy: &mut [T], dx: &mut [T]) {
        elementwise_row(simd, &MoveToLargest, [x, y], [dx, dy]);
    }
}

impl Reduce for Average {
    const NAME: &'static str = "AveragePool2d";
    const POOL: Pool = Pool::Average;

    #[inline(always)]
    fn add<S: Simd, T: Element>(simd: S, _: bool, x: &[T], y: &mut [T]) {
        elementwise_row(simd, &Sum, [x], [y]);
    }

    #[inline(always)]
    fn finish<S: Simd, T: Element>(simd: S, pixels: usize, y: &mut [T]) {
        elementwise_row(simd, &Divide(pixels as f64), [], [y]);
    }

    #[inline(always)]
    fn backward<S: Simd, T: Element>(simd: S, _: &[T], _: &[T], dy: &mut [T], dx: &mut [T]) {
        elementwise_row(simd, &Sum, [dy], [dx]);
    }
}

#[derive(Clone, Copy)]
struct Larger;

impl ElementwiseKernel<1, 1> for Larger {
    #[inline(always)]
    fn apply<V: Real>(&self, [x]: [V; 1], [y]: [V; 1]) -> [V; 1] {
        [x.max(y)]
    }
}

#[derive(Clone, Copy)]
struct Sum;

impl ElementwiseKernel<1, 1> for Sum {
    #[inline(always)]
    fn apply<V: Real>(&self, [x]: [V; 1], [y]: [V; 1]) -> [V; 1] {
        [y + x]
    }
}

#[derive(Clone, Copy)]
struct Divide(f64);

impl ElementwiseKernel<0, 1> for Divide {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [y]: [V; 1]) -> [V; 1] {
        [y / V::splat(self.0)]
    }
}

/// Moves the gradient to `dx` where `x` is the maximum `y`, so that no further pixel gets it.
#[derive(Clone, Copy)]
struct MoveToLargest;

impl ElementwiseKernel<2, 2> for MoveToLargest {
    #[inline(always)]
    fn apply<V: Real>(&self, [x, y]: [V; 2], [dx, dy]: [V; 2]) -> [V; 2] {
        [y.if_gt(x, dx, dx + dy), y.if_gt(x, dy, V::splat(0.0))]
    }
}

#[diagnostic::do_not_recommend]
impl<R: Reduce, I: Channels, P: Window, const K: usize, const KW: usize> Infer for Pool2d<R, I, K, P, KW, Inferred> {
    const FAULT: Option<Message> = match window::misfit::<I, P>(Self::KIND.as_str(), [K, KW]) {
        None => {
            let [height, width, _] = window::extents::<I>();
            window::blind::<P>(Self::KIND.as_str(), [height, width], [K, KW])
        }
        fault => fault,
    };
    const EXTENTS: [usize; 6] = window::inferred::<I, P>([K, KW]);
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

    const FAULT: Option<Message> = match mismatch::<P>(Self::KIND.as_str(), [H, W, C], [K, KW], [OH, OW, C], C) {
        None => window::blind::<P>(Self::KIND.as_str(), [H, W], [K, KW]),
        fault => fault,
    };

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[Self::Input], y: &mut [Self::Output]) {
        for (x, y) in x.iter().zip(y) {
            for (i, row) in y.iter_mut().enumerate() {
                for (j, y) in row.iter_mut().enumerate() {
                    let mut pixels = 0;
                    y.fill(T::zero());
                    for_each_pixel::<P, H, W>([K, KW], [i, j], |row, column| {
                        R::add(simd, pixels == 0, &x[row][column], y);
                        pixels += 1;
                    });
                    R::finish(simd, pixels.max(1), y);
                }
            }
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
        simd: S,
        x: &[Self::Input],
        (): &mut (),
        y: &[Self::Output],
        dy: &mut [Self::Output],
        dx: Option<&mut [Self::Input]>,
    ) {
        let Some(dx) = dx else { return };
        Tensor::flat_mut(dx).fill(T::zero());
        for (((x, y), dy), dx) in x.iter().zip(y).zip(dy).zip(dx) {
            for i in 0..OH {
                for j in 0..OW {
                    let (y, dy, mut pixels) = (&y[i][j], &mut dy[i][j], 0);
                    for_each_pixel::<P, H, W>([K, KW], [i, j], |_, _| pixels += 1);
                    R::finish(simd, pixels.max(1), dy);
                    for_each_pixel::<P, H, W>([K, KW], [i, j], |row, column| {
                        R::backward(simd, &x[row][column], y, dy, &mut dx[row][column]);
                    });
                }
            }
        }
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        operations.pool(path, R::POOL, slide::<P>([H, W], [K, KW]).1);
    }
}
