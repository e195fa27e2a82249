//! Layers in int8 that run one after another.

use core::{mem::MaybeUninit, slice};

#[cfg(feature = "std")]
use super::{Calibration, Describe, DescribeError, Describer, QuantizeError, Samples};
use super::{
    Int8Layer, Place, Quantize, Run, Turn, Within, costs,
    place::{Last, Memories, RoomOf},
};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Tensor,
    budget::PartCosts,
    kernel::{
        Simd,
        int8::{Int8Tensor, Room, apart},
    },
};

shiplap_macros::impl_int8_tuples!();

/// The bytes of the memory `M` for outputs, of which those that fit are in `Y` instead.
const fn beyond_of<M, Y>() -> usize {
    if size_of::<M>() > size_of::<Y>() { size_of::<M>() } else { 0 }
}

/// The largest of these numbers.
const fn most(numbers: &[usize]) -> usize {
    let (mut most, mut index) = (0, 0);
    while index < numbers.len() {
        if numbers[index] > most {
            most = numbers[index];
        }
        index += 1;
    }
    most
}
