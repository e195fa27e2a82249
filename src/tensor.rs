//! Checks of fixed-shape data.

use crate::{Tensor, kernel::Element as _};

/// The place of the first row that holds an infinity, or a NaN that is not a `missing` value.
pub(crate) fn first_not_finite<X: Tensor>(rows: &[X], missing: bool) -> Option<usize> {
    let refused = |value: &X::Element| !(value.is_finite() || missing && value.to_f64().is_nan());
    rows.iter().position(|row| X::flat(core::slice::from_ref(row)).iter().any(refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_row_that_is_not_finite() {
        assert_eq!(first_not_finite(&[[0.0f32, 1.0], [2.0, f32::INFINITY]], true), Some(1));
        assert_eq!(first_not_finite(&[[0.0f64, f64::NAN]], false), Some(0));
        assert_eq!(first_not_finite(&[[0.0f64, f64::NAN]], true), None);
    }
}
