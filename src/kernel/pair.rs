//! Two tensors as one.

use core::{fmt, slice};

use super::{
    Tensor,
    element::{MOST_AXES, Sealed},
    form::Form,
    int8::{ForArray, Int8Tensor, Sealed as SealedInt8},
};
use crate::Zeroed;

/// Two tensors: the input of a network with two inputs, or the output of one with two outputs. For more, nest it:
/// `Pair<A, Pair<B, C>>`.
///
/// The layers [`First`](crate::layers::First) and [`Second`](crate::layers::Second) output one member, and
/// [`Both`](crate::layers::Both) joins the outputs of two branches to a pair. As a sequence of numbers, a pair has those
/// of its first member, followed by those of the second.
///
/// ```
/// use shiplap::{Pair, Tensor, prelude::*};
///
/// type Input = Pair<Image<2, 2, 1>, [f32; 3]>;
/// let x: Input = ([[[1.0], [2.0]], [[3.0], [4.0]]], [5.0, 6.0, 7.0]).into();
/// assert_eq!(x.1, [5.0, 6.0, 7.0]);
/// assert_eq!(Input::flat(&[x]), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Pair<A, B>(pub A, pub B);

impl<A, B> From<(A, B)> for Pair<A, B> {
    fn from((first, second): (A, B)) -> Self {
        Self(first, second)
    }
}

// SAFETY: both fields are `Zeroed`, and padding may hold any byte.
unsafe impl<A: Zeroed, B: Zeroed> Zeroed for Pair<A, B> {}

impl<A: Tensor, B: Tensor<Element = A::Element>> Sealed for Pair<A, B> {}

impl<A: Tensor, B: Tensor<Element = A::Element>> Tensor for Pair<A, B> {
    type Element = A::Element;
    type Int8 = Pair<A::Int8, B::Int8>;
    type Row = A::Element;
    type Frame = Pair<A::Frame, B::Frame>;
    type FrameOf<const N: usize> = Self;
    const LEN: usize = A::LEN + B::LEN;
    const RANK: usize = 1;
    const AXES: [usize; MOST_AXES] = [Self::LEN, 0, 0, 0, 0, 0, 0, 0];
    const FORM: Form = Form::of_pair::<Self>(&[A::FORM, B::FORM]);

    #[inline(always)]
    fn flat(rows: &[Self]) -> &[A::Element] {
        // SAFETY: `Tensor` is sealed, so `A` and `B` are `A::LEN` and `B::LEN` numbers of type `A::Element`, and a `Pair`,
        // which is `repr(C)`, has one after the other without padding: its size and alignment are those of `LEN` numbers.
        unsafe { slice::from_raw_parts(rows.as_ptr().cast(), rows.len() * Self::LEN) }
    }

    #[inline(always)]
    fn flat_mut(rows: &mut [Self]) -> &mut [A::Element] {
        // SAFETY: as in `flat`. Any numbers are a valid tensor.
        unsafe { slice::from_raw_parts_mut(rows.as_mut_ptr().cast(), rows.len() * Self::LEN) }
    }

    fn write_shape(out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("[")?;
        A::write_shape(out)?;
        out.write_str("], [")?;
        B::write_shape(out)?;
        out.write_str("]")
    }
}

impl<A: Int8Tensor, B: Int8Tensor> SealedInt8 for Pair<A, B> {}

impl<A: Int8Tensor, B: Int8Tensor> Int8Tensor for Pair<A, B> {
    type Wide = Pair<A::Wide, B::Wide>;
    type Frame = Pair<A::Frame, B::Frame>;
    type FrameOf<const N: usize> = Self;
    type ForEach<S: ForArray> = Pair<A::ForEach<S>, B::ForEach<S>>;
    const LEN: usize = A::LEN + B::LEN;
    const RANK: usize = 1;
    const INNERMOST: usize = Self::LEN;

    #[inline(always)]
    fn for_each<S: ForArray>(next: &mut impl FnMut() -> S) -> Self::ForEach<S> {
        let first = A::for_each(next);
        Pair(first, B::for_each(next))
    }

    #[inline(always)]
    fn visit<S: ForArray>(Pair(first, second): &Self::ForEach<S>, array: &mut impl FnMut(S, usize)) {
        A::visit(first, array);
        B::visit(second, array);
    }

    #[inline(always)]
    fn flat(rows: &[Self]) -> &[i8] {
        // SAFETY: `Int8Tensor` is sealed, so a `Pair`, which is `repr(C)`, is `LEN` int8 without padding.
        unsafe { slice::from_raw_parts(rows.as_ptr().cast(), rows.len() * Self::LEN) }
    }

    #[inline(always)]
    fn flat_mut(rows: &mut [Self]) -> &mut [i8] {
        // SAFETY: as in `flat`. Any numbers are a valid tensor.
        unsafe { slice::from_raw_parts_mut(rows.as_mut_ptr().cast(), rows.len() * Self::LEN) }
    }

    #[inline(always)]
    fn wide(rows: &[Self::Wide]) -> &[i16] {
        // SAFETY: as in `flat`, with 16 bits for each number.
        unsafe { slice::from_raw_parts(rows.as_ptr().cast(), rows.len() * Self::LEN) }
    }

    #[inline(always)]
    fn wide_mut(rows: &mut [Self::Wide]) -> &mut [i16] {
        // SAFETY: as in `wide`.
        unsafe { slice::from_raw_parts_mut(rows.as_mut_ptr().cast(), rows.len() * Self::LEN) }
    }
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use super::*;

    type Nested = Pair<[[f32; 2]; 2], Pair<[f32; 0], Pair<f32, [f32; 2]>>>;

    #[test]
    fn a_pair_is_its_numbers() {
        let mut rows = [Nested::zeroed(); 2];
        Nested::flat_mut(&mut rows).iter_mut().enumerate().for_each(|(index, number)| *number = index as f32);
        let second = Pair([[7.0, 8.0], [9.0, 10.0]], Pair([], Pair(11.0, [12.0, 13.0])));
        assert_eq!((rows[1], Nested::LEN, size_of::<Nested>()), (second, 7, 7 * 4));
        assert_eq!(Nested::flat(&rows)[13], 13.0);
        let mut int8 = [<Nested as Tensor>::Int8::zeroed(); 2];
        Int8Tensor::flat_mut(&mut int8).iter_mut().zip(0..).for_each(|(number, index)| *number = index);
        assert_eq!((int8[1].1.1.0, Int8Tensor::flat(&int8)[13]), (11, 13));
        let mut wide = [<<Nested as Tensor>::Int8 as Int8Tensor>::Wide::zeroed(); 2];
        <Nested as Tensor>::Int8::wide_mut(&mut wide).iter_mut().zip(0..).for_each(|(number, index)| *number = index);
        assert_eq!((wide[1].1.1.0, <Nested as Tensor>::Int8::wide(&wide)[13]), (11, 13));
        let empty = Pair::<[f64; 0], [[f64; 3]; 0]>::zeroed();
        assert!(Tensor::flat(&[empty; 3]).is_empty());
    }

    #[test]
    fn a_pair_shows_the_shapes_of_its_members() {
        let mut text = String::new();
        Nested::write_shape(&mut text).unwrap();
        assert_eq!(text, "[2, 2], [[0], [[], [2]]]");
    }
}
