//! Networks: what every layer, tuple of layers and derived struct can do.

use core::{fmt, marker::PhantomData};

use crate::{
    Rng, Zeroed as _, init,
    kernel::{Simd, Work, dispatch},
    layer::{Description, Layer, Path, Predictions, Sample, rows_at_once},
    zeroed::ON_THE_STACK,
};

shiplap_macros::impl_tuples!();

/// What can be done with any network. Every [`Layer`] has it.
pub trait Network: Layer {
    /// The bytes of the weights, which is what inference needs beside the activations of one sample.
    const BYTES: usize = size_of::<Self>();

    /// The bytes of the outputs of all layers for one sample, which [`predict`](Self::predict) has on the stack.
    ///
    /// Its code takes some more, whatever the widths of the layers. Compiled for a Cortex-M4F (release, link-time
    /// optimisation), the frame of `predict` was 116 to 152 bytes larger in four networks from 1-16-16-1 to the ten layers of
    /// 640-128-128-128-128-8-128-128-128-128-640, and what it calls took at most 120 on top.
    const ACTIVATIONS: usize = Self::OUTLINE.outputs();

    /// A network started from `seed`, each layer as it prefers, made on the stack. Above 256 KiB it does not compile:
    /// use `boxed`.
    #[must_use]
    fn new(seed: u64) -> Self {
        const {
            assert!(
                size_of::<Self>() <= ON_THE_STACK,
                "this network is too large for the stack (over 256 KiB): make it with `Network::boxed`"
            );
        }
        let mut network = Self::zeroed();
        init::initialize(&mut network, &mut Rng::new(seed));
        network
    }

    /// The same on the heap, made there in place, whatever its size.
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
        init::initialize(&mut *network, &mut Rng::new(seed));
        network
    }

    /// The prediction for one sample. A sample of the wrong width does not compile.
    fn predict<X: Sample<Self>>(&self, sample: &X) -> Self::Output {
        let mut prediction = Self::Output::zeroed();
        let x = X::rows(core::slice::from_ref(sample));
        dispatch(Predict::<Self, 1> { network: self, x, y: core::slice::from_mut(&mut prediction) });
        prediction
    }

    /// The predictions for many samples, as many as the shorter slice holds: those of [`predict`](Self::predict), but
    /// for the order in which rounding adds up.
    fn predict_batch<X: Sample<Self>>(&self, samples: &[X], predictions: &mut [Self::Output]) {
        let rows = samples.len().min(predictions.len());
        let x = X::rows(&samples[..rows]);
        in_blocks::<Self>(PredictAll { network: self, x, y: &mut predictions[..rows] });
    }

    /// A table of the layers, for printing: name, type, shape of the output for one sample, parameters; then the sums
    /// and the bytes.
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

impl<N: Layer> Network for N {}

/// A pass over many rows, in blocks of `B`.
pub(crate) trait InBlocks {
    fn pass<const B: usize>(self);
}

/// Does `work` in blocks as high as the stack bears: products of many rows read the weights less often.
pub(crate) fn in_blocks<N: Layer>(work: impl InBlocks) {
    match const { rows_at_once(N::OUTLINE.outputs()) } {
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
        let mut widths = HEADS.map(str::len);
        N::describe(Path::ROOT, &mut |line| {
            columns(line, |columns| {
                for (width, column) in widths.iter_mut().zip(columns) {
                    *width = (*width).max(length(column));
                }
            });
        });
        let mut result = write_row(formatter, HEADS.each_ref().map(|head| head as &dyn fmt::Display), widths);
        N::describe(Path::ROOT, &mut |line| {
            result = result.and_then(|()| columns(line, |columns| write_row(formatter, columns, widths)));
        });
        result?;
        write!(
            formatter,
            "total: {} parameters ({}), {} multiply-accumulates, {} bytes for inference",
            N::PARAMS,
            core::any::type_name::<N::Element>(),
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

const HEADS: [&str; 4] = ["layer", "type", "output", "parameters"];

/// The entries of a layer's row, for `then`.
fn columns<R>(line: &Description<'_>, then: impl FnOnce([&dyn fmt::Display; 4]) -> R) -> R {
    struct Shape(fn(&mut dyn fmt::Write) -> fmt::Result);
    impl fmt::Display for Shape {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("[")?;
            (self.0)(formatter)?;
            formatter.write_str("]")
        }
    }
    // A layer that is a network by itself has no name.
    let name: &dyn fmt::Display = if length(&line.path) == 0 { &"network" } else { &line.path };
    then([name, &line.kind, &Shape(line.output), &line.params])
}

fn write_row(formatter: &mut fmt::Formatter<'_>, columns: [&dyn fmt::Display; 4], widths: [usize; 4]) -> fmt::Result {
    let [name, kind, output, params] = columns;
    let [after_name, after_kind, after_output, before_params]: [usize; 4] =
        core::array::from_fn(|column| widths[column].saturating_sub(length(columns[column])));
    write!(formatter, "{name}{:after_name$}  {kind}{:after_kind$}  ", "", "")?;
    writeln!(formatter, "{output}{:after_output$}  {:before_params$}{params}", "", "")
}

/// How many characters it takes.
fn length(text: &dyn fmt::Display) -> usize {
    struct Count(usize);
    impl fmt::Write for Count {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.chars().count();
            Ok(())
        }
    }
    let mut count = Count(0);
    // A counter takes any text.
    let _ = fmt::Write::write_fmt(&mut count, format_args!("{text}"));
    count.0
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use crate::prelude::*;

    #[derive(Network)]
    struct Named {
        encoder: (Dense<784, 16, LeakyRelu, f64>, Dropout<16, 20, f64>),
        head: Regularized<Dense<16, 10, Softmax, f64>, (L1<5, -4>, L2<1, -3>)>,
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_entry() {
        assert_eq!(
            Named::summary().to_string(),
            "\
layer      type                                             output  parameters
encoder.0  Dense<784, 16, LeakyRelu>                        [16]         12560
encoder.1  Dropout<16, 20>                                  [16]             0
head       Dense<16, 10, Softmax> + L1(0.0005) + L2(0.001)  [10]           170
total: 12730 parameters (f64), 12704 multiply-accumulates, 101840 bytes for inference"
        );
    }

    #[test]
    fn a_single_layer_is_the_network() {
        type Line = Trainer<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 4>;
        assert_eq!(
            Line::summary().to_string(),
            std::format!(
                "\
layer    type                 output  parameters
network  Dense<1, 1, Linear>  [1]              2
total: 2 parameters (f32), 1 multiply-accumulates, 8 bytes for inference, {} bytes for training in batches of 4",
                Line::BYTES
            )
        );
    }
}
