//! The tensors of a model.

use std::borrow::Cow;

/// A number's type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Element {
    F32,
    I8,
    U8,
    I32,
    Other(&'static str),
}

impl Element {
    /// The bytes of a number of an activation, which is in float32 or int8.
    pub fn width(&self) -> usize {
        if *self == Self::F32 { 4 } else { 1 }
    }
}

/// An input, a constant, or the output of an operator.
pub struct Tensor<'a> {
    pub name: String,
    /// The shape, with that of the batch; images are `[1, height, width, channels]`.
    pub shape: Vec<usize>,
    pub element: Element,
    pub scales: Vec<f32>,
    pub zeros: Vec<i64>,
    /// The axis along which the scales differ.
    pub axis: usize,
    /// The numbers of a constant.
    pub data: Cow<'a, [u8]>,
}

impl Tensor<'_> {
    /// A constant without scales.
    pub fn constant(name: &str, element: Element, shape: Vec<usize>, data: Vec<u8>) -> Tensor<'static> {
        let (scales, zeros, data) = (Vec::new(), Vec::new(), Cow::Owned(data));
        Tensor { name: name.into(), shape, element, scales, zeros, axis: 0, data }
    }

    /// The numbers of a constant of int32.
    pub fn integers(&self) -> Option<Vec<i32>> {
        let is_constant = self.element == Element::I32 && !self.data.is_empty();
        is_constant.then(|| self.data.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
    }
}

/// The truth values of a mask, of one byte each.
pub const BOOL: Element = Element::Other("bool");

/// The most bytes of all constants that are computed from others.
const MOST_COMPUTED: usize = 1 << 28;

/// Whether there is room for a constant that is computed from others.
pub fn has_room(tensors: &[Tensor<'_>]) -> bool {
    let computed = tensors.iter().filter(|tensor| matches!(tensor.data, Cow::Owned(_)));
    computed.map(|tensor| tensor.data.len()).sum::<usize>() < MOST_COMPUTED
}

/// Adds a tensor of the shape and the scale of another.
pub fn like(tensor: usize, tensors: &mut Vec<Tensor<'_>>) -> usize {
    let Tensor { name, shape, element, scales, zeros, axis, .. } = &tensors[tensor];
    let (name, shape, scales, zeros) = (name.clone(), shape.clone(), scales.clone(), zeros.clone());
    tensors.push(Tensor { scales, zeros, axis: *axis, ..Tensor::constant(&name, *element, shape, Vec::new()) });
    tensors.len() - 1
}
