//! Guides to networks over time, to all cores and searching, to several machines, and to parts of your own.
//!
//! - `cores`: one network on all cores, and a search for the best one (feature `search`);
//! - [`layer`]: a layer that is checked, trained, saved, exported, and has a place in budgets;
//! - `machines`: training and searching on several machines, and when it pays (feature `mpi`);
//! - [`parts`]: an activation, a loss, an optimizer, a metric and a callback;
//! - [`time`]: networks of series, trained as a whole and streamed frame by frame.

#[cfg(feature = "search")]
pub mod cores;
pub mod layer;
#[cfg(feature = "mpi")]
pub mod machines;
pub mod parts;
pub mod time;
