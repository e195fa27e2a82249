//! Whether a layer of sequences outputs its last state or all of them, and where it starts.

use core::marker::PhantomData;

use crate::{Zeroed, layers::image::Channels};

/// The output of a layer that reads a sequence: [`LastState`] or [`AllStates`]; [`Stateful`] if each batch continues the
/// one before.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the output of a layer of sequences",
    label = "expected `LastState`, `AllStates` or `Stateful`"
)]
pub trait Returns: sealed::Sealed + Send + Sync + 'static {
    /// The output of `UNITS` units that read an `I`.
    type Of<I: Channels, const UNITS: usize>: Channels<Element = I::Element>;
    /// The states that training keeps from one batch to the next: one item, or none.
    #[doc(hidden)]
    type Kept<X: Zeroed>: Zeroed + AsRef<[X]> + AsMut<[X]>;
    /// Whether there is an output for each step.
    #[doc(hidden)]
    const ALL: bool;
    /// Whether training continues with the states of the batch before.
    #[doc(hidden)]
    const STATEFUL: bool = false;
    /// The end of the layer's name.
    #[doc(hidden)]
    const SUFFIX: &'static str;
    /// The same if the layer is stateful.
    #[doc(hidden)]
    const STATEFUL_SUFFIX: &'static str;
}

/// The layer outputs its state after the last step, `[T; UNITS]`. It is the default.
#[derive(Clone, Copy, Debug)]
pub struct LastState;

/// The layer outputs its state after each step, `[[T; UNITS]; STEPS]`: `return_sequences` in Keras.
///
/// ```
/// use shiplap::{layers::AllStates, prelude::*};
///
/// #[network(input = [[f32; 6]; 32])]
/// type Net = (Gru<_, 16, AllStates>, Gru<_, 8>, Dense<_, 3, Softmax>);
///
/// assert_eq!(Net::new(1).0.predict(&[[0.5; 6]; 32]).len(), 32);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AllStates;

/// In training, row `i` of a batch continues row `i` of the batch before: it starts with the last state of that row, not
/// with zero. `R` is the output: `Gru<_, 16, Stateful>` or `Gru<_, 16, Stateful<AllStates>>`. In Keras, this is
/// `stateful=True`; in PyTorch, a detached hidden state.
///
/// A long series can thus be trained on in pieces (truncated backpropagation through time, Williams and Peng 1990). The
/// state passes from one piece to the next, but the gradient does not. [`Tbptt`](crate::data::Tbptt) cuts a series.
///
/// A fit resets the states at the start of each epoch, and takes the batches in order, with `shuffle(false)`. Between calls
/// of `step`, [`Trainer::reset_states`](crate::train::Trainer::reset_states) resets them. The states are in the memory of
/// the trainer, and not in the network. Evaluation has its own, which it passes from batch to batch as a fit does. A
/// prediction starts with zero. A [`Stream`](crate::stream::Stream) has a state of its own. A file of weights is the same
/// with and without `Stateful`.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [[f32; 1]; 8])]
/// type Net = (Gru<_, 6, Stateful<AllStates>>, Lstm<_, 4, Stateful>, Dense<_, 1>);
///
/// // Two series of 24 steps, in pieces of 8.
/// let series = [0.0f32, 1.0].map(|phase| std::array::from_fn::<_, 25, _>(|step| [(0.5 * step as f32 + phase).sin()]));
/// let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 2>::boxed(Adam::new(0.01), 1);
/// for _ in 0..10 {
///     trainer.reset_states();
///     for start in [0, 8, 16] {
///         let x = series.map(|series| *series[start..].first_chunk::<8>().unwrap());
///         trainer.step(&x, &series.map(|series| series[start + 8]))?;
///     }
/// }
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Stateful<R = LastState>(PhantomData<R>);

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::LastState {}
    impl Sealed for super::AllStates {}
    impl<R: super::Returns> Sealed for super::Stateful<R> {}
}

impl Returns for LastState {
    type Of<I: Channels, const UNITS: usize> = [I::Element; UNITS];
    type Kept<X: Zeroed> = [X; 0];
    const ALL: bool = false;
    const SUFFIX: &'static str = "";
    const STATEFUL_SUFFIX: &'static str = ", Stateful";
}

impl Returns for AllStates {
    type Of<I: Channels, const UNITS: usize> = I::Resized<UNITS>;
    type Kept<X: Zeroed> = [X; 0];
    const ALL: bool = true;
    const SUFFIX: &'static str = ", AllStates";
    const STATEFUL_SUFFIX: &'static str = ", Stateful<AllStates>";
}

impl<R: Returns> Returns for Stateful<R> {
    type Of<I: Channels, const UNITS: usize> = R::Of<I, UNITS>;
    type Kept<X: Zeroed> = [X; 1];
    const ALL: bool = R::ALL;
    const STATEFUL: bool = true;
    const SUFFIX: &'static str = R::STATEFUL_SUFFIX;
    const STATEFUL_SUFFIX: &'static str = R::STATEFUL_SUFFIX;
}
