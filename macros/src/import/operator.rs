//! An operator as layers.

use super::{
    Layer, Parsed, Scale, Window,
    constants::size_of_shape,
    graph::{Graph, Kind, Operator},
    tables::{self, Rounding},
};

/// The factor of negative numbers in the crate's leaky ReLU.
const LEAK: f32 = 0.01;

impl Graph<'_> {
    /// The layers of an operator of one input.
    pub fn layers_of(&self, number: usize) -> Parsed<Vec<Layer>> {
        self.parsed(number).map_err(|reason| self.refuse(number, &reason))
    }

    fn parsed(&self, number: usize) -> Parsed<Vec<Layer>> {
        let Operator { kind, output, .. } = &self.operators[number];
        let (input, output) = (self.input_of(number, 0)?, *output);
        let layer = match kind {
            Kind::Dense { activation } => return self.dense(number, activation),
            Kind::Conv2d { window, activation } => {
                let images = self.images(input, output, window)?;
                let [[.., channels], [.., filters]] = images;
                let [rows, columns] = window.kernel;
                let of_group = self.tensors[self.input_of(number, 1)?].shape.last().copied().unwrap_or(0);
                let mut constants = self.affine(number, activation, &[filters, rows, columns, of_group], 0)?;
                if of_group != channels {
                    constants.ungroup(rows * columns, of_group, channels)?;
                }
                Layer::Conv2d { images, window: *window, constants }
            }
            Kind::ConvTranspose2d { window, activation } => {
                let images @ [from, to] = [self.image(input)?, self.image(output)?];
                window.check_grown(images)?;
                let ([rows, columns], [.., channels], [.., filters]) = (window.kernel, from, to);
                let mut constants = self.affine(number, activation, &[filters, rows, columns, channels], 0)?;
                if constants.scales.is_empty() {
                    constants.transpose_taps(channels, filters);
                }
                Layer::ConvTranspose2d { images, window: *window, constants }
            }
            Kind::DepthwiseConv2d { window, activation } => {
                let images = self.images(input, output, window)?;
                let [[.., channels], [.., filters]] = images;
                let [rows, columns] = window.kernel;
                let mut constants = self.affine(number, activation, &[1, rows, columns, filters], 3)?;
                if channels == filters {
                    Layer::DepthwiseConv2d { images, window: *window, constants }
                } else if channels == 1 {
                    // Several filters for the only channel are those of a convolution.
                    if !constants.scales.is_empty() {
                        let weights = &constants.weights;
                        constants.weights =
                            (0..filters).flat_map(|f| weights.iter().skip(f).step_by(filters)).copied().collect();
                    }
                    Layer::Conv2d { images, window: *window, constants }
                } else {
                    return self.multiply_channels(images, window, constants);
                }
            }
            Kind::MaxPool { window, activation } => return self.pool("MaxPool2d", input, output, window, activation),
            Kind::AveragePool { window, activation } => {
                return self.pool("AveragePool2d", input, output, window, activation);
            }
            Kind::Reduce(reduction) => return self.reduce(number, *reduction, input, output),
            Kind::LeakyRelu(alpha) => {
                let (shape, input, output) = (self.shape(output)?, self.scale(input)?, self.scale(output)?);
                if output == Scale::REAL && *alpha != LEAK {
                    let factors = vec![alpha.to_le_bytes(); shape.last().copied().unwrap_or(0)];
                    let alpha = factors.as_flattened().to_vec();
                    return Ok(vec![Layer::PRelu { shape, alpha, scales: [Scale::REAL; 3] }]);
                }
                Layer::LeakyRelu { shape, alpha: *alpha, input, output }
            }
            Kind::PRelu => return self.p_relu(number),
            Kind::Gelu { by_tanh } if self.scale(output)? == Scale::REAL => {
                if *by_tanh {
                    return Err("it is approximated by tanh, and only in int8 is this supported".into());
                }
                return self.activate("Gelu", input, output);
            }
            Kind::Gelu { by_tanh } => {
                let function = if *by_tanh { tables::gelu_by_tanh } else { tables::gelu };
                return self.look_up("Gelu", function, Rounding::Inverse, [input, output]);
            }
            Kind::ActivateReal(activation) => {
                let function =
                    tables::function(activation).ok_or("it is between int8, and no table of it is supported")?;
                return self.look_up(activation, function, Rounding::Quotient, [input, output]);
            }
            Kind::Transpose => return self.transpose(number, input, output),
            Kind::DepthToSpace(size) => return self.depth_to_space(input, output, *size),
            Kind::SpaceToDepth(size) => return self.space_to_depth(input, output, *size),
            Kind::Pad => return self.pad(number, input, output),
            // An operator that is expanded.
            Kind::MirrorPad { .. } | Kind::Select | Kind::Gather { .. } => return Err("it has no layer".into()),
            Kind::Reshape => {
                self.same_scale(input, output)?;
                return self.reshape(&self.shape(input)?, &self.shape(output)?);
            }
            Kind::Tile => return self.tile(input, output),
            Kind::Enlarge { corners, centers } => return self.enlarge(input, output, *corners, *centers),
            Kind::Resize(sampling) => {
                self.same_scale(input, output)?;
                let images = [self.image(input)?, self.image(output)?];
                if images[0][2] != images[1][2] {
                    return Err("it changes the number of channels".into());
                }
                Layer::Resize { images, sampling }
            }
            Kind::Lstm(states) => self.lstm(number, states)?,
            Kind::Slice(slice) => return self.slice(number, *slice),
            Kind::Activate(activation) => return self.activate(activation, input, output),
            Kind::Quantize | Kind::Dequantize => {
                let [from, to] = [self.scale(input)?, self.scale(output)?];
                if [input, output].iter().any(|tensor| self.tensors[*tensor].scales.is_empty()) {
                    // An operator of real numbers between int8 is the cause.
                    let source = self.sources[input].map(|source| (source, &self.operators[source].kind));
                    if let Some((source, Kind::Unsupported(reason))) = source {
                        return Err(self.refuse(source, reason));
                    }
                    return Err("it is between int8 and float32, and only supported at the ends of a model".into());
                }
                return Ok(Layer::rescale(&self.shape(output)?, from, to).into_iter().collect());
            }
            Kind::Combine { arithmetic, activation } if self.is_constant(number, 1) => {
                return self.with_constant(number, 1, arithmetic, activation);
            }
            Kind::Combine { arithmetic, activation } if self.is_constant(number, 0) => {
                return self.with_constant(number, 0, arithmetic, activation);
            }
            Kind::Part(part) => return self.part(number, *part),
            Kind::Constant => self.constant(number)?,
            Kind::Member(index) => Layer::Member { index: *index, of: self.shapes_from(input)? },
            // With a fork, they are branches.
            Kind::Combine { .. } | Kind::MatMul { .. } | Kind::Concat { .. } | Kind::Both => {
                let reason = self.fork(number).err();
                return Err(reason.unwrap_or_else(|| "its branches share too many operators".into()));
            }
            Kind::Unsupported(reason) => return Err(reason.clone()),
        };
        Ok(vec![layer])
    }

    /// The image before and after a window.
    fn images(&self, input: usize, output: usize, window: &Window) -> Parsed<[[usize; 3]; 2]> {
        let images = [self.image(input)?, self.image(output)?];
        window.check(images)?;
        Ok(images)
    }

    /// A fully connected layer of a tensor of any shape.
    fn dense(&self, number: usize, activation: &'static str) -> Parsed<Vec<Layer>> {
        let [from, to] = [self.shape(self.input_of(number, 0)?)?, self.shape(self.operators[number].output)?];
        let (Some(all), [rows @ .., outputs]) = (size_of_shape(&from), &to[..]) else {
            return Err("its output has no axis".into());
        };
        let steps = size_of_shape(rows).unwrap_or(0);
        let Some(inputs) = all.checked_div(steps).filter(|inputs| inputs * steps == all) else {
            return Err(format!("from {from:?} to {to:?}: the rows have different lengths"));
        };
        let constants = self.affine(number, activation, &[*outputs, inputs], 0)?;
        let dense = Layer::Dense { width: [inputs, *outputs], constants };
        self.each_step(dense, &from, steps, [&[inputs], &[*outputs]], &to)
    }

    /// A layer from shape `ends[0]` to `ends[1]` for each step of a sequence.
    pub fn each_step(
        &self,
        layer: Layer,
        from: &[usize],
        steps: usize,
        ends: [&[usize]; 2],
        to: &[usize],
    ) -> Parsed<Vec<Layer>> {
        if steps == 1 {
            return self.reshaped(from, ends, layer, to);
        }
        let [inputs, outputs] = ends.map(|shape| [&[steps], shape].concat());
        self.reshaped(from, [&inputs, &outputs], Layer::EachStep { layer: Box::new(layer), steps }, to)
    }

    pub fn reshape(&self, from: &[usize], to: &[usize]) -> Parsed<Vec<Layer>> {
        if size_of_shape(from) != size_of_shape(to) {
            return Err(format!("from {from:?} to {to:?}: the sizes differ"));
        }
        let reshape = || Layer::Reshape { from: from.to_vec(), to: to.to_vec() };
        Ok((from != to).then(reshape).into_iter().collect())
    }

    /// A layer from shape `ends[0]` to `ends[1]`, for a tensor of shape `from`. Its output has the shape `to`.
    pub fn reshaped(&self, from: &[usize], ends: [&[usize]; 2], layer: Layer, to: &[usize]) -> Parsed<Vec<Layer>> {
        let mut layers = self.reshape(from, ends[0])?;
        layers.push(layer);
        layers.extend(self.reshape(ends[1], to)?);
        Ok(layers)
    }

    fn pool(
        &self,
        name: &'static str,
        input: usize,
        output: usize,
        window: &Window,
        activation: &'static str,
    ) -> Parsed<Vec<Layer>> {
        let images = self.images(input, output, window)?;
        if images[0][2] != images[1][2] {
            return Err("it changes the number of channels".into());
        }
        self.same_scale(input, output)?;
        let scale = self.scale(output)?;
        let mut layers = vec![Layer::Pool { name, images, window: *window }];
        if activation != "Linear" {
            layers.push(Layer::Activate { activation, shape: images[1].to_vec(), input: scale, output: scale });
        }
        Ok(layers)
    }

    fn activate(&self, activation: &'static str, input: usize, output: usize) -> Parsed<Vec<Layer>> {
        let (from, shape, to) = (self.scale(input)?, self.shape(output)?, self.scale(output)?);
        if self.shape(input)? != shape {
            return Err("its output has another shape than its input".into());
        }
        if let Some(function) = tables::function(activation).filter(|_| activation != "Abs" && to != Scale::REAL) {
            let rounding = if activation == "Sqrt" { Rounding::Truncated } else { Rounding::Inverse };
            return self.look_up(activation, function, rounding, [input, output]);
        }
        let mut layers = Vec::new();
        let limits = matches!(activation, "Relu" | "Relu6" | "HardTanh");
        if limits {
            // In int8, they only limit: a change of the scale comes before.
            layers.extend(Layer::rescale(&shape, from, to));
        }
        let input = if limits { to } else { from };
        // These have one scale, which another layer changes.
        let output = match activation {
            "Softmax" | "LogSoftmax" | "UnitLength" if to != Scale::REAL => Scale::of_activation(activation),
            _ => None,
        };
        let output = output.unwrap_or(to);
        layers.push(Layer::Activate { activation, shape: shape.clone(), input, output });
        layers.extend(Layer::rescale(&shape, output, to));
        Ok(layers)
    }
}
