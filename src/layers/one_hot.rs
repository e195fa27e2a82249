//! One-hot encoding of class numbers.

use core::marker::PhantomData;

use crate::{
    Layer, Parameters,
    kernel::{Element, Simd},
    layer::SimpleLayer,
    message::Message,
    stream::{Streaming, whole_sample},
};
#[cfg(feature = "std")]
use crate::{
    kernel::{ElementwiseKernel, Real},
    layer::{Operations, Path, assert_sound},
};

/// Replaces column `COLUMN`, which holds class numbers, by `CLASSES` columns: 1 in the column of the class, 0 in the
/// others. For a value that is not a class number, all of them are 0. x: `[[T; IN]]`, y: `[[T; OUT]]`, with
/// `OUT = IN − 1 + CLASSES`. Columns and classes are counted from 0. Another `OUT`, or a `COLUMN` of `IN` or more, does
/// not compile.
///
/// As the first layer of a network, it lets the network take class numbers. To encode several columns, chain several
/// layers, the last column first: for columns 0 and 3, encode 3, then 0.
///
/// In ONNX, it becomes a matrix product, which spreads a NaN or infinity in one of the other columns over all columns.
/// Put [`Impute`](crate::layers::Impute) before it to replace NaN.
///
/// ```
/// use shiplap::prelude::*;
///
/// // Age, one of three colors, weight.
/// type Net = (OneHot<3, 1, 3, 5>, Dense<5, 1, Linear>);
/// let net: Net = Network::new(1);
/// assert_eq!(net.0.predict(&[41.0, 2.0, 70.5]), [41.0, 0.0, 0.0, 1.0, 70.5]);
/// ```
#[derive(Copy, Default, Layer)]
pub struct OneHot<const IN: usize, const COLUMN: usize, const CLASSES: usize, const OUT: usize, T: Element = f32>(
    PhantomData<T>,
);

impl<const IN: usize, const COLUMN: usize, const CLASSES: usize, const OUT: usize, T: Element> SimpleLayer
    for OneHot<IN, COLUMN, CLASSES, OUT, T>
{
    type Input = [T; IN];
    type Output = [T; OUT];
    type Tape = ();

    const FAULT: Option<Message> = {
        let message = Message::naming(Self::KIND.as_str());
        if COLUMN >= IN {
            Some(message.text("has no such column: it must be below the number of inputs, counted from 0"))
        } else if OUT != IN - 1 + CLASSES {
            let outputs = (IN - 1 + CLASSES) as u128;
            Some(message.text("has a wrong width: the outputs are inputs - 1 + classes = ").number(outputs))
        } else {
            None
        }
    };

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &[T; IN], y: &mut [T; OUT]) {
        y[..COLUMN].copy_from_slice(&x[..COLUMN]);
        y[COLUMN + CLASSES..].copy_from_slice(&x[COLUMN + 1..]);
        for (class, y) in y[COLUMN..COLUMN + CLASSES].iter_mut().enumerate() {
            *y = if x[COLUMN].to_f64() == class as f64 { T::one() } else { T::zero() };
        }
    }

    /// The gradient with respect to a class number is 0.
    #[inline(always)]
    fn backward<S: Simd>(&self, _: S, _: &[T; IN], (): &(), _: &[T; OUT], dy: &[T; OUT], dx: &mut [T; IN]) {
        dx[..COLUMN].copy_from_slice(&dy[..COLUMN]);
        dx[COLUMN] = T::zero();
        dx[COLUMN + 1..].copy_from_slice(&dy[COLUMN + CLASSES..]);
    }

    /// First, a value that is no class becomes `NO_CLASS`, because NaN and infinity would spread. Then, a product
    /// with zeros and ones copies each column to its places. Finally, a formula compares the columns of the classes
    /// with the class numbers.
    #[cfg(feature = "std")]
    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        const { assert_sound(&<Self as SimpleLayer>::FAULT) };
        let (mut places, mut class) = (std::vec![[T::zero(); OUT]; IN], [T::from_f64(NO_CLASS); OUT]);
        let mut classes = [T::zero(); IN];
        classes[COLUMN] = T::from_f64(CLASSES as f64);
        for output in 0..OUT {
            let input = match output {
                before if before < COLUMN => before,
                after if after >= COLUMN + CLASSES => after + 1 - CLASSES,
                _ => {
                    class[output] = T::from_f64((output - COLUMN) as f64);
                    COLUMN
                }
            };
            places[input][output] = T::one();
        }
        operations.columnwise(path, "Known", &[("classes", &classes)], &Known);
        operations.product(path, "places", [IN, OUT], places.as_flattened());
        operations.columnwise(path, "OneHot", &[("class", &class)], &Compare);
    }
}

impl<const IN: usize, const COLUMN: usize, const CLASSES: usize, const OUT: usize, T: Element> Streaming
    for OneHot<IN, COLUMN, CLASSES, OUT, T>
{
    whole_sample!();
}

/// Replaces a value that is no class.
#[cfg(feature = "std")]
const NO_CLASS: f64 = -1.0;

/// `y = x`, except in the column of the classes, where a value that is no class becomes [`NO_CLASS`].
#[cfg(feature = "std")]
#[derive(Clone, Copy)]
struct Known;

#[cfg(feature = "std")]
impl ElementwiseKernel<2, 1> for Known {
    fn apply<V: Real>(&self, [x, classes]: [V; 2], _: [V; 1]) -> [V; 1] {
        let known = classes.if_gt(x.abs(), x, V::splat(NO_CLASS));
        [classes.if_gt(V::splat(0.0), known, x)]
    }
}

/// `y = x`, except in the columns of classes: 1 if `x` is the number of the class, else 0.
#[cfg(feature = "std")]
#[derive(Clone, Copy)]
struct Compare;

#[cfg(feature = "std")]
impl ElementwiseKernel<2, 1> for Compare {
    fn apply<V: Real>(&self, [x, class]: [V; 2], _: [V; 1]) -> [V; 1] {
        let (zero, one) = (V::splat(0.0), V::splat(1.0));
        let equal = x.if_gt(class, zero, class.if_gt(x, zero, one));
        [class.if_gt(V::splat(NO_CLASS), equal, x)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn a_value_that_is_no_class_gives_zeros() {
        let layer = OneHot::<1, 0, 3, 3>::zeroed();
        assert_eq!(layer.predict(&[0.0]), [1.0, 0.0, 0.0]);
        for x in [-1.0, 0.5, 3.0, f32::NAN, f32::INFINITY] {
            assert_eq!(layer.predict(&[x]), [0.0; 3]);
        }
    }
}
