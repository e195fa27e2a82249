//! Arrays of int8.

#[cfg(dsp)]
use core::slice;

use crate::Zeroed;

/// An array of int8, possibly nested: `[[[i8; CHANNELS]; WIDTH]; HEIGHT]`.
pub trait Int8Tensor: Sealed + Copy + Zeroed + Send + Sync + 'static {
    /// The same array with 16 bits for each number.
    type Wide: Copy + Zeroed + Send + Sync;
    /// One frame of it in a [stream](crate::stream), as of a [`Tensor`](crate::Tensor).
    type Frame: Int8Tensor;
    /// The [`Frame`](Self::Frame) of an array of `N` of these arrays.
    #[doc(hidden)]
    type FrameOf<const N: usize>: Int8Tensor;
    /// The number of elements.
    const LEN: usize;
    /// The number of axes.
    const RANK: usize;
    /// The length of the innermost axis; 1 for a single number.
    const INNERMOST: usize;

    /// The elements of several arrays as one slice, in row-major order.
    fn flat(rows: &[Self]) -> &[i8];

    /// The mutable version of [`flat`](Self::flat).
    fn flat_mut(rows: &mut [Self]) -> &mut [i8];

    /// The elements of several wide arrays as one slice.
    fn wide(rows: &[Self::Wide]) -> &[i16];

    /// The mutable version of [`wide`](Self::wide).
    fn wide_mut(rows: &mut [Self::Wide]) -> &mut [i16];
}

/// An array of zeros in the first numbers of `y`, if it fits.
#[inline(always)]
pub(crate) fn zeroed_within<X: Int8Tensor, Y: Int8Tensor>(y: &mut Y) -> Option<&mut X> {
    if size_of::<X>() > size_of::<Y>() {
        return None;
    }
    // SAFETY: both are arrays of `i8`, of which `y` has enough, and which have any alignment. `y` is borrowed as long as
    // the result.
    let x = unsafe { &mut *core::ptr::from_mut(y).cast::<X>() };
    X::flat_mut(core::slice::from_mut(x)).fill(0);
    Some(x)
}

/// Only int8, arrays and pairs of them are tensors, so any bytes are a valid tensor.
pub trait Sealed {}

impl Sealed for i8 {}

impl<X: Sealed, const N: usize> Sealed for [X; N] {}

impl Int8Tensor for i8 {
    type Wide = i16;
    type Frame = i8;
    type FrameOf<const N: usize> = [i8; N];
    const LEN: usize = 1;
    const RANK: usize = 0;
    const INNERMOST: usize = 1;

    #[inline(always)]
    fn flat(rows: &[i8]) -> &[i8] {
        rows
    }

    #[inline(always)]
    fn flat_mut(rows: &mut [i8]) -> &mut [i8] {
        rows
    }

    #[inline(always)]
    fn wide(rows: &[i16]) -> &[i16] {
        rows
    }

    #[inline(always)]
    fn wide_mut(rows: &mut [i16]) -> &mut [i16] {
        rows
    }
}

impl<X: Int8Tensor, const N: usize> Int8Tensor for [X; N] {
    type Wide = [X::Wide; N];
    type Frame = X::FrameOf<N>;
    type FrameOf<const M: usize> = Self;
    const LEN: usize = N * X::LEN;
    const RANK: usize = X::RANK + 1;
    const INNERMOST: usize = if X::RANK == 0 { N } else { X::INNERMOST };

    #[inline(always)]
    fn flat(rows: &[Self]) -> &[i8] {
        X::flat(rows.as_flattened())
    }

    #[inline(always)]
    fn flat_mut(rows: &mut [Self]) -> &mut [i8] {
        X::flat_mut(rows.as_flattened_mut())
    }

    #[inline(always)]
    fn wide(rows: &[Self::Wide]) -> &[i16] {
        X::wide(rows.as_flattened())
    }

    #[inline(always)]
    fn wide_mut(rows: &mut [Self::Wide]) -> &mut [i16] {
        X::wide_mut(rows.as_flattened_mut())
    }
}

/// The array of these bytes, in row-major order.
///
/// # Panics
///
/// Panics if the array has another number of elements.
#[doc(hidden)]
pub const fn int8_of<X: Int8Tensor>(bytes: &[u8]) -> X {
    assert!(bytes.len() == X::LEN && size_of::<X>() == X::LEN, "the file's weights have another size than the layer's");
    // SAFETY: `Int8Tensor` is sealed: `X` is an array, possibly nested, of `X::LEN` int8, for which any byte is valid.
    unsafe { *bytes.as_ptr().cast::<X>() }
}

/// The elements of an array, in row-major order.
#[cfg(dsp)]
#[inline(always)]
pub(super) const fn numbers_of<X: Int8Tensor>(x: &X) -> &[i8] {
    assert!(size_of::<X>() == X::LEN);
    // SAFETY: `Int8Tensor` is sealed: `X` is an array, possibly nested, of `X::LEN` int8.
    unsafe { slice::from_raw_parts((&raw const *x).cast(), X::LEN) }
}

/// The mutable version of [`numbers_of`].
#[cfg(dsp)]
pub(super) const fn numbers_of_mut<X: Int8Tensor>(x: &mut X) -> &mut [i8] {
    assert!(size_of::<X>() == X::LEN);
    // SAFETY: as in `numbers_of`.
    unsafe { slice::from_raw_parts_mut((&raw mut *x).cast(), X::LEN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_the_shape_of_an_array() {
        assert_eq!(int8_of::<[[i8; 3]; 2]>(&[1, 2, 255, 128, 0, 127]), [[1, 2, -1], [-128, 0, 127]]);
    }

    #[test]
    fn an_array_is_in_the_first_numbers_of_another() {
        let mut y = [[7; 3]; 2];
        assert_eq!(zeroed_within::<[i8; 7], _>(&mut y), None);
        assert_eq!(zeroed_within::<[i8; 4], _>(&mut y), Some(&mut [0; 4]));
        assert_eq!(y, [[0; 3], [0, 7, 7]]);
    }
}
