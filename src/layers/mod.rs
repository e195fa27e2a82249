//! The layers.

mod dense;
mod dropout;
#[cfg(feature = "rayon")]
mod parallel;
mod regularized;

pub use dense::Dense;
pub use dropout::Dropout;
#[cfg(feature = "rayon")]
pub use parallel::{Parallel, Shard};
pub use regularized::Regularized;
