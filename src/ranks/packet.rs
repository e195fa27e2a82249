//! The numbers that go from one rank to the next at once.

use bytemuck::Pod;

/// The bytes of a packet: enough that the time to send them, and not the latency, determines the speed of a network; and
/// few enough that each of many ranks soon has something to do.
const WORDS: usize = 2048;

/// Some numbers of one type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    words: [u64; WORDS],
    /// The bytes in use.
    pub used: usize,
}

impl Packet {
    pub const EMPTY: Self = Self { words: [0; WORDS], used: 0 };

    /// All bytes, also those that are not in use.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.words)
    }

    /// The bytes in use.
    pub fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.used]
    }

    /// The numbers after the first `bytes`.
    pub fn numbers_from<X: Pod>(&mut self, bytes: usize) -> &mut [X] {
        const { assert!(align_of::<X>() <= align_of::<u64>()) };
        bytemuck::cast_slice_mut(&mut self.bytes_mut()[bytes..])
    }

    /// Whether `bytes` fill the packet.
    pub const fn is_full_at(bytes: usize) -> bool {
        bytes == size_of::<[u64; WORDS]>()
    }
}
