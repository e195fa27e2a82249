//! Arrays of int8.

use core::{fmt::Debug, mem::MaybeUninit, slice};

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
    /// An `S` for the array; for a [`Pair`](crate::Pair), one for each of its arrays, in pairs.
    type ForEach<S: ForArray>: ForArray;
    /// The number of elements.
    const LEN: usize;
    /// The number of axes.
    const RANK: usize;
    /// The length of the innermost axis; 1 for a single number.
    const INNERMOST: usize;

    /// An `S` for each array, in order.
    #[doc(hidden)]
    fn for_each<S: ForArray>(next: &mut impl FnMut() -> S) -> Self::ForEach<S>;

    /// Calls `array` with what each array has, and the number of its elements, in order.
    #[doc(hidden)]
    fn visit<S: ForArray>(all: &Self::ForEach<S>, array: &mut impl FnMut(S, usize));

    /// The elements of several arrays as one slice, in row-major order.
    fn flat(rows: &[Self]) -> &[i8];

    /// The mutable version of [`flat`](Self::flat).
    fn flat_mut(rows: &mut [Self]) -> &mut [i8];

    /// The elements of several wide arrays as one slice.
    fn wide(rows: &[Self::Wide]) -> &[i16];

    /// The mutable version of [`wide`](Self::wide).
    fn wide_mut(rows: &mut [Self::Wide]) -> &mut [i16];
}

/// The array in the first of these numbers.
///
/// # Panics
///
/// Panics if they are too few.
#[inline(always)]
pub(crate) fn first_of<X: Int8Tensor>(numbers: &[i8]) -> &X {
    assert!(size_of::<X>() <= numbers.len(), "an array of int8 does not fit into its memory");
    // SAFETY: `Int8Tensor` is sealed: `X` is an array of `i8`, of which `numbers` has enough, and which has any alignment.
    unsafe { &*numbers.as_ptr().cast() }
}

/// The mutable version of [`first_of`].
#[inline(always)]
pub(crate) fn first_of_mut<X: Int8Tensor>(numbers: &mut [i8]) -> &mut X {
    assert!(size_of::<X>() <= numbers.len(), "an array of int8 does not fit into its memory");
    // SAFETY: as in `first_of`.
    unsafe { &mut *numbers.as_mut_ptr().cast() }
}

/// The bytes of an `M`, as int8.
#[doc(hidden)]
#[repr(transparent)]
pub struct Room<M>(MaybeUninit<M>);

impl<M> Room<M> {
    /// Zeros in `memory`.
    #[inline(always)]
    pub(crate) fn zeros(memory: &mut MaybeUninit<M>) -> &mut [i8] {
        // SAFETY: all bytes are written first. They are `i8`, and no `M`, as long as `memory` is borrowed.
        unsafe {
            memory.as_mut_ptr().write_bytes(0, 1);
            slice::from_raw_parts_mut(memory.as_mut_ptr().cast(), size_of::<M>())
        }
    }

    /// The first of these numbers.
    ///
    /// # Panics
    ///
    /// Panics if they are too few.
    #[inline(always)]
    pub(crate) fn of(numbers: &mut [i8]) -> &mut Self {
        const { assert!(align_of::<M>() == 1) };
        assert!(size_of::<M>() <= numbers.len(), "an array of int8 does not fit into its memory");
        // SAFETY: `numbers` has enough bytes, which are initialized; any address has the alignment.
        unsafe { &mut *numbers.as_mut_ptr().cast() }
    }

    /// The numbers.
    #[inline(always)]
    pub(crate) fn numbers(&mut self) -> &mut [i8] {
        // SAFETY: the bytes were `i8` in `of`, the only function that creates a `Room`, and nothing else writes to them.
        unsafe { slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), size_of::<M>()) }
    }
}

/// What each array of a tensor has, such as a scale.
pub trait ForArray: Copy + Debug + PartialEq + Zeroed + 'static {}

impl<S: Copy + Debug + PartialEq + Zeroed + 'static> ForArray for S {}

/// Only int8, arrays and pairs of them are tensors, so any bytes are a valid tensor.
pub trait Sealed {}

impl Sealed for i8 {}

impl<X: Sealed, const N: usize> Sealed for [X; N] {}

impl Int8Tensor for i8 {
    type Wide = i16;
    type Frame = i8;
    type FrameOf<const N: usize> = [i8; N];
    type ForEach<S: ForArray> = S;
    const LEN: usize = 1;
    const RANK: usize = 0;
    const INNERMOST: usize = 1;

    #[inline(always)]
    fn for_each<S: ForArray>(next: &mut impl FnMut() -> S) -> S {
        next()
    }

    #[inline(always)]
    fn visit<S: ForArray>(all: &S, array: &mut impl FnMut(S, usize)) {
        array(*all, Self::LEN);
    }

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
    type ForEach<S: ForArray> = S;
    const LEN: usize = N * X::LEN;
    const RANK: usize = X::RANK + 1;
    const INNERMOST: usize = if X::RANK == 0 { N } else { X::INNERMOST };

    #[inline(always)]
    fn for_each<S: ForArray>(next: &mut impl FnMut() -> S) -> S {
        next()
    }

    #[inline(always)]
    fn visit<S: ForArray>(all: &S, array: &mut impl FnMut(S, usize)) {
        array(*all, Self::LEN);
    }

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
    fn an_array_is_in_the_first_numbers_of_others() {
        let mut memory = MaybeUninit::<[u16; 3]>::uninit();
        let numbers = Room::zeros(&mut memory);
        *first_of_mut(Room::<[i8; 5]>::of(numbers).numbers()) = [[1, 2], [3, 4]];
        assert_eq!(numbers, [1, 2, 3, 4, 0, 0]);
        assert_eq!(first_of::<[[i8; 1]; 6]>(numbers)[3], [4]);
    }

    #[test]
    #[should_panic(expected = "does not fit")]
    fn an_array_is_not_beyond_others() {
        first_of::<[i8; 3]>(&[1, 2]);
    }
}
