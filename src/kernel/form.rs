//! The types of tensors as values, for comparisons and messages at compile time.

use super::{Element, MOST_AXES, Tensor};
use crate::message::Message;

/// The type of a [`Tensor`]: its element type with its axes, or the two members of a [`Pair`](super::Pair).
#[derive(Clone, Copy, Debug)]
pub struct Form {
    element: &'static str,
    rank: usize,
    axes: [usize; MOST_AXES],
    members: Option<&'static [Form; 2]>,
}

impl Form {
    pub(super) const fn of_array<X: Tensor>() -> Self {
        Self { element: X::Element::NAME, rank: X::RANK, axes: X::AXES, members: None }
    }

    pub(super) const fn of_pair<X: Tensor>(members: &'static [Self; 2]) -> Self {
        Self { members: Some(members), ..Self::of_array::<X>() }
    }

    /// The length of each axis, outermost first; of a pair, the number of its elements.
    pub const fn axes(&self) -> &[usize] {
        self.axes.split_at(self.rank).0
    }

    /// The members, if it is a pair.
    pub const fn members(&self) -> Option<&'static [Self; 2]> {
        self.members
    }

    /// The number of elements.
    pub(crate) const fn length(&self) -> usize {
        let (mut length, mut axis) = (1, 0);
        while axis < self.rank {
            length *= self.axes[axis];
            axis += 1;
        }
        length
    }

    /// Whether both are the same type.
    pub(crate) const fn is(&self, other: &Self) -> bool {
        let mut axis = 0;
        while axis < MOST_AXES {
            if self.axes[axis] != other.axes[axis] {
                return false;
            }
            axis += 1;
        }
        let members = match (self.members, other.members) {
            (None, None) => true,
            (Some([a, b]), Some([c, d])) => a.is(c) && b.is(d),
            _ => false,
        };
        members && self.rank == other.rank && is_equal(self.element, other.element)
    }

    /// Whether only the element types differ.
    pub(crate) const fn has_other_numbers(&self, other: &Self) -> bool {
        !self.is(other) && self.is(&Self { element: self.element, ..*other })
    }

    /// Appends the type: `[[f32; 3]; 28]`.
    pub(crate) const fn written(&self, mut message: Message) -> Message {
        if let Some([first, second]) = self.members {
            return second.written(first.written(message.text("Pair<")).text(", ")).text(">");
        }
        let mut axis = 0;
        while axis < self.rank {
            message = message.text("[");
            axis += 1;
        }
        message = message.text(self.element);
        while axis > 0 {
            axis -= 1;
            message = message.text("; ").number(self.axes[axis] as u128).text("]");
        }
        message
    }
}

const fn is_equal(a: &str, b: &str) -> bool {
    let (a, b, mut index) = (a.as_bytes(), b.as_bytes(), 0);
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;

    #[test]
    fn a_pair_is_another_type_than_a_vector_of_its_numbers() {
        type Nested = Pair<[f32; 2], Pair<[[f32; 3]; 1], f32>>;
        assert_eq!(Nested::FORM.axes(), [6]);
        assert!(Nested::FORM.is(&Nested::FORM));
        for other in [<[f32; 6]>::FORM, Pair::<[f32; 2], [f32; 4]>::FORM, Pair::<[f32; 3], [f32; 3]>::FORM] {
            assert!(!Nested::FORM.is(&other) && !other.is(&Nested::FORM), "{other:?}");
        }
        assert!(!<[f32; 2]>::FORM.is(&<[f64; 2]>::FORM) && !<[f32; 2]>::FORM.is(&<[[f32; 1]; 2]>::FORM));
        assert_eq!(Nested::FORM.written(Message::new()).as_str(), "Pair<[f32; 2], Pair<[[f32; 3]; 1], f32>>");
    }
}
