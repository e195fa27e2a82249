//! Checks of fixed-shape data.

use crate::{
    Tensor,
    kernel::{Element, Real, Simd, Summand, Work, dispatch, sum_of},
};

/// The place of the first row that holds an infinity, or a NaN that is not a `missing` value.
#[inline]
pub(crate) fn first_not_finite<X: Tensor>(rows: &[X], missing: bool) -> Option<usize> {
    if dispatch(AllFinite { rows, missing }) { None } else { find(rows, missing) }
}

#[cold]
fn find<X: Tensor>(rows: &[X], missing: bool) -> Option<usize> {
    let refused = |value: &X::Element| !(value.is_finite() || missing && value.to_f64().is_nan());
    rows.iter().position(|row| X::flat(core::slice::from_ref(row)).iter().any(refused))
}

/// The class number that `value` stands for, if it is one of 0, 1, … up to `classes`.
#[inline(always)]
pub(crate) fn class_number<T: Element>(value: T, classes: usize) -> Option<usize> {
    // A conversion to an integer truncates, and that of NaN is 0.
    let (value, class) = (value.to_f64(), value.to_f64() as usize);
    (class < classes && class as f64 == value).then_some(class)
}

/// Whether there is no such row. Adding up all numbers is faster than a search that may stop at each.
struct AllFinite<'a, X> {
    rows: &'a [X],
    missing: bool,
}

impl<X: Tensor> Work for AllFinite<'_, X> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> bool {
        let numbers = X::flat(self.rows);
        let sum = if self.missing {
            sum_of(simd, &NanIfInfinite, [numbers])
        } else {
            sum_of(simd, &NanIfNotFinite, [numbers])
        };
        sum.is_finite()
    }
}

/// 0, or NaN if the number is NaN or infinite.
#[derive(Clone, Copy)]
struct NanIfNotFinite;

impl Summand<1> for NanIfNotFinite {
    #[inline(always)]
    fn apply<V: Real>(&self, [x]: [V; 1]) -> V {
        x * V::splat(0.0)
    }
}

/// 0, or NaN if the number is infinite.
#[derive(Clone, Copy)]
struct NanIfInfinite;

impl Summand<1> for NanIfInfinite {
    #[inline(always)]
    fn apply<V: Real>(&self, [x]: [V; 1]) -> V {
        let zero = V::splat(0.0);
        x.abs().if_gt(zero, x * zero, zero)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_row_that_is_not_finite() {
        assert_eq!(first_not_finite(&[[0.0f32, 1.0], [2.0, f32::INFINITY]], true), Some(1));
        assert_eq!(first_not_finite(&[[0.0f64, f64::NAN]], false), Some(0));
        assert_eq!(first_not_finite(&[[0.0f64, f64::NAN]], true), None);
        for place in 0..100 {
            let mut rows = [[f32::MAX; 2]; 50];
            for (value, missing, found) in [
                (f32::NAN, true, false),
                (f32::NAN, false, true),
                (f32::INFINITY, true, true),
                (f32::NEG_INFINITY, false, true),
                (f32::MIN, false, false),
            ] {
                rows.as_flattened_mut()[place] = value;
                assert_eq!(first_not_finite(&rows, missing), found.then_some(place / 2), "{value}");
            }
        }
    }
}
