//! Series with their steps in the opposite order.

use core::{mem, slice};

use crate::{Tensor, kernel::copy};

/// The steps of a series of this type.
const fn steps<X: Tensor>() -> usize {
    if X::RANK == 2 { X::AXES[0] } else { 1 }
}

/// The numbers of the steps of a sample that count: those of its length, or all if it is 0 or missing.
#[inline(always)]
fn counted<X: Tensor>(lengths: &[usize], row: usize) -> usize {
    match lengths.get(row) {
        Some(&length) if length > 0 => length.saturating_mul(X::LEN / steps::<X>()).min(X::LEN),
        _ => X::LEN,
    }
}

/// Copies each sample with the steps up to its length in the opposite order.
#[inline(always)]
pub(super) fn copy_reversed<X: Tensor>(lengths: &[usize], from: &[X], to: &mut [X]) {
    copy(from, to);
    reverse(lengths, to);
}

/// Puts the steps of each sample up to its length in the opposite order.
#[inline(always)]
pub(super) fn reverse<X: Tensor>(lengths: &[usize], samples: &mut [X]) {
    let width = const { if X::LEN == 0 { 1 } else { X::LEN / steps::<X>() } };
    for (row, sample) in samples.iter_mut().enumerate() {
        let numbers = X::flat_mut(slice::from_mut(sample));
        let mut frames = numbers.get_mut(..counted::<X>(lengths, row)).unwrap_or(&mut []).chunks_exact_mut(width);
        while let (Some(first), Some(last)) = (frames.next(), frames.next_back()) {
            first.iter_mut().zip(last).for_each(|(first, last)| mem::swap(first, last));
        }
    }
}
