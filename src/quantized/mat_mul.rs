//! Matrix products of branches in int8.

use core::{marker::PhantomData, mem::MaybeUninit, slice};

use super::place::{output, room};
use super::{Apart, Bounds, Int8Layer, Int8Tensor, Multiplier, Quantize, Scale};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples};
use crate::{
    Tensor, Zeroed,
    kernel::Simd,
    layers::{self, Branches, Multiplicand},
};
#[cfg(feature = "std")]
use crate::{activation::Linear, layer::Path};

/// Two branches whose matrices are multiplied, in int8.
pub struct MatMul<A, B, O> {
    /// The first branch.
    pub first: A,
    /// The second branch.
    pub second: B,
    /// The int8 of both outputs that stand for 0.
    pub zeros: [i8; 2],
    /// From a sum of products to the output.
    pub multiplier: Multiplier,
    /// The range of the output.
    pub bounds: Bounds,
    output: PhantomData<fn() -> O>,
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<A: Zeroed, B: Zeroed, O> Zeroed for MatMul<A, B, O> {}

/// The most products of int8, each of them at most 255², of which a sum does not overflow.
const MOST_PRODUCTS: usize = i32::MAX as usize / (255 * 255);

/// The columns of a row that are summed at a time.
const COLUMNS: usize = 16;

impl<A, B, O> MatMul<A, B, O> {
    /// The layer of these branches, whose outputs have the scales `inputs`.
    pub const fn from_parts(first: A, second: B, inputs: [Scale; 2], output: Scale) -> Self {
        let [a, b] = inputs;
        // TensorFlow Lite computes the product in `f32`, and the quotient in `f64`.
        let multiplier = Multiplier::new((a.scale * b.scale) as f64 / output.scale as f64);
        let bounds = Bounds::of(output, [f32::NEG_INFINITY, f32::INFINITY]);
        Self { first, second, zeros: [a.zero, b.zero], multiplier, bounds, output: PhantomData }
    }
}

impl<A: Int8Layer, B: Int8Layer, O: Int8Tensor> MatMul<A, B, O> {
    /// `y = a·b`, matrix by matrix.
    #[inline(always)]
    fn multiply(&self, a: &[i8], b: &[i8], y: &mut [i8]) {
        let (inner, width) = const { (A::Output::INNERMOST, B::Output::INNERMOST) };
        let height = const { O::LEN / (B::Output::LEN / A::Output::INNERMOST) };
        // The largest sum that `multiplier` does not wrap. Its output is beyond the bounds.
        let most = i32::MAX >> self.multiplier.exponent.max(0);
        let matrices = a.chunks_exact(height * inner).zip(b.chunks_exact(inner * width));
        for (y, (a, b)) in y.chunks_exact_mut(height * width).zip(matrices) {
            for (y, a) in y.chunks_exact_mut(width).zip(a.chunks_exact(inner)) {
                for (block, y) in y.chunks_mut(COLUMNS).enumerate() {
                    let mut sums = [0i32; COLUMNS];
                    for (a, b) in a.iter().zip(b.chunks_exact(width)) {
                        let a = i32::from(*a) - i32::from(self.zeros[0]);
                        for (sum, b) in sums.iter_mut().zip(&b[block * COLUMNS..]) {
                            *sum += a * (i32::from(*b) - i32::from(self.zeros[1]));
                        }
                    }
                    for (y, sum) in y.iter_mut().zip(sums) {
                        *y = self.bounds.clamp(self.multiplier.apply(sum.clamp(-most, most)));
                    }
                }
            }
        }
    }
}

impl<A: Int8Layer, B: Int8Layer<Input = A::Input>, O: Int8Tensor> Int8Layer for MatMul<A, B, O> {
    type Input = A::Input;
    type Output = O;
    type Place = Apart<O>;
    const INSIDE: usize = room::<A>() + room::<B>() + if A::INSIDE > B::INSIDE { A::INSIDE } else { B::INSIDE };

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &A::Input, y: &mut O) {
        const {
            assert!(
                A::Output::INNERMOST <= MOST_PRODUCTS,
                "in int8, a sum of more than 33025 products can overflow: these matrices are too large"
            );
        }
        let (mut first, mut second) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let (first, second) = (output(simd, &self.first, x, &mut first), output(simd, &self.second, x, &mut second));
        let (first, second) = (A::Output::flat(slice::from_ref(first)), B::Output::flat(slice::from_ref(second)));
        self.multiply(first, second, O::flat_mut(slice::from_mut(y)));
    }
}

impl<A: Quantize, B: Quantize<Element = A::Element, Input = A::Input>> Quantize for Branches<A, B, layers::MatMul>
where
    A::Output: Multiplicand<B::Output>,
    A::Int8: Int8Layer<Input = <A::Input as Tensor>::Int8>,
    B::Int8: Int8Layer<Input = <A::Input as Tensor>::Int8>,
{
    type Int8 = MatMul<A::Int8, B::Int8, <<A::Output as Multiplicand<B::Output>>::Product as Tensor>::Int8>;
    #[cfg(feature = "std")]
    type Aware = Rounded<Branches<A::Aware, B::Aware, layers::MatMul>>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<A::Input>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<Self::Output>, QuantizeError> {
        let first = self.first.quantize(&mut int8.first, x.clone(), calibration, path.join("first"))?.scale();
        let second = self.second.quantize(&mut int8.second, x.clone(), calibration, path.join("second"))?.scale();
        let (y, scales) = calibration.scales::<Self, Linear>(self, &x, path)?;
        let MatMul { zeros, multiplier, bounds, .. } =
            MatMul::<(), (), ()>::from_parts((), (), [first, second], scales.output);
        (int8.zeros, int8.multiplier, int8.bounds) = (zeros, multiplier, bounds);
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::*;
    use crate::{
        Pair,
        kernel::dispatch,
        quantized::{First, Run, Second},
    };

    const INNER: usize = MOST_PRODUCTS;
    type Row = [[i8; INNER]; 1];
    type Column = [[i8; 1]; INNER];
    type Product = MatMul<First<Row, Column>, Second<Row, Column>, [[i8; 1]; 1]>;

    /// The largest sum, and its negation.
    #[test]
    fn largest_sums_do_not_overflow() {
        let product = |zeros: [i8; 2], [a, b]: [i8; 2], output: f32| {
            let [input, other] = zeros.map(|zero| Scale { scale: 1.0, zero });
            let product =
                Product::from_parts(First::MEMBER, Second::MEMBER, [input, other], Scale { scale: output, zero: 0 });
            let (x, mut y) = (Box::new(Pair([[a; INNER]; 1], [[b; 1]; INNER])), [[0]]);
            dispatch(Run { layers: &product, x: &*x, y: &mut y });
            y[0][0]
        };
        let unit = (255.0 * 255.0 * INNER as f64 / 100.0) as f32;
        assert_eq!(product([-128, -128], [127, 127], unit), 100);
        assert_eq!(product([127, 127], [-128, -128], unit), 100);
        assert_eq!(product([-128, 127], [127, -128], unit), -100);
        // A multiplier above 1 saturates.
        assert_eq!(product([-128, -128], [127, 127], 1e-6), 127);
        assert_eq!(product([127, -128], [-128, 127], 1e-6), -128);
    }
}
