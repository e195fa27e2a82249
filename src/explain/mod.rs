//! Explanations: what a network's output depends on, in one sample or over the data.
//!
//! [`Explainer`] gives the slope of an output at a sample, and what each input adds to it: [`Explainer::gradient`] and
//! [`Explainer::gradient_times_input`] in one pass, [`Explainer::integrated_gradients`] by a walk from a baseline, whose
//! parts add up to the change of the output. [`partial_dependence`] and [`permutation_importance`] look at a feature
//! over the data; the latter takes any model that has a score.

mod error;
#[cfg(feature = "std")]
mod features;
mod gradient;
mod integrated;

pub use error::ExplainError;
#[cfg(feature = "std")]
pub use features::{Importance, partial_dependence, permutation_importance, quantile_grid};
pub use gradient::{Explainer, Target};
pub use integrated::Integrated;
