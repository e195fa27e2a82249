//! The squares of the differences of branches in int8.

#[cfg(feature = "std")]
use super::Operation;
use super::{Bounds, Combination, Multiplier, Scale};
use crate::Zeroed;

/// The fraction bits of the common scale of both inputs.
const FRACTION: u32 = 7;

/// The square of the difference of int8 of two scales, which are first brought to a common scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SquaredDifference {
    /// The int8 of both inputs that stand for 0.
    pub zeros: [i8; 2],
    /// From both inputs to the common scale.
    pub inputs: [Multiplier; 2],
    /// From the square of the common scale to the output.
    pub output: Multiplier,
    /// The range of the output.
    pub bounds: Bounds,
}

impl SquaredDifference {
    /// The combination of inputs with these scales, limited to a range.
    pub const fn new([a, b]: [Scale; 2], output: Scale, range: [f32; 2]) -> Self {
        let twice = (2.0 * if a.scale > b.scale { a.scale } else { b.scale }) as f64;
        let unit = (1 << (2 * FRACTION)) as f32 * output.scale;
        Self {
            zeros: [a.zero, b.zero],
            inputs: [Multiplier::new(a.scale as f64 / twice), Multiplier::new(b.scale as f64 / twice)],
            output: Multiplier::new(twice * twice / unit as f64),
            bounds: Bounds::of(output, range),
        }
    }
}

// SAFETY: the fields are integers.
unsafe impl Zeroed for SquaredDifference {}

impl Combination for SquaredDifference {
    fn of(inputs: [Scale; 2], output: Scale, range: [f32; 2]) -> Self {
        Self::new(inputs, output, range)
    }

    #[inline(always)]
    fn apply(&self, y: &mut [i8], other: &[i8]) {
        let Self { zeros, inputs, output, bounds } = *self;
        let common = |q: i8, input: usize| inputs[input].apply((i32::from(q) - i32::from(zeros[input])) << FRACTION);
        // The largest square that `output` does not wrap. Its output is beyond the bounds.
        let most = i32::MAX >> output.exponent.max(0);
        for (y, other) in y.iter_mut().zip(other) {
            // At most 255·2⁷.
            let difference = common(*y, 0) - common(*other, 1);
            *y = bounds.clamp(output.apply((difference * difference).min(most)));
        }
    }

    #[cfg(feature = "std")]
    fn operation(range: [f32; 2]) -> Operation {
        Operation::SquaredDifference(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_squares_saturate() {
        let scale = |scale| Scale { scale, zero: -128 };
        let squares = SquaredDifference::new([scale(1.0); 2], scale(1e-5), [f32::NEG_INFINITY, f32::INFINITY]);
        let mut y: [i8; 256] = core::array::from_fn(|index| (index as i32 - 128) as i8);
        squares.apply(&mut y, &[-128; 256]);
        assert_eq!((y[0], &y[1..]), (-128, &[127; 255][..]));
    }
}
