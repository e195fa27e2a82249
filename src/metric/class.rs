//! The class that a prediction or label stands for.

use crate::{kernel::Element, range::is_probability};

/// A prediction or label that stands for a class: a class index, the probabilities of all classes (the largest
/// determines the class), or a single probability (class 1 above ½).
pub trait Class {
    /// The class index, or `None` if a number is NaN.
    fn class(&self) -> Option<usize>;

    /// The class index of a label, or `None` if a number is not a probability.
    fn class_of_label(&self) -> Option<usize> {
        self.class()
    }
}

impl Class for usize {
    fn class(&self) -> Option<usize> {
        Some(*self)
    }
}

impl<T: Element, const N: usize> Class for [T; N] {
    fn class(&self) -> Option<usize> {
        if self.iter().any(|number| number.to_f64().is_nan()) {
            return None;
        }
        if N == 1 {
            return Some(usize::from(self[0].to_f64() > 0.5));
        }
        Some((1..N).fold(0, |best, class| if self[class] > self[best] { class } else { best }))
    }

    fn class_of_label(&self) -> Option<usize> {
        let valid = self.iter().all(|number| is_probability(number.to_f64()));
        valid.then(|| self.class()).flatten()
    }
}
