//! Layers of sequences, `[[T; FEATURES]; STEPS]`, that read one frame after another: [`SimpleRnn`], [`Gru`], [`Lstm`].
//! They output their last state or all states ([`Returns`]). [`Bidirectional`] reads in both directions, and
//! [`TimeDistributed`] applies any layer to each frame. An [`Embedding`] makes a sequence of whole numbers.
//!
//! Each recurrent layer is a [`Recurrent`] layer, and differs from the others in its [`Unit`], the formula of a step.

mod bidirectional;
mod embedding;
mod gru;
mod lstm;
mod passes;
mod recurrent;
mod returns;
mod simple_rnn;
mod time_distributed;
mod unit;

pub use bidirectional::{Bidirectional, Reversed};
pub use embedding::Embedding;
pub use gru::{Gru, GruUnit};
pub use lstm::{Lstm, LstmUnit};
pub use recurrent::Recurrent;
pub use returns::{AllStates, LastState, Returns};
pub use simple_rnn::{SimpleRnn, SimpleRnnUnit};
pub use time_distributed::TimeDistributed;
pub use unit::Unit;
