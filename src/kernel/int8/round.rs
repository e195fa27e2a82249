//! The range of int8 outputs, and how sums are rounded to it.

use super::int8_fits;

/// The range of int8 outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The int8 that stands for 0.
    pub zero: i8,
    /// The least output.
    pub least: i8,
    /// The largest output.
    pub most: i8,
}

impl Bounds {
    /// The closest number within the bounds to `zero` plus `rounded`.
    #[inline(always)]
    pub(crate) fn clamp(self, rounded: i32) -> i8 {
        let zero = self.zero as i32;
        int8_fits(rounded.max(self.least as i32 - zero).min(self.most as i32 - zero) + zero)
    }

    /// Limits numbers to the bounds, if these are not all of int8.
    #[inline(always)]
    pub(crate) fn limit(self, y: &mut [i8]) {
        if self.least > -128 || self.most < 127 {
            y.iter_mut().for_each(|y| *y = (*y).max(self.least).min(self.most));
        }
    }
}

/// How a sum is rounded.
pub(crate) trait Round {
    /// Whether as by [`Multiplier::apply_once`](super::Multiplier::apply_once), not as by
    /// [`Multiplier::apply`](super::Multiplier::apply).
    const ONCE: bool;
}

/// As [`Multiplier::apply`](super::Multiplier::apply).
pub(crate) struct Twice;

/// As [`Multiplier::apply_once`](super::Multiplier::apply_once).
pub(crate) struct Once;

impl Round for Twice {
    const ONCE: bool = false;
}

impl Round for Once {
    const ONCE: bool = true;
}
