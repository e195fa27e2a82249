//! Parts of tensors.

use super::{
    Layer, Padding, Parsed, Window,
    graph::{Graph, Operator, Tensor},
};

/// The masks of a `STRIDED_SLICE`: a bit for each axis.
#[derive(Clone, Copy)]
pub struct Slice {
    /// The axes that begin at their start.
    pub begin: i32,
    /// The axes that end at their end.
    pub end: i32,
    /// The axes of one number, which the output does not have.
    pub dropped: i32,
}

/// One of the parts into which a tensor is split along an axis.
#[derive(Clone, Copy)]
pub struct OfSplit {
    pub axis: i32,
    /// The number before the part, and its own.
    pub start: usize,
    pub length: usize,
}

impl OfSplit {
    /// The axis of a tensor of so many.
    pub fn axis(&self, rank: usize) -> Option<usize> {
        let axis = if self.axis < 0 { self.axis.checked_add(i32::try_from(rank).ok()?)? } else { self.axis };
        usize::try_from(axis).ok().filter(|axis| *axis < rank)
    }
}

/// The numbers of an axis that a slice takes.
#[derive(Clone, Copy)]
pub struct Part {
    pub start: usize,
    pub length: usize,
    pub step: usize,
}

impl Part {
    /// All of an axis.
    fn is_whole(&self, length: usize) -> bool {
        self.length == length && self.step == 1
    }

    /// The numbers from the first one to the last one.
    fn span(&self) -> usize {
        (self.length - 1) * self.step + 1
    }
}

impl Graph<'_> {
    /// A part of a tensor, as that of an image.
    pub fn slice(&self, number: usize, slice: Slice) -> Parsed<Vec<Layer>> {
        let shape = &self.tensors[self.input_of(number, 0)?].shape;
        self.take(number, parts(&self.operators[number], slice, shape, &self.tensors)?)
    }

    /// A part of a tensor that is split.
    pub fn part(&self, number: usize, part: OfSplit) -> Parsed<Vec<Layer>> {
        let shape = &self.tensors[self.input_of(number, 0)?].shape;
        let mut parts: Vec<_> = shape.iter().map(|length| Part { start: 0, length: *length, step: 1 }).collect();
        let (OfSplit { start, length, .. }, axis) = (part, part.axis(shape.len()));
        let Some(axis) = axis.filter(|axis| start.checked_add(length).is_some_and(|end| end <= shape[*axis])) else {
            return Err(format!("it takes {length} numbers after {start} of axis {} of {shape:?}", part.axis));
        };
        parts[axis] = Part { start, length, step: 1 };
        self.take(number, parts)
    }

    /// These numbers of each axis.
    fn take(&self, number: usize, mut parts: Vec<Part>) -> Parsed<Vec<Layer>> {
        let (input, output) = (self.input_of(number, 0)?, self.operators[number].output);
        self.same_scale(input, output)?;
        let (mut shape, to) = (self.shape(input)?, self.shape(output)?);
        parts.drain(..parts.len() - shape.len());
        let mut layers = Vec::new();
        if let ([height, width, channels], [rows, columns, last]) = (&shape[..], &parts[..])
            && last.is_whole(*channels)
        {
            let image = [*height, *width, *channels];
            layers.extend(cut(image, [*rows, *columns]));
            shape = vec![rows.length, columns.length, *channels];
            parts = Vec::new();
        }
        for (axis, part) in parts.into_iter().enumerate() {
            if part.is_whole(shape[axis]) {
                continue;
            }
            // All that the axis has inside is a pixel.
            let product = |lengths: &[usize]| lengths.iter().product::<usize>();
            let image = [product(&shape[..axis]), shape[axis], product(&shape[axis + 1..])];
            layers.extend(self.reshape(&shape, &image)?);
            layers.extend(cut(image, [Part { start: 0, length: image[0], step: 1 }, part]));
            shape[axis] = part.length;
            layers.extend(self.reshape(&[image[0], part.length, image[2]], &shape)?);
        }
        layers.extend(self.reshape(&shape, &to)?);
        Ok(layers)
    }
}

/// The layers that take these rows and columns of an image.
fn cut(image: [usize; 3], parts: [Part; 2]) -> Vec<Layer> {
    let [rows, columns] = parts;
    let (mut layers, cropped) = (Vec::new(), [rows.span(), columns.span(), image[2]]);
    if cropped != image {
        layers.push(Layer::Crop { images: [image, cropped], before: [rows.start, columns.start] });
    }
    if [rows.step, columns.step] != [1, 1] {
        // The windows of a pool of one pixel are the steps.
        let stride = [rows.step, columns.step];
        let window = Window { kernel: [1, 1], stride, dilation: [1, 1], padding: Padding::Valid };
        let images = [cropped, [rows.length, columns.length, image[2]]];
        layers.push(Layer::Pool { name: "MaxPool2d", images, window });
    }
    layers
}

/// The part of each axis of a tensor of this shape.
pub fn parts(operator: &Operator, slice: Slice, shape: &[usize], tensors: &[Tensor<'_>]) -> Parsed<Vec<Part>> {
    let integers = |index: usize| -> Parsed<Vec<i64>> {
        let numbers = operator.inputs.get(index).copied().flatten().and_then(|tensor| tensors[tensor].integers());
        Ok(numbers.ok_or("its bounds are not constants of int32")?.into_iter().map(i64::from).collect())
    };
    let (begin, mut end) = (integers(1)?, integers(2)?);
    let steps = if operator.name == "SLICE" {
        // The lengths come second, and that of the rest is -1.
        end = begin.iter().zip(end).map(|(begin, size)| if size < 0 { i64::MAX } else { begin + size }).collect();
        vec![1; begin.len()]
    } else {
        integers(3)?
    };
    let mut parts = Vec::new();
    for (axis, length) in shape.iter().enumerate() {
        let (Some(begin), Some(end), Some(step)) = (begin.get(axis), end.get(axis), steps.get(axis)) else {
            parts.push(Part { start: 0, length: *length, step: 1 });
            continue;
        };
        let length = *length as i64;
        let place = |place: i64| (if place < 0 { place + length } else { place }).clamp(0, length);
        let is = |mask: i32| axis < 32 && mask >> axis & 1 == 1;
        let start = if is(slice.begin) { 0 } else { place(*begin) };
        let stop = match () {
            () if is(slice.dropped) => (start + 1).min(length),
            () if is(slice.end) => length,
            () => place(*end),
        };
        if *step < 1 || stop <= start {
            return Err(format!("it takes {begin} to {end} of axis {axis} in steps of {step}"));
        }
        let count = (stop - start + step - 1) / step;
        parts.push(Part { start: start as usize, length: count as usize, step: *step as usize });
    }
    Ok(parts)
}
