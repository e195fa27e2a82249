//! The types of labels.

use crate::kernel::Element;

/// The type of a label: a class index (`usize`), numbers (`[f32; K]`, `[f64; K]`), or no label (`()`).
///
/// If the classes have names, `[T; 1]` encodes two classes as 0 and 1, and `[T; K]` encodes `K` classes one-hot.
pub trait Target: Sized {
    /// The number of columns that a label takes, unless it is a class.
    const COLUMNS: usize;
    /// Whether the label is a class even if the classes have no names.
    const CLASS: bool;

    /// Encodes one of `classes` classes. Returns `None` if the type cannot encode that many.
    fn from_class(class: usize, classes: Option<usize>) -> Option<Self>;

    /// Whether `number` is finite when converted to the type of the label.
    fn holds(number: f64) -> bool {
        number.is_finite()
    }

    /// Whether `number` is 0 when converted to the type of the label.
    fn is_zero(number: f64) -> bool {
        number == 0.0
    }

    /// Creates a label from the numbers in its columns.
    fn from_numbers(numbers: &[f64]) -> Self;
}

impl Target for () {
    const COLUMNS: usize = 0;
    const CLASS: bool = false;

    fn from_class(_: usize, _: Option<usize>) -> Option<Self> {
        Some(())
    }

    fn from_numbers(_: &[f64]) -> Self {}
}

impl Target for usize {
    const COLUMNS: usize = 1;
    const CLASS: bool = true;

    fn from_class(class: usize, _: Option<usize>) -> Option<Self> {
        Some(class)
    }

    fn from_numbers(numbers: &[f64]) -> Self {
        numbers.first().map_or(0, |&class| class as Self)
    }
}

impl<T: Element, const K: usize> Target for [T; K] {
    const COLUMNS: usize = K;
    const CLASS: bool = false;

    fn from_class(class: usize, classes: Option<usize>) -> Option<Self> {
        let classes = classes?;
        if K == 1 && classes <= 2 {
            return Some([T::from_f64(class as f64); K]);
        }
        (K == classes).then(|| core::array::from_fn(|index| if index == class { T::one() } else { T::zero() }))
    }

    fn holds(number: f64) -> bool {
        T::from_f64(number).is_finite()
    }

    fn is_zero(number: f64) -> bool {
        T::from_f64(number) == T::zero()
    }

    fn from_numbers(numbers: &[f64]) -> Self {
        core::array::from_fn(|index| numbers.get(index).map_or(T::zero(), |&number| T::from_f64(number)))
    }
}
