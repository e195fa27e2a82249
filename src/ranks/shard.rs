//! Shards that train by themselves, several of them on one rank.

use core::fmt::Display;
use std::{thread, vec::Vec};

use super::{
    neighbor::{Chain, Channels, Neighbor},
    relay::{Phase, Relay},
    run::{EndsAll, Ranks},
    world,
};

/// One of several shards of a training run. Each has a network of its own and trains it on its [part](Self::part) of the
/// data, and [`LocalSgd`](crate::train::LocalSgd) averages their weights.
#[derive(Debug)]
pub struct Shard {
    index: usize,
    count: usize,
    previous: Option<Side>,
    next: Option<Side>,
}

/// A shard beside another.
#[derive(Debug)]
enum Side {
    Rank(usize),
    Thread(Channels),
}

impl Side {
    fn neighbor(&self) -> Neighbor<'_> {
        match self {
            Self::Rank(rank) => Neighbor::Rank(*rank),
            Self::Thread(channels) => Neighbor::Thread(channels),
        }
    }
}

impl Shard {
    /// The number of this shard, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The number of shards.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether this is shard 0, which prints and writes files.
    pub fn is_first(&self) -> bool {
        self.index == 0
    }

    /// The part of this shard: every `count`-th row. All parts have the same number of rows, so that all shards take the
    /// same number of steps; if the rows do not divide by the number of shards, the last parts repeat the first rows.
    pub fn part<X: Clone>(&self, rows: &[X]) -> Vec<X> {
        let length = rows.len().div_ceil(self.count);
        (0..length).map(|row| rows[(row * self.count + self.index) % rows.len()].clone()).collect()
    }
}

impl Chain for Shard {
    fn previous(&self) -> Option<Neighbor<'_>> {
        self.previous.as_ref().map(Side::neighbor)
    }

    fn next(&self) -> Option<Neighbor<'_>> {
        self.next.as_ref().map(Side::neighbor)
    }
}

impl Ranks {
    /// Runs `work` for each of `count` shards. Each rank has some of them, each in a thread. Returns what `work` returns for
    /// the first shard of this rank.
    ///
    /// If `work` fails or panics for one shard, if there are more ranks than shards, or if shards are split again, the
    /// program ends on all ranks, as in [`run`](super::run).
    pub fn shards<R: Send, E: Display>(&self, count: usize, work: impl Fn(&Shard) -> Result<R, E> + Sync) -> R {
        if let Err(reason) = world::check(count) {
            world::fail(reason);
        }
        let _shards = world::Sharing::begin();
        let own = world::own(count);
        let mut previous = self.previous().map(|_| Side::Rank(self.rank() - 1));
        let mut shards = Vec::with_capacity(own.len());
        for index in own.clone() {
            let (next, following) = match index + 1 {
                last if last == count => (None, None),
                end if end == own.end => (Some(Side::Rank(self.rank() + 1)), None),
                _ => {
                    let [here, there] = Channels::pair().map(Side::Thread);
                    (Some(here), Some(there))
                }
            };
            shards.push(Shard { index, count, previous: core::mem::replace(&mut previous, following), next });
        }
        thread::scope(|scope| {
            let work = &work;
            let run = |shard: Shard| {
                move || {
                    let _ends_all = EndsAll;
                    let result = work(&shard).unwrap_or_else(|error| world::fail(error));
                    Relay::forward(Phase::End, &shard).tell();
                    result
                }
            };
            let threads: Vec<_> = shards.into_iter().map(|shard| scope.spawn(run(shard))).collect();
            let results = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| world::fail("panicked")));
            // All are joined.
            results.collect::<Vec<_>>().swap_remove(0)
        })
    }
}
