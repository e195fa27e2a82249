//! The larger and the smaller of the outputs of branches, in int8.

#[cfg(feature = "std")]
use super::Operation;
use super::{Bounds, Combination, Rescale, Scale};
use crate::Zeroed;

/// The larger of int8 of two scales, both of which are first brought to that of the output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Largest {
    /// From both inputs to the scale of the output.
    pub rescales: [Rescale; 2],
    /// The range of the output.
    pub bounds: Bounds,
}

/// The smaller of int8 of two scales. The numbers are those of [`Largest`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smallest(pub Largest);

impl Largest {
    /// The larger of inputs with these scales, limited to a range.
    pub const fn new([a, b]: [Scale; 2], output: Scale, range: [f32; 2]) -> Self {
        Self { rescales: [Rescale::new(a, output), Rescale::new(b, output)], bounds: Bounds::of(output, range) }
    }

    #[inline(always)]
    fn choose(&self, y: &mut [i8], other: &[i8], choice: impl Fn(i8, i8) -> i8) {
        let Self { rescales: [a, b], bounds } = *self;
        for (y, other) in y.iter_mut().zip(other) {
            *y = choice(a.of(*y), b.of(*other)).clamp(bounds.least, bounds.most);
        }
    }
}

impl Smallest {
    /// The smaller of inputs with these scales, limited to a range.
    pub const fn new(inputs: [Scale; 2], output: Scale, range: [f32; 2]) -> Self {
        Self(Largest::new(inputs, output, range))
    }
}

// SAFETY: the fields are `Zeroed`.
unsafe impl Zeroed for Largest {}

// SAFETY: the field is `Zeroed`.
unsafe impl Zeroed for Smallest {}

impl Combination for Largest {
    const OF_ONE_SCALE: bool = true;

    fn of(inputs: [Scale; 2], output: Scale, range: [f32; 2]) -> Self {
        Self::new(inputs, output, range)
    }

    #[inline(always)]
    fn apply(&self, y: &mut [i8], other: &[i8]) {
        self.choose(y, other, i8::max);
    }

    #[cfg(feature = "std")]
    fn operation(_: [f32; 2]) -> Operation {
        Operation::Maximum
    }
}

impl Combination for Smallest {
    const OF_ONE_SCALE: bool = true;

    fn of(inputs: [Scale; 2], output: Scale, range: [f32; 2]) -> Self {
        Self::new(inputs, output, range)
    }

    #[inline(always)]
    fn apply(&self, y: &mut [i8], other: &[i8]) {
        self.0.choose(y, other, i8::min);
    }

    #[cfg(feature = "std")]
    fn operation(_: [f32; 2]) -> Operation {
        Operation::Minimum
    }
}
