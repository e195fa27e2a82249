//! Normalization: [`BatchNorm`], [`LayerNorm`], [`GroupNorm`], and [`RmsNorm`], which does not subtract the mean.
//!
//! `y = act((x − mean) / √(variance + ε)·scale + shift)`. Layers differ in the numbers that share a mean and a variance.

mod batch_norm;
mod group_norm;
mod layer_norm;
mod mean_square;
mod moments;
mod pixel;
mod rms_norm;

pub use batch_norm::BatchNorm;
pub use group_norm::GroupNorm;
pub use layer_norm::LayerNorm;
pub use rms_norm::RmsNorm;

use crate::{
    layers::image::{Channels, fault},
    message::Message,
};

/// The fault of a normalization whose input is no tensor with channels, or is empty.
const fn unfit<I: Channels>(layer: &str) -> Option<Message> {
    if let Some(fault) = fault::pair::<I>(layer) {
        Some(fault)
    } else if I::LEN == 0 {
        Some(Message::naming(layer).text("has nothing to normalize: its input is empty"))
    } else {
        None
    }
}
