//! Windows and padding of ONNX operators.

use super::{
    super::{Padding, Window},
    Element, Kind, Named, Node, Order, Parsed, Reader, Tensor,
};

impl Reader {
    /// The window of a convolution or pool over an image, and the tensor it moves over: the input, or the input between
    /// zeros. The last is the shape of the output without its channels.
    pub fn window(
        &mut self,
        node: &Node,
        kernel: [usize; 2],
        Named { tensor, order }: Named,
    ) -> Parsed<(Window, usize, [usize; 2])> {
        let [1, height, width, channels] = self.tensors[tensor].shape[..] else {
            return Err(format!("its input of shape {:?} is not an image", self.tensors[tensor].shape));
        };
        let is_series = order == Order::Series;
        let pair = |name: &str| -> Parsed<[usize; 2]> {
            match node.integers(name) {
                None => Ok([1, 1]),
                Some(&[steps]) if is_series && (1..1 << 16).contains(&steps) => Ok([1, steps as usize]),
                Some(&[rows, columns]) if (1..1 << 16).contains(&rows) && (1..1 << 16).contains(&columns) => {
                    Ok([rows as usize, columns as usize])
                }
                Some(numbers) => Err(format!("its {name} are {numbers:?}, and those of images are supported")),
            }
        };
        let length = |zeros: i64| usize::try_from(zeros).unwrap_or(usize::MAX).min(1 << 16);
        let zeros = match node.integers("pads") {
            None => [0; 4],
            Some(&[before, after]) if is_series => [0, before, 0, after].map(length),
            Some(&[top, left, bottom, right]) => [top, left, bottom, right].map(length),
            Some(numbers) => return Err(format!("its pads are {numbers:?}, and those of images are supported")),
        };
        if node.integer("ceil_mode", 0) != 0 {
            return Err("its ceil_mode is not supported".into());
        }
        let (stride, dilation) = (pair("strides")?, pair("dilations")?);
        let mut window = Window { kernel, stride, dilation, padding: Padding::Valid };
        match node.text("auto_pad") {
            "" | "NOTSET" | "VALID" => {}
            "SAME_UPPER" => window.padding = Padding::Same,
            other => return Err(format!("its auto_pad is {other}, and SAME_UPPER is supported")),
        }
        let [top, left, bottom, right] = zeros;
        let padded = [height + top + bottom, width + left + right];
        let positions = [0, 1].map(|axis| match window.padding {
            Padding::Same => window.positions([height, width][axis], axis),
            _ => window.positions(padded[axis], axis),
        });
        if zeros == [0; 4] || window.padding == Padding::Same {
            return Ok((window, tensor, positions));
        }
        let images = [[height, width, channels], [positions[0], positions[1], channels]];
        if let Some(window) = window.padded(images, [top, left]) {
            return Ok((window, tensor, positions));
        }
        if node.operator.ends_with("Pool") {
            return Err(format!("its pads {zeros:?} are not those of a window"));
        }
        let zeros = [0, 0, top, bottom, left, right, 0, 0].map(|zeros| zeros as i32);
        let shape = vec![1, padded[0], padded[1], channels];
        let tensor = self.pad(node, tensor, &zeros, &format!("{} between zeros", self.tensors[tensor].name), shape);
        Ok((window, tensor, positions))
    }

    /// A tensor between zeros, of the same scale.
    pub fn pad(&mut self, node: &Node, input: usize, zeros: &[i32], name: &str, shape: Vec<usize>) -> usize {
        let zeros = self.integers(zeros);
        let output = self.operator(node, Kind::Pad, vec![Some(input), Some(zeros)], (name, shape, Order::Channels));
        self.keep_scale(input, output);
        output
    }

    /// A constant of integers.
    pub fn integers(&mut self, integers: &[i32]) -> usize {
        let data = integers.iter().flat_map(|integer| integer.to_le_bytes()).collect();
        self.hold(Tensor::constant("", Element::I32, vec![integers.len()], data))
    }

    /// Gives a tensor the scale of another.
    pub fn keep_scale(&mut self, from: usize, to: usize) {
        let (element, scales, zeros) = {
            let from = &self.tensors[from];
            (from.element, from.scales.clone(), from.zeros.clone())
        };
        let to = &mut self.tensors[to];
        (to.element, to.scales, to.zeros) = (element, scales, zeros);
    }
}
