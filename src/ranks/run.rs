//! Starts the ranks, and ends them all if one fails.

use core::fmt::Display;
use std::{format, thread};

use mpi::{
    Threading,
    collective::SystemOperation,
    topology::SimpleCommunicator,
    traits::{Communicator as _, CommunicatorCollectives as _},
};

use super::{
    neighbor::{Chain, Neighbor},
    relay::{Phase, Relay},
    world,
};
use crate::kernel::{Level, level, set_level};

/// The ranks of this program, as one of them sees them.
#[derive(Debug)]
pub struct Ranks(());

impl Ranks {
    pub(super) const fn new() -> Self {
        Self(())
    }

    /// The number of this rank, from 0.
    pub fn rank(&self) -> usize {
        world::rank()
    }

    /// The number of ranks.
    pub fn count(&self) -> usize {
        world::count()
    }

    /// Whether this is rank 0, which prints and writes files.
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }
}

impl Chain for Ranks {
    fn previous(&self) -> Option<Neighbor<'_>> {
        self.rank().checked_sub(1).map(Neighbor::Rank)
    }

    fn next(&self) -> Option<Neighbor<'_>> {
        let next = self.rank() + 1;
        (next < self.count()).then_some(Neighbor::Rank(next))
    }
}

/// Starts MPI, runs `work` on each rank, and ends MPI. Without `mpirun`, there is one rank.
///
/// All ranks use the same instruction set from then on, the best that each of them has, so that they compute the same
/// bits.
///
/// If `work` fails or panics on one rank, an error is printed, and the program ends on all ranks with a status that is not
/// 0. `mpirun` does the same if a rank is killed. Ranks wait for each other, so all must call the same methods in the same
/// order.
///
/// # Panics
///
/// If it is called twice, since MPI starts once in a process.
pub fn run<T, E: Display>(work: impl FnOnce(&Ranks) -> Result<T, E>) -> T {
    let Some((universe, threading)) = mpi::initialize_with_threading(Threading::Multiple) else {
        panic!("`ranks::run` is called once: MPI has already started in this process");
    };
    let everyone = universe.world();
    world::set(everyone.rank().unsigned_abs() as usize, everyone.size().unsigned_abs() as usize);
    let _ends_all = EndsAll;
    if threading != Threading::Multiple {
        world::fail(format!("this MPI library allows threads only as {threading:?}: one with `Multiple` is needed"));
    }
    agree_on_level(&everyone);
    let ranks = Ranks::new();
    let result = work(&ranks).unwrap_or_else(|error| world::fail(error));
    Relay::forward(Phase::End, &ranks).tell();
    drop(universe);
    world::set(0, 0);
    result
}

/// The best instruction set that all ranks have.
fn agree_on_level(everyone: &SimpleCommunicator) {
    let (own, mut least) = (level() as u8, 0u8);
    everyone.all_reduce_into(&own, &mut least, SystemOperation::min());
    let common = Level::ALL.iter().find(|level| **level as u8 == least).copied().unwrap_or(Level::Baseline);
    set_level(common).unwrap_or_else(|error| world::fail(error));
}

/// Ends all ranks if this one panics: they would wait for it forever.
pub(crate) struct EndsAll;

impl Drop for EndsAll {
    fn drop(&mut self) {
        if thread::panicking() {
            world::fail("panicked");
        }
    }
}
