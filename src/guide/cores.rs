//! # All cores, and a search
//!
//! A program uses all cores in two ways: one network is trained on all of them, or many networks are trained at the same
//! time, each on one. The first is for a large network. The second is for the question which network and which settings
//! are the best. Both need the feature `rayon`; `search` turns it on.
//!
//! ## One network on all cores
//!
//! [`AllCores`](crate::optim::AllCores) around the optimizer splits each batch into shards. Here, a batch of 128 has 8
//! shards of 16 samples. The type of the network, its files and its checkpoints stay the same.
//!
//! ```
//! use shiplap::prelude::*;
//!
//! type Net = (Dense<64, 256, Relu>, Dense<256, 256, Relu>, Dense<256, 10, Softmax>);
//! type OnAllCores = Trainer<Net, SparseCategoricalCrossentropy, AllCores<Adam, 8, 16>, 128>;
//!
//! let x: Vec<[f32; 64]> = (0..256).map(|n| [(n % 10) as f32 / 10.0; 64]).collect();
//! let y: Vec<usize> = (0..256).map(|n| n % 10).collect();
//! let mut trainer = OnAllCores::boxed(AllCores(Adam::default()), 1);
//! let before = trainer.evaluate(&x, &y)?.loss;
//! trainer.fit(&x, &y, Fit::epochs(2))?;
//! assert!(trainer.evaluate(&x, &y)?.loss < before);
//! # Ok::<(), TrainError>(())
//! ```
//!
//! - The result depends on the number and the size of the shards, which are part of the type, and not on the number of
//!   cores: it has the same bits on a laptop and on a server.
//! - As many shards as the largest machine has cores are enough. A shard should have at least 8 samples, since products
//!   of matrices are faster for several rows.
//! - Each shard takes the memory of one gradient and of the tape of its samples.
//! - A small network stays on one core, where it is faster.
//! - A batch norm normalizes each shard by itself: choose shards of at least 16 samples for it.
//!
//! Evaluation, `predict_batch`, preprocessing and [`partial_dependence`](crate::explain::partial_dependence) use all cores
//! by themselves. A program chooses the number of threads with `rayon`, by the environment variable `RAYON_NUM_THREADS` or
//! by a pool: `pool.install(|| trainer.fit(..))`.
//!
//! ## A search
//!
//! A network is a type, so a search names its [candidates](crate::search::candidates). [`Space`](crate::search::Space)
//! combines them with values of settings:
//!
//! ```
//! use shiplap::{io, prelude::*, search::{Axis, Search, Training, candidates}};
//!
//! type Small = (Dense<2, 4, Tanh>, Dense<4, 2, Softmax>);
//! type Wide = (Dense<2, 32, Tanh>, Dense<32, 2, Softmax>);
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // Is a point in a circle?
//!     let mut rng = Rng::new(1);
//!     let mut samples = |count| -> (Vec<[f32; 2]>, Vec<usize>) {
//!         let point = |_| [rng.normal() as f32, rng.normal() as f32];
//!         (0..count).map(point).map(|[a, b]| ([a, b], usize::from(a * a + b * b < 1.0))).unzip()
//!     };
//!     let ((x, y), (x_validation, y_validation)) = (samples(200), samples(100));
//!
//!     let space = candidates![Small, Wide].learning_rates(Axis::log_uniform(1e-3..=0.3)).penalties([0.0, 1e-3]);
//!     let training = Training::new(SparseCategoricalCrossentropy, Adam::default(), &x, &y)
//!         .validation(&x_validation, &y_validation);
//!     let results = Search::epochs(9).random(12, 1).halving(1, 3).run(&space, &training)?;
//!     println!("{results}");
//!
//!     let best = results.best().ok_or("all trials failed")?;
//!     let weights = results.weights().ok_or("no weights")?;
//!     let inside = match best.trial.candidate {
//!         "Small" => predict::<Small>(weights)?,
//!         _ => predict::<Wide>(weights)?,
//!     };
//!     assert!(inside > 0.5, "{best}");
//!     Ok(())
//! }
//!
//! /// The probability that the center is in the circle.
//! fn predict<N: Network<Element = f32, Input = [f32; 2], Output = [f32; 2]>>(
//!     weights: &[u8],
//! ) -> Result<f32, Box<dyn std::error::Error>> {
//!     let mut network = N::boxed(0);
//!     io::from_bytes(&mut *network, weights)?;
//!     Ok(network.predict(&[0.0f32, 0.0])[1])
//! }
//! ```
//!
//! The table has a row for each trial, the best first. How to choose the settings of a search:
//!
//! | question | answer |
//! |---|---|
//! | which trials? | all combinations of a few values; `random` for ranges, or for more than three settings |
//! | how long? | `halving` if the first epochs show which trials are bad, as they often do for learning rates; `patience` if trials end at different times |
//! | how many seeds? | 3 to 5 in `seeds` if the best trials differ by less than two seeds of one setting |
//! | validation data or folds? | [`Training::validation`](crate::search::Training::validation); with fewer than about 1000 samples, [`folds`](crate::search::Training::folds) |
//! | and the test data? | not in the search: its best value is too good, since it is the best of many |
//!
//! [`folder`](crate::search::Search::folder) keeps a search in files. Stop the program at any time and start it again: it
//! continues, and ends with the same results. The folder belongs to one search; if you change the data or a setting, the
//! error names the setting.
//!
//! With cross-validation, a scaler is fitted to the training samples of each fold. It must not see the others, which are
//! to be new to the network:
//!
//! ```
//! use shiplap::{layers::Standardize, prelude::*, search::{Search, Training, candidates}};
//!
//! type Line = Dense<1, 1, Linear>;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let x: Vec<[f32; 1]> = (0..30).map(|n| [500.0 + n as f32]).collect();
//!     let y: Vec<[f32; 1]> = (0..30).map(|n| [2.0 * n as f32]).collect();
//!     let training = Training::new(MeanSquaredError, Adam::default(), &x, &y).batch_size::<8>();
//!     let folds = training.folds(5, 1)?.preprocess(Standardize::fit)?;
//!     let results = Search::epochs(20).run(&candidates![Line].learning_rates([0.01, 1.0]), &folds)?;
//!     assert_eq!(results.best().ok_or("all trials failed")?.trial.learning_rate(), Some(1.0));
//!     Ok(())
//! }
//! ```
//!
//! For another procedure of training, implement [`Objective`](crate::search::Objective). For settings of an optimizer,
//! [`Training::configure`](crate::search::Training::configure) is enough.
