//! Sums, differences, products and squared differences of branches.

use core::marker::PhantomData;

use super::{
    Join, Joins,
    by_channel::{self, is_by_channel},
    join::{Shaped, differ},
};
use crate::{
    Tensor,
    activation::{Activation, Linear},
    kernel::{ElementwiseKernel, Real, Simd},
    layer::{Ending, Head, Junction, Predictions},
    message::Message,
};

/// `y = act(a + b)`. The second branch has an output of the shape of the first, or one number for each channel, which is
/// added to all pixels.
#[derive(Clone, Copy, Debug)]
pub struct Add<A = Linear>(PhantomData<A>);

/// `y = act(a − b)`, for outputs as those of [`Add`].
///
/// ```
/// use shiplap::{layers::{Branches, Identity, Subtract}, prelude::*};
///
/// // The distance of each channel from its mean.
/// type Centered = Branches<Identity<Image<2, 1, 2>>, GlobalAveragePool<Image<2, 1, 2>>, Subtract>;
///
/// assert_eq!(Centered::new(1).predict(&[[[1.0, 5.0]], [[3.0, 7.0]]]), [[[-1.0, -1.0]], [[1.0, 1.0]]]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Subtract<A = Linear>(PhantomData<A>);

/// `y = act(a·b)`, for outputs as those of [`Add`]: a branch weighs the numbers or the channels of the other, as in
/// squeeze-and-excitation (Hu et al. 2018):
///
/// ```
/// use shiplap::{layers::{Branches, Identity, Multiply}, prelude::*};
///
/// #[network(input = Image<8, 8, 3>)]
/// type Net = (
///     Conv2d<_, 8, 3, Relu>,
///     Branches<Identity<_>, (GlobalAveragePool<_>, Dense<_, 2, Relu>, Dense<_, 8, Sigmoid>), Multiply>,
///     GlobalAveragePool<_>,
/// );
///
/// // The weights of the channels are 1/2, because all outputs of the first convolution are 0.
/// assert_eq!(Net::new(1).predict(&[[[0.0; 3]; 8]; 8]), [0.0; 8]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Multiply<A = Linear>(PhantomData<A>);

/// `y = act((a − b)²)`, for outputs as those of [`Add`].
///
/// ```
/// use shiplap::{layers::{Branches, Identity, SquaredDifference}, prelude::*};
///
/// // The variance of each channel.
/// type Mean = GlobalAveragePool<Image<2, 1, 2>>;
/// type Variance = (Branches<Identity<Image<2, 1, 2>>, Mean, SquaredDifference>, Mean);
///
/// assert_eq!(Variance::new(1).predict(&[[[1.0, 5.0]], [[3.0, 7.0]]]), [1.0, 1.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SquaredDifference<A = Linear>(PhantomData<A>);

/// `y = act(max(a, b))`, for outputs as those of [`Add`]. Of equal numbers, the first receives the gradient.
///
/// ```
/// use shiplap::{layers::{Branches, Identity, Maximum}, prelude::*};
///
/// type Net = Branches<Identity<[f32; 2]>, Activate<Sigmoid, [f32; 2]>, Maximum>;
///
/// assert_eq!(Net::new(1).predict(&[0.0, 3.0]), [0.5, 3.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Maximum<A = Linear>(PhantomData<A>);

/// `y = act(min(a, b))`, as [`Maximum`].
#[derive(Clone, Copy, Debug)]
pub struct Minimum<A = Linear>(PhantomData<A>);

/// `then` of the value of `a` and `b`.
#[derive(Clone, Copy)]
struct Value<J, O>(PhantomData<J>, O);

/// The gradients with respect to `a` and `b` from `a`, `b` and the gradient `dy`.
#[derive(Clone, Copy)]
struct Gradients<J>(PhantomData<J>);

/// The reason why outputs cannot be combined number by number, if there is one.
const fn misfit<A: Tensor, B: Tensor>(name: &str) -> Option<Message> {
    let is_pair = A::FORM.members().is_some() || B::FORM.members().is_some();
    if A::FORM.is(&B::FORM) || is_by_channel::<A, B>() && !is_pair {
        return None;
    }
    let message = Message::new().text("`").text(name).text("` needs branches of the same shape");
    Some(differ::<A, B>(message.text(", but they output `")).text(HINT))
}

const HINT: &str = ": change one, or give `Residual` a shortcut that changes the shape";

macro_rules! arithmetic {
    ($($join:ident: $name:literal, |$a:ident, $b:ident| $value:expr, |$dy:ident| [$da:expr, $db:expr];)*) => {
        $(
            impl<A: Activation> Join for $join<A> {
                const KIND: Message<64> = Message::new().text($name).text("<").text(A::NAME).text(">");
                const JUNCTION: Junction = Junction::$join;
                type Activation = A;
                type First<E: Ending> = Predictions;
                type Second<E: Ending> = Predictions;
            }

            impl<A: Activation> Shaped for $join<A> {
                type OfFrames = Self;
            }

            impl<O: ElementwiseKernel<0, 1>> ElementwiseKernel<2, 1> for Value<$join, O> {
                #[inline(always)]
                fn apply<V: Real>(&self, [$a, $b]: [V; 2], _: [V; 1]) -> [V; 1] {
                    self.1.apply([], [$value])
                }
            }

            impl ElementwiseKernel<3, 2> for Gradients<$join> {
                #[inline(always)]
                fn apply<V: Real>(&self, [$a, $b, $dy]: [V; 3], _: [V; 2]) -> [V; 2] {
                    let _ = ($a, $b);
                    [$da, $db]
                }
            }

            impl<Act: Activation, A: Tensor, B: Tensor<Element = A::Element>> Joins<A, B> for $join<Act> {
                type Output = A;
                type Head<HA: Head, HB: Head> = Act;
                const FAULT: Option<Message> = misfit::<A, B>($name);
                const BY_CHANNEL: bool = is_by_channel::<A, B>();

                #[inline(always)]
                fn join<S: Simd, O: ElementwiseKernel<0, 1>>(simd: S, a: &[A], b: &[B], then: &O, y: &mut [A]) {
                    by_channel::join(simd, &Value::<$join, O>(PhantomData, *then), a, b, y);
                }

                #[inline(always)]
                fn split<S: Simd>(simd: S, a: &[A], b: &[B], dy: &[A], da: &mut [A], db: &mut [B]) {
                    by_channel::split(simd, Gradients::<$join>(PhantomData), a, b, dy, da, db);
                }
            }
        )*
    };
}
arithmetic! {
    Add: "Add", |a, b| a + b, |dy| [dy, dy];
    Subtract: "Subtract", |a, b| a - b, |dy| [dy, V::splat(0.0) - dy];
    Multiply: "Multiply", |a, b| a * b, |dy| [dy * b, dy * a];
    SquaredDifference: "SquaredDifference", |a, b| (a - b) * (a - b),
        |dy| [dy * V::splat(2.0) * (a - b), dy * V::splat(2.0) * (b - a)];
    Maximum: "Maximum", |a, b| a.max(b), |dy| [b.if_gt(a, V::splat(0.0), dy), b.if_gt(a, dy, V::splat(0.0))];
    Minimum: "Minimum", |a, b| a.min(b), |dy| [a.if_gt(b, V::splat(0.0), dy), a.if_gt(b, dy, V::splat(0.0))];
}
