//! The registers for the channels of a pixel.

use core::ops::Range;

use crate::kernel::{Element, Vector};

/// The channels in `N` registers from channel `start` on, out of `count`.
#[inline(always)]
pub(super) fn channels<V: Vector<T>, T: Element, const N: usize>(count: usize, start: usize) -> [Range<usize>; N] {
    core::array::from_fn(|n| {
        let start = start + n * V::LANES;
        count.min(start)..count.min(start + V::LANES)
    })
}

/// Calls a function with the registers for a number of channels: their type, at most twice as long as needed, and how
/// many are used together.
macro_rules! with_registers {
    ($S:ty, $T:ty, $count:expr; $($function:ident)::* ($($argument:expr),*)) => {
        if const { <<$T as Element>::Vector<$S> as Vector<$T>>::Half::LANES >= $count } {
            $($function)::*::<<<$T as Element>::Vector<$S> as Vector<$T>>::Half, 1>($($argument),*)
        } else if const { 4 * <<$T as Element>::Vector<$S> as Vector<$T>>::LANES <= $count } {
            $($function)::*::<<$T as Element>::Vector<$S>, 4>($($argument),*)
        } else {
            $($function)::*::<<$T as Element>::Vector<$S>, 1>($($argument),*)
        }
    };
}
pub(super) use with_registers;
