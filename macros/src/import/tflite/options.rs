//! The operators of TensorFlow Lite and their options.

use super::{
    super::{Padding, Window, reduce::Reduction, slice::Slice},
    Kind, Parsed,
    flatbuffer::Table,
    names,
};

/// What an operator computes, given the shape of its second input.
pub fn kind(code: i32, options: Option<Table<'_>>, weights: &[usize]) -> Parsed<Kind> {
    let options = Options(options);
    let kernel = || match weights {
        [_, rows, columns, _] => Ok([*rows, *columns]),
        _ => Err(format!("its weights have the shape {weights:?}, and 4 axes are needed")),
    };
    Ok(match code {
        0 => Kind::Combine { arithmetic: "Add", activation: options.activation(0)? },
        1 => Kind::AveragePool { window: options.pool()?, activation: options.activation(5)? },
        2 => Kind::Concat { axis: options.int(0, 0)?, packs: false },
        3 => Kind::Conv2d { window: options.window(kernel()?, [4, 5])?, activation: options.activation(3)? },
        // The options have the multiplier of channels in between.
        4 => Kind::DepthwiseConv2d { window: options.window(kernel()?, [5, 6])?, activation: options.activation(4)? },
        5 => Kind::DepthToSpace(options.size(0)?),
        6 => Kind::Dequantize,
        9 => match options.byte(1)? {
            0 => Kind::Dense { activation: options.activation(0)? },
            _ => return Err("its weights are shuffled".into()),
        },
        11 => Kind::Activate("UnitLength"),
        14 => Kind::Activate("Sigmoid"),
        17 => Kind::MaxPool { window: options.pool()?, activation: options.activation(5)? },
        18 => Kind::Combine { arithmetic: "Multiply", activation: options.activation(0)? },
        19 => Kind::Activate("Relu"),
        20 => Kind::Activate("HardTanh"),
        21 => Kind::Activate("Relu6"),
        22 | 43 | 70 => Kind::Reshape,
        23 => match (options.byte(2)?, options.byte(3)?) {
            (0, 0) => Kind::Resize("TopLeft"),
            (0, _) => Kind::Resize("HalfPixel"),
            (_, 0) => Kind::Resize("Corners"),
            _ => return Err("its corners and its centers are aligned, which exclude each other".into()),
        },
        25 => match options.0.map_or(Ok([0; 4]), |table| table.number(0)).map(f32::from_le_bytes)? {
            1.0 => Kind::Activate("Softmax"),
            beta => return Err(format!("its beta is {beta}, and 1 is supported")),
        },
        26 => Kind::SpaceToDepth(options.size(0)?),
        28 => Kind::Activate("Tanh"),
        34 | 60 => Kind::Pad,
        36 => match options.int(1, 0)? {
            0 => Kind::Gather { axis: options.int(0, 0)? },
            _ => return Err("its batch_dims is not 0".into()),
        },
        39 => Kind::Transpose,
        40 => Kind::Reduce(Reduction::Mean),
        41 => Kind::Combine { arithmetic: "Subtract", activation: options.activation(0)? },
        45 => match (options.int(2, 0)?, options.int(3, 0)?) {
            (0, 0) => {
                Kind::Slice(Slice { begin: options.int(0, 0)?, end: options.int(1, 0)?, dropped: options.int(4, 0)? })
            }
            _ => return Err("it adds an axis, or leaves some unnamed".into()),
        },
        47 => Kind::Activate("Exp"),
        50 => Kind::Activate("LogSoftmax"),
        54 => Kind::PRelu,
        55 => Kind::Combine { arithmetic: "Maximum", activation: "Linear" },
        57 => Kind::Combine { arithmetic: "Minimum", activation: "Linear" },
        59 => Kind::Activate("Negate"),
        65 => Kind::Slice(Slice { begin: 0, end: 0, dropped: 0 }),
        67 => Kind::ConvTranspose2d {
            window: options.window(kernel()?, [usize::MAX; 2])?,
            activation: options.activation(3)?,
        },
        69 | 130 => Kind::Tile,
        73 => Kind::Activate("Log"),
        74 => Kind::Reduce(Reduction::Sum),
        75 => Kind::Activate("Sqrt"),
        76 => Kind::Activate("Rsqrt"),
        82 => Kind::Reduce(Reduction::Max),
        83 => Kind::Concat { axis: options.int(1, 0)?, packs: true },
        89 => Kind::Reduce(Reduction::Min),
        92 => Kind::Activate("Square"),
        97 => Kind::Enlarge { corners: options.byte(0)? != 0, centers: options.byte(1)? != 0 },
        98 => match options.0.map_or(Ok([0; 4]), |table| table.number(0)).map(f32::from_le_bytes)? {
            alpha if (0.0..=1.0).contains(&alpha) => Kind::LeakyRelu(alpha),
            alpha => return Err(format!("its alpha is {alpha}, and 0 to 1 is supported")),
        },
        99 => Kind::Combine { arithmetic: "SquaredDifference", activation: "Linear" },
        100 => Kind::MirrorPad { symmetric: options.byte(0)? != 0 },
        101 => Kind::Activate("Abs"),
        106 => Kind::Combine { arithmetic: "Add", activation: "Linear" },
        111 => Kind::Activate("Elu"),
        114 => Kind::Quantize,
        117 => Kind::Activate("HardSwish"),
        123 => Kind::Select,
        126 => Kind::MatMul { transposed: [options.byte(0)? != 0, options.byte(1)? != 0] },
        150 => Kind::Gelu { by_tanh: options.byte(0)? != 0 },
        _ => return Err(names::reason(code).into()),
    })
}

/// The options of an operator. A missing one has its default.
struct Options<'a>(Option<Table<'a>>);

impl Options<'_> {
    fn byte(&self, field: usize) -> Parsed<u8> {
        Ok(self.0.map_or(Ok(0), |table| table.byte(field))?)
    }

    fn int(&self, field: usize, default: i32) -> Parsed<i32> {
        Ok(self.0.map_or(Ok(default), |table| table.int(field, default))?)
    }

    /// A stride, a dilation or the length of a kernel.
    fn size(&self, field: usize) -> Parsed<usize> {
        match usize::try_from(self.int(field, 1)?) {
            Ok(size) if size > 0 && size < 1 << 16 => Ok(size),
            _ => Err("a stride, dilation or size is out of range".into()),
        }
    }

    fn activation(&self, field: usize) -> Parsed<&'static str> {
        match self.byte(field)? {
            0 => Ok("Linear"),
            1 => Ok("Relu"),
            2 => Ok("HardTanh"),
            3 => Ok("Relu6"),
            code => Err(format!(
                "its activation has the code {code}, and there are layers for none, ReLU, ReLU6 and ReLU from −1 to 1"
            )),
        }
    }

    /// The window of a kernel; the fields are those of the dilation of columns and of rows.
    fn window(&self, kernel: [usize; 2], [columns, rows]: [usize; 2]) -> Parsed<Window> {
        let padding = match self.byte(0)? {
            0 => Padding::Same,
            _ => Padding::Valid,
        };
        let dilation = [self.size(rows)?, self.size(columns)?];
        Ok(Window { kernel, stride: [self.size(2)?, self.size(1)?], dilation, padding })
    }

    fn pool(&self) -> Parsed<Window> {
        let kernel = [self.size(4)?, self.size(3)?];
        // There is no dilation: its fields are missing.
        let window = self.window(kernel, [usize::MAX, usize::MAX])?;
        Ok(window)
    }
}
