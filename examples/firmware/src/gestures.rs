//! Gestures from the sensors of a watch in flash, and the network that recognizes them.

use shiplap::prelude::*;

/// The acceleration and the rotation around each axis, ten times per second.
pub type Frame = [f32; 6];
/// The frames of one gesture.
pub type Window = [Frame; 100];

/// The network of the example `gestures`: standing, running, walking or badminton.
#[network(input = Window)]
pub type Net = (
    TimeDistributed<Standardize<_>>,
    Conv1d<_, 16, 5, Relu, Causal<2>>,
    Conv1d<_, 16, 5, Relu, Causal<2>>,
    Gru<_, 16>,
    Dense<_, 4, Softmax>,
);

/// A frame as it is stored: the bits of its numbers, in little endian.
pub type Stored = [[u8; 4]; 6];

/// Windows of the test split, two of each gesture in its order.
pub static TEST: &[[Stored; 100]] = include_bytes!("../models/gestures.bin").as_chunks().0.as_chunks().0.as_chunks().0;

/// Returns the frame.
pub fn read(stored: &Stored) -> Frame {
    stored.map(f32::from_le_bytes)
}
