//! Matrix products of branches.

use super::{Join, Joins, join::Shaped};
use crate::{
    Tensor,
    activation::Linear,
    kernel::{Element, ElementwiseKernel, Simd, nn, nt, tn},
    layer::{Ending, Head, Junction, Predictions},
    message::Message,
};

/// `y[i][j] = Σₖ a[i][k]·b[k][j]`, for branches that output matrices; or an array of matrices each, which are multiplied one
/// by one, `y[h][i][j] = Σₖ a[h][i][k]·b[h][k][j]`.
///
/// ```
/// use shiplap::{layers::{Branches, Identity, MatMul, Transpose2d}, prelude::*};
///
/// /// The similarity of each step of a series with each other.
/// #[network(input = [[f32; 2]; 3])]
/// type Similarity = Branches<
///     Identity<_>,
///     (Reshape<_, Image<3, 2, 1>>, Transpose2d<_>, Reshape<_, [[f32; 3]; 2]>),
///     MatMul,
/// >;
///
/// let y = Similarity::new(1).predict(&[[1.0, 2.0], [3.0, 0.0], [0.0, 1.0]]);
/// assert_eq!(y, [[5.0, 3.0, 2.0], [3.0, 9.0, 0.0], [2.0, 0.0, 1.0]]);
/// ```
///
/// Attention of one head or several is made of two of them, with a [`Softmax`](crate::activation::Softmax) in between;
/// [`MultiHeadAttention`](crate::layers::MultiHeadAttention) is faster.
#[derive(Clone, Copy, Debug)]
pub struct MatMul;

impl Join for MatMul {
    const KIND: Message<64> = Message::new().text("MatMul");
    const JUNCTION: Junction = Junction::MatMul;
    type Activation = Linear;
    type First<E: Ending> = Predictions;
    type Second<E: Ending> = Predictions;
}

impl Shaped for MatMul {
    type OfFrames = Self;
}

/// A matrix, or an array of matrices, that [`MatMul`] multiplies by a `B`.
#[diagnostic::on_unimplemented(
    message = "`MatMul` does not multiply `{Self}` by `{B}`",
    label = "expected two matrices, or two arrays of as many matrices",
    note = "`[[f32; 3]; 2]` times `[[f32; 4]; 3]` is a `[[f32; 4]; 2]`"
)]
pub trait Multiplicand<B: Tensor<Element = Self::Element>>: Tensor {
    /// The product.
    type Product: Tensor<Element = Self::Element>;

    /// Computes the products `y`, and applies `then`.
    fn multiply<S: Simd, O: ElementwiseKernel<0, 1>>(simd: S, a: &[Self], b: &[B], then: &O, y: &mut [Self::Product]);

    /// Computes the gradients with respect to `a` and `b` from `dy`.
    fn gradients<S: Simd>(simd: S, a: &[Self], b: &[B], dy: &[Self::Product], da: &mut [Self], db: &mut [B]);
}

impl<A: Multiplicand<B>, B: Tensor<Element = A::Element>> Joins<A, B> for MatMul {
    type Output = A::Product;
    type Head<HA: Head, HB: Head> = Linear;
    const FAULT: Option<Message> = {
        if A::INNERMOST == B::AXES[B::RANK - 2] {
            None
        } else {
            let message =
                Message::new().text("`MatMul` needs as many columns of the first branch as rows of the second");
            let message = message.text(", but they output [").list(A::SHAPE).text("] and [").list(B::SHAPE);
            Some(message.text("]: transpose one of them"))
        }
    };
    const MACS: usize = A::Product::LEN * A::INNERMOST;

    #[inline(always)]
    fn join<S: Simd, O: ElementwiseKernel<0, 1>>(simd: S, a: &[A], b: &[B], then: &O, y: &mut [A::Product]) {
        A::multiply(simd, a, b, then, y);
    }

    #[inline(always)]
    fn split<S: Simd>(simd: S, a: &[A], b: &[B], dy: &[A::Product], da: &mut [A], db: &mut [B]) {
        A::gradients(simd, a, b, dy, da, db);
    }
}

macro_rules! products {
    ($([$($matrices:ident)?] $a:ty, $b:ty => $y:ty $(, $flat:ident, $flat_mut:ident)?;)*) => {
        $(impl<T: Element, $(const $matrices: usize,)? const M: usize, const K: usize, const L: usize, const N: usize>
            Multiplicand<$b> for $a
        {
            type Product = $y;

            #[inline(always)]
            fn multiply<S: Simd, O: ElementwiseKernel<0, 1>>(simd: S, a: &[$a], b: &[$b], then: &O, y: &mut [$y]) {
                for ((a, b), y) in a$(.$flat())?.iter().zip(b$(.$flat())?).zip(y$(.$flat_mut())?) {
                    if let Some(b) = b.first_chunk::<K>() {
                        nn(simd, a, b, T::zeros(), then, y);
                    }
                }
            }

            #[inline(always)]
            fn gradients<S: Simd>(simd: S, a: &[$a], b: &[$b], dy: &[$y], da: &mut [$a], db: &mut [$b]) {
                let inputs = a$(.$flat())?.iter().zip(b$(.$flat())?).zip(dy$(.$flat())?);
                for (((a, b), dy), (da, db)) in inputs.zip(da$(.$flat_mut())?.iter_mut().zip(db$(.$flat_mut())?)) {
                    if let (Some(b), Some(db)) = (b.first_chunk::<K>(), db.first_chunk_mut::<K>()) {
                        nt(simd, dy, b, da);
                        tn(simd, a, dy, db);
                    }
                }
            }
        })*
    };
}
products! {
    [] [[T; K]; M], [[T; N]; L] => [[T; N]; M];
    [H] [[[T; K]; M]; H], [[[T; N]; L]; H] => [[[T; N]; M]; H], as_flattened, as_flattened_mut;
}
