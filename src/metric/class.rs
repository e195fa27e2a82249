//! What metrics of classes compare.

use crate::kernel::Element;

/// What stands for a class: a class number, probabilities (the likeliest), or one probability
/// (class 1 above ½).
pub trait Class {
    /// The class number.
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
