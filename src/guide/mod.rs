//! Guides to networks over time, and to parts of your own.
//!
//! - [`layer`]: a layer that is checked, trained, saved, exported, and has a place in budgets;
//! - [`parts`]: an activation, a loss, an optimizer, a metric and a callback;
//! - [`time`]: networks of series, trained as a whole and streamed frame by frame.

pub mod layer;
pub mod parts;
pub mod time;
