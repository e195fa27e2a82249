//! A network as a table of its layers.

use core::{fmt, marker::PhantomData};

use crate::{
    kernel::Element as _,
    layer::{Description, Layer, Path},
};

/// A table of a network's layers, for printing; see [`Network::summary`](super::Network::summary).
pub struct Summary<N> {
    /// The bytes of a trainer, and its batch size.
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
            N::Element::NAME,
            N::MACS,
            size_of::<N>()
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

/// Calls `then` with the entries of a layer's row.
fn columns<R>(line: &Description<'_>, then: impl FnOnce([&dyn fmt::Display; 4]) -> R) -> R {
    struct Shape(fn(&mut dyn fmt::Write) -> fmt::Result);
    impl fmt::Display for Shape {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("[")?;
            (self.0)(formatter)?;
            formatter.write_str("]")
        }
    }
    // If the network is a single layer, the layer has no name.
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

/// The number of characters.
fn length(text: &dyn fmt::Display) -> usize {
    struct Count(usize);
    impl fmt::Write for Count {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.chars().count();
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting cannot fail.
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
    fn columns_are_aligned() {
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
