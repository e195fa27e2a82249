//! The processes of an MPI program, its ranks.
//!
//! `mpirun -n 4 program` starts a program four times, on one machine or on several. Each process has a number, its rank,
//! and all of them call [`run`]. The feature `mpi` needs an MPI library, such as Open MPI, and libclang, to build.
//!
//! There are three ways to use several ranks:
//!
//! - [`AllRanks`](crate::optim::AllRanks): one training run, whose batches are split into shards. Each step adds up the
//!   gradients of all ranks.
//! - [`Ranks::shards`] with [`LocalSgd`](crate::train::LocalSgd): each shard trains a network of its own on its part of
//!   the data. Their weights are averaged every few steps.
//! - `Search::run_on`, with the feature `search`: the ranks share the trials of a search.
//!
//! The results depend on the shards or trials, and not on the number of ranks. The [guide](crate::guide::machines) says
//! which of these pays, and when.
//!
//! ```
//! use shiplap::{optim::AllRanks, prelude::*, ranks};
//!
//! type Net = (Dense<2, 8, Tanh>, Dense<8, 1, Sigmoid>);
//! type Four<O> = AllRanks<O, 4, 16>;
//!
//! let loss = ranks::run(|ranks| {
//!     // All ranks have the same data and the same settings.
//!     let (x, y) = ([[0.5f32, -0.5]; 64], [[1.0f32]; 64]);
//!     let mut trainer = Trainer::<Net, BinaryCrossentropy, Four<Adam>, 64>::boxed(AllRanks(Adam::new(0.1)), 1);
//!     let last = trainer.fit(&x, &y, Fit::epochs(50))?;
//!     if ranks.is_first() {
//!         println!("trained on {} ranks", ranks.count());
//!     }
//!     Ok::<_, TrainError>(last.loss())
//! });
//! assert!(loss < 0.1);
//! ```

mod neighbor;
mod packet;
mod processes;
mod relay;
mod run;
mod shard;
mod world;

pub use neighbor::Chain;
#[doc(hidden)]
pub use processes::OnRanks;
pub(crate) use relay::{Passing, Phase, Relay};
#[cfg(feature = "search")]
pub(crate) use run::EndsAll;
pub use run::{Ranks, run};
pub use shard::Shard;
#[cfg(feature = "search")]
pub(crate) use world::{Sharing, poll, post};
pub(crate) use world::{check, fail};
