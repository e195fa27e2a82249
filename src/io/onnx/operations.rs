//! The operations of layers as nodes of the graph.

use core::{fmt, mem};
use std::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use super::{
    Exporter, Layout, is_out_of_range,
    message::{Attribute, INT64},
};
use crate::{
    io::FileError,
    kernel::{Element, ElementwiseKernel},
    layer::{Attention, Cell, Junction, Operations, Path, Pool, Recurrence, SeriesEnd, Sliding},
};

impl<T: Element> Operations<T> for Exporter<'_> {
    fn product(&mut self, path: Path<'_>, name: &'static str, shape: [usize; 2], weights: &[T]) {
        self.lay_out(&path.to_string(), Layout::Pixels);
        self.with_parameter("MatMul", path, name, &shape, weights);
    }

    fn add(&mut self, path: Path<'_>, name: &'static str, addend: &[T]) {
        if let Some(node) = self.nodes.last()
            && node.name.starts_with(&format!("{path}/Conv"))
            && node.inputs.len() == 2
            && node.outputs[0] == self.current
        {
            let bias = self.parameter(path, name, &[addend.len()], addend);
            self.nodes.last_mut().into_iter().for_each(|node| node.inputs.push(bias.clone()));
            return;
        }
        self.lay_out(&path.to_string(), Layout::Pixels);
        self.with_parameter("Add", path, name, &[addend.len()], addend);
    }

    fn convolution(&mut self, path: Path<'_>, name: &'static str, window: Sliding, shape: [usize; 4], kernel: &[T]) {
        self.filters(path, "Conv", name, window, shape, kernel);
    }

    fn batch_norm(
        &mut self,
        path: Path<'_>,
        shape: &'static [usize],
        parameters: [(&'static str, &[T]); 4],
        epsilon: f64,
    ) {
        if shape.len() > 1 {
            self.lay_out(&path.to_string(), Layout::Planes(shape.len() - 1));
        }
        let mut inputs = vec![self.current.clone()];
        inputs.extend(parameters.map(|(name, values)| self.parameter(path, name, &[values.len()], values)));
        self.current = self.node(&path.to_string(), "BatchNormalization", inputs);
        let attributes = vec![Attribute::of_float("epsilon", epsilon as f32)];
        self.nodes.last_mut().into_iter().for_each(|node| node.attributes = attributes.clone());
    }

    fn normalize(
        &mut self,
        path: Path<'_>,
        shape: &'static [usize],
        groups: Option<usize>,
        [(scale, factors), (shift, addends)]: [(&'static str, &[T]); 2],
        epsilon: f64,
    ) {
        let place = path.to_string();
        let channels = factors.len();
        let per_channel = match (groups, shape) {
            (None, _) => {
                self.lay_out(&place, Layout::Pixels);
                self.standardize(path, -1, epsilon);
                vec![channels]
            }
            (Some(groups), &[ref pixels @ .., _]) if !pixels.is_empty() => {
                self.lay_out(&place, Layout::Planes(pixels.len()));
                self.with_integers("Reshape", path, &[0, groups as i64, -1]);
                self.standardize(path, 2, epsilon);
                let pixels = pixels.iter().map(|&length| length as i64);
                let shape: Vec<i64> = [0, channels as i64].into_iter().chain(pixels).collect();
                self.with_integers("Reshape", path, &shape);
                [channels].into_iter().chain(shape[2..].iter().map(|_| 1)).collect()
            }
            (Some(groups), &[_]) => {
                self.with_integers("Reshape", path, &[0, groups as i64, -1]);
                self.standardize(path, 2, epsilon);
                self.with_integers("Reshape", path, &[0, channels as i64]);
                vec![channels]
            }
            _ => return self.unknown(path, "group norm of this shape"),
        };
        self.with_parameter("Mul", path, scale, &per_channel, factors);
        self.with_parameter("Add", path, shift, &per_channel, addends);
    }

    fn rms_norm(&mut self, path: Path<'_>, (scale, factors): (&'static str, &[T]), epsilon: f64) {
        let place = path.to_string();
        self.lay_out(&place, Layout::Pixels);
        self.divide_by_root_mean_square(&place, -1, epsilon);
        self.with_parameter("Mul", path, scale, &[factors.len()], factors);
    }

    fn look_up(&mut self, path: Path<'_>, name: &'static str, shape: [usize; 2], table: &[T]) {
        self.unary(path, "Cast", vec![Attribute::of_integer("to", INT64.into())]);
        let place = path.to_string();
        let inputs = vec![self.parameter(path, name, &shape, table), self.current.clone()];
        self.current = self.node(&place, "Gather", inputs);
    }

    fn attention(&mut self, path: Path<'_>, attention: Attention, parameters: [(&'static str, &[T]); 4]) {
        self.lay_out(&path.to_string(), Layout::Pixels);
        self.attend(path, &attention, parameters);
    }

    fn add_positions(&mut self, path: Path<'_>, name: &'static str, shape: &'static [usize], table: &[T]) {
        self.lay_out(&path.to_string(), Layout::Pixels);
        self.with_parameter("Add", path, name, shape, table);
    }

    fn add_waves(&mut self, path: Path<'_>, shape: &'static [usize], waves: &'static [f32]) {
        self.lay_out(&path.to_string(), Layout::Pixels);
        self.with_numbers("Add", path, "waves", shape, waves);
    }

    fn depthwise(&mut self, path: Path<'_>, name: &'static str, window: Sliding, shape: [usize; 3], kernel: &[T]) {
        let [rows, columns, channels] = shape;
        let group = Attribute::of_integer("group", channels as i64);
        self.filters(path, "Conv", name, window, [rows, columns, 1, channels], kernel);
        self.nodes.last_mut().into_iter().for_each(|node| node.attributes.push(group.clone()));
    }

    fn transposed_convolution(
        &mut self,
        path: Path<'_>,
        name: &'static str,
        window: Sliding,
        from: [usize; 2],
        to: [usize; 2],
        shape: [usize; 4],
        kernel: &[T],
    ) {
        self.filters(path, "ConvTranspose", name, window, shape, kernel);
        let Sliding { kernel, stride, dilation, before, after, .. } = window;
        // The pixels at the end that no weight reaches.
        let rest = [0, 1].map(|axis| {
            let reached = (from[axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1;
            to[axis] + before[axis] + after[axis] - reached
        });
        let rest = Attribute::of_integers("output_padding", &rest);
        self.nodes.last_mut().into_iter().for_each(|node| node.attributes.push(rest.clone()));
    }

    fn recurrent(
        &mut self,
        path: Path<'_>,
        Recurrence { cell, features, units, all }: Recurrence,
        [(_, kernel), (_, recurrent_kernel), (_, bias), (_, recurrent_bias)]: [(&'static str, &[T]); 4],
    ) {
        let (operator, order): (_, &[usize]) = match cell {
            Cell::SimpleRnn => ("RNN", &[0]),
            Cell::Gru => ("GRU", &[0, 1, 2]),
            Cell::Lstm => ("LSTM", &[0, 3, 1, 2]),
        };
        let rows = order.len() * units;
        // ONNX has the units before the inputs, and always both biases.
        let transposed = |weights: &[T], inputs: usize| -> Vec<T> {
            let of_unit =
                |gate: usize, unit: usize| (0..inputs).map(move |input| (gate * inputs + input) * units + unit);
            let places = order.iter().flat_map(|&gate| (0..units).flat_map(move |unit| of_unit(gate, unit)));
            places.map(|place| weights[place]).collect()
        };
        let of_gates = |biases: &[T]| -> Vec<T> {
            let places = order.iter().flat_map(|&gate| gate * units..(gate + 1) * units);
            places.map(|place| biases.get(place).copied().unwrap_or(T::zero())).collect()
        };
        let (weights, weights_of_state) = (transposed(kernel, features), transposed(recurrent_kernel, units));
        let biases = [of_gates(bias), of_gates(recurrent_bias)].concat();
        let parameters = vec![
            self.parameter(path, "W", &[1, rows, features], &weights),
            self.parameter(path, "R", &[1, rows, units], &weights_of_state),
            self.parameter(path, "B", &[1, 2 * rows], &biases),
        ];
        self.lay_out(&path.to_string(), Layout::Pixels);
        // The operators have the steps before the samples.
        let steps_first = || vec![Attribute::of_integers("perm", &[1, 0, 2])];
        self.unary(path, "Transpose", steps_first());
        let mut attributes = vec![Attribute::of_integer("hidden_size", units as i64)];
        if cell == Cell::Gru {
            attributes.push(Attribute::of_integer("linear_before_reset", 1));
        }
        self.with_inputs(path, operator, parameters, attributes);
        if all {
            self.with_integers("Squeeze", path, &[1]);
            self.unary(path, "Transpose", steps_first());
        } else {
            // The second output is the last state.
            self.nodes.last_mut().into_iter().for_each(|node| node.outputs.insert(0, String::new()));
            self.with_integers("Squeeze", path, &[0]);
        }
    }

    fn reverse(&mut self, path: Path<'_>) {
        self.lay_out(&path.to_string(), Layout::Pixels);
        if let Some(lengths) = self.lengths.clone() {
            return self.reverse_series(path, &lengths);
        }
        // The steps from the last to before the first: start, end, axis, stride.
        let range = [-1, i64::MIN, 1, -1].map(|integer| self.integers(path, &[integer]));
        self.with_inputs(path, "Slice", range.into(), Vec::new());
    }

    fn of_length(&mut self, path: Path<'_>, shape: &'static [usize]) {
        match (self.pairs.get(&self.current).cloned(), shape) {
            (Some(members), &[steps, ..]) => self.begin_series(path, members, steps),
            _ => self.unknown(path, "series of varying length"),
        }
    }

    fn up_to_length(&mut self, path: Path<'_>, shape: &'static [usize], end: SeriesEnd, frames: [usize; 2]) {
        self.end_series(path, shape, end, frames.map(|count| count as i64));
    }

    fn each_step(&mut self, path: Path<'_>, shape: &'static [usize]) {
        self.lay_out(&path.to_string(), Layout::Pixels);
        self.with_integers("Reshape", path, &lengths(-1, shape.get(1..).unwrap_or(&[])));
    }

    fn all_steps(&mut self, path: Path<'_>, shape: &'static [usize]) {
        self.lay_out(&path.to_string(), Layout::Pixels);
        self.with_integers("Reshape", path, &lengths(-1, shape));
    }

    fn fork(&mut self, _: Path<'_>) {
        self.forks.push(((self.current.clone(), self.layout), None));
    }

    fn next_branch(&mut self, _: Path<'_>) {
        let end = (self.current.clone(), self.layout);
        if let Some((start, first)) = self.forks.last_mut() {
            *first = Some(end);
            (self.current, self.layout) = start.clone();
        }
    }

    fn for_each_pixel(&mut self, path: Path<'_>, rank: usize) {
        let Some((_, Some((_, layout)))) = self.forks.last() else { return };
        let (layout, pixels) = (*layout, vec![1; rank - 1]);
        let shape = match layout {
            Layout::Pixels => [&[0], &pixels[..], &[-1]].concat(),
            Layout::Planes(_) => [&[0, -1], &pixels[..]].concat(),
        };
        self.with_integers("Reshape", path, &shape);
        self.layout = layout;
    }

    fn join(&mut self, path: Path<'_>, junction: Junction) {
        let Some((_, Some((mut first, mut layout)))) = self.forks.pop() else { return };
        let place = path.to_string();
        if junction == Junction::Both {
            let second = (self.current.clone(), self.layout);
            (self.current, self.layout) = (format!("{place}/pair_{}", self.pairs.len()), Layout::Pixels);
            self.pairs.insert(self.current.clone(), [(first, layout), second]);
            return;
        }
        if junction == Junction::MatMul {
            // Matrices have no channels.
            let second = (mem::replace(&mut self.current, first), mem::replace(&mut self.layout, layout));
            self.lay_out(&place, Layout::Pixels);
            (first, layout) = (mem::replace(&mut self.current, second.0), Layout::Pixels);
            self.layout = second.1;
        }
        self.lay_out(&place, layout);
        let mut inputs = vec![first, self.current.clone()];
        if junction == Junction::SquaredDifference {
            let difference = self.node(&place, "Sub", inputs);
            inputs = vec![difference.clone(), difference];
        }
        let (operator, attributes) = match (junction, layout) {
            (Junction::Add | Junction::Both, _) => ("Add", vec![]),
            (Junction::Subtract, _) => ("Sub", vec![]),
            (Junction::Multiply | Junction::SquaredDifference, _) => ("Mul", vec![]),
            (Junction::Maximum, _) => ("Max", vec![]),
            (Junction::Minimum, _) => ("Min", vec![]),
            (Junction::MatMul, _) => ("MatMul", vec![]),
            (Junction::Concat, Layout::Pixels) => ("Concat", vec![Attribute::of_integer("axis", -1)]),
            (Junction::Concat, Layout::Planes(_)) => ("Concat", vec![Attribute::of_integer("axis", 1)]),
        };
        self.current = self.node(&place, operator, inputs);
        self.nodes.last_mut().into_iter().for_each(|node| node.attributes.clone_from(&attributes));
    }

    fn member(&mut self, path: Path<'_>, index: usize) {
        match self.pairs.get(&self.current) {
            Some(members) => (self.current, self.layout) = members[index].clone(),
            None => self.unknown(path, "member of a pair"),
        }
    }

    fn pool(&mut self, path: Path<'_>, pool: Pool, window: Sliding) {
        self.lay_out(&path.to_string(), Layout::Planes(window.axes));
        let mut attributes = attributes(&window);
        match pool {
            Pool::Max => self.unary(path, "MaxPool", attributes),
            Pool::Average if window.dilation == [1, 1] => {
                attributes.retain(|attribute| attribute.name != "dilations");
                self.unary(path, "AveragePool", attributes);
            }
            Pool::Average => {
                let reason = "average pools have no dilation before operator set 19 of ONNX: use `DepthwiseConv2d`, or a \
                              pool without dilation";
                self.error.get_or_insert(FileError::NoOperator { layer: path.to_string(), reason });
            }
        }
    }

    fn global_pool(&mut self, path: Path<'_>, pool: Pool, shape: &'static [usize]) {
        let axes: Vec<usize> = match self.layout {
            Layout::Pixels => (1..shape.len()).collect(),
            Layout::Planes(axes) => (2..axes + 2).collect(),
        };
        self.unary(
            path,
            if pool == Pool::Max { "ReduceMax" } else { "ReduceMean" },
            vec![Attribute::of_integers("axes", &axes), Attribute::of_integer("keepdims", 0)],
        );
        self.layout = Layout::Pixels;
    }

    fn up_sample(&mut self, path: Path<'_>, factors: [usize; 2]) {
        self.lay_out(&path.to_string(), Layout::Planes(2));
        let scales = path.join("scales").to_string();
        self.tensor(scales.clone(), &[4], &[1.0, 1.0, factors[0] as f32, factors[1] as f32]);
        let modes = [("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")];
        let modes = modes.map(|(name, mode)| Attribute::of_text(name, mode));
        // The second input would be a region to crop.
        self.with_inputs(path, "Resize", vec![String::new(), scales], modes.into());
    }

    fn resize(&mut self, path: Path<'_>, from: [usize; 2], to: [usize; 2], corners: bool, centers: bool) {
        let [rows, columns] = [0, 1].map(|axis| resizing(from[axis], to[axis]));
        let factors = match self.layout {
            Layout::Pixels => [1.0, rows, columns, 1.0],
            Layout::Planes(_) => [1.0, 1.0, rows, columns],
        };
        let scales = path.join("scales").to_string();
        self.tensor(scales.clone(), &[4], &factors);
        self.with_inputs(path, "Resize", vec![String::new(), scales], interpolation(corners, centers));
    }

    fn transpose(&mut self, path: Path<'_>) {
        let order = if self.layout == Layout::Pixels { [0, 2, 1, 3] } else { [0, 1, 3, 2] };
        self.unary(path, "Transpose", vec![Attribute::of_integers("perm", &order)]);
    }

    fn zero_pad(&mut self, path: Path<'_>, before: [usize; 2], after: [usize; 2]) {
        let [top, left, bottom, right] = [before[0], before[1], after[0], after[1]].map(|zeros| zeros as i64);
        let pads = match self.layout {
            Layout::Pixels => [0, top, left, 0, 0, bottom, right, 0],
            Layout::Planes(_) => [0, 0, top, left, 0, 0, bottom, right],
        };
        self.with_integers("Pad", path, &pads);
    }

    fn constant(&mut self, path: Path<'_>, name: &'static str, shape: &'static [usize], numbers: &[T]) {
        let place = path.to_string();
        let parameter = self.parameter(path, name, shape, numbers);
        // As many samples as the input has.
        let (first, lengths) = (self.integers(path, &[0]), lengths(1, shape)[1..].to_vec());
        let lengths = self.integers(path, &lengths);
        let of_input = self.node(&place, "Shape", vec![self.current.clone()]);
        let samples = self.node(&place, "Gather", vec![of_input, first]);
        let all = self.node(&place, "Concat", vec![samples, lengths]);
        let axis = Attribute::of_integer("axis", 0);
        self.nodes.last_mut().into_iter().for_each(|node| node.attributes.push(axis.clone()));
        (self.current, self.layout) = (self.node(&place, "Expand", vec![parameter, all]), Layout::Pixels);
    }

    fn p_relu(&mut self, path: Path<'_>, name: &'static str, alpha: &[T]) {
        self.lay_out(&path.to_string(), Layout::Pixels);
        self.with_parameter("PRelu", path, name, &[alpha.len()], alpha);
    }

    fn crop(&mut self, path: Path<'_>, before: [usize; 2], size: [usize; 2]) {
        let first = if self.layout == Layout::Pixels { 1 } else { 2 };
        let numbers = |numbers: [usize; 2]| numbers.map(|number| number as i64);
        let ends = [before[0] + size[0], before[1] + size[1]];
        let range = [numbers(before), numbers(ends), [first, first + 1]].map(|integers| self.integers(path, &integers));
        self.with_inputs(path, "Slice", range.into(), Vec::new());
    }

    fn reshape(&mut self, path: Path<'_>, from: &'static [usize], to: &'static [usize]) {
        self.lay_out_rows(path, from);
        // A length of 0 stands for that of the input: the batch.
        self.with_integers("Reshape", path, &lengths(0, to));
    }

    fn flatten(&mut self, path: Path<'_>, shape: &'static [usize]) {
        self.lay_out_rows(path, shape);
        self.unary(path, "Flatten", Vec::new());
    }

    fn elementwise(&mut self, path: Path<'_>, name: &'static str, formula: &impl ElementwiseKernel<0, 1>) {
        self.formula(&path.join(name).to_string(), Vec::new(), formula);
    }

    fn columnwise<const READ: usize>(
        &mut self,
        path: Path<'_>,
        name: &'static str,
        columns: &[(&'static str, &[T])],
        formula: &impl ElementwiseKernel<READ, 1>,
    ) {
        self.lay_out(&path.to_string(), Layout::Pixels);
        let others = columns.iter().map(|&(name, values)| {
            let name = self.parameter(path, name, &[values.len()], values);
            // It may be a divisor: a deviation of 0 stands for another function than one of 1e-50.
            if let Some(index) = values.iter().position(|value| is_out_of_range(value.to_f64())) {
                self.refuse(&format!("element {index} of `{name}`"), values[index].to_f64());
            }
            name
        });
        let others = others.collect();
        self.formula(&path.join(name).to_string(), others, formula);
    }

    fn softmax(&mut self, path: Path<'_>) {
        self.unary(path, "Softmax", vec![Attribute::of_integer("axis", self.channels())]);
    }

    fn log_softmax(&mut self, path: Path<'_>) {
        self.unary(path, "LogSoftmax", vec![Attribute::of_integer("axis", self.channels())]);
    }

    fn unit_length(&mut self, path: Path<'_>, least: f64) {
        let x = self.current.clone();
        self.unary(path, "ReduceL2", vec![Attribute::of_signed("axes", &[self.channels()])]);
        let least = self.constant(least as f32);
        self.with_inputs(path, "Max", vec![least], Vec::new());
        self.current = self.node(&path.to_string(), "Div", vec![x, self.current.clone()]);
    }

    fn other(&mut self, path: Path<'_>, name: &'static str, _: fmt::Arguments<'_>, _: &[(&'static str, &[T])]) {
        self.unknown(path, name);
    }
}

impl Exporter<'_> {
    /// The axis of the channels.
    fn channels(&self) -> i64 {
        if self.layout == Layout::Pixels { -1 } else { 1 }
    }

    fn unknown(&mut self, path: Path<'_>, operation: &'static str) {
        self.error.get_or_insert(FileError::Unknown { layer: path.to_string(), operation });
    }

    /// Adds a node whose weights are filters: of the shape `[rows, columns, channels, filters]` in this crate, and
    /// `[filters, channels, rows, columns]` in ONNX.
    fn filters<T: Element>(
        &mut self,
        path: Path<'_>,
        operator: &str,
        name: &str,
        window: Sliding,
        [rows, columns, channels, filters]: [usize; 4],
        kernel: &[T],
    ) {
        self.lay_out(&path.to_string(), Layout::Planes(window.axes));
        let mut transposed = Vec::with_capacity(kernel.len());
        for filter in 0..filters {
            for channel in 0..channels {
                let weights = kernel.iter().skip(channel * filters + filter).step_by(channels * filters);
                transposed.extend(weights.copied());
            }
        }
        let shape = [&[filters, channels], of_axes(&[rows, columns], &window)].concat();
        self.with_parameter(operator, path, name, &shape, &transposed);
        self.nodes.last_mut().into_iter().for_each(|node| node.attributes = attributes(&window));
    }
}

/// The lengths of a batch of tensors of this shape, with `rows` for that of the batch.
fn lengths(rows: i64, shape: &[usize]) -> Vec<i64> {
    [rows].into_iter().chain(shape.iter().map(|&length| length as i64)).collect()
}

/// The numbers of `[rows, columns]` along which the window moves.
fn of_axes<'a>(numbers: &'a [usize; 2], window: &Sliding) -> &'a [usize] {
    &numbers[2 - window.axes.min(2)..]
}

/// The least factor by which the operator `Resize`, which rounds down, brings a length to another.
pub(super) fn resizing(from: usize, to: usize) -> f32 {
    let mut factor = to as f32 / from as f32;
    while f64::from(factor) * (from as f64) < to as f64 {
        factor = factor.next_up();
    }
    factor
}

/// The attributes of bilinear interpolation.
pub(super) fn interpolation(corners: bool, centers: bool) -> Vec<Attribute> {
    let places = match (corners, centers) {
        (true, _) => "align_corners",
        (_, true) => "half_pixel",
        _ => "asymmetric",
    };
    vec![Attribute::of_text("mode", "linear"), Attribute::of_text("coordinate_transformation_mode", places)]
}

pub(super) fn attributes(window: &Sliding) -> Vec<Attribute> {
    let Sliding { kernel, stride, dilation, before, after, .. } = window;
    let pads = [of_axes(before, window), of_axes(after, window)].concat();
    vec![
        Attribute::of_integers("kernel_shape", of_axes(kernel, window)),
        Attribute::of_integers("strides", of_axes(stride, window)),
        Attribute::of_integers("dilations", of_axes(dilation, window)),
        Attribute::of_integers("pads", &pads),
    ]
}
