//! Layers of sequences, `[[T; FEATURES]; STEPS]`, that read one frame after another: [`SimpleRnn`], [`Gru`], [`Lstm`].
//! They output their last state or all states ([`Returns`]). An [`Embedding`] makes a sequence of whole numbers.
//!
//! Each is a [`Recurrent`] layer, and differs from the others in its [`Unit`], the formula of a step.

mod embedding;
mod gru;
mod lstm;
mod passes;
mod recurrent;
mod returns;
mod simple_rnn;
mod unit;

pub use embedding::Embedding;
pub use gru::{Gru, GruUnit};
pub use lstm::{Lstm, LstmUnit};
pub use recurrent::Recurrent;
pub use returns::{AllStates, LastState, Returns};
pub use simple_rnn::{SimpleRnn, SimpleRnnUnit};
pub use unit::Unit;
