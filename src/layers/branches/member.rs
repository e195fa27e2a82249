//! The members of a pair.

use core::{marker::PhantomData, slice};

use crate::{
    Layer, Pair, Tensor,
    kernel::{Element as _, Simd, copy},
    layer::{Operations, Parameters as _, Path, SimpleLayer},
    message::Message,
    stream::Streaming,
};

/// The first member of a [`Pair`]: the beginning of the branch that takes the first of two inputs.
///
/// ```
/// use shiplap::{Pair, layers::{Branches, Concat, First, Second}, prelude::*};
///
/// #[network(input = Pair<Image<8, 8, 1>, [f32; 4]>)]
/// type Net = (
///     Branches<
///         (First<_>, Conv2d<_, 2, 3, Relu>, Flatten<_>),
///         (Second<_>, Dense<_, 8, Relu>),
///         Concat,
///     >,
///     Dense<_, 3, Softmax>,
/// );
///
/// let (image, numbers) = ([[[0.0]; 8]; 8], [0.0; 4]);
/// assert_eq!(Net::new(1).predict(&Pair(image, numbers)), [1.0 / 3.0; 3]);
/// ```
#[derive(Default, Layer)]
#[parameters(element = I::Element)]
pub struct First<I: Members>(PhantomData<fn() -> I>);

/// The second member of a [`Pair`]: the beginning of the branch that takes the second of two inputs. See [`First`].
#[derive(Default, Layer)]
#[parameters(element = I::Element)]
pub struct Second<I: Members>(PhantomData<fn() -> I>);

/// The members of a [`Pair`]. For other tensors, which have none, both are the tensor, and [`First`] and [`Second`] have a
/// [fault](SimpleLayer::FAULT).
pub trait Members: Tensor {
    /// The first member.
    type First: Tensor<Element = Self::Element>;
    /// The second member.
    type Second: Tensor<Element = Self::Element>;
    /// Both members.
    #[doc(hidden)]
    fn members(&self) -> (&Self::First, &Self::Second);
}

impl<A: Tensor, B: Tensor<Element = A::Element>> Members for Pair<A, B> {
    type First = A;
    type Second = B;

    fn members(&self) -> (&A, &B) {
        (&self.0, &self.1)
    }
}

macro_rules! no_members {
    ($([$($generics:tt)*] $tensor:ty),*) => {
        $(impl<$($generics)*> Members for $tensor {
            type First = Self;
            type Second = Self;

            fn members(&self) -> (&Self, &Self) {
                (self, self)
            }
        })*
    };
}
no_members!([] f32, [] f64, [X: Tensor, const N: usize] [X; N]);

/// The fault of a layer that is given no pair.
const fn not_a_pair<I: Tensor>(kind: &str) -> Option<Message> {
    match I::FORM.members() {
        Some(_) => None,
        None => Some(I::FORM.written(Message::naming(kind).text("takes a `Pair`, but is given `")).text("`")),
    }
}

macro_rules! member {
    ($layer:ident, $index:tt, $start:expr, $start_of_frame:expr) => {
        impl<I: Members> SimpleLayer for $layer<I> {
            type Input = I;
            type Output = I::$layer;
            type Tape = ();

            const FAULT: Option<Message> = not_a_pair::<I>(Self::KIND.as_str());
            const KEEPS_WHOLE: bool = true;

            #[inline(always)]
            fn part(x: &I) -> Option<(usize, &Self::Output)> {
                Some(($start, x.members().$index))
            }

            #[inline(always)]
            fn forward<S: Simd>(&self, _: S, x: &I, y: &mut Self::Output) {
                copy(&I::flat(slice::from_ref(x))[$start..], Tensor::flat_mut(slice::from_mut(y)));
            }

            #[inline(always)]
            fn backward<S: Simd>(&self, _: S, _: &I, (): &(), _: &Self::Output, dy: &Self::Output, dx: &mut I) {
                let dx = I::flat_mut(slice::from_mut(dx));
                dx.fill(I::Element::from_f64(0.0));
                copy(Tensor::flat(slice::from_ref(dy)), &mut dx[$start..]);
            }

            fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
                operations.member(path, $index);
            }
        }

        impl<I: Members> Streaming for $layer<I> {
            type Frame = I::Frame;
            type Emitted = <I::$layer as Tensor>::Frame;
            type State = ();

            const STREAM_FAULT: Option<Message> = <Self as SimpleLayer>::FAULT;

            #[inline(always)]
            fn push<S: Simd>(&self, _: S, (): &mut (), frame: &I::Frame, y: &mut Self::Emitted) -> bool {
                let numbers = I::Frame::flat(slice::from_ref(frame));
                copy(numbers.get($start_of_frame..).unwrap_or(&[]), Tensor::flat_mut(slice::from_mut(y)));
                true
            }
        }
    };
}
member!(First, 0, 0, 0);
member!(Second, 1, I::First::LEN, <I::First as Tensor>::Frame::LEN);
