//! Whether a layer of sequences outputs its last state or all of them.

use crate::layers::image::Channels;

/// The output of a layer that reads a sequence: [`LastState`] or [`AllStates`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the output of a layer of sequences",
    label = "expected `LastState` or `AllStates`"
)]
pub trait Returns: sealed::Sealed + Send + Sync + 'static {
    /// The output of `UNITS` units that read an `I`.
    type Of<I: Channels, const UNITS: usize>: Channels<Element = I::Element>;
    /// Whether there is an output for each step.
    #[doc(hidden)]
    const ALL: bool;
    /// The end of the layer's name.
    #[doc(hidden)]
    const SUFFIX: &'static str;
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

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::LastState {}
    impl Sealed for super::AllStates {}
}

impl Returns for LastState {
    type Of<I: Channels, const UNITS: usize> = [I::Element; UNITS];
    const ALL: bool = false;
    const SUFFIX: &'static str = "";
}

impl Returns for AllStates {
    type Of<I: Channels, const UNITS: usize> = I::Resized<UNITS>;
    const ALL: bool = true;
    const SUFFIX: &'static str = ", AllStates";
}
