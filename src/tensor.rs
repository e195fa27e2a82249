//! Fixed-shape data: `[T; N]` for a vector, `[[T; W]; H]` for a picture.

use core::fmt;

use crate::{Zeroed, kernel::Element};

/// Numbers in a fixed shape: `f32`, `[f32; 10]`, `[[f32; 28]; 28]`, ...
///
/// ```
/// use shiplap::Tensor;
///
/// assert_eq!(<[[f32; 3]; 2]>::LEN, 6);
/// assert_eq!(Tensor::flat(&[[[1.0f32, 2.0], [3.0, 4.0]]]), [1.0, 2.0, 3.0, 4.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a fixed shape of numbers",
    label = "neither a number nor an array of numbers",
    note = "`f32`, `[f32; 10]` and `[[f64; 28]; 28]` are; a `Vec` or slice becomes an array by `try_into`"
)]
pub trait Tensor: Copy + Zeroed + Send + Sync + 'static {
    /// The type of each number.
    type Element: Element;
    /// How many numbers there are.
    const LEN: usize;

    /// All the numbers of many tensors, one after another.
    fn flat(rows: &[Self]) -> &[Self::Element];

    /// The same, to write to.
    fn flat_mut(rows: &mut [Self]) -> &mut [Self::Element];

    /// Shows the extent of each axis, from the outside in: 28 and 28.
    fn each_axis(show: &mut dyn FnMut(usize));

    /// Writes the shape as `28, 28`.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    fn write_shape(out: &mut dyn fmt::Write) -> fmt::Result {
        let (mut result, mut comma) = (Ok(()), "");
        Self::each_axis(&mut |extent| {
            result = result.and_then(|()| write!(out, "{comma}{extent}"));
            comma = ", ";
        });
        result
    }
}

macro_rules! scalar_tensors {
    ($($scalar:ty),*) => {
        $(impl Tensor for $scalar {
            type Element = $scalar;
            const LEN: usize = 1;

            #[inline(always)]
            fn flat(rows: &[Self]) -> &[Self] {
                rows
            }

            #[inline(always)]
            fn flat_mut(rows: &mut [Self]) -> &mut [Self] {
                rows
            }

            fn each_axis(_: &mut dyn FnMut(usize)) {}
        })*
    };
}
scalar_tensors!(f32, f64);

impl<X: Tensor, const N: usize> Tensor for [X; N] {
    type Element = X::Element;
    const LEN: usize = N * X::LEN;

    #[inline(always)]
    fn flat(rows: &[Self]) -> &[X::Element] {
        X::flat(rows.as_flattened())
    }

    #[inline(always)]
    fn flat_mut(rows: &mut [Self]) -> &mut [X::Element] {
        X::flat_mut(rows.as_flattened_mut())
    }

    fn each_axis(show: &mut dyn FnMut(usize)) {
        show(N);
        X::each_axis(show);
    }
}

/// The place of the first row that holds an infinity, or a NaN that is not a `missing` value.
pub(crate) fn first_not_finite<X: Tensor>(rows: &[X], missing: bool) -> Option<usize> {
    let refused = |value: &X::Element| !(value.is_finite() || missing && value.to_f64().is_nan());
    rows.iter().position(|row| X::flat(core::slice::from_ref(row)).iter().any(refused))
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::*;

    #[test]
    fn shapes_are_written_from_the_outside_in() {
        let mut text = String::new();
        <[[f32; 3]; 28]>::write_shape(&mut text).unwrap();
        assert_eq!(text, "28, 3");
    }

    #[test]
    fn finds_the_row_that_is_not_finite() {
        assert_eq!(first_not_finite(&[[0.0f32, 1.0], [2.0, f32::INFINITY]], true), Some(1));
        assert_eq!(first_not_finite(&[[0.0f64, f64::NAN]], false), Some(0));
        assert_eq!(first_not_finite(&[[0.0f64, f64::NAN]], true), None);
    }
}
