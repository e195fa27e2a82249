//! Networks: what every layer, tuple of layers and derived struct can do.

use core::{fmt, marker::PhantomData};

use crate::{
    Rng, Zeroed as _, init,
    kernel::{Simd, Work, dispatch},
    layer::{Layer, Path, Predictions, Sample},
};

shiplap_macros::impl_tuples!();

/// What can be done with any network. Every [`Layer`] has it.
pub trait Network: Layer {
    /// The bytes of the weights, which is what inference needs beside the activations of one sample.
    const BYTES: usize = size_of::<Self>();

    /// A network started from `seed`, each layer as it prefers. It is made on the stack: for megabytes
    /// of weights, use `Trainer::boxed`.
    #[must_use]
    fn new(seed: u64) -> Self {
        let mut network = Self::zeroed();
        init::initialize(&mut network, &mut Rng::new(seed));
        network
    }

    /// The prediction for one sample. A sample of the wrong width does not compile.
    fn predict<X: Sample<Self>>(&self, sample: &X) -> Self::Output {
        let mut prediction = [Self::Output::zeroed()];
        let x = X::rows(core::slice::from_ref(sample));
        dispatch(Predict::<Self, 1> { network: self, x, y: &mut prediction });
        prediction[0]
    }

    /// The predictions for many samples, as many as the shorter slice holds: those of [`predict`](Self::predict), but
    /// for the order in which rounding adds up.
    fn predict_batch<X: Sample<Self>>(&self, samples: &[X], predictions: &mut [Self::Output]) {
        let rows = samples.len().min(predictions.len());
        let x = X::rows(&samples[..rows]);
        in_blocks::<Self>(PredictAll { network: self, x, y: &mut predictions[..rows] });
    }

    /// A table of the layers, for printing: name, type, output shape, parameters, bytes.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
    /// assert!(Net::summary().to_string().contains("Dense<10, 1, Sigmoid>"));
    /// ```
    fn summary() -> Summary<Self> {
        Summary::new(None)
    }
}

impl<N: Layer> Network for N {}

/// A pass over many rows, in blocks of `B`.
pub(crate) trait InBlocks {
    fn pass<const B: usize>(self);
}

/// The memory that activations may take on the stack outside training: an eighth of what a thread has.
const STACK: usize = if cfg!(feature = "std") { 256 * 1024 } else { 1024 };

/// Does `work` in blocks as high as the stack bears: products of many rows read the weights less often.
pub(crate) fn in_blocks<N: Layer>(work: impl InBlocks) {
    // A tape holds each output and its gradient.
    match const { STACK / (size_of::<N::Tape<1>>() / 2 + size_of::<N::Output>()) } {
        64.. => work.pass::<64>(),
        16.. => work.pass::<16>(),
        4.. => work.pass::<4>(),
        _ => work.pass::<1>(),
    }
}

struct PredictAll<'a, N: Layer> {
    network: &'a N,
    x: &'a [N::Input],
    y: &'a mut [N::Output],
}

impl<N: Layer> InBlocks for PredictAll<'_, N> {
    fn pass<const B: usize>(self) {
        let Self { network, x, y } = self;
        dispatch(Predict::<N, B> { network, x, y });
    }
}

struct Predict<'a, N: Layer, const B: usize> {
    network: &'a N,
    x: &'a [N::Input],
    y: &'a mut [N::Output],
}

impl<N: Layer, const B: usize> Work for Predict<'_, N, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for (x, y) in self.x.chunks(B).zip(self.y.chunks_mut(B)) {
            self.network.forward::<S, Predictions, B>(simd, x, y);
        }
    }
}

/// Prints as a table of a network's layers; see [`Network::summary`].
pub struct Summary<N> {
    /// Bytes of a trainer, and its batch.
    pub(crate) training: Option<(usize, usize)>,
    network: PhantomData<N>,
}

impl<N> Summary<N> {
    pub(crate) const fn new(training: Option<(usize, usize)>) -> Self {
        Self { training, network: PhantomData }
    }
}

impl<N: Layer> fmt::Display for Summary<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{:<12} {:<34} {:<14} {:>10}", "layer", "type", "output", "parameters")?;
        let mut result = Ok(());
        N::describe(Path::ROOT, &mut |line| {
            result = result.and_then(|()| {
                write!(formatter, "{:<12} {:<34} ", Padded(&line.path), Padded(&line.kind))?;
                (line.output)(formatter)?;
                writeln!(formatter, "{:>width$}", line.params, width = 10)
            });
        });
        result?;
        write!(
            formatter,
            "total: {} parameters, {} multiply-accumulates, {} bytes for inference",
            N::PARAMS,
            N::MACS,
            <N as Network>::BYTES
        )?;
        match self.training {
            Some((bytes, batch)) => write!(formatter, ", {bytes} bytes for training in batches of {batch}"),
            None => Ok(()),
        }
    }
}

impl<N: Layer> fmt::Debug for Summary<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Pads what writes itself in pieces.
struct Padded<'a>(&'a dyn fmt::Display);

impl fmt::Display for Padded<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Count<'a, 'f>(&'a mut fmt::Formatter<'f>, usize);
        impl fmt::Write for Count<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.1 += text.chars().count();
                self.0.write_str(text)
            }
        }
        let width = formatter.width().unwrap_or(0);
        let mut count = Count(formatter, 0);
        fmt::Write::write_fmt(&mut count, format_args!("{}", self.0))?;
        for _ in count.1..width {
            formatter.write_str(" ")?;
        }
        Ok(())
    }
}
