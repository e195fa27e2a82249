//! Attention as nodes of the graph.

use std::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use super::{Exporter, message::Attribute};
use crate::{
    kernel::Element,
    layer::{Attention, Path},
};

/// A weight of e to this power is 0.
const HIDDEN: f32 = -1e9;

impl Exporter<'_> {
    /// Adds the parts of attention as nodes.
    pub(super) fn attend<T: Element>(
        &mut self,
        path: Path<'_>,
        attention: &Attention,
        [(kernel, weights), (bias, biases), (out_kernel, out_weights), (out_bias, out_biases)]: [(&'static str, &[T]);
            4],
    ) {
        let width = attention.width;
        let x = self.current.clone();
        let parts = ["query", "key", "value"].into_iter().enumerate().map(|(part, name)| {
            self.current.clone_from(&x);
            let of_part = &weights[part * width * width..][..width * width];
            // ONNX has the inputs before the outputs.
            let transposed = (0..width * width).map(|place| of_part[place % width * width + place / width]);
            let names = [kernel, bias].map(|parameter| format!("{parameter}_{name}"));
            self.with_parameter("MatMul", path, &names[0], &[width, width], &transposed.collect::<Vec<T>>());
            self.with_parameter("Add", path, &names[1], &[width], &biases[part * width..][..width]);
            self.current.clone()
        });
        let parts = parts.collect::<Vec<_>>();
        self.mix(path, attention, &parts);
        self.with_parameter("MatMul", path, out_kernel, &[width, width], out_weights);
        self.with_parameter("Add", path, out_bias, &[width], out_biases);
    }

    /// The means of the values, from queries, keys and values.
    fn mix(&mut self, path: Path<'_>, attention: &Attention, parts: &[String]) {
        let &Attention { heads, width, steps, is_causal, .. } = attention;
        let head = width / heads;
        let mut split = Vec::new();
        for (part, name) in parts.iter().enumerate() {
            self.current.clone_from(name);
            self.with_integers("Reshape", path, &[0, 0, heads as i64, head as i64]);
            self.transpose(path, [0, 2, 1, 3]);
            if part < 2 {
                self.rotate(path, attention);
            }
            split.push(self.current.clone());
        }
        self.current.clone_from(&split[1]);
        self.transpose(path, [0, 1, 3, 2]);
        let inputs = vec![split[0].clone(), self.current.clone()];
        self.current = self.node(&path.to_string(), "MatMul", inputs);
        let scale = self.constant(1.0 / (head as f32).sqrt());
        self.with_inputs(path, "Mul", vec![scale], Vec::new());
        if is_causal {
            let hidden = |place: usize| if place % steps > place / steps { HIDDEN } else { 0.0 };
            let mask = (0..steps * steps).map(hidden).collect::<Vec<_>>();
            self.with_numbers("Add", path, "mask", &[steps, steps], &mask);
        }
        self.hide_padding(path, HIDDEN);
        self.unary(path, "Softmax", vec![Attribute::of_integer("axis", -1)]);
        self.with_inputs(path, "MatMul", vec![split[2].clone()], Vec::new());
        self.transpose(path, [0, 2, 1, 3]);
        self.with_integers("Reshape", path, &[0, 0, width as i64]);
    }

    /// Rotates the frames of each head, as [`Rotary`](crate::layers::Rotary) does: `x·cos + (x·turned)·sin`, where
    /// `turned` exchanges the numbers of a pair and negates one.
    fn rotate(&mut self, path: Path<'_>, &Attention { heads, width, steps, rotary, .. }: &Attention) {
        let Some(tables) = rotary else { return };
        let (head, pairs, x) = (width / heads, width / heads / 2, self.current.clone());
        let mut turned = vec![0.0; head * head];
        for pair in 0..pairs {
            turned[(pairs + pair) * head + pair] = -1.0;
            turned[pair * head + pairs + pair] = 1.0;
        }
        let [cosines, sines] = tables.map(|table| {
            let number = |step: usize, place: usize| table[place % pairs * steps + step];
            (0..steps).flat_map(|step| (0..head).map(move |place| number(step, place))).collect::<Vec<_>>()
        });
        self.with_numbers("MatMul", path, "turned", &[head, head], &turned);
        self.with_numbers("Mul", path, "sines", &[steps, head], &sines);
        let turned = core::mem::replace(&mut self.current, x);
        self.with_numbers("Mul", path, "cosines", &[steps, head], &cosines);
        self.with_inputs(path, "Add", vec![turned], Vec::new());
    }

    fn transpose(&mut self, path: Path<'_>, order: [usize; 4]) {
        self.unary(path, "Transpose", vec![Attribute::of_integers("perm", &order)]);
    }

    /// Adds a node with two inputs: the current value and constants.
    pub(super) fn with_numbers(
        &mut self,
        operator: &str,
        path: Path<'_>,
        name: &str,
        shape: &[usize],
        numbers: &[f32],
    ) {
        let name = path.join(name).to_string();
        if !self.tensors.iter().any(|tensor| tensor.name == name) {
            self.tensor(name.clone(), shape, numbers);
        }
        self.with_inputs(path, operator, vec![name], Vec::new());
    }
}
