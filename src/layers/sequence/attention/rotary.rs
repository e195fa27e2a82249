//! Rotary positions.

use crate::{
    layers::sequence::waves::{MOST, frequency, sine_cosine, turned},
    message::Message,
};

/// How attention takes positions into account: [`NoRotation`] or [`Rotary`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how queries and keys are rotated",
    label = "expected `NoRotation` or `Rotary`"
)]
pub trait Rotation: sealed::Sealed + Send + Sync + 'static {
    /// The base of the wavelengths, if queries and keys are rotated.
    const BASE: Option<u32>;
}

/// Attention does not depend on the order of steps, apart from a mask: positions are added before it, if at all. It is the
/// default.
#[derive(Clone, Copy, Debug)]
pub struct NoRotation;

/// Rotary positions (Su et al. 2021): the pair of numbers `n` and `n + WIDTH/2` of each query and key of `WIDTH` numbers is
/// rotated by the angle `t·BASE^(−2n/WIDTH)` at step `t`. Products of queries and keys then depend on the distance of
/// their steps. The width of a head must be even. The sines and cosines are computed at compile time, as `f32`.
#[derive(Clone, Copy, Debug)]
pub struct Rotary<const BASE: u32 = 10_000>;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::NoRotation {}
    impl<const BASE: u32> Sealed for super::Rotary<BASE> {}
}

impl Rotation for NoRotation {
    const BASE: Option<u32> = None;
}

impl<const BASE: u32> Rotation for Rotary<BASE> {
    const BASE: Option<u32> = Some(BASE);
}

/// The fault of a layer, which `message` names, that rotates heads of this width.
pub(super) const fn fault(message: Message, base: u32, width: usize, steps: usize) -> Option<Message> {
    if base < 2 {
        Some(message.text("has a base below 2"))
    } else if !width.is_multiple_of(2) {
        let message = message.text("rotates pairs of numbers, but each head has ").number(width as u128);
        Some(message.text(", an odd number"))
    } else if width * steps > MOST {
        let message = message.text("has a table of more than ").number(MOST as u128);
        Some(message.text(" numbers: make its steps or its heads smaller"))
    } else {
        None
    }
}

/// For each pair of a head of `width` numbers and each step, the cosine of the angle, in the first rows of the table; in as
/// many rows after them, the sine.
pub(super) const fn angles<const WIDTH: usize, const STEPS: usize>(base: u32, width: usize) -> [[f32; STEPS]; WIDTH] {
    let (mut table, pairs, mut pair) = ([[0.0; STEPS]; WIDTH], width / 2, 0);
    while pair < pairs {
        let step = sine_cosine(frequency(base, pair, pairs));
        let (mut wave, mut position) = ([0.0, 1.0], 0);
        while position < STEPS {
            table[pairs + pair][position] = wave[0] as f32;
            table[pair][position] = wave[1] as f32;
            wave = turned(wave, step);
            position += 1;
        }
        pair += 1;
    }
    table
}
