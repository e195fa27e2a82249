//! Guides: how to write each kind of part yourself, from nothing to trained and checked.
//!
//! - [`layer`]: a layer, checked, trained, saved, exported, in flash and within a budget;
//! - [`parts`]: an activation, a loss, an optimizer, a metric and a callback.

pub mod layer;
pub mod parts;
