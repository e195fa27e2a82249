//! The formulas of recurrent layers in 16 bits.

use core::fmt::Debug;

#[cfg(feature = "std")]
use std::vec::Vec;

use crate::{
    Zeroed,
    kernel::int8::gate::{ARGUMENT_BITS, VALUE_BITS, shifted, sigmoid, tanh, to_i16},
    layers::sequence::{GruUnit, SimpleRnnUnit, Unit},
    quantized::{Multiplier, Scale},
};
#[cfg(feature = "std")]
use crate::{
    activation::Tanh,
    layer::Path,
    layers::{Recurrent, Returns, image::Channels},
    quantized::{Calibration, QuantizeError, Samples, Scales},
};

/// The formula of one step of a recurrent layer in integers.
///
/// Unless a layer says otherwise, the arithmetic is this crate's own: a sum is rounded as by [`Multiplier::apply_once`], and
/// a state has 16 bits, of which the products read 8, as does the output, whose scale is 1/128.
pub trait Int8Unit<const GATES: usize, const SAVED: usize, const STATES: usize>: Unit<GATES, SAVED, STATES> {
    /// The constants of a layer beside its weights and their multipliers.
    type Form: Copy + Debug + PartialEq + Zeroed + Send + Sync + 'static;

    /// The constants of a layer with these scales.
    #[cfg(feature = "std")]
    fn form(scales: Scales) -> Self::Form;

    /// From sums of products to 12 fraction bits, if the weights have this scale, and the input of the product the other.
    fn multiplier(weights: f32, input: Scale) -> Multiplier {
        Multiplier::new(f64::from(input.scale) * f64::from(weights) * f64::from(1 << ARGUMENT_BITS))
    }

    /// A sum of products with 12 fraction bits: from −16 to 16.
    #[inline(always)]
    fn product(multiplier: Multiplier, sum: i32) -> i32 {
        multiplier.apply_once(sum).clamp(-LARGEST - 1, LARGEST)
    }

    /// The next states of a unit, from the products of its gates with the frame and with the state, as
    /// [`product`](Self::product) returns them.
    fn step(form: &Self::Form, of_frame: [i32; GATES], of_state: [i32; GATES], states: [i16; STATES]) -> [i16; STATES];

    /// What the products read of a state.
    #[inline(always)]
    fn factor(state: i16) -> i16 {
        shifted(i32::from(state), FINER).min(i8::MAX.into()) as i16
    }

    /// The int8 of the output.
    #[inline(always)]
    fn output(form: &Self::Form, state: i16) -> i8 {
        let _ = form;
        Self::factor(state) as i8
    }

    /// The outputs of a layer for `x`, and its scales.
    #[cfg(feature = "std")]
    #[allow(clippy::type_complexity, reason = "a layer has seven parameters")]
    fn scales<I: Channels, R: Returns, const UNITS: usize>(
        layer: &Recurrent<I, UNITS, Self, R, GATES, SAVED, STATES>,
        x: &Samples<I>,
        calibration: &Calibration,
        path: Path<'_>,
    ) -> Result<(Vec<R::Of<I, UNITS>>, Scales), QuantizeError>
    where
        Self: Sized,
    {
        // The scale of the output does not depend on the samples, as that of tanh.
        let (y, scales) = calibration.scales::<_, Tanh>(layer, x, path)?;
        Ok((y, Scales { logits: Scale::OF_TANH, output: Scale::OF_TANH, ..scales }))
    }
}

/// The bits by which a state is longer than an int8.
const FINER: i32 = 8;
/// The largest product of a gate: 16.
pub(super) const LARGEST: i32 = (16 << ARGUMENT_BITS) - 1;

impl Int8Unit<1, 1, 1> for SimpleRnnUnit {
    type Form = ();

    #[cfg(feature = "std")]
    fn form(_: Scales) {}

    #[inline(always)]
    fn step((): &(), [of_frame]: [i32; 1], [of_state]: [i32; 1], _: [i16; 1]) -> [i16; 1] {
        [tanh(to_i16(of_frame + of_state))]
    }
}

impl Int8Unit<3, 4, 1> for GruUnit {
    type Form = ();

    #[cfg(feature = "std")]
    fn form(_: Scales) {}

    #[inline(always)]
    fn step((): &(), of_frame: [i32; 3], of_state: [i32; 3], [h]: [i16; 1]) -> [i16; 1] {
        let [z, r] = [0, 1].map(|gate| sigmoid(to_i16(of_frame[gate] + of_state[gate])));
        let n = tanh(to_i16(of_frame[2] + shifted(i32::from(r) * of_state[2], VALUE_BITS)));
        // z·h + (1 − z)·n
        let z = i32::from(z);
        [to_i16(shifted(z * i32::from(h) + ((1 << VALUE_BITS) - z) * i32::from(n), VALUE_BITS))]
    }
}
