//! Checks of what files contain: the shapes of samples, and class indices.

use std::{format, string::String};

use super::DataError;
use crate::Tensor;

/// Checks the shape of a sample in a file against an `X`. The error describes the shapes that it may have.
pub(super) fn check_shape<X: Tensor>(shape: &[usize]) -> Result<(), String> {
    let length = shape.iter().try_fold(1usize, |length, &axis| length.checked_mul(axis));
    if X::LEN == 0 || length != Some(X::LEN) {
        return Err(DataError::samples_of(X::LEN));
    }
    // Flat rows and images have different numbers of axes, but their numbers are in the same order.
    if shape.len() == X::SHAPE.len() && shape != X::SHAPE {
        return Err(format!("samples of shape {:?}, with the axes in this order", X::SHAPE));
    }
    Ok(())
}

/// The class with this number as its index, or `None` if the number is not an index, or may be another one that was
/// rounded: only integers below 2⁵³ are exact.
#[cfg(any(feature = "csv", feature = "npy"))]
pub(super) fn class_index(number: f64) -> Option<usize> {
    const FIRST_INEXACT: f64 = 9_007_199_254_740_992.0;
    let class = number as usize;
    ((0.0..FIRST_INEXACT).contains(&number) && class as f64 == number).then_some(class)
}
