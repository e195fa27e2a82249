//! Normalization: [`BatchNorm`], [`LayerNorm`], [`GroupNorm`], and [`RmsNorm`], which does not subtract the mean.
//!
//! `y = act((x − mean) / √(variance + ε)·scale + shift)`. Layers differ in the numbers that share a mean and a variance.

mod batch_norm;
mod each_sample;
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
    activation::Activation,
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

/// The name of a normalization that begins so, such as `LayerNorm<Relu, -5>`. Its last arguments, each beside its default,
/// are left out if they are the defaults.
const fn named<A: Activation>(start: Message<64>, arguments: &[[i64; 2]]) -> Message<64> {
    let (mut message, mut all, mut index) = (start.text(A::NAME), true, 0);
    while index < arguments.len() {
        all = all && arguments[index][0] == arguments[index][1];
        index += 1;
    }
    index = if all { arguments.len() } else { 0 };
    while index < arguments.len() {
        message = message.text(", ").integer(arguments[index][0] as i128);
        index += 1;
    }
    message.text(">")
}
