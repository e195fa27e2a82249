//! Weights and biases of ONNX operators.

use std::borrow::Cow;

use super::{super::constants::size_of_shape, Element, Named, Node, Parsed, Reader, Tensor, model::Constant};

impl Reader {
    /// A constant input, in the file or after its `DequantizeLinear`.
    pub fn constant(&self, node: &Node, index: usize) -> Parsed<Option<Tensor<'static>>> {
        let Some(name) = node.inputs.get(index).filter(|name| !name.is_empty()) else { return Ok(None) };
        if let Some(Named { tensor, .. }) = self.names.get(name) {
            let Tensor { name, shape, element, scales, zeros, axis, data } = &self.tensors[*tensor];
            if data.is_empty() {
                return Err(format!("its input `{name}` is not a constant"));
            }
            return Ok(Some(Tensor {
                name: name.clone(),
                shape: shape.clone(),
                element: *element,
                scales: scales.clone(),
                zeros: zeros.clone(),
                axis: *axis,
                data: data.clone(),
            }));
        }
        let Some(Constant { name, shape, element, data }) = self.constants.get(name) else {
            return Err(format!("its input `{name}` is not a constant"));
        };
        let (name, shape, data) = (name.clone(), shape.clone(), Cow::Owned(data.clone()));
        Ok(Some(Tensor { name, shape, element: *element, scales: Vec::new(), zeros: Vec::new(), axis: 0, data }))
    }

    /// The numbers of a constant of integers.
    pub fn integers_of(&self, node: &Node, index: usize) -> Parsed<Option<Vec<i32>>> {
        let Some(Tensor { name, element, data, .. }) = self.constant(node, index)? else { return Ok(None) };
        if element != Element::I32 {
            return Err(format!("its input `{name}` is {element}, and integers are needed"));
        }
        Ok(Some(data.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect()))
    }

    /// The number of a constant of one real number.
    pub fn number_of(&self, node: &Node, index: usize) -> Parsed<Option<f32>> {
        let Some(constant) = self.constant(node, index)? else { return Ok(None) };
        match (&reals(&constant)?[..], constant.shape.len()) {
            ([number], 0 | 1) => Ok(Some(*number)),
            _ => Err(format!("its input `{}` is not one number", constant.name)),
        }
    }

    /// Adds constant weights whose axes are those of `weights`, in the order `axes`.
    pub fn weights(&mut self, mut weights: Tensor<'static>, axes: &[usize]) -> Parsed<usize> {
        let size = match weights.element {
            Element::F32 => 4,
            Element::I8 => 1,
            element => return Err(format!("its weights are {element}, and int8 and float32 are supported")),
        };
        if size_of_shape(&weights.shape).map(|count| count * size) != Some(weights.data.len())
            || weights.data.is_empty()
            || weights.shape.len() != axes.len()
        {
            return Err(format!("its weights of shape {:?} have {} bytes", weights.shape, weights.data.len()));
        }
        weights.data = Cow::Owned(permuted(&weights.data, size, &weights.shape, axes));
        weights.shape = axes.iter().map(|axis| weights.shape[*axis]).collect();
        weights.axis = axes.iter().position(|axis| *axis == weights.axis).unwrap_or(usize::MAX);
        Ok(self.hold(weights))
    }

    /// Adds a bias in the units of the sums of an operator: real numbers, or integers of the scale of the input times that
    /// of the weights.
    pub fn bias(&mut self, bias: Tensor<'static>, input: usize, weights: usize) -> Parsed<usize> {
        let numbers = reals(&bias)?;
        let (input, weights) = (&self.tensors[input], &self.tensors[weights]);
        let (element, data) = if weights.element == Element::I8 {
            let [scale] = input.scales[..] else {
                return Err("its input is not quantized, and its weights are".into());
            };
            let mut data = Vec::new();
            for (output, number) in numbers.iter().enumerate() {
                let Some(of_weights) = weights.scales.get(if weights.scales.len() == 1 { 0 } else { output }) else {
                    return Err(format!("its bias has {} numbers, and its weights fewer scales", numbers.len()));
                };
                let units = (f64::from(*number) / (f64::from(scale) * f64::from(*of_weights))).round();
                data.extend((units as i32).to_le_bytes());
            }
            (Element::I32, data)
        } else {
            (Element::F32, numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
        };
        Ok(self.hold(Tensor::constant("", element, vec![numbers.len()], data)))
    }
}

/// The real numbers of a constant.
pub fn reals(constant: &Tensor<'_>) -> Parsed<Vec<f32>> {
    let Tensor { name, element, scales, zeros, data, .. } = constant;
    let integers: Vec<i64> = match element {
        Element::F32 => return Ok(data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        Element::I8 => data.iter().map(|byte| i64::from(*byte as i8)).collect(),
        Element::I32 => data.as_chunks().0.iter().map(|bytes| i64::from(i32::from_le_bytes(*bytes))).collect(),
        _ => return Err(format!("its input `{name}` is {element}, and real numbers are needed")),
    };
    let at = |numbers: usize, index: usize| if numbers == 1 { 0 } else { index };
    let real = |(index, integer): (usize, i64)| {
        let zero = zeros.get(at(zeros.len(), index)).copied().unwrap_or(0);
        let scale = scales.get(at(scales.len(), index))?;
        Some((integer.wrapping_sub(zero) as f64 * f64::from(*scale)) as f32)
    };
    let numbers: Option<Vec<f32>> = integers.into_iter().enumerate().map(real).collect();
    numbers.ok_or_else(|| format!("its input `{name}` has too few scales"))
}

/// Numbers of `size` bytes with their axes in another order.
fn permuted(data: &[u8], size: usize, shape: &[usize], axes: &[usize]) -> Vec<u8> {
    // The distance of two numbers along each axis.
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    let mut places = vec![0];
    for axis in axes {
        let along = |place: &usize| (0..shape[*axis]).map(|n| place + n * strides[*axis]).collect::<Vec<_>>();
        places = places.iter().flat_map(along).collect();
    }
    places.into_iter().flat_map(|place| &data[place * size..][..size]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_put_in_another_order() {
        assert_eq!(permuted(&[1, 2, 3, 4, 5, 6], 1, &[2, 3], &[1, 0]), [1, 4, 2, 5, 3, 6]);
        assert_eq!(permuted(&[1, 2, 3, 4, 5, 6, 7, 8], 2, &[1, 2, 2], &[2, 0, 1]), [1, 2, 5, 6, 3, 4, 7, 8]);
    }
}
