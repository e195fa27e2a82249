//! The steps to which a step attends.

use crate::layers::image::Causal;

/// The steps of a sequence to which each step attends: [`Full`] or [`Causal`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say to which steps a step attends",
    label = "expected `Full` or `Causal`"
)]
pub trait Mask: sealed::Sealed + Send + Sync + 'static {
    /// Whether a step attends only to itself and to the steps before it.
    const CAUSAL: bool;
}

/// Each step attends to all steps. It is the default.
#[derive(Clone, Copy, Debug)]
pub struct Full;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Full {}
    impl Sealed for super::Causal {}
}

impl Mask for Full {
    const CAUSAL: bool = false;
}

/// Each step attends to itself and to the steps before it.
impl Mask for Causal {
    const CAUSAL: bool = true;
}
