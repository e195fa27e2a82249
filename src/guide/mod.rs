//! Guides to writing parts of your own, and to checking and training them.
//!
//! - [`layer`]: a layer that is checked, trained, saved, exported, and has a place in budgets;
//! - [`parts`]: an activation, a loss, an optimizer, a metric and a callback.

pub mod layer;
pub mod parts;
