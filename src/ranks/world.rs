//! All ranks of the program.

use core::{
    ops::Range,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};
use std::{
    format,
    io::{self, Write as _},
};

use mpi::{
    topology::SimpleCommunicator,
    traits::{Communicator as _, Destination as _, Equivalence as _, Source as _},
};

static RANK: AtomicUsize = AtomicUsize::new(0);
/// 0 outside of `run`.
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Whether shards or trials train by themselves, in several threads.
static SHARING: AtomicBool = AtomicBool::new(false);

/// Sets the number of this process and of all, while they run.
pub(super) fn set(rank: usize, count: usize) {
    RANK.store(rank, Relaxed);
    COUNT.store(count, Relaxed);
}

/// The number of this process.
pub(super) fn rank() -> usize {
    RANK.load(Relaxed)
}

/// The number of processes, at least 1.
pub(super) fn count() -> usize {
    COUNT.load(Relaxed).max(1)
}

/// The shards of this process, of all `shards`.
pub(super) fn own(shards: usize) -> Range<usize> {
    rank() * shards / count()..(rank() + 1) * shards / count()
}

/// Checks that the ranks run, and that each can have some of the `shards`.
pub(crate) fn check(shards: usize) -> Result<(), &'static str> {
    match COUNT.load(Relaxed) {
        0 => Err("several ranks train together only inside of `ranks::run`"),
        count if count > shards => Err("there are more ranks than shards: start fewer ranks, or make more shards"),
        _ if SHARING.load(Relaxed) => {
            Err("`AllRanks` trains one network on all ranks, and not inside of `Ranks::shards` or of a search")
        }
        _ => Ok(()),
    }
}

/// While shards or trials train by themselves.
pub(crate) struct Sharing;

impl Sharing {
    pub(crate) fn begin() -> Self {
        SHARING.store(true, Relaxed);
        Self
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        SHARING.store(false, Relaxed);
    }
}

/// The tag of packets.
const PACKETS: i32 = 0;

/// Sends bytes to a rank.
pub(super) fn send(bytes: &[u8], rank: usize) {
    SimpleCommunicator::world().process_at_rank(number(rank)).send_with_tag(bytes, PACKETS);
}

/// Receives bytes from a rank, at most as many as there is room for. Returns their number.
pub(super) fn receive(bytes: &mut [u8], rank: usize) -> usize {
    let status = SimpleCommunicator::world().process_at_rank(number(rank)).receive_into_with_tag(bytes, PACKETS);
    usize::try_from(status.count(u8::equivalent_datatype())).unwrap_or(0)
}

/// Sends a message to a rank. Messages with different tags do not wait for each other.
#[cfg(feature = "search")]
pub(crate) fn post(message: &[u8], rank: usize, tag: usize) {
    SimpleCommunicator::world().process_at_rank(number(rank)).send_with_tag(message, number(FIRST_TAG + tag));
}

/// The next message with this tag, with the rank that sent it, if there is one. It does not wait.
#[cfg(feature = "search")]
pub(crate) fn poll(tag: usize) -> Option<(usize, std::vec::Vec<u8>)> {
    use mpi::traits::MatchedReceiveVec as _;

    let everyone = SimpleCommunicator::world();
    let found = everyone.any_process().immediate_matched_probe_with_tag(number(FIRST_TAG + tag))?;
    let (message, status) = found.matched_receive_vec();
    Some((status.source_rank().unsigned_abs() as usize, message))
}

#[cfg(feature = "search")]
const FIRST_TAG: usize = 1;

/// The number of a rank in the type of MPI.
fn number(rank: usize) -> i32 {
    // It was an `i32` before.
    rank as i32
}

/// Ends the program on all ranks.
pub(crate) fn fail(reason: impl core::fmt::Display) -> ! {
    // In one piece: what MPI writes does not come between its parts.
    let _ = io::stderr().write_all(format!("rank {} of {}: {reason}\n", rank(), count()).as_bytes());
    SimpleCommunicator::world().abort(1)
}
