//! The traits of a layer, and the checks that layers fit together.
//!
//! A layer is a struct whose fields are its parameters, with an implementation of [`SimpleLayer`], the formula for one
//! sample. `#[derive(Layer)]` derives [`Layer`], the formula for a batch, from them.

mod batch;
mod ending;
mod fit;
mod infer;
mod invalid;
pub(crate) mod listing;
mod outline;
mod parameters;
mod simple;
mod unfit;

pub use crate::{
    operations::{Attention, Cell, Junction, Operations, Pool, Recurrence, SeriesEnd, Sliding},
    path::Path,
};
#[doc(hidden)]
pub use batch::Link;
pub(crate) use batch::rows_at_once;
pub use batch::{Description, Layer};
pub use ending::{Ending, Endings, Head, Heads, Logits, Predictions};
pub use fit::Sample;
#[doc(hidden)]
pub use fit::{
    After, Declaration, Declared, InNetwork, SameElement, Shapes, assert_fits_stack, assert_sound, first_fault,
    given_by, learns, misfit, not_whole, pass, pass_mut, takes_whole,
};
#[doc(hidden)]
pub use infer::Given;
pub use infer::{Infer, Inferred};
pub use invalid::Invalid;
pub use outline::{Leaf, Outline};
pub use parameters::{Parameter, Parameters, Role, Visit, VisitGradient, VisitMut, VisitTrainable};
#[doc(hidden)]
pub use parameters::{fan_in, fan_out, present};
pub use simple::SimpleLayer;
#[doc(hidden)]
pub use simple::batch as simple_batch;
#[doc(hidden)]
pub use unfit::Unfit;
