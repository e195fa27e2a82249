//! The layers: [`Dense`], [`Dropout`], [`Activate`]; layers of images ([`image`]: [`Conv2d`], [`MaxPool2d`],
//! [`AveragePool2d`], [`GlobalAveragePool`], [`Flatten`]); normalization ([`BatchNorm`], [`LayerNorm`],
//! [`GroupNorm`]); layers side by side ([`Residual`], [`Branches`]); preprocessing ([`Standardize`], [`MinMax`], [`Impute`],
//! [`OneHot`]); wrappers that change how a network is initialized, penalized or trained ([`Initialized`],
//! [`Regularized`], [`Frozen`], `Parallel`); and networks in read-only memory ([`InFlash`]).

mod activate;
mod annotated;
mod branches;
mod columns;
mod dense;
mod dropout;
mod frozen;
pub mod image;
mod impute;
mod in_flash;
mod initialized;
mod min_max;
mod norm;
mod one_hot;
#[cfg(feature = "rayon")]
mod parallel;
mod regularized;
mod standardize;

pub use activate::Activate;
pub use branches::{Add, Branches, Concat, Identity, Join, Joins, Residual};
pub use columns::FitError;
pub use dense::Dense;
pub use dropout::Dropout;
pub use frozen::Frozen;
pub use image::{AveragePool2d, Conv2d, Flatten, GlobalAveragePool, Image, MaxPool2d, Padded, Same, Valid, Window};
pub use impute::Impute;
pub use in_flash::InFlash;
pub use initialized::Initialized;
pub use min_max::MinMax;
pub use norm::{BatchNorm, EachPixel, GroupNorm, Grouping, Groups, LayerNorm, SampleNorm};
pub use one_hot::OneHot;
#[cfg(feature = "rayon")]
pub use parallel::Parallel;
pub use regularized::Regularized;
pub use standardize::Standardize;
