//! From files to arrays: reading, splitting, weighing and augmenting data.
//!
//! - `Csv`: tables with named columns, labels, categories, missing values (feature `csv`);
//! - [`idx`]: the files of MNIST and its family; `npy`: NumPy's (feature `npy`);
//! - [`split`], [`split_stratified`], [`Folds`]: parts to train, validate and test on;
//! - [`class_weights`], [`weighted`]: for classes of unequal size;
//! - [`augment`]: noise, mixtures, flips and shifts.
//!
//! What data must go through on the way into a network (scaling, missing values) is a [layer](crate::layers), so that
//! the network takes it along. Files compressed by gzip are read where the feature `gzip` is on.

pub mod augment;
#[cfg(feature = "csv")]
mod csv;
mod error;
mod file;
pub mod idx;
#[cfg(feature = "npy")]
pub mod npy;
mod split;
mod weights;

#[cfg(feature = "csv")]
pub use csv::{Column, Csv, Missing, Table, Target};
pub use error::DataError;
pub use split::{Folds, Part, split, split_stratified};
pub use weights::{class_weights, weighted};
