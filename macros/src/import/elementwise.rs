//! Sums, differences and products of a tensor and a constant.

use super::{
    Join, Layer, Parsed, Scale,
    constants::size_of_shape,
    graph::{Graph, Tensor},
};

impl Graph<'_> {
    pub fn is_constant(&self, number: usize, index: usize) -> bool {
        self.input_of(number, index).is_ok_and(|input| !self.tensors[input].data.is_empty())
    }

    /// A tensor and a constant, which is a branch of its own: its input `index`.
    pub fn with_constant(
        &self,
        number: usize,
        index: usize,
        arithmetic: &'static str,
        activation: &'static str,
    ) -> Parsed<Vec<Layer>> {
        let [input, constant] = [self.input_of(number, 1 - index)?, self.input_of(number, index)?];
        let (output, from) = (self.operators[number].output, self.shape(input)?);
        let shape = self.shape(output)?;
        let Tensor { name, shape: of_constant, element, data, .. } = &self.tensors[constant];
        if *element != self.tensors[input].element {
            return Err(format!("its constant `{name}` is {element} of shape {of_constant:?}"));
        }
        let width = element.width();
        if size_of_shape(of_constant).map(|size| size * width) != Some(data.len()) {
            return Err(format!("its constant `{name}` of shape {of_constant:?} has {} bytes", data.len()));
        }
        if width == 4 && data.as_chunks().0.iter().any(|bytes| !f32::from_le_bytes(*bytes).is_finite()) {
            return Err(format!("its constant `{name}` is infinite or NaN"));
        }
        let refuse = || format!("its constant `{name}` of shape {of_constant:?} does not fit {shape:?}");
        let mut numbers = Vec::new();
        for place in places(of_constant, &shape).ok_or_else(refuse)? {
            numbers.extend_from_slice(&data[place * width..][..width]);
        }
        let tensor = self.repeat(&from, &shape)?;
        let tensor = if tensor.is_empty() { vec![Layer::Identity { shape: from.clone() }] } else { tensor };
        // Numbers that are the same in each pixel are those of the channels. They are the second branch.
        let channels = shape.last().copied().unwrap_or(1);
        let mut to = shape;
        if index == 1 && numbers.chunks_exact(channels * width).all(|pixel| *pixel == numbers[..channels * width]) {
            numbers.truncate(channels * width);
            to = vec![channels];
        }
        let constants = vec![Layer::Constant { from, to, numbers }];
        let scales = [self.scale(self.input_of(number, 0)?)?, self.scale(self.input_of(number, 1)?)?];
        check_scales(arithmetic, scales, self.scale(output)?)?;
        let join = Join::Combine { arithmetic, activation, inputs: scales, output: self.scale(output)? };
        let (first, second) = if index == 1 { (tensor, constants) } else { (constants, tensor) };
        Ok(vec![Layer::Branches { first, second, join }])
    }
}

impl Graph<'_> {
    /// A rectifier with a factor for each channel; that of factors for each number is one of a vector.
    pub fn p_relu(&self, number: usize) -> Parsed<Vec<Layer>> {
        let [input, factors] = [self.input_of(number, 0)?, self.input_of(number, 1)?];
        let (output, shape) = (self.operators[number].output, self.shape(input)?);
        let Tensor { name, shape: of_factors, element, data, .. } = &self.tensors[factors];
        let width = element.width();
        if *element != self.tensors[input].element
            || self.shape(output)? != shape
            || size_of_shape(of_factors).map(|size| size * width) != Some(data.len())
        {
            return Err(format!("its factors `{name}` are {element} of shape {of_factors:?}, of {} bytes", data.len()));
        }
        if width == 4 && data.as_chunks().0.iter().any(|bytes| !f32::from_le_bytes(*bytes).is_finite()) {
            return Err(format!("a number of its factors `{name}` is infinite or NaN"));
        }
        let places =
            places(of_factors, &shape).ok_or_else(|| format!("factors of {of_factors:?} do not fit {shape:?}"))?;
        let mut alpha: Vec<u8> =
            places.into_iter().flat_map(|place| &data[place * width..][..width]).copied().collect();
        let channels = shape.last().copied().unwrap_or(1) * width;
        let scales = [self.scale(input)?, self.scale(factors)?, self.scale(output)?];
        if alpha.chunks_exact(channels).all(|pixel| *pixel == alpha[..channels]) {
            alpha.truncate(channels);
            return Ok(vec![Layer::PRelu { shape, alpha, scales }]);
        }
        let vector = [alpha.len() / width];
        self.reshaped(&shape, [&vector, &vector], Layer::PRelu { shape: vector.to_vec(), alpha, scales }, &shape)
    }
}

/// Real numbers of shape `of`, combined with these of shape `to`.
pub fn with_numbers(of: &[usize], arithmetic: &'static str, to: &[usize], numbers: &[f32]) -> Layer {
    let numbers = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    Layer::Branches {
        first: vec![Layer::Identity { shape: of.to_vec() }],
        second: vec![Layer::Constant { from: of.to_vec(), to: to.to_vec(), numbers }],
        join: Join::Combine { arithmetic, activation: "Linear", inputs: [Scale::REAL; 2], output: Scale::REAL },
    }
}

/// Refuses inputs that TensorFlow Lite compares though they differ in scale.
pub fn check_scales(arithmetic: &str, inputs: [Scale; 2], output: Scale) -> Parsed<()> {
    if matches!(arithmetic, "Maximum" | "Minimum") && inputs != [output; 2] {
        return Err("its inputs and its output differ in scale".into());
    }
    Ok(())
}

/// Whether the inputs may change places.
pub fn is_symmetric(arithmetic: &str) -> bool {
    matches!(arithmetic, "Add" | "Multiply" | "SquaredDifference" | "Maximum" | "Minimum")
}

/// Whether a tensor has the shape of another, or one number for each of its channels.
pub fn is_joined(shape: &[usize], other: &[usize]) -> bool {
    other == shape || other.last() == shape.last() && other.iter().rev().skip(1).all(|length| *length == 1)
}

/// The place of the number of a tensor for each number of `to`, along whose axes the tensor is repeated.
pub fn places(from: &[usize], to: &[usize]) -> Option<Vec<usize>> {
    // The lengths before one of 0 can be any.
    if to.contains(&0) {
        return None;
    }
    let mut from = from.to_vec();
    while from.len() > to.len() && from[0] == 1 {
        from.remove(0);
    }
    let missing = to.len().checked_sub(from.len())?;
    let (mut places, mut stride) = (vec![0], size_of_shape(&from)?);
    for (axis, length) in to.iter().enumerate() {
        let of_axis = axis.checked_sub(missing).map_or(1, |axis| from[axis]);
        stride /= of_axis.max(1);
        let step = match of_axis {
            1 => 0,
            _ if of_axis == *length => stride,
            _ => return None,
        };
        places = places.iter().flat_map(|place| (0..*length).map(move |n| place + n * step)).collect();
    }
    Some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_repeated_along_axes() {
        assert_eq!(places(&[], &[2, 2]).unwrap(), [0; 4]);
        assert_eq!(places(&[1, 1, 1, 3], &[2, 3]).unwrap(), [0, 1, 2, 0, 1, 2]);
        assert_eq!(places(&[2, 1], &[2, 3]).unwrap(), [0, 0, 0, 1, 1, 1]);
        assert_eq!(places(&[1, 2, 2], &[2, 2]).unwrap(), [0, 1, 2, 3]);
        assert!(places(&[2], &[3]).is_none());
        assert!(places(&[2, 3], &[3]).is_none());
        assert!(places(&[1], &[i32::MAX as usize, 0, 8]).is_none());
    }
}
