//! The shards beside a shard, and ways to reach them.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::{packet::Packet, world};

/// The shard before or after another.
#[derive(Debug)]
pub enum Neighbor {
    /// It is on another rank.
    #[doc(hidden)]
    Rank(usize),
    /// It is in another thread of this rank.
    #[doc(hidden)]
    Thread(Channels),
}

/// A channel in each direction. Each has room for one packet.
#[derive(Debug)]
pub struct Channels {
    sender: SyncSender<Packet>,
    receiver: Receiver<Packet>,
}

impl Neighbor {
    /// Two neighbors in threads of this rank, as each sees the other.
    pub(super) fn pair() -> [Self; 2] {
        let ((to_second, from_first), (to_first, from_second)) = (sync_channel(1), sync_channel(1));
        let pair = [(to_second, from_second), (to_first, from_first)];
        pair.map(|(sender, receiver)| Self::Thread(Channels { sender, receiver }))
    }

    pub(super) fn send(&self, packet: &Packet) {
        match self {
            Self::Rank(rank) => world::send(packet.bytes(), *rank),
            Self::Thread(channels) => channels.sender.send(*packet).unwrap_or_else(|_| ended()),
        }
    }

    pub(super) fn receive(&self, packet: &mut Packet) {
        match self {
            Self::Rank(rank) => packet.used = world::receive(packet.bytes_mut(), *rank),
            Self::Thread(channels) => *packet = channels.receiver.recv().unwrap_or_else(|_| ended()),
        }
    }
}

fn ended() -> ! {
    world::fail("another shard has ended, while this one trains on: all shards train the same number of epochs")
}

/// A member of a chain: a rank among [`Ranks`](super::Ranks), or a [`Shard`](super::Shard) among shards.
pub trait Chain {
    /// The member before it.
    #[doc(hidden)]
    fn previous(&self) -> Option<&Neighbor>;

    /// The member after it.
    #[doc(hidden)]
    fn next(&self) -> Option<&Neighbor>;
}
