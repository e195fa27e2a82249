//! Pairs of tensors in int8, each member of a scale of its own.

use core::{marker::PhantomData, slice};

use super::{Apart, Int8Layer, Int8Tensor, Quantize, Run};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Samples};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Pair, Tensor, Zeroed,
    kernel::{Simd, copy, int8::apart},
    layers::{self, Branches},
};

/// Two branches whose outputs are a [`Pair`], in int8: [`Both`](layers::Both).
pub struct Both<A, B> {
    /// The first branch.
    pub first: A,
    /// The second branch.
    pub second: B,
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<A: Zeroed, B: Zeroed> Zeroed for Both<A, B> {}

impl<A: Int8Layer, B: Int8Layer<Input = A::Input>> Int8Layer for Both<A, B> {
    type Input = A::Input;
    type Output = Pair<A::Output, B::Output>;
    type Place = Apart<Self::Output>;
    const INSIDE: usize = if A::INSIDE > B::INSIDE { A::INSIDE } else { B::INSIDE };

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &A::Input, y: &mut Self::Output) {
        apart(simd, Run { layers: &self.first, x, y: &mut y.0 });
        apart(simd, Run { layers: &self.second, x, y: &mut y.1 });
    }
}

impl<A: Quantize, B: Quantize<Element = A::Element, Input = A::Input>> Quantize for Branches<A, B, layers::Both>
where
    A::Int8: Int8Layer<Input = <A::Input as Tensor>::Int8>,
    B::Int8: Int8Layer<Input = <A::Input as Tensor>::Int8>,
{
    type Int8 = Both<A::Int8, B::Int8>;
    #[cfg(feature = "std")]
    type Aware = Branches<A::Aware, B::Aware, layers::Both>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<A::Input>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<Self::Output>, QuantizeError> {
        let first = self.first.quantize(&mut int8.first, x.clone(), calibration, path.join("first"))?;
        let second = self.second.quantize(&mut int8.second, x, calibration, path.join("second"))?;
        let scales = Pair(first.scales, second.scales);
        let real = first.real.into_iter().zip(second.real).map(Pair::from).collect();
        let int8 = first.int8.into_iter().zip(second.int8).map(Pair::from).collect();
        Ok(Samples { real, int8, scales })
    }
}

macro_rules! member {
    ($layer:ident, $member:ident, $index:tt, $text:literal) => {
        #[doc = $text]
        pub struct $layer<A, B>(PhantomData<fn() -> (A, B)>);

        impl<A, B> $layer<A, B> {
            /// The layer, which has no constants.
            pub const MEMBER: Self = Self(PhantomData);
        }

        // SAFETY: the field has no size.
        unsafe impl<A, B> Zeroed for $layer<A, B> {}

        impl<A: Int8Tensor, B: Int8Tensor> Int8Layer for $layer<A, B> {
            type Input = Pair<A, B>;
            type Output = $member;
            type Place = Apart<$member>;

            #[inline(always)]
            fn run<S: Simd>(&self, _: S, x: &Pair<A, B>, y: &mut $member) {
                let x = slice::from_ref(&x.$index);
                copy(Int8Tensor::flat(x), Int8Tensor::flat_mut(slice::from_mut(y)));
            }
        }

        impl<A: Tensor, B: Tensor<Element = A::Element>> Quantize for layers::$layer<Pair<A, B>> {
            type Int8 = $layer<A::Int8, B::Int8>;
            #[cfg(feature = "std")]
            type Aware = Self;

            #[cfg(feature = "std")]
            fn quantize(
                &self,
                _: &mut Self::Int8,
                x: Samples<Pair<A, B>>,
                _: &mut Calibration,
                _: Path<'_>,
            ) -> Result<Samples<$member>, QuantizeError> {
                let real = x.real.iter().map(|pair| pair.$index).collect();
                let int8 = x.int8.iter().map(|pair| pair.$index).collect();
                Ok(Samples { real, int8, scales: x.scales.$index })
            }
        }
    };
}
member!(First, A, 0, "[`First`](layers::First) in int8.");
member!(Second, B, 1, "[`Second`](layers::Second) in int8.");
