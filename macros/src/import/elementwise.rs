//! Sums and products of a tensor and a constant.

use super::{
    Affine, Join, Layer, Padding, Parsed, Scale, Window,
    constants::size_of_shape,
    graph::{Element, Graph, Tensor},
};

impl Graph<'_> {
    pub fn is_constant(&self, number: usize, index: usize) -> bool {
        self.input_of(number, index).is_ok_and(|input| !self.tensors[input].data.is_empty())
    }

    /// A constant that is added or multiplied: one number, or one for each channel. It is a depthwise convolution of one
    /// pixel. In int8, the addition has its own rounding: one branch is a convolution with weights of 0, whose bias is the
    /// constant.
    pub fn constant(&self, number: usize, activation: &'static str, product: bool) -> Parsed<Vec<Layer>> {
        let [input, constant] = [self.input_of(number, 0)?, self.input_of(number, 1)?];
        let (output, shape) = (self.operators[number].output, self.shape(input)?);
        let channels = shape.last().copied().unwrap_or(0);
        let Tensor { name, shape: of_constant, element, data, .. } = &self.tensors[constant];
        if data.is_empty() {
            return Err("no layer multiplies two tensors".into());
        }
        if *element != self.tensors[input].element || self.shape(output)? != shape {
            return Err(format!("its constant `{name}` is {element} of shape {of_constant:?}"));
        }
        let is_real = *element == Element::F32;
        if product && !is_real {
            return Err("in int8, no layer multiplies by a constant: fold it into the layer before it".into());
        }
        let scale = self.scale(constant)?;
        let mut numbers: Vec<[u8; 4]> = if is_real {
            data.as_chunks().0.to_vec()
        } else {
            data.iter().map(|byte| (i32::from(*byte as i8) - i32::from(scale.zero)).to_le_bytes()).collect()
        };
        let last = of_constant.last().copied().unwrap_or(1);
        if size_of_shape(of_constant) != Some(numbers.len()) || last != numbers.len() || ![1, channels].contains(&last)
        {
            return Err(format!("its constant `{name}` of shape {of_constant:?} is not a number for each channel"));
        }
        numbers.resize(channels, numbers[0]);
        let image = match shape[..] {
            [height, width, channels] => [height, width, channels],
            _ => [1, size_of_shape(&shape).unwrap_or(0) / channels, channels],
        };
        let one = 1f32.to_le_bytes();
        let (weights, bias) = match (is_real, product) {
            (true, true) => (numbers.into_flattened(), vec![[0; 4]; channels]),
            (true, false) => (one.repeat(channels), numbers),
            (false, _) => (vec![0; channels], numbers),
        };
        // With a multiplier of 1, the outputs are the constants.
        let unit = Scale { scale: 1.0, zero: scale.zero };
        let constants = Affine {
            weights,
            bias,
            scales: if is_real { Vec::new() } else { vec![1.0; channels] },
            activation: if is_real { activation } else { "Linear" },
            input: Scale::REAL,
            logits: if is_real { Scale::REAL } else { unit },
        };
        constants.check_finite_if(is_real)?;
        let window = Window { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: Padding::Valid };
        let mut layers = self.reshape(&shape, &image)?;
        layers.push(Layer::DepthwiseConv2d { images: [image, image], window, constants });
        layers.extend(self.reshape(&image, &shape)?);
        if is_real {
            return Ok(layers);
        }
        let join = Join::Add { activation, inputs: [scale, self.scale(input)?], output: self.scale(output)? };
        Ok(vec![Layer::Branches { first: layers, second: vec![Layer::Identity { shape }], join }])
    }
}
