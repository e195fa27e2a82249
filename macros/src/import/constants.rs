//! Shapes, scales, weights and biases of a graph.

use std::fmt;

use super::{
    Affine, Parsed, Scale,
    graph::{Element, Graph, Tensor},
};

/// What to do about activations of other types.
pub const IN_INT8: &str =
    "convert the model with a representative dataset and the operators `tf.lite.OpsSet.TFLITE_BUILTINS_INT8`";

/// The most numbers of a tensor.
const MOST_NUMBERS: usize = 1 << 28;
/// The most numbers of an activation. A damaged file may have more, whose constants would fill the memory.
const MOST_ACTIVATIONS: usize = 1 << 22;

impl Graph<'_> {
    /// The shape of an activation, without the axis of the batch. A first axis of another length is one of the sample:
    /// a fully connected layer of each step takes the steps for a batch.
    pub fn shape(&self, tensor: usize) -> Parsed<Vec<usize>> {
        let Tensor { name, shape, .. } = &self.tensors[tensor];
        if size_of_shape(shape).is_none_or(|size| size > MOST_ACTIVATIONS) {
            return Err(format!(
                "has tensor `{name}` of shape {shape:?}, and at most {MOST_ACTIVATIONS} numbers are supported"
            ));
        }
        let is_end = self.inputs.contains(&tensor) || self.outputs.contains(&tensor);
        match &shape[..] {
            [length, _, ..] if *length > 1 && !is_end && size_of_shape(shape).is_some_and(|size| size > 0) => {
                Ok(shape.clone())
            }
            [1, rest @ ..] if !rest.is_empty() && size_of_shape(rest).is_some_and(|size| size > 0) => Ok(rest.to_vec()),
            _ => Err(format!("has tensor `{name}` of shape {shape:?}, and only a batch of 1 is supported")),
        }
    }

    pub fn image(&self, tensor: usize) -> Parsed<[usize; 3]> {
        let shape = self.shape(tensor)?;
        shape.try_into().map_err(|shape| format!("its tensor of shape {shape:?} is not an image"))
    }

    /// The scale of an activation.
    pub fn scale(&self, tensor: usize) -> Parsed<Scale> {
        let Tensor { name, element, scales, zeros, .. } = &self.tensors[tensor];
        match (element, &scales[..], &zeros[..]) {
            (Element::F32, ..) => Ok(Scale::REAL),
            (Element::I8, [scale], [zero]) if scale.is_finite() && *scale > 0.0 && (-128..=127).contains(zero) => {
                Ok(Scale { scale: *scale, zero: *zero as i8 })
            }
            (Element::I8, ..) => Err(format!("has tensor `{name}` without a valid scale")),
            _ => Err(format!(
                "has tensor `{name}` of type {element}, and only int8 activations are supported: {IN_INT8}"
            )),
        }
    }

    pub fn same_scale(&self, input: usize, output: usize) -> Parsed<()> {
        if self.scale(input)? == self.scale(output)? {
            Ok(())
        } else {
            Err("its input and output differ in scale".into())
        }
    }

    /// The integers of a constant of int32.
    pub fn integers(&self, tensor: usize) -> Parsed<Vec<i32>> {
        let tensor = &self.tensors[tensor];
        tensor.integers().ok_or_else(|| format!("its input `{}` is not a constant of int32", tensor.name))
    }

    /// The constants of a layer whose weights have `shape`, with a scale for each index of `axis`.
    pub fn affine(&self, number: usize, activation: &'static str, shape: &[usize], axis: usize) -> Parsed<Affine> {
        let (input, logits) = (self.input_of(number, 0)?, self.operators[number].output);
        let bias = self.operators[number].inputs.get(2).copied().flatten();
        self.product([input, self.input_of(number, 1)?, logits], bias, activation, shape, axis)
    }

    /// As [`affine`](Self::affine), for an input, weights and logits.
    pub fn product(
        &self,
        [input, weights, logits]: [usize; 3],
        bias: Option<usize>,
        activation: &'static str,
        shape: &[usize],
        axis: usize,
    ) -> Parsed<Affine> {
        let weights = &self.tensors[weights];
        if weights.shape != shape {
            return Err(format!("its weights have the shape {:?}, not {shape:?}", weights.shape));
        }
        let outputs = shape[axis];
        let (bytes, bias_type) = match self.tensors[input].element {
            Element::F32 => (Element::F32, Element::F32),
            _ => (Element::I8, Element::I32),
        };
        let width = bytes.width();
        if (bytes, weights.element) == (Element::F32, Element::I8) {
            return Err(format!(
                "its weights are int8 and its input float32 (dynamic range quantization): {IN_INT8}, or without \
                 quantization"
            ));
        }
        if weights.element != bytes {
            return Err(format!("its weights are {}, not {bytes}", weights.element));
        }
        if size_of_shape(shape).map(|size| size * width) != Some(weights.data.len()) || outputs == 0 {
            return Err(format!("its weights of shape {shape:?} have {} bytes", weights.data.len()));
        }
        let bias = match bias {
            None => vec![[0; 4]; outputs],
            Some(bias) => {
                let bias = &self.tensors[bias];
                if bias.element != bias_type || bias.data.len() != 4 * outputs {
                    let (element, bytes) = (bias.element, bias.data.len());
                    return Err(format!("its bias is {element} of {bytes} bytes, not {outputs} {bias_type}"));
                }
                bias.data.as_chunks().0.to_vec()
            }
        };
        let mut constants = Affine {
            weights: weights.data.to_vec(),
            bias,
            scales: Vec::new(),
            activation,
            input: self.scale(input)?,
            logits: self.scale(logits)?,
        };
        constants.check_finite_if(bytes == Element::F32)?;
        if bytes == Element::F32 {
            // The outputs are the last axis in this crate.
            if axis == 0 {
                constants.weights = transposed(&constants.weights, outputs);
            }
        } else {
            constants.scales = scales_of(weights, outputs, axis)?;
            constants.check_sums(axis > 0)?;
        }
        Ok(constants)
    }
}

/// The scale of the weights of each output.
fn scales_of(weights: &Tensor<'_>, outputs: usize, axis: usize) -> Parsed<Vec<f32>> {
    if weights.zeros.iter().any(|zero| *zero != 0) {
        return Err("its weights have a zero point other than 0".into());
    }
    if weights.scales.iter().any(|scale| !(scale.is_finite() && *scale > 0.0)) {
        return Err("a scale of its weights is not positive".into());
    }
    match &weights.scales[..] {
        [scale] => Ok(vec![*scale; outputs]),
        scales if scales.len() == outputs && weights.axis == axis => Ok(scales.to_vec()),
        scales => Err(format!("its weights have {} scales, and it has {outputs} outputs", scales.len())),
    }
}

/// Numbers of 32 bits, `[outputs][..]`, as `[..][outputs]`.
fn transposed(numbers: &[u8], outputs: usize) -> Vec<u8> {
    let numbers = numbers.as_chunks::<4>().0;
    let each = numbers.len() / outputs;
    (0..each).flat_map(|k| (0..outputs).flat_map(move |output| numbers[output * each + k])).collect()
}

impl Affine {
    /// Gives filters that read `of_group` channels each, of one group after the other, weights of 0 for all others.
    pub fn ungroup(&mut self, taps: usize, of_group: usize, channels: usize) -> Parsed<()> {
        let filters = self.bias.len();
        let groups = channels.checked_div(of_group).filter(|groups| groups * of_group == channels).unwrap_or(0);
        let in_group = filters.checked_div(groups).filter(|in_group| in_group * groups == filters);
        let in_group = in_group.ok_or_else(|| format!("its filters read {of_group} channels of {channels}"))?;
        size_of_shape(&[filters, taps, channels]).ok_or("its weights are too many")?;
        let place = |filter: usize, tap: usize, channel: usize| {
            let channel = channel.checked_sub(filter / in_group * of_group).filter(|channel| *channel < of_group);
            channel.map(|channel| match self.scales.is_empty() {
                true => (tap * of_group + channel) * filters + filter,
                false => (filter * taps + tap) * of_group + channel,
            })
        };
        let (weights, zero) = (self.weights.as_chunks::<4>().0, [0; 4]);
        self.weights = if self.scales.is_empty() {
            let axes = |n: usize| place(n % filters, n / filters / channels, n / filters % channels);
            (0..taps * channels * filters).flat_map(|n| axes(n).map_or(zero, |place| weights[place])).collect()
        } else {
            let axes = |n: usize| place(n / channels / taps, n / channels % taps, n % channels);
            (0..filters * taps * channels).map(|n| axes(n).map_or(0, |place| self.weights[place])).collect()
        };
        Ok(())
    }

    /// Puts real weights `[tap][channel][filter]` in the order of a transposed convolution, `[tap][filter][channel]`.
    pub fn transpose_taps(&mut self, channels: usize, filters: usize) {
        let taps = self.weights.chunks_exact(4 * channels * filters);
        self.weights = taps.flat_map(|tap| transposed(tap, channels)).collect();
    }

    /// Refuses real numbers that are not finite.
    pub fn check_finite_if(&self, is_real: bool) -> Parsed<()> {
        let numbers = self.weights.as_chunks().0.iter().chain(&self.bias);
        if !is_real || numbers.copied().map(f32::from_le_bytes).all(f32::is_finite) {
            Ok(())
        } else {
            Err("a weight is infinite or NaN".into())
        }
    }

    /// Refuses sums that overflow 32 bits for some input. `last` says that the outputs are the last axis of the weights.
    fn check_sums(&self, last: bool) -> Parsed<()> {
        let outputs = self.bias.len();
        let each = self.weights.len() / outputs;
        let [low, high] = [-128, 127].map(|q| q - i64::from(self.input.zero));
        for (output, bias) in self.bias.iter().enumerate() {
            let mut range = [i64::from(i32::from_le_bytes(*bias)); 2];
            for k in 0..each {
                let place = if last { k * outputs + output } else { output * each + k };
                let products = [low, high].map(|x| x * i64::from(self.weights[place] as i8));
                range[0] += products[0].min(products[1]);
                range[1] += products[0].max(products[1]);
            }
            if range[0] < i64::from(i32::MIN) || range[1] > i64::from(i32::MAX) {
                return Err(format!("the sum of output {output} can overflow 32 bits"));
            }
        }
        Ok(())
    }
}

/// The number of elements, if it is not too large.
pub fn size_of_shape(shape: &[usize]) -> Option<usize> {
    let size = shape.iter().try_fold(1usize, |size, length| size.checked_mul(*length));
    size.filter(|size| *size <= MOST_NUMBERS)
}

impl fmt::Display for Element {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::F32 => "float32",
            Self::I8 => "int8",
            Self::U8 => "uint8",
            Self::I32 => "int32",
            Self::Other(name) => name,
        })
    }
}
