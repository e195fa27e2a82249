//! The operators of ONNX.

use super::{
    super::{constants::size_of_shape, reduce::Reduction},
    Element, Kind, Named, Node, Order, Parsed, Reader, Tensor, image,
};

impl Reader {
    /// Reads a node, whose inputs are known.
    pub fn node(&mut self, node: &Node) -> Parsed<()> {
        match &node.operator[..] {
            "QuantizeLinear" => self.quantize(node),
            "DequantizeLinear" => self.dequantize(node),
            "Identity" | "Dropout" => {
                let input = self.input(node, 0)?;
                self.rename(node, input)
            }
            "Constant" => {
                let constant = node.tensor().ok_or("its value is not a tensor")?.clone();
                self.constants.insert(output(node)?.into(), constant);
                Ok(())
            }
            "Conv" => self.convolution(node),
            "Gemm" | "MatMul" => self.product(node),
            "MaxPool" | "AveragePool" => self.pool(node),
            "GlobalAveragePool" | "ReduceMean" => self.global_pool(node),
            "BatchNormalization" => self.batch_norm(node),
            "Add" => self.sum(node),
            "Mul" => self.scaled(node),
            "Concat" => self.concat(node),
            "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze" => self.reshape(node),
            "Transpose" => self.transpose(node),
            "Relu" => self.activation(node, "Relu"),
            "Clip" => {
                let least = self.number_of(node, 1)?.unwrap_or_else(|| node.float("min", f32::NEG_INFINITY));
                let most = self.number_of(node, 2)?.unwrap_or_else(|| node.float("max", f32::INFINITY));
                match (least, most) {
                    (-1.0, 1.0) => self.activation(node, "HardTanh"),
                    (0.0, 6.0) => self.activation(node, "Relu6"),
                    (0.0, f32::INFINITY | f32::MAX) => self.activation(node, "Relu"),
                    _ => Err(format!("it limits to {least} to {most}, and 0 to 6 and −1 to 1 are supported")),
                }
            }
            "LeakyRelu" => {
                let Named { tensor, order } = self.input(node, 0)?;
                let (alpha, shape) = (node.float("alpha", 0.01), self.tensors[tensor].shape.clone());
                self.operator(node, Kind::LeakyRelu(alpha), vec![Some(tensor)], (output(node)?, shape, order));
                Ok(())
            }
            "Elu" if node.float("alpha", 1.0) == 1.0 => self.activation(node, "Elu"),
            "HardSwish" => self.activation(node, "HardSwish"),
            "Sigmoid" => self.activation(node, "Sigmoid"),
            "Tanh" => self.activation(node, "Tanh"),
            "Softmax" => {
                let Named { tensor, .. } = self.input(node, 0)?;
                let rank = self.tensors[tensor].shape.len() as i64;
                match node.integer("axis", -1) {
                    -1 => {}
                    axis if axis == rank - 1 && rank == 2 => {}
                    axis => return Err(format!("it is over axis {axis}, and the last one of vectors is supported")),
                }
                if rank != 2 {
                    return Err("it is not of a vector".into());
                }
                self.activation(node, "Softmax")
            }
            _ => Err("no layer computes it".into()),
        }
    }

    fn convolution(&mut self, node: &Node) -> Parsed<()> {
        let input = self.image(node)?;
        let mut weights = self.constant(node, 1)?.ok_or("its weights are missing")?;
        if input.order == Order::Series && weights.shape.len() == 3 {
            weights.shape.insert(2, 1);
        }
        let [filters, channels, rows, columns] = weights.shape[..] else {
            return Err(format!("its weights have the shape {:?}, and another one is needed", weights.shape));
        };
        let (window, tensor, [height, width]) = self.window(node, [rows, columns], input)?;
        let (group, from) = (node.integer("group", 1), self.tensors[tensor].shape[3]);
        let depthwise = group != 1;
        if depthwise && (usize::try_from(group).ok() != Some(from) || channels != 1) || !depthwise && channels != from {
            return Err(format!("{from} channels are in {group} groups, and 1 or one for each channel are supported"));
        }
        let weights = self.weights(weights, if depthwise { &[1, 2, 3, 0] } else { &[0, 2, 3, 1] })?;
        let bias = match self.constant(node, 2)? {
            Some(bias) => Some(self.bias(bias, tensor, weights)?),
            None => None,
        };
        let activation = "Linear";
        let kind =
            if depthwise { Kind::DepthwiseConv2d { window, activation } } else { Kind::Conv2d { window, activation } };
        let output = (output(node)?, vec![1, height, width, filters], input.order);
        self.operator(node, kind, vec![Some(tensor), Some(weights), bias], output);
        Ok(())
    }

    /// A fully connected layer.
    fn product(&mut self, node: &Node) -> Parsed<()> {
        let Named { tensor, order } = self.input(node, 0)?;
        let mut weights = self.constant(node, 1)?.ok_or("its weights are missing")?;
        let gemm = node.operator == "Gemm";
        if gemm && (node.float("alpha", 1.0) != 1.0 || node.float("beta", 1.0) != 1.0 || node.integer("transA", 0) != 0)
        {
            return Err("its alpha, beta or transA is not the default".into());
        }
        let by_outputs = gemm && node.integer("transB", 0) != 0;
        let inputs = weights.shape.get(usize::from(by_outputs)).copied().unwrap_or(0);
        if weights.shape.len() != 2 || self.tensors[tensor].shape != [1, inputs] {
            return Err(format!(
                "from {:?} with weights of {:?}: only vectors are supported",
                self.tensors[tensor].shape, weights.shape
            ));
        }
        let outputs = weights.shape[usize::from(!by_outputs)];
        let weights = match order {
            Order::Flat([channels, pixels]) => {
                // The inputs are in the order of pixels in the vector, and of channels in the weights.
                if channels.checked_mul(pixels) != Some(inputs) {
                    return Err("its input has another length than the image before it".into());
                }
                let (shape, axes, axis) = if by_outputs {
                    (vec![outputs, channels, pixels], [0, 2, 1], 0)
                } else {
                    (vec![channels, pixels, outputs], [2, 1, 0], 2)
                };
                weights.axis = if weights.axis == usize::from(!by_outputs) { axis } else { usize::MAX };
                weights.shape = shape;
                self.weights(weights, &axes)?
            }
            _ => self.weights(weights, if by_outputs { &[0, 1] } else { &[1, 0] })?,
        };
        self.tensors[weights].shape = vec![outputs, inputs];
        let bias = match if gemm { self.constant(node, 2)? } else { None } {
            Some(bias) => Some(self.bias(bias, tensor, weights)?),
            None => None,
        };
        let kind = Kind::Dense { activation: "Linear" };
        let output = (output(node)?, vec![1, outputs], Order::Channels);
        self.operator(node, kind, vec![Some(tensor), Some(weights), bias], output);
        Ok(())
    }

    fn pool(&mut self, node: &Node) -> Parsed<()> {
        let input = self.image(node)?;
        let [rows, columns] = match node.integers("kernel_shape") {
            Some(&[rows, columns]) => [rows, columns],
            Some(&[steps]) if input.order == Order::Series => [1, steps],
            axes => return Err(format!("its kernel is {axes:?}")),
        };
        let kernel = [rows, columns].map(|length| usize::try_from(length).unwrap_or(0).min(1 << 16));
        let (window, tensor, [height, width]) = self.window(node, kernel, input)?;
        let max = node.operator == "MaxPool";
        let is_padded = node.integers("pads").is_some_and(|pads| pads.iter().any(|zeros| *zeros != 0));
        if !max && is_padded && node.integer("count_include_pad", 0) != 0 {
            return Err("its means include the padding".into());
        }
        if window.dilation != [1, 1] {
            return Err("its dilation is not 1".into());
        }
        let activation = "Linear";
        let kind = if max { Kind::MaxPool { window, activation } } else { Kind::AveragePool { window, activation } };
        let shape = vec![1, height, width, self.tensors[tensor].shape[3]];
        let output = self.operator(node, kind, vec![Some(tensor)], (output(node)?, shape, input.order));
        self.keep_scale(tensor, output);
        Ok(())
    }

    fn global_pool(&mut self, node: &Node) -> Parsed<()> {
        let Named { tensor, mut order } = self.image(node)?;
        let channels = self.tensors[tensor].shape[3];
        let mut shape = vec![1, 1, 1, channels];
        if node.operator == "ReduceMean" {
            let axes = self.axes_of(node)?;
            let is_whole = match order {
                Order::Series => matches!(axes[..], [2 | -1]),
                _ => matches!(axes[..], [2 | -2, 3 | -1] | [3 | -1, 2 | -2]),
            };
            if !is_whole {
                return Err(format!("it is over the axes {axes:?}, and only those of rows and columns are supported"));
            }
            if node.integer("keepdims", 1) == 0 {
                (shape, order) = (vec![1, channels], Order::Channels);
            }
        }
        let axes = self.integers(&[1, 2]);
        let output = (output(node)?, shape, order);
        self.operator(node, Kind::Reduce(Reduction::Mean), vec![Some(tensor), Some(axes)], output);
        Ok(())
    }

    fn concat(&mut self, node: &Node) -> Parsed<()> {
        let mut inputs = Vec::new();
        for index in 0..node.inputs.len() {
            inputs.push(self.input(node, index)?);
        }
        let Some(first) = inputs.first() else { return Err("it has no inputs".into()) };
        let mut shape = self.tensors[first.tensor].shape.clone();
        let (axis, rank) = (node.integer("axis", 1), shape.len() as i64 - i64::from(first.order == Order::Series));
        if axis != 1 && axis != 1 - rank {
            return Err(format!("it joins axis {axis}, and only that of channels, 1, is supported"));
        }
        let order = first.order;
        if !matches!(order, Order::Channels | Order::Series) || inputs.iter().any(|input| input.order != order) {
            return Err("its inputs are not images, series or vectors alike".into());
        }
        let lengths = inputs.iter().map(|input| self.tensors[input.tensor].shape.last().copied().unwrap_or(0));
        let joined = lengths.fold(0usize, usize::saturating_add);
        if let Some(last) = shape.last_mut() {
            *last = joined;
        }
        let inputs = inputs.iter().map(|input| Some(input.tensor)).collect();
        self.operator(node, Kind::Concat { axis: -1, packs: false }, inputs, (output(node)?, shape, order));
        Ok(())
    }

    /// An image or series as a vector, a vector as an image of one pixel or one channel, or a series as an image of one row
    /// and back.
    fn reshape(&mut self, node: &Node) -> Parsed<()> {
        let Named { tensor, order } = self.input(node, 0)?;
        let from = self.tensors[tensor].shape.clone();
        let size = size_of_shape(&from).ok_or("its input is too large")?;
        let to = match &node.operator[..] {
            "Flatten" if node.integer("axis", 1) == 1 => vec![1, size],
            "Flatten" => return Err("its axis is not 1".into()),
            "Squeeze" if from.len() == 4 && from[1..3] == [1, 1] => vec![1, size],
            "Squeeze" if order == Order::Channels && from.len() == 4 && from[1] == 1 && self.is_row_axis(node)? => {
                return self.rename(node, Named { tensor, order: Order::Series });
            }
            "Unsqueeze" if order == Order::Series && self.is_row_axis(node)? => {
                return self.rename(node, Named { tensor, order: Order::Channels });
            }
            "Unsqueeze" => return Err("only a series becomes an image of one row".into()),
            "Squeeze" => return Err(format!("its input has the shape {from:?}, and that of one pixel is supported")),
            _ => self.shape_of(node, size, &from)?,
        };
        let order = match (order, &from[..], &to[..]) {
            (Order::Rows, _, [_, _]) => Order::Channels,
            (Order::Channels | Order::Series, [_, height, width, channels], [_, _]) => {
                match (height * width, *channels) {
                    (1, _) | (_, 1) => Order::Channels,
                    (pixels, channels) => Order::Flat([channels, pixels]),
                }
            }
            (order, [_, _], [_, _]) => order,
            (Order::Channels, [_, _], [_, height, width, channels]) if height * width == 1 || *channels == 1 => {
                Order::Channels
            }
            (order, from, to) if from == to => order,
            _ => return Err(format!("from {from:?} to {to:?}: only between images and vectors is supported")),
        };
        if size_of_shape(&to) != Some(size) {
            return Err(format!("from {from:?} to {to:?}: the sizes differ"));
        }
        let output = self.operator(node, Kind::Reshape, vec![Some(tensor)], (output(node)?, to, order));
        self.keep_scale(tensor, output);
        Ok(())
    }

    /// Whether the axis of a `Squeeze` or `Unsqueeze` is that of the rows of an image.
    fn is_row_axis(&self, node: &Node) -> Parsed<bool> {
        Ok(matches!(self.axes_of(node)?[..], [2 | -2]))
    }

    /// The axes of an operator: an attribute or, in newer files, the second input.
    fn axes_of(&self, node: &Node) -> Parsed<Vec<i64>> {
        Ok(match node.integers("axes") {
            Some(axes) => axes.to_vec(),
            None => self.integers_of(node, 1)?.unwrap_or_default().into_iter().map(i64::from).collect(),
        })
    }

    /// The shape that a `Reshape` names, of which an axis may follow from the others.
    fn shape_of(&self, node: &Node, size: usize, from: &[usize]) -> Parsed<Vec<usize>> {
        let axes = self.integers_of(node, 1)?.ok_or("its shape is missing")?;
        let mut shape = Vec::new();
        for (index, axis) in axes.iter().enumerate() {
            // The lengths of an image are known with the channels last.
            let kept = if index == 0 { from.first().copied() } else { None };
            shape.push(match axis {
                -1 => usize::MAX,
                0 => kept.ok_or("it keeps an axis other than the batch")?,
                _ => usize::try_from(*axis).map_err(|_| "an axis of its shape is negative")?,
            });
        }
        let known = size_of_shape(&shape.iter().copied().filter(|length| *length != usize::MAX).collect::<Vec<_>>());
        let rest = known.and_then(|known| size.checked_div(known)).unwrap_or(0);
        shape.iter_mut().filter(|length| **length == usize::MAX).for_each(|length| *length = rest);
        Ok(image(&shape))
    }

    /// Between images with the channels first and last, of which this crate has only the latter.
    fn transpose(&mut self, node: &Node) -> Parsed<()> {
        let named = self.input(node, 0)?;
        match (node.integers("perm"), named.order, self.tensors[named.tensor].shape.len()) {
            (Some([0, 2, 3, 1]), Order::Channels, 4) => self.rename(node, Named { order: Order::Rows, ..named }),
            (Some([0, 3, 1, 2]), Order::Rows, 4) => self.rename(node, Named { order: Order::Channels, ..named }),
            (Some([0, 3, 1, 2]), Order::Channels, 4) if named.tensor == 0 && self.operators.is_empty() => {
                // The input has its channels last, which its shape does not tell.
                let Tensor { shape, .. } = &mut self.tensors[0];
                let [batch, width, channels, height] = shape[..] else { return Err("its shape is not known".into()) };
                *shape = vec![batch, height, width, channels];
                self.rename(node, named)
            }
            (Some([0, 2, 1]), Order::Series, 4) if named.tensor == 1 && self.operators.len() == 1 => {
                // The same for a series.
                let [batch, channels, steps] = self.tensors[0].shape[..] else {
                    return Err("its shape is not known".into());
                };
                self.tensors[0].shape = vec![batch, steps, channels];
                self.tensors[1].shape = vec![batch, 1, steps, channels];
                self.rename(node, named)
            }
            (perm, ..) => Err(format!(
                "its perm is {perm:?}, and only those of images, and of a series at the start, are supported"
            )),
        }
    }

    /// An activation: part of the operator before it, whose output has no scale of its own, or by itself.
    fn activation(&mut self, node: &Node, name: &'static str) -> Parsed<()> {
        let named = self.input(node, 0)?;
        let before = self.operators.iter_mut().rev().find(|operator| operator.output == named.tensor);
        let kind = before.map(|operator| &mut operator.kind);
        if let Some(
            Kind::Conv2d { activation, .. }
            | Kind::DepthwiseConv2d { activation, .. }
            | Kind::Dense { activation }
            | Kind::Combine { activation, .. },
        ) = kind
            && *activation == "Linear"
            && matches!(name, "Relu" | "Relu6" | "HardTanh")
            && self.tensors[named.tensor].element == Element::F32
            && self.readers.get(&node.inputs[0]) == Some(&1)
        {
            *activation = name;
            return self.rename(node, named);
        }
        let shape = self.tensors[named.tensor].shape.clone();
        self.operator(node, Kind::Activate(name), vec![Some(named.tensor)], (output(node)?, shape, named.order));
        Ok(())
    }

    /// The first input, an image or a series.
    fn image(&self, node: &Node) -> Parsed<Named> {
        let named = self.input(node, 0)?;
        let is_channels_first = matches!(named.order, Order::Channels | Order::Series);
        if !is_channels_first || self.tensors[named.tensor].shape.len() != 4 {
            return Err("its input is not an image or a series with the channels first".into());
        }
        Ok(named)
    }
}

/// The name of the output.
pub fn output(node: &Node) -> Parsed<&str> {
    node.outputs.first().map(|name| &name[..]).ok_or("it has no output".into())
}
