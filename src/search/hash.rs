//! Hashes, by which a search recognizes its data and its files.

use core::fmt;

/// FNV-1a.
pub(super) struct Hash(u64);

impl Hash {
    pub const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> u64 {
        let mut hash = Self::new();
        bytes.iter().for_each(|byte| hash.add((*byte).into()));
        hash.value()
    }

    pub fn add(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x0100_0000_01b3);
    }

    pub fn value(&self) -> u64 {
        self.0
    }
}

impl fmt::Write for Hash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.add(byte.into()));
        Ok(())
    }
}
