//! The class that a prediction or label stands for.

use crate::kernel::Element;

/// A prediction or label that stands for a class: a class index, the probabilities of all classes (the largest
/// determines the class), or a single probability (class 1 above ½).
pub trait Class {
    /// The class index.
    fn class(&self) -> usize;
}

impl Class for usize {
    fn class(&self) -> usize {
        *self
    }
}

impl<T: Element, const N: usize> Class for [T; N] {
    fn class(&self) -> usize {
        if N == 1 {
            return usize::from(self[0].to_f64() > 0.5);
        }
        (1..N).fold(0, |best, class| if self[class] > self[best] { class } else { best })
    }
}
