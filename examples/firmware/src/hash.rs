//! A hash of the bits of numbers (FNV-1a), for comparison with the PC.

use shiplap::layer::{Layer, Parameter, Path, Visit};

use crate::{Outcome, console::show, ensure};

/// An FNV-1a hash.
pub struct Hash(u32);

impl Hash {
    /// The hash of these numbers.
    pub fn of(numbers: &[f32]) -> Self {
        let mut hash = Self(0x811C_9DC5);
        hash.add(numbers);
        hash
    }

    /// The hash of all parameters of `network`.
    pub fn of_network<N: Layer<Element = f32>>(network: &N) -> Self {
        let mut hash = Self::of(&[]);
        network.parameters(Path::ROOT, &mut hash);
        hash
    }

    /// Adds these numbers.
    pub fn add(&mut self, numbers: &[f32]) {
        for byte in numbers.iter().flat_map(|number| number.to_bits().to_le_bytes()) {
            self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }

    /// Prints the hash, and compares it with that of the PC.
    pub fn check(self, of_pc: u32) -> Outcome {
        show("hash", self.0, "(FNV-1a)");
        ensure(self.0 == of_pc, "unlike the hash on the PC")
    }
}

impl Visit<f32> for Hash {
    fn visit(&mut self, _: Parameter<'_>, values: &[f32]) {
        self.add(values);
    }
}
