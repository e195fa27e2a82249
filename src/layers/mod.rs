//! The layers.

mod dense;
mod dropout;
mod regularized;

pub use dense::Dense;
pub use dropout::Dropout;
pub use regularized::Regularized;
