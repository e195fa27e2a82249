//! The registers for the channels of a pixel.

use crate::kernel::{Element, Vector};

/// The channels of a pixel that fit into a register, from this one on.
#[inline(always)]
pub(super) fn channels<V: Vector<T>, T: Element>(pixel: &[T], first: usize) -> &[T] {
    let Some(rest) = pixel.get(first..) else { return &[] };
    &rest[..rest.len().min(V::LANES)]
}

/// The mutable version of [`channels`].
#[inline(always)]
pub(super) fn channels_mut<V: Vector<T>, T: Element>(pixel: &mut [T], first: usize) -> &mut [T] {
    let Some(rest) = pixel.get_mut(first..) else { return &mut [] };
    let count = rest.len().min(V::LANES);
    &mut rest[..count]
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
