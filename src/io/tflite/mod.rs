//! Export to TensorFlow Lite.

mod flatbuffer;
mod operators;

use std::{format, path::Path as FilePath, string::ToString, vec, vec::Vec};

use self::{
    flatbuffer::{Table, Value, file},
    operators::Operators,
};
use super::{FileError, write};
use crate::quantized::{Calibration, Describe, Quantize, Quantized, Scale};

/// Writes an int8 network as a TensorFlow Lite model, for its interpreters on computers and on microcontrollers.
///
/// `calibration` is the one with which the network was quantized: it has the scales, of which the network keeps only
/// multipliers. The reference kernels of TensorFlow Lite compute the bytes of
/// [`predict_int8`](Quantized::predict_int8). Input and output are int8 of shape `[1, ..]`; a network that begins with
/// [`Standardize`](crate::layers::Standardize) takes `f32`. The members of a [`Pair`](crate::Pair) are inputs or outputs in
/// order. The write is atomic.
///
/// Activations other than `Relu`, `Relu6`, `Sigmoid`, `Tanh`, `Softmax`, `LogSoftmax` and `UnitLength` are written as a
/// look-up in a table of 256 bytes: the operators `CAST`, `ADD` and `GATHER`.
///
/// The interpreter keeps the states of an `Lstm` from one run to the next. Reset its variables before each series
/// (`reset_all_variables`), or leave them for a series that continues.
///
/// ```
/// use shiplap::{io, prelude::*, quantized::{Calibration, Quantized}};
///
/// #[network(input = Image<8, 8, 1>)]
/// type Net = (Conv2d<_, 4, 3, Relu, Same>, MaxPool2d<_, 2>, Flatten<_>, Dense<_, 2, Softmax>);
///
/// let samples: Vec<_> = (0..10).map(|n| [[[n as f32 / 10.0]; 8]; 8]).collect();
/// let mut calibration = Calibration::default();
/// let int8 = Quantized::<Net>::calibrate_with(&Net::new(1), &samples, &mut calibration)?;
/// let path = std::env::temp_dir().join("shiplap.example.tflite");
/// io::export_tflite(&int8, &calibration, &path)?;
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns an error if the calibration is that of another network, if TensorFlow Lite has no operator for a layer (a pool
/// with dilation, an average pool with the padding `Padded` or `Causal`, `TimeDistributed`), or if the file cannot be
/// written. An existing file is then unchanged.
pub fn export_tflite<N: Quantize<Int8: Describe>>(
    network: &Quantized<N>,
    calibration: &Calibration,
    path: impl AsRef<FilePath>,
) -> Result<(), FileError> {
    write(path.as_ref(), &to_tflite(network, calibration)?)
}

/// Returns the contents of the file that [`export_tflite`] writes.
///
/// # Errors
///
/// Returns the errors of [`export_tflite`], except for those of writing the file.
pub fn to_tflite<N: Quantize<Int8: Describe>>(
    network: &Quantized<N>,
    calibration: &Calibration,
) -> Result<Vec<u8>, FileError> {
    let description = network.describe(calibration).map_err(|error| FileError::Int8 { reason: error.to_string() })?;
    let mut operators = Operators::new(&description);
    for operator in &description.operators {
        let refuse =
            |reason| FileError::Int8 { reason: format!("cannot export the layer `{}`: {reason}", operator.layer) };
        operators.append(operator).map_err(refuse)?;
    }
    Ok(file(*b"TFL3", &operators.model()))
}

/// The version of the schema.
const VERSION: i32 = 3;

/// The elements of a tensor, by their number in the schema.
#[derive(Clone, Copy)]
enum Element {
    Float = 0,
    Int32 = 2,
    Int16 = 7,
    Int8 = 9,
}

/// A tensor of the model. Without bytes, it is computed.
struct Tensor {
    shape: Vec<usize>,
    element: Element,
    bytes: Vec<u8>,
    scales: Vec<f32>,
    zero: i8,
    /// The axis with a scale for each index.
    axis: usize,
    /// Whether it keeps its numbers from one run to the next.
    is_variable: bool,
}

impl Tensor {
    fn of(shape: &[usize], scale: Option<Scale>) -> Self {
        Self {
            shape: [&[1], shape].concat(),
            element: if scale.is_some() { Element::Int8 } else { Element::Float },
            bytes: Vec::new(),
            scales: scale.iter().map(|scale| scale.scale).collect(),
            zero: scale.map_or(0, |scale| scale.zero),
            axis: 0,
            is_variable: false,
        }
    }

    fn constant(element: Element, shape: &[usize], bytes: Vec<u8>) -> Self {
        Self { shape: shape.to_vec(), element, bytes, scales: Vec::new(), zero: 0, axis: 0, is_variable: false }
    }

    fn integers(shape: &[usize], integers: &[i32]) -> Self {
        Self::constant(Element::Int32, shape, integers.iter().flat_map(|integer| integer.to_le_bytes()).collect())
    }

    fn floats(floats: &[f32]) -> Self {
        Self::constant(Element::Float, &[floats.len()], floats.iter().flat_map(|float| float.to_le_bytes()).collect())
    }

    fn bytes(shape: &[usize], bytes: &[i8], scales: &[f32], axis: usize) -> Self {
        let bytes = bytes.iter().map(|byte| *byte as u8).collect();
        Self { scales: scales.to_vec(), axis, ..Self::constant(Element::Int8, shape, bytes) }
    }

    /// The table of the tensor, whose bytes are in this buffer.
    fn table(&self, buffer: usize) -> Table {
        let mut table = vec![
            (0, Value::Ints(self.shape.iter().map(|length| *length as i32).collect())),
            (1, Value::Byte(self.element as u8)),
            (2, Value::Int(buffer as i32)),
        ];
        if !self.scales.is_empty() {
            table.push((
                4,
                Value::Table(vec![
                    (2, Value::Floats(self.scales.clone())),
                    (3, Value::Longs(vec![i64::from(self.zero); self.scales.len()])),
                    (6, Value::Int(self.axis as i32)),
                ]),
            ));
        }
        if self.is_variable {
            table.push((5, Value::Byte(1)));
        }
        table
    }
}
