//! Operations on arrays and slices that the standard library lacks, or that compile slowly with it.

use core::{
    any::TypeId,
    mem::{self, MaybeUninit},
    slice,
};

use super::element::Tensor;

/// Like `items.each_mut().map(f)`, but several times as fast to compile: walks over parameters call it often.
#[inline(always)]
pub fn map_each<'a, X, Y, const N: usize>(items: &'a mut [X; N], f: impl Fn(&'a mut X) -> Y) -> [Y; N] {
    let mut results = [const { MaybeUninit::uninit() }; N];
    let (first, mut index) = (items.as_mut_ptr(), 0);
    while index < N {
        // SAFETY: `index` is within the array, and each item is borrowed once.
        results[index].write(f(unsafe { &mut *first.add(index) }));
        index += 1;
    }
    // SAFETY: the loop has written each of `results`, which are forgotten without a drop. A panic in `f` only leaks.
    unsafe { mem::transmute_copy::<[MaybeUninit<Y>; N], [Y; N]>(&results) }
}

/// Returns `rows` as rows of `B` if `A` and `B` are the same type, and an empty slice otherwise. The comparison costs
/// nothing: its result is known at compile time.
#[inline(always)]
pub(crate) fn cast_rows<A: 'static, B: 'static>(rows: &[A]) -> &[B] {
    if TypeId::of::<A>() != TypeId::of::<B>() {
        return &[];
    }
    // SAFETY: `A` and `B` are the same type.
    unsafe { slice::from_raw_parts(rows.as_ptr().cast(), rows.len()) }
}

/// The mutable version of [`cast_rows`].
#[inline(always)]
pub(crate) fn cast_rows_mut<A: 'static, B: 'static>(rows: &mut [A]) -> &mut [B] {
    if TypeId::of::<A>() != TypeId::of::<B>() {
        return &mut [];
    }
    // SAFETY: `A` and `B` are the same type.
    unsafe { slice::from_raw_parts_mut(rows.as_mut_ptr().cast(), rows.len()) }
}

/// Copies as many items as both slices have.
#[inline(always)]
pub(crate) fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    let length = from.len().min(to.len());
    to[..length].copy_from_slice(&from[..length]);
}

/// The tensor with these numbers, in row-major order.
///
/// # Panics
///
/// Panics if the tensor has another number of elements.
#[doc(hidden)]
pub const fn tensor_of<X: Tensor>(values: &[X::Element]) -> X {
    assert!(values.len() == X::LEN, "the file's tensor has another size than the layer's field");
    // SAFETY: `Tensor` is sealed: `X` is an array or a pair, possibly nested, of `X::LEN` numbers of type `X::Element`.
    unsafe { *values.as_ptr().cast::<X>() }
}

#[cfg(test)]
mod tests {
    use std::{string::String, vec, vec::Vec};

    use super::*;

    #[test]
    fn casts_only_to_the_same_type() {
        let mut rows = [[1.0f32, 2.0], [3.0, 4.0]];
        assert_eq!(cast_rows::<_, [f32; 2]>(&rows), &rows);
        assert_eq!(cast_rows::<[f32; 2], [u32; 2]>(&rows).len(), 0);
        cast_rows_mut::<_, [f32; 2]>(&mut rows)[1][0] = 9.0;
        assert_eq!(rows[1], [9.0, 4.0]);
        assert_eq!(cast_rows_mut::<[f32; 2], [f32; 1]>(&mut rows).len(), 0);
    }

    #[test]
    fn numbers_take_the_shape_of_a_tensor() {
        assert_eq!(tensor_of::<[[f32; 3]; 2]>(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(tensor_of::<f64>(&[7.0]), 7.0);
    }

    #[test]
    fn maps_each_item_once() {
        let mut words = [String::from("one"), String::from("two"), String::from("three")];
        let lengths: [(usize, Vec<char>); 3] = map_each(&mut words, |word| {
            word.push('!');
            (word.len(), word.chars().take(1).collect())
        });
        assert_eq!(lengths, [(4, vec!['o']), (4, vec!['t']), (6, vec!['t'])]);
        assert_eq!(words[2], "three!");
        assert_eq!(map_each(&mut [0u8; 0], |byte| *byte), [0u8; 0]);
    }
}
