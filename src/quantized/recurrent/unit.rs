//! The formulas of recurrent layers in 16 bits.

use crate::{
    kernel::int8::gate::{ARGUMENT_BITS, VALUE_BITS, shifted, sigmoid, tanh, to_i16},
    layers::sequence::{GruUnit, LstmUnit, SimpleRnnUnit, Unit},
};

/// The formula of one step of a recurrent layer in integers.
pub trait Int8Unit<const GATES: usize, const SAVED: usize, const STATES: usize>: Unit<GATES, SAVED, STATES> {
    /// The next states of a unit, from the products of its gates with the frame and with the state, which have 12 fraction
    /// bits and are from −16 to 16. The first state has 15 fraction bits.
    fn step(of_frame: [i32; GATES], of_state: [i32; GATES], states: [i16; STATES]) -> [i16; STATES];
}

/// `a·b`, where `b` has 15 fraction bits.
#[inline(always)]
fn product(a: i16, b: i16) -> i32 {
    shifted(i32::from(a) * i32::from(b), VALUE_BITS)
}

impl Int8Unit<1, 1, 1> for SimpleRnnUnit {
    #[inline(always)]
    fn step([of_frame]: [i32; 1], [of_state]: [i32; 1], _: [i16; 1]) -> [i16; 1] {
        [tanh(to_i16(of_frame + of_state))]
    }
}

impl Int8Unit<3, 4, 1> for GruUnit {
    #[inline(always)]
    fn step(of_frame: [i32; 3], of_state: [i32; 3], [h]: [i16; 1]) -> [i16; 1] {
        let [z, r] = [0, 1].map(|gate| sigmoid(to_i16(of_frame[gate] + of_state[gate])));
        let n = tanh(to_i16(of_frame[2] + shifted(i32::from(r) * of_state[2], VALUE_BITS)));
        // z·h + (1 − z)·n
        let z = i32::from(z);
        [to_i16(shifted(z * i32::from(h) + ((1 << VALUE_BITS) - z) * i32::from(n), VALUE_BITS))]
    }
}

impl Int8Unit<4, 5, 2> for LstmUnit {
    /// The cell has 12 fraction bits: it is limited to −8 and 8.
    #[inline(always)]
    fn step(of_frame: [i32; 4], of_state: [i32; 4], [_, c]: [i16; 2]) -> [i16; 2] {
        let sums = [0, 1, 2, 3].map(|gate| to_i16(of_frame[gate] + of_state[gate]));
        let (i, f, g, o) = (sigmoid(sums[0]), sigmoid(sums[1]), tanh(sums[2]), sigmoid(sums[3]));
        let new = shifted(i32::from(i) * i32::from(g), 2 * VALUE_BITS - ARGUMENT_BITS);
        let c = to_i16(product(c, f) + new);
        [to_i16(product(tanh(c), o)), c]
    }
}
