//! A search for the best network and settings.
//!
//! A search names its candidates, which are types, and the values of their settings. It trains each combination, or some
//! of them, on all cores:
//!
//! ```
//! use shiplap::{io, prelude::*, search::{Search, Training, candidates}};
//!
//! type Small = (Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>);
//! type Wide = (Dense<2, 16, Tanh>, Dense<16, 1, Sigmoid>);
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let (x, y) = ([[0.0f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0f32], [1.0], [1.0], [0.0]]);
//!     let space = candidates![Small, Wide].learning_rates([1e-3, 1e-1]).penalties([0.0, 1e-3]).seeds(0..2);
//!     let training = Training::new(BinaryCrossentropy, Adam::default(), &x, &y).batch_size::<4>();
//!     let results = Search::epochs(60).run(&space, &training)?;
//!     println!("{results}");
//!
//!     let best = results.best().ok_or("all trials failed")?;
//!     assert_eq!(best.trial.candidate, "Wide");
//!     let mut network = Wide::zeroed();
//!     io::from_bytes(&mut network, results.weights().unwrap())?;
//!     assert!(network.predict(&x[1])[0] > 0.9);
//!     Ok(())
//! }
//! ```
//!
//! - [`candidates!`]: lists networks, the beginning of a [`Space`], with [axes](Axis) of values;
//! - [`Training`]: the usual objective, the loss on validation data; [`CrossValidation`], the mean loss of k folds;
//!   [`Objective`], [`Run`] and [`Fitting`] for your own;
//! - [`Search`]: which trials to train: all combinations, or a random choice of them; all epochs, or with successive
//!   halving; in memory, or in a folder, from which an interrupted search continues;
//! - [`Results`]: the [outcome](Outcome) of each [`Trial`], as a table and, with the feature `plot`, as a plot, and
//!   the best weights.

mod axis;
mod candidates;
mod crew;
mod cross_validation;
mod error;
mod fitting;
mod folder;
mod goal;
mod hash;
mod journal;
mod objective;
mod outcome;
mod part;
mod plan;
#[cfg(feature = "plot")]
mod plot;
#[cfg(feature = "mpi")]
mod ranks;
mod record;
mod results;
mod run;
mod space;
mod step;
mod training;
mod trial;

#[doc(inline)]
pub use crate::__candidates as candidates;
pub use axis::Axis;
pub use candidates::{Candidate, Candidates};
pub use cross_validation::CrossValidation;
pub use error::SearchError;
pub use fitting::Fitting;
pub use objective::{Failure, Next, Objective, Row, Run};
pub use outcome::{Outcome, Status};
pub use results::Results;
pub use run::Search;
pub use space::Space;
pub use training::Training;
pub use trial::Trial;
