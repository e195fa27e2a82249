//! Networks: prediction, summaries and initialization of layers, tuples of layers and derived structs.

#[cfg(feature = "std")]
mod fold;
mod forward;
mod initialize;
mod summary;

#[cfg(feature = "std")]
pub use fold::{FoldError, fold_batch_norms};
#[cfg(feature = "rayon")]
pub(crate) use forward::Forward;
#[cfg(feature = "std")]
pub use forward::STACK;
pub(crate) use forward::{ACTIVATIONS, InBlocks, forget, forward, in_blocks, predict};
pub use initialize::{initialize, initialize_with};
pub use summary::Summary;

use core::fmt;

use crate::{
    Rng, Tensor,
    layer::{Layer, Sample, Unfit, assert_sound},
    zeroed::ON_THE_STACK,
};
#[cfg(feature = "std")]
use crate::{
    kernel::Element,
    layer::{Parameter, Path, Visit, VisitMut},
};

shiplap_macros::impl_tuples!();

/// A network: a layer by itself, or layers that fit together.
///
/// Every layer is a network. So are tuples of 1 to 16 networks whose shapes fit, and structs with
/// [`#[derive(Network)]`](macro@crate::Network).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a network",
    label = "not a network",
    note = "a network is a layer, a tuple of 1 to 16 layers that fit, or a struct with `#[derive(Network)]`; for more than 16, nest tuples: `((A, B), (C, D))`"
)]
pub trait Network: Layer {
    /// The bytes of the weights and statistics: the memory for inference, besides the activations of one sample. Those
    /// of layers [in flash](crate::layers::InFlash) are not included.
    const BYTES: usize = {
        assert_sound(&Self::FAULT);
        size_of::<Self>()
    };

    /// The bytes of the activations for one sample, which [`predict`](Self::predict) keeps on the stack: two buffers to
    /// which the layers of a sequence write in turn, and the prediction. With `std`, buffers of more than 384 KiB are on
    /// the heap: see `network::STACK`.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// type Net = (Dense<2, 9, Relu>, Dense<9, 5, Relu>, Dense<5, 7, Relu>, Dense<7, 1, Sigmoid>);
    /// assert_eq!(Net::ACTIVATIONS, 4 * (9 + 5 + 1));
    /// ```
    ///
    /// Its stack frames take more, independently of the widths of the layers: at most 704 bytes on each board of
    /// `examples/firmware`, which measures them by stack painting.
    const ACTIVATIONS: usize = Self::OUTLINE.peak();

    /// Creates a network on the stack. The initializer of each layer draws its weights, which depend only on `seed`. A
    /// network above 256 KiB does not compile: use `boxed`.
    #[must_use]
    fn new(seed: u64) -> Self {
        const {
            assert!(
                size_of::<Self>() <= ON_THE_STACK,
                "this network is too large for the stack (over 256 KiB): make it with `Network::boxed`"
            );
        }
        let mut network = Self::zeroed_on_stack();
        initialize(&mut network, &mut Rng::new(seed));
        network
    }

    /// Creates the same network in place on the heap, whatever its size.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// type Net = (Dense<784, 512, Relu>, Dense<512, 10, Softmax>);
    /// let net = Net::boxed(1);
    /// assert_eq!(net.predict(&[0.0; 784]), [0.1; 10]);
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    fn boxed(seed: u64) -> std::boxed::Box<Self> {
        let mut network = Self::zeroed_box();
        initialize(&mut *network, &mut Rng::new(seed));
        network
    }

    /// Copies the network to the heap, in place, whatever its size. `Clone` uses the stack, and does not compile for
    /// layers above 256 KiB.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// type Net = (Dense<784, 512, Relu>, Dense<512, 10, Softmax>);
    /// let net = Net::boxed(1);
    /// assert_eq!(net.boxed_clone().1.bias, net.1.bias);
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    fn boxed_clone(&self) -> std::boxed::Box<Self> {
        let mut copy = Self::zeroed_box();
        copy_parameters(self, &mut *copy, |_| true);
        copy
    }

    /// The prediction for one sample. A sample of the wrong width does not compile. Neither does a prediction above
    /// 256 KiB: use [`predict_batch`](Self::predict_batch), which writes it to a slice.
    fn predict<X: Sample<Self>>(&self, sample: &X) -> Self::Output {
        predict(self, sample)
    }

    /// Writes the predictions for `samples` to `predictions`. They equal those of [`predict`](Self::predict) except for
    /// rounding, since sums are computed in another order. With the feature `rayon`, those of many samples are computed on
    /// all cores; the number of threads does not affect them.
    ///
    /// ```
    /// use shiplap::{network::LengthsDiffer, prelude::*};
    ///
    /// let network = Dense::<2, 1, Sigmoid>::zeroed();
    /// let mut predictions = [[0.0]; 3];
    /// network.predict_batch(&[[1.0f32, 2.0]; 3], &mut predictions)?;
    /// assert_eq!(predictions, [[0.5]; 3]);
    /// # Ok::<(), LengthsDiffer>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the slices differ in length; `predictions` is then unchanged.
    fn predict_batch<X: Sample<Self>>(
        &self,
        samples: &[X],
        predictions: &mut [Self::Output],
    ) -> Result<(), LengthsDiffer> {
        if samples.len() != predictions.len() {
            return Err(LengthsDiffer { samples: samples.len(), predictions: predictions.len() });
        }
        forward::predict_batch(self, X::rows(samples), predictions);
        Ok(())
    }

    /// A table of the layers, for printing: the name, type, output shape for one sample and number of trainable
    /// parameters of each, and the totals.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
    /// assert_eq!(
    ///     Net::summary().to_string(),
    ///     "\
    /// layer  type                   output  parameters
    /// 0      Dense<10, 10, Relu>    [10]           110
    /// 1      Dense<10, 1, Sigmoid>  [1]             11
    /// total: 121 parameters (f32), 110 multiply-accumulates, 484 bytes for inference"
    /// );
    /// ```
    fn summary() -> Summary<Self> {
        Summary::new(None)
    }
}

impl<N: Layer, X: Tensor<Element = N::Element>> Network for Unfit<N, X> {}

/// The error of [`Network::predict_batch`]: the number of samples is not that of the predictions to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LengthsDiffer {
    /// The number of samples.
    pub samples: usize,
    /// The number of predictions.
    pub predictions: usize,
}

impl fmt::Display for LengthsDiffer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { samples, predictions } = self;
        write!(formatter, "{samples} samples, but room for {predictions} predictions: pass slices of the same length")
    }
}

impl core::error::Error for LengthsDiffer {}

/// Every network, for bounds of functions, so that an error lists no other implementations.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a network",
    label = "not a network",
    note = "a network is a layer, a tuple of 1 to 16 layers that fit, or a struct with `#[derive(Network)]`"
)]
pub trait AnyNetwork: Network {}

impl<N: Network> AnyNetwork for N {}

/// Copies the parameters of a network to another that has the same ones, apart from those that are not `shared`.
#[cfg(feature = "std")]
pub(crate) fn copy_parameters<A: Layer, B: Layer<Element = A::Element>>(
    from: &A,
    to: &mut B,
    shared: fn(&Parameter<'_>) -> bool,
) {
    let mut values = Values { values: std::vec::Vec::new(), written: 0, shared };
    from.parameters(Path::ROOT, &mut values);
    B::parameters_mut([to], Path::ROOT, &mut values);
}

/// The shared values of a network, first read and then written.
#[cfg(feature = "std")]
struct Values<T> {
    values: std::vec::Vec<T>,
    written: usize,
    shared: fn(&Parameter<'_>) -> bool,
}

#[cfg(feature = "std")]
impl<T: Element> Visit<T> for Values<T> {
    fn visit(&mut self, parameter: Parameter<'_>, values: &[T]) {
        if (self.shared)(&parameter) {
            self.values.extend_from_slice(values);
        }
    }
}

#[cfg(feature = "std")]
impl<T: Element> VisitMut<T, 1> for Values<T> {
    fn visit(&mut self, parameter: Parameter<'_>, [values]: [&mut [T]; 1]) {
        if (self.shared)(&parameter) {
            values.copy_from_slice(&self.values[self.written..][..values.len()]);
            self.written += values.len();
        }
    }
}
