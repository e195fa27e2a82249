//! Explanations of predictions: feature attributions for one sample, and the effect of a feature over a data set.
//!
//! - [`Explainer`] attributes an output to the inputs of one sample. [`Explainer::gradient`] and
//!   [`Explainer::gradient_times_input`] take a single backward pass. [`Explainer::integrated_gradients`] integrates
//!   the gradient from a baseline to the sample, so that the attributions sum to the change of the output.
//!   [`Explainer::grad_cam`] shows the part of an image on which an output depends.
//! - [`permutation_importance`] measures how much a score depends on each feature. It needs only a function that scores
//!   a model, not a network of this crate.
//! - [`partial_dependence`] averages an output over a data set as a function of one feature.

mod error;
#[cfg(feature = "std")]
mod features;
mod grad_cam;
mod gradient;
mod integrated;

pub use error::ExplainError;
#[cfg(feature = "std")]
pub use features::{Importance, partial_dependence, permutation_importance, quantile_grid};
pub use gradient::{Explainer, Target};
pub use integrated::Integrated;
