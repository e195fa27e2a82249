//! Layers of sequences, `[[T; FEATURES]; STEPS]`. [`Conv1d`], [`DepthwiseConv1d`], [`MaxPool1d`] and [`AveragePool1d`] slide a
//! [`Window`](super::image::Window) over the frames. [`SimpleRnn`], [`Gru`] and [`Lstm`] read one frame after another. They
//! output their last state or all states ([`Returns`]), and may continue from batch to batch ([`Stateful`]).
//! [`Bidirectional`] reads in both directions, and [`TimeDistributed`] applies any layer to each frame. [`Masked`]
//! takes series whose lengths vary. An [`Embedding`] makes a sequence of whole numbers. [`MultiHeadAttention`] reads
//! all frames at once; [`LearnedPositions`] and [`SinusoidalPositions`] tell it their order. A [`TransformerBlock`]
//! consists of such layers.
//!
//! Each recurrent layer is a [`Recurrent`] layer, and differs from the others in its [`Unit`], the formula of a step.

mod attention;
mod bidirectional;
mod conv1d;
mod depthwise_conv1d;
mod embedding;
mod ends;
mod gru;
mod learned_positions;
mod lstm;
mod masked;
mod passes;
mod pool1d;
mod recurrent;
mod returns;
mod reversal;
mod reversed;
mod simple_rnn;
mod sinusoidal_positions;
mod time_distributed;
mod transformer;
mod unit;
mod waves;

pub use attention::{Full, Mask, MultiHeadAttention, NoRotation, Rotary, Rotation};
pub use bidirectional::Bidirectional;
pub use conv1d::Conv1d;
pub use depthwise_conv1d::DepthwiseConv1d;
pub use embedding::Embedding;
pub use ends::{AllSteps, BothEnds, Ends, LastStep};
pub use gru::{Gru, GruUnit};
pub use learned_positions::LearnedPositions;
pub use lstm::{Lstm, LstmUnit};
pub use masked::Masked;
pub use pool1d::{AveragePool1d, MaxPool1d, Pool1d};
pub use recurrent::Recurrent;
pub use returns::{AllStates, LastState, Returns, Stateful};
pub use reversed::Reversed;
pub use simple_rnn::{SimpleRnn, SimpleRnnUnit};
pub use sinusoidal_positions::SinusoidalPositions;
pub use time_distributed::TimeDistributed;
pub use transformer::{Block, TransformerBlock};
pub use unit::Unit;
