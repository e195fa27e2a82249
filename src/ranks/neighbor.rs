//! The shards beside a shard, and ways to reach them.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::{packet::Packet, world};

/// The rank or shard before or after another.
#[derive(Clone, Copy, Debug)]
pub enum Neighbor<'a> {
    /// It is on another rank.
    #[doc(hidden)]
    Rank(usize),
    /// It is in another thread of this rank.
    #[doc(hidden)]
    Thread(&'a Channels),
}

/// A slot in each direction.
#[derive(Debug)]
pub struct Channels {
    to: Arc<Slot>,
    from: Arc<Slot>,
}

impl Channels {
    /// The channels between two threads, as each sees them.
    pub(super) fn pair() -> [Self; 2] {
        let [one, other] = [(); 2].map(|()| Arc::<Slot>::default());
        [Self { to: one.clone(), from: other.clone() }, Self { to: other, from: one }]
    }
}

/// Room for one packet. Unlike the channels of the standard library, it does not allocate.
#[derive(Debug, Default)]
struct Slot {
    packet: Mutex<Option<Packet>>,
    changed: Condvar,
}

impl Slot {
    /// Puts a packet into the slot, once it is empty.
    fn put(&self, packet: &Packet) {
        let slot = self.packet.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = self.changed.wait_while(slot, |packet| packet.is_some());
        *slot.unwrap_or_else(PoisonError::into_inner) = Some(*packet);
        self.changed.notify_all();
    }

    /// Takes the packet out of the slot, once there is one.
    fn take(&self, packet: &mut Packet) {
        let mut slot = self.packet.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(next) = slot.take() {
                *packet = next;
                self.changed.notify_all();
                return;
            }
            slot = self.changed.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Neighbor<'_> {
    pub(super) fn send(self, packet: &Packet) {
        match self {
            Self::Rank(rank) => world::send(packet.bytes(), rank),
            Self::Thread(channels) => channels.to.put(packet),
        }
    }

    pub(super) fn receive(self, packet: &mut Packet) {
        match self {
            Self::Rank(rank) => packet.used = world::receive(packet.bytes_mut(), rank),
            Self::Thread(channels) => channels.from.take(packet),
        }
    }
}

/// A member of a chain: a rank among [`Ranks`](super::Ranks), or a [`Shard`](super::Shard) among shards.
pub trait Chain {
    /// The member before it.
    #[doc(hidden)]
    fn previous(&self) -> Option<Neighbor<'_>>;

    /// The member after it.
    #[doc(hidden)]
    fn next(&self) -> Option<Neighbor<'_>>;
}
