//! Class numbers as columns.

use core::marker::PhantomData;

use crate::{
    Rng, Tensor, Zeroed,
    activation::Linear,
    flash::Stored,
    kernel::{Element, Simd},
    layer::{Accepts, Description, Ending, Layer, Path, Visit, VisitMut},
    message::Message,
    outline::{Leaf, Outline},
};
#[cfg(feature = "std")]
use crate::{
    kernel::{ElementwiseKernel, Real},
    layer::Operations,
    layers::columns::statistic,
};

/// Puts `CLASSES` columns in the place of column `COLUMN`: 1 in that of the class whose number is there, 0 in the
/// others, also where it is the number of none. x: `[[T; IN]]`, y: `[[T; OUT]]`, with `OUT = IN − 1 + CLASSES`.
///
/// It is exported to ONNX as a product, which spreads NaN or infinity in one of the other columns over all: put
/// [`Impute`](crate::layers::Impute) before it.
///
/// As first layer of a network it lets the network take class numbers as they come. Several are chained: of columns
/// 0 and 3, first 3, then 0.
///
/// ```
/// use shiplap::prelude::*;
///
/// // Age, one of three colours, weight.
/// type Net = (OneHot<3, 1, 3, 5>, Dense<5, 1, Linear>);
/// let net: Net = Network::new(1);
/// assert_eq!(net.0.predict(&[41.0, 2.0, 70.5]), [41.0, 0.0, 0.0, 1.0, 70.5]);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct OneHot<const IN: usize, const COLUMN: usize, const CLASSES: usize, const OUT: usize, T = f32>(
    PhantomData<T>,
);

// SAFETY: it has no bytes.
unsafe impl<const IN: usize, const COLUMN: usize, const CLASSES: usize, const OUT: usize, T> Zeroed
    for OneHot<IN, COLUMN, CLASSES, OUT, T>
{
}

const fn wrong_widths(inputs: usize, column: usize, classes: usize, outputs: usize) -> Message {
    let message = Message::new()
        .text("`OneHot<")
        .number(inputs as u128)
        .text(", ")
        .number(column as u128)
        .text(", ")
        .number(classes as u128)
        .text(", ")
        .number(outputs as u128)
        .text(">`: ");
    if column >= inputs {
        message.text("the column must be below the number of inputs, which are counted from 0")
    } else {
        message.text("the outputs must be inputs - 1 + classes = ").number((inputs - 1 + classes) as u128)
    }
}

impl<const IN: usize, const COLUMN: usize, const CLASSES: usize, const OUT: usize, T: Element + Tensor<Element = T>>
    Layer for OneHot<IN, COLUMN, CLASSES, OUT, T>
{
    type Element = T;
    type Input = [T; IN];
    type Output = [T; OUT];
    type Tape<const B: usize> = ();
    type Trainable = ();
    type Head = Linear;

    const PARAMS: usize = 0;
    const MACS: usize = 0;
    const FAULT: Option<Message> =
        if COLUMN >= IN || OUT != IN - 1 + CLASSES { Some(wrong_widths(IN, COLUMN, CLASSES, OUT)) } else { None };
    const OUTLINE: Outline = Outline::Single(Leaf {
        kind: Message::new().text("OneHot<").list(&[IN, COLUMN, CLASSES, OUT]).text(">"),
        tensors: &[],
        activation: None,
        bytes: 0,
        output: size_of::<[T; OUT]>(),
        macs: 0,
    });

    #[inline(always)]
    fn forward<S: Simd, E: Ending, const B: usize>(&self, _: S, x: &[[T; IN]], y: &mut [[T; OUT]]) {
        for (x, y) in x.iter().zip(y) {
            let (before, after) = (&x[..COLUMN], &x[COLUMN + 1..]);
            y[..COLUMN].copy_from_slice(before);
            y[COLUMN + CLASSES..].copy_from_slice(after);
            for (class, y) in y[COLUMN..COLUMN + CLASSES].iter_mut().enumerate() {
                *y = if x[COLUMN].to_f64() == class as f64 { T::one() } else { T::zero() };
            }
        }
    }

    #[inline(always)]
    fn record<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: &mut Rng,
        x: &[[T; IN]],
        (): &mut (),
        y: &mut [[T; OUT]],
    ) {
        self.forward::<S, E, B>(simd, x, y);
    }

    /// A class number has no gradient: 0.
    #[inline(always)]
    fn backward<S: Simd, E: Ending, const B: usize>(
        &self,
        _: S,
        _: &[[T; IN]],
        (): &mut (),
        _: &[[T; OUT]],
        dy: &mut [[T; OUT]],
        dx: Option<&mut [[T; IN]]>,
    ) {
        let Some(dx) = dx else { return };
        for (dx, dy) in dx.iter_mut().zip(dy) {
            dx[..COLUMN].copy_from_slice(&dy[..COLUMN]);
            dx[COLUMN] = T::zero();
            dx[COLUMN + 1..].copy_from_slice(&dy[COLUMN + CLASSES..]);
        }
    }

    #[inline(always)]
    fn activate<S: Simd>(_: S, _: &mut [[T; OUT]]) {}

    #[inline(always)]
    fn parameters<V: Visit<T>>(&self, _: Path<'_>, _: &mut V) {}

    #[inline(always)]
    fn parameters_mut<V: VisitMut<T, M>, const M: usize>(_: [&mut Self; M], _: Path<'_>, _: &mut V) {}

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        show(&Description {
            path,
            kind: format_args!("OneHot<{IN}, {COLUMN}, {CLASSES}, {OUT}>"),
            output: <[T; OUT]>::write_shape,
            params: 0,
        });
    }

    /// What is no class becomes a number of none, as NaN and infinity would spread; a product with zeros and ones brings each
    /// column to its places, and a formula compares those of the classes.
    #[cfg(feature = "std")]
    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
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
        operations.columnwise(path, "Known", &[(statistic(path, "classes", &[IN]), &classes)], &Known);
        operations.product(statistic(path, "places", &[IN, OUT]), places.as_flattened());
        operations.columnwise(path, "OneHot", &[(statistic(path, "class", &[OUT]), &class)], &Compare);
    }
}

impl<const IN: usize, const COLUMN: usize, const CLASSES: usize, const OUT: usize, T: Element + Tensor<Element = T>>
    Accepts<[T; IN]> for OneHot<IN, COLUMN, CLASSES, OUT, T>
{
}

impl<W, P, const IN: usize, const COLUMN: usize, const CLASSES: usize, const OUT: usize, T> Stored<W, P>
    for OneHot<IN, COLUMN, CLASSES, OUT, T>
where
    T: Element + Tensor<Element = T>,
{
    const STORED: Self = Self(PhantomData);
}

/// Stands for the class of a column that is no class's.
#[cfg(feature = "std")]
const NO_CLASS: f64 = -1.0;

/// `y = x`, but in the column of the classes the number of none where `x` is none of theirs.
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

/// `y = x`, where there is a class 1 if `x` is its number, else 0.
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
    fn what_is_no_class_has_no_column() {
        let layer = OneHot::<1, 0, 3, 3>::zeroed();
        assert_eq!(layer.predict(&[0.0]), [1.0, 0.0, 0.0]);
        for x in [-1.0, 0.5, 3.0, f32::NAN, f32::INFINITY] {
            assert_eq!(layer.predict(&[x]), [0.0; 3]);
        }
    }
}
