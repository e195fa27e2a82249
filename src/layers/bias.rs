//! Whether a layer adds a bias.

use crate::{
    Tensor,
    kernel::Element,
    layer::{Operations, Parameter, Path, VisitGradient},
};

/// Whether a layer adds a bias to its logits: [`Bias`] or [`NoBias`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether the layer has a bias",
    label = "expected `Bias` or `NoBias`"
)]
pub trait Biased: sealed::Sealed + Send + Sync + 'static {
    /// The type of the field `bias`: `X`, or an array without elements.
    type Of<X: Tensor>: Tensor<Element = X::Element>;
    /// The end of the layer's name.
    #[doc(hidden)]
    const SUFFIX: &'static str;

    /// `bias`, if there is one.
    #[doc(hidden)]
    fn get<T: Element, const N: usize>(bias: &Self::Of<[T; N]>) -> Option<&[T; N]>;

    /// The mutable version of [`get`](Self::get).
    #[doc(hidden)]
    fn get_mut<T: Element, const N: usize>(bias: &mut Self::Of<[T; N]>) -> Option<&mut [T; N]>;

    /// `bias`, or zeros if there is none.
    #[doc(hidden)]
    #[inline(always)]
    fn or_zeros<T: Element, const N: usize>(bias: &Self::Of<[T; N]>) -> &[T; N] {
        Self::get(bias).unwrap_or(T::zeros())
    }

    /// Lists the operation that adds the bias, if there is one.
    #[doc(hidden)]
    fn operations<T: Element, V: Operations<T>, const N: usize>(
        bias: &Self::Of<[T; N]>,
        path: Path<'_>,
        operations: &mut V,
    ) {
        if let Some(bias) = Self::get(bias) {
            operations.add(path, "bias", bias);
        }
    }

    /// Visits the gradient of the bias, if there is one: it is the second of the layer's `parameters`.
    #[doc(hidden)]
    fn sums<T: Element, V: VisitGradient<T, M>, const M: usize, const N: usize>(
        visitor: &mut V,
        parameters: &'static [Parameter<'static>],
        path: Path<'_>,
        dz: &[[T; N]],
        bias: &mut Self::Of<[T; N]>,
        state: [&mut Self::Of<[T; N]>; M],
    );
}

/// The layer adds a trainable bias to each of its outputs. It is the default.
#[derive(Clone, Copy, Debug)]
pub struct Bias;

/// The layer has no bias, and no memory for one: for example, because a normalization after it would remove it.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Edges = Conv2d<Image<5, 5, 1>, 4, 3, Linear, Valid, NoBias, 3, Image<3, 3, 4>>;
/// assert_eq!((Edges::PARAMS, Edges::BYTES), (3 * 3 * 4, 3 * 3 * 4 * 4));
/// assert_eq!(format!("{:?}", Edges::zeroed()), "Conv2d<4, 3, Linear, Valid, NoBias>");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NoBias;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Bias {}
    impl Sealed for super::NoBias {}
}

impl Biased for Bias {
    type Of<X: Tensor> = X;
    const SUFFIX: &'static str = "";

    #[inline(always)]
    fn get<T: Element, const N: usize>(bias: &[T; N]) -> Option<&[T; N]> {
        Some(bias)
    }

    #[inline(always)]
    fn get_mut<T: Element, const N: usize>(bias: &mut [T; N]) -> Option<&mut [T; N]> {
        Some(bias)
    }

    #[inline(always)]
    fn sums<T: Element, V: VisitGradient<T, M>, const M: usize, const N: usize>(
        visitor: &mut V,
        parameters: &'static [Parameter<'static>],
        path: Path<'_>,
        dz: &[[T; N]],
        bias: &mut [T; N],
        state: [&mut [T; N]; M],
    ) {
        if let [_, parameter] = parameters {
            visitor.sums(parameter.at(path), dz, bias, state);
        }
    }
}

impl Biased for NoBias {
    type Of<X: Tensor> = [X; 0];
    const SUFFIX: &'static str = ", NoBias";

    #[inline(always)]
    fn get<T: Element, const N: usize>(_: &[[T; N]; 0]) -> Option<&[T; N]> {
        None
    }

    #[inline(always)]
    fn get_mut<T: Element, const N: usize>(_: &mut [[T; N]; 0]) -> Option<&mut [T; N]> {
        None
    }

    #[inline(always)]
    fn sums<T: Element, V: VisitGradient<T, M>, const M: usize, const N: usize>(
        _: &mut V,
        _: &'static [Parameter<'static>],
        _: Path<'_>,
        _: &[[T; N]],
        _: &mut [[T; N]; 0],
        _: [&mut [[T; N]; 0]; M],
    ) {
    }
}
