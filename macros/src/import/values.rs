//! Models as Rust source: the constants of networks in int8.

use super::{
    Affine, Join, Layer, LstmConstants, MOST, Scale,
    source::{Paths, activation, groups, tuple},
    tables::{Rounding, table},
};

/// The network of these layers.
pub fn quantized(layers: &[Layer], ends: &[Vec<Scale>; 2], paths: Paths<'_>) -> String {
    let constants = Constants { paths };
    let [input, output] = ends.each_ref().map(|scales| constants.scales(scales));
    let layers = constants.sequence(layers, 1);
    format!("{}(\n    {input},\n    {layers},\n    {output},\n)", constants.form("Quantized::from_parts"))
}

struct Constants<'a> {
    paths: Paths<'a>,
}

impl Constants<'_> {
    /// An item of the module of int8.
    fn form(&self, name: &str) -> String {
        (self.paths)("quantized", name)
    }

    /// The int8 forms of layers in sequence.
    fn sequence(&self, layers: &[Layer], depth: usize) -> String {
        match layers {
            [layer] => self.layer(layer, depth),
            _ if layers.len() <= MOST => tuple(layers.iter().map(|layer| self.layer(layer, depth + 1)), depth),
            _ => tuple(groups(layers).map(|group| self.sequence(group, depth + 1)), depth),
        }
    }

    fn layer(&self, layer: &Layer, depth: usize) -> String {
        match layer {
            Layer::Dense { constants, .. } => format!("{}::from_parts({})", self.form("Dense"), self.affine(constants)),
            Layer::Conv2d { constants, .. } => {
                format!("{}({})", self.form("Conv2d::from_parts"), self.affine(constants))
            }
            Layer::ConvTranspose2d { constants, .. } => {
                format!("{}({})", self.form("ConvTranspose2d::from_parts"), self.affine(constants))
            }
            Layer::DepthwiseConv2d { constants, .. } => {
                format!("{}({})", self.form("DepthwiseConv2d::from_parts"), self.affine(constants))
            }
            Layer::Pool { .. } => self.form("Pool2d::POOL"),
            Layer::GlobalAveragePool { rescale: None, .. } => self.form("GlobalAverage::POOL"),
            Layer::GlobalAveragePool { shape, rescale: Some([input, output]) } => {
                let pixels: usize = shape[..shape.len() - 1].iter().product();
                let (input, output) = (self.scale(*input), self.scale(*output));
                format!("{}({input}, {output}, {pixels})", self.form("GlobalAverage::mean"))
            }
            Layer::GlobalMaxPool { .. } => self.form("GlobalMax::POOL"),
            Layer::LeakyRelu { alpha, input, output, .. } => {
                let (input, output, table) = (self.scale(*input), self.scale(*output), self.form("Table::leaky_relu"));
                format!("{}({output}, {table}({input}, {output}, {alpha:?}))", self.form("Activate::from_parts"))
            }
            Layer::PRelu { alpha, scales, .. } => {
                let scales = scales.map(|scale| self.scale(scale)).join(", ");
                let [layer, int8] = ["PRelu::from_parts", "int8_of"].map(|name| self.form(name));
                format!("{layer}({int8}(b\"{}\"), [{scales}])", alpha.escape_ascii())
            }
            Layer::LookUp { table, output, .. } => {
                let (output, table) = (self.scale(*output), list(table.iter().map(i8::to_string)));
                format!("{}({output}, {}({table}))", self.form("Activate::from_parts"), self.form("Table"))
            }
            Layer::ZeroPad { zero, .. } => format!("{}({zero})", self.form("ZeroPad2d::from_parts")),
            Layer::Crop { .. } => self.form("Crop2d::CROP"),
            Layer::Transpose { .. } => self.form("Transpose2d::TRANSPOSE"),
            Layer::EachStep { layer, .. } => {
                format!("{}({})", self.form("EachStep::from_parts"), self.layer(layer, depth))
            }
            Layer::Lstm { units, constants, .. } => self.lstm(*units, constants),
            Layer::Resize { .. } => self.form("Resize2d::RESIZE"),
            Layer::UpSample { .. } => self.form("UpSample2d::REPEAT"),
            Layer::Reshape { .. } | Layer::Identity { .. } => self.form("Reshape::RESHAPE"),
            Layer::Activate { activation, input, output, .. } => {
                let (constants, output) = (self.activation(activation, *input, *output), self.scale(*output));
                format!("{}({output}, {constants})", self.form("Activate::from_parts"))
            }
            Layer::Member { index, .. } => self.form(["First::MEMBER", "Second::MEMBER"][*index]),
            Layer::Constant { numbers, .. } => {
                let [constant, int8] = ["Constant::from_parts", "int8_of"].map(|name| self.form(name));
                format!("{constant}({int8}(b\"{}\"))", numbers.escape_ascii())
            }
            Layer::Branches { first, second, join } => {
                let inner = depth + 1;
                let (first, second) = (self.sequence(first, inner), self.sequence(second, inner));
                let indent = "    ".repeat(depth);
                match join {
                    Join::Combine { arithmetic, activation: name, inputs: [a, b], output } => {
                        let (a, b, output) = (self.scale(*a), self.scale(*b), self.scale(*output));
                        let (limits, trait_) = (activation(name, self.paths), self.form("Int8Activation"));
                        format!(
                            "{} {{\n{indent}    first: {first},\n{indent}    second: {second},\n{indent}    \
                             combination: {}([{a}, {b}], {output}, <{limits} as {trait_}>::RANGE),\n{indent}    \
                             activation: (),\n{indent}}}",
                            self.form("Combine"),
                            self.form(match *arithmetic {
                                "Subtract" => "Difference::new",
                                "Multiply" => "Product::new",
                                "SquaredDifference" => "SquaredDifference::new",
                                "Maximum" => "Largest::new",
                                "Minimum" => "Smallest::new",
                                _ => "Sum::new",
                            }),
                        )
                    }
                    Join::MatMul { inputs, output } => {
                        let ([a, b], output) = (inputs.map(|input| self.scale(input)), self.scale(*output));
                        format!(
                            "{}(\n{indent}    {first},\n{indent}    {second},\n{indent}    [{a}, {b}],\n{indent}    \
                             {output},\n{indent})",
                            self.form("MatMul::from_parts")
                        )
                    }
                    Join::Both => format!(
                        "{} {{\n{indent}    first: {first},\n{indent}    second: {second},\n{indent}}}",
                        self.form("Both"),
                    ),
                    Join::Concat { inputs, output, .. } => {
                        let [a, b] = inputs.map(|input| {
                            format!("{}({}, {})", self.form("Rescale::new"), self.scale(input), self.scale(*output))
                        });
                        format!(
                            "{}(\n{indent}    {first},\n{indent}    {second},\n{indent}    [{a}, {b}],\n{indent})",
                            self.form("Concat::from_parts")
                        )
                    }
                }
            }
        }
    }

    fn lstm(&self, units: usize, constants: &LstmConstants) -> String {
        let LstmConstants { kernel, recurrent_kernel, bias, scales, ends, cell_bits, clip } = constants;
        let bias = bias.chunks(units).map(|gate| list(gate.iter().map(|bias| i32::from_le_bytes(*bias).to_string())));
        let scales = scales.chunks(4).map(|part| list(part.iter().map(|scale| format!("{scale:?}"))));
        let [layer, int8] = ["Recurrent::from_parts", "int8_of"].map(|name| self.form(name));
        format!(
            "{layer}({int8}(b\"{}\"), {int8}(b\"{}\"), {}, {}, {}, {cell_bits}, {clip:?})",
            kernel.escape_ascii(),
            recurrent_kernel.escape_ascii(),
            list(bias),
            list(scales),
            list(ends.iter().map(|scale| self.scale(*scale))),
        )
    }

    fn affine(&self, constants: &Affine) -> String {
        let Affine { weights, bias, scales, activation, input, logits } = constants;
        let bias = list(bias.iter().map(|bias| i32::from_le_bytes(*bias).to_string()));
        let scales = list(scales.iter().map(|scale| format!("{scale:?}")));
        format!(
            "{}({}(b\"{}\"), {bias}, {scales}, {}, {}, {})",
            self.form("Affine::new"),
            self.form("int8_of"),
            weights.escape_ascii(),
            self.scale(*input),
            self.scale(*logits),
            self.activation(activation, *logits, Scale::of_activation(activation).unwrap_or(*logits)),
        )
    }

    /// The constants of an activation after numbers of the scale `input`.
    fn activation(&self, activation: &str, input: Scale, output: Scale) -> String {
        match activation {
            "Softmax" => format!("{}({:?})", self.form("Exponential::of_scale"), input.scale),
            "LogSoftmax" => format!("{}({:?})", self.form("LogExponential::of_scale"), input.scale),
            "UnitLength" => format!("{} {{ zero: {} }}", self.form("Direction"), input.zero),
            "Requantize" => {
                let (input, output) = (self.scale(input), self.scale(output));
                format!("{}({input}, {output}).table()", self.form("Rescale::new"))
            }
            "Abs" => self.fixed("Table::abs", input, output),
            "HardSwish" => self.fixed("Table::hard_swish", input, output),
            "Rsqrt" => self.fixed("Table::rsqrt", input, output),
            "Sigmoid" => self.table(input, |x| 1.0 / (1.0 + (-x).exp()), output),
            "Tanh" => self.table(input, f32::tanh, output),
            _ => "()".into(),
        }
    }

    /// A table that TensorFlow Lite computes in fixed point.
    fn fixed(&self, table: &str, input: Scale, output: Scale) -> String {
        format!("{}({}, {})", self.form(table), self.scale(input), self.scale(output))
    }

    /// The table of a function, rounded as in TensorFlow Lite.
    fn table(&self, input: Scale, function: impl Fn(f32) -> f32, output: Scale) -> String {
        let outputs = table(input, function, output, Rounding::Inverse).into_iter().map(|q| q.to_string());
        format!("{}({})", self.form("Table"), list(outputs))
    }

    /// A scale, or a pair of the first one and of the others.
    fn scales(&self, scales: &[Scale]) -> String {
        match scales {
            [] => String::new(),
            [scale] => self.scale(*scale),
            [first, others @ ..] => {
                format!("{}({}, {})", (self.paths)("prelude", "Pair"), self.scale(*first), self.scales(others))
            }
        }
    }

    fn scale(&self, Scale { scale, zero }: Scale) -> String {
        format!("{} {{ scale: {scale:?}, zero: {zero} }}", self.form("Scale"))
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}
