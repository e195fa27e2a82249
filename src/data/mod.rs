//! Loading, splitting, weighting and augmenting data sets.
//!
//! - `Csv`: tables with named columns, labels, categories and missing values (feature `csv`);
//! - [`idx`]: the IDX format of MNIST and related data sets; [`cifar`]: that of CIFAR-10 and CIFAR-100;
//! - `images`: PNG and JPEG images, and folders of them by class (feature `images`);
//! - `npy`: NumPy's formats (feature `npy`);
//! - [`split`], [`split_stratified`], [`Folds`]: training, validation and test sets, and cross-validation;
//! - [`Windows`]: windows over a series, split in time; [`Tbptt`]: a long series in pieces; [`pad`]: series of any length;
//!   [`Vocabulary`]: texts as whole numbers;
//! - [`class_weights`], [`weighted`], [`resample`]: weights for imbalanced classes, or as many samples of each;
//! - [`augment`]: random changes of samples in training: flips, shifts, crops, rotations, noise, mixup, ...
//!
//! Preprocessing that inference needs too, such as scaling or filling in missing values, is a [layer](crate::layers):
//! it is part of the network and carries its own statistics. Gzip-compressed files can be read with the feature `gzip`.

pub mod augment;
mod checks;
pub mod cifar;
#[cfg(feature = "csv")]
mod csv;
mod error;
mod file;
#[cfg(feature = "gzip")]
mod gzip;
pub mod idx;
#[cfg(feature = "images")]
pub mod images;
#[cfg(feature = "npy")]
pub mod npy;
mod resample;
mod split;
mod tbptt;
mod vocabulary;
mod weights;
mod windows;

#[cfg(feature = "csv")]
pub use csv::{Column, Csv, Missing, Table, Target};
pub use error::DataError;
pub use resample::{ClassSize, resample};
pub use split::{Folds, Part, split, split_stratified};
pub use tbptt::Tbptt;
pub use vocabulary::Vocabulary;
pub use weights::{class_weights, weighted};
pub use windows::{Samples, Windows, pad};
