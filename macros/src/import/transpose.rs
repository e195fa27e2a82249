//! Exchanges of axes, as images whose rows become columns.

use super::{Layer, Parsed, constants::size_of_shape, graph::Graph};

impl Graph<'_> {
    /// An exchange of axes.
    pub fn transpose(&self, number: usize, input: usize, output: usize) -> Parsed<Vec<Layer>> {
        self.same_scale(input, output)?;
        let (shape, axes) = (&self.tensors[input].shape, self.integers(self.input_of(number, 1)?)?);
        let axes: Vec<usize> = axes.iter().map(|axis| usize::try_from(*axis).unwrap_or(usize::MAX)).collect();
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..shape.len()) {
            return Err(format!("its axes are {axes:?}, and its input has the shape {shape:?}"));
        }
        let mut layers = self.reshape(&self.shape(input)?, shape)?;
        layers.extend(self.exchange(shape, &axes)?);
        let moved: Vec<usize> = axes.iter().map(|axis| shape[*axis]).collect();
        layers.extend(self.reshape(&moved, &self.shape(output)?)?);
        Ok(layers)
    }

    /// Pixels that are blocks of channels of the pixels of an image.
    pub fn depth_to_space(&self, input: usize, output: usize, size: usize) -> Parsed<Vec<Layer>> {
        self.same_scale(input, output)?;
        let (from, to) = (self.image(input)?, self.image(output)?);
        let [height, width, channels] = from;
        let blocks = [height, width, size, channels.checked_div(size).unwrap_or(0)];
        if size_of_shape(&blocks) != size_of_shape(&from) || size_of_shape(&from) != size_of_shape(&to) {
            return Err(format!("from {from:?} to {to:?} in blocks of {size}"));
        }
        let mut layers = self.reshape(&from, &blocks)?;
        layers.extend(self.exchange(&blocks, &[0, 2, 1, 3])?);
        layers.extend(self.reshape(&[height, size, width, blocks[3]], &to)?);
        Ok(layers)
    }

    /// Channels that are the pixels of blocks of an image.
    pub fn space_to_depth(&self, input: usize, output: usize, size: usize) -> Parsed<Vec<Layer>> {
        self.same_scale(input, output)?;
        let (from, to) = (self.image(input)?, self.image(output)?);
        let [height, width, _] = to;
        let blocks = [height, size, width, to[2].checked_div(size).unwrap_or(0)];
        if size_of_shape(&blocks) != size_of_shape(&to) || size_of_shape(&from) != size_of_shape(&to) {
            return Err(format!("from {from:?} to {to:?} in blocks of {size}"));
        }
        let mut layers = self.reshape(&from, &blocks)?;
        layers.extend(self.exchange(&blocks, &[0, 2, 1, 3])?);
        layers.extend(self.reshape(&[height, width, size, blocks[3]], &to)?);
        Ok(layers)
    }

    /// The layers that bring the axes of a tensor of this shape into an order: those that come next move to the front
    /// of those that are left, as the columns of an image whose rows they pass.
    pub fn exchange(&self, shape: &[usize], order: &[usize]) -> Parsed<Vec<Layer>> {
        let product = |axes: &[usize]| axes.iter().map(|axis| shape[*axis]).product::<usize>();
        let (mut layers, mut axes) = (Vec::new(), (0..shape.len()).collect::<Vec<_>>());
        let (mut before, mut done) = (shape.to_vec(), 0);
        while done < order.len() {
            let place = axes.iter().position(|axis| *axis == order[done]).unwrap_or(done);
            let count = axes[place..].iter().zip(&order[done..]).take_while(|(axis, next)| axis == next).count().max(1);
            let moved = [product(&axes[done..place]), product(&axes[place..place + count])];
            let (steps, channels) = (product(&axes[..done]), product(&axes[place + count..]));
            axes[done..place + count].rotate_right(count);
            let after = axes.iter().map(|axis| shape[*axis]).collect::<Vec<_>>();
            if moved.iter().all(|length| *length > 1) {
                let images = [[moved[0], moved[1], channels], [moved[1], moved[0], channels]];
                let layer = Layer::Transpose { images };
                layers.extend(self.each_step(layer, &before, steps, [&images[0], &images[1]], &after)?);
            } else {
                layers.extend(self.reshape(&before, &after)?);
            }
            (before, done) = (after, done + count);
        }
        Ok(layers)
    }
}
