//! The operations of a network, and the folding of its batch norms.

use core::{any::type_name_of_val, fmt};
use std::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use super::FoldError;
use crate::{
    kernel::{Element, ElementwiseKernel},
    layer::{Operations, Path, Sliding},
    network::Network,
};

/// An operation, with the numbers that folding changes.
pub(super) struct Step {
    pub layer: String,
    /// The name of the parameter.
    pub name: &'static str,
    pub operation: String,
    pub kind: Kind,
    pub values: Vec<f64>,
}

pub(super) enum Kind {
    /// A kernel with an axis of `outputs`, each of which has `side_by_side` weights after that axis.
    Kernel {
        outputs: usize,
        side_by_side: usize,
    },
    /// Numbers that are added to the output.
    Addend,
    /// The factors and offsets of a batch norm, one after the other, and the names of its parameters.
    Norm([&'static str; 4]),
    Other,
}

impl Kind {
    /// A kernel whose last axis is that of the outputs.
    const fn of_outputs(outputs: usize) -> Self {
        Self::Kernel { outputs, side_by_side: 1 }
    }
}

/// The operations of a network in order.
pub(super) struct Steps(pub Vec<Step>);

impl Steps {
    pub fn of<N: Network>(network: &N) -> Self {
        let mut steps = Self(Vec::new());
        network.operations(Path::ROOT, &mut steps);
        steps
    }

    fn push(&mut self, path: Path<'_>, name: &'static str, operation: String, kind: Kind, values: Vec<f64>) {
        self.0.push(Step { layer: path.to_string(), name, operation, kind, values });
    }

    /// The same operations without batch norms.
    pub fn fold(self) -> Result<Vec<Step>, FoldError> {
        let mut folded: Vec<Step> = Vec::new();
        for step in self.0 {
            let Kind::Norm(_) = step.kind else {
                folded.push(step);
                continue;
            };
            let (factors, offsets) = step.values.split_at(step.values.len() / 2);
            if let [.., Step { kind: Kind::Kernel { .. }, layer, .. }] = &folded[..] {
                let (layer, values) = (layer.clone(), vec![0.0; factors.len()]);
                folded.push(Step { layer, name: "bias", operation: "+".into(), kind: Kind::Addend, values });
            }
            let [.., kernel, bias] = &mut folded[..] else { return Err(not_behind_weights(&step)) };
            let (&Kind::Kernel { outputs, side_by_side }, Kind::Addend) = (&kernel.kind, &bias.kind) else {
                return Err(not_behind_weights(&step));
            };
            for (number, weights) in kernel.values.chunks_mut(side_by_side.max(1)).enumerate() {
                let factor = factors.get(number % outputs.max(1)).unwrap_or(&1.0);
                weights.iter_mut().for_each(|weight| *weight *= factor);
            }
            for ((bias, factor), offset) in bias.values.iter_mut().zip(factors).zip(offsets) {
                *bias = *bias * factor + offset;
            }
        }
        Ok(folded)
    }
}

fn not_behind_weights(step: &Step) -> FoldError {
    let layer = &step.layer;
    FoldError(format!(
        "batch norm {layer} does not follow a `Dense` layer or a convolution that ends in `Linear`: keep it in the \
         deployed network"
    ))
}

fn in_f64<T: Element>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

impl<T: Element> Operations<T> for Steps {
    fn product(&mut self, path: Path<'_>, name: &'static str, shape: [usize; 2], weights: &[T]) {
        self.push(path, name, format!("a product with {shape:?}"), Kind::of_outputs(shape[1]), in_f64(weights));
    }

    fn add(&mut self, path: Path<'_>, name: &'static str, addend: &[T]) {
        self.push(path, name, "+".into(), Kind::Addend, in_f64(addend));
    }

    fn convolution(&mut self, path: Path<'_>, name: &'static str, window: Sliding, shape: [usize; 4], kernel: &[T]) {
        let operation = format!("a convolution with {shape:?}, {window:?}");
        self.push(path, name, operation, Kind::of_outputs(shape[3]), in_f64(kernel));
    }

    fn depthwise(&mut self, path: Path<'_>, name: &'static str, window: Sliding, shape: [usize; 3], kernel: &[T]) {
        let operation = format!("a depthwise convolution with {shape:?}, {window:?}");
        self.push(path, name, operation, Kind::of_outputs(shape[2]), in_f64(kernel));
    }

    fn transposed_convolution(
        &mut self,
        path: Path<'_>,
        name: &'static str,
        window: Sliding,
        _: [usize; 2],
        to: [usize; 2],
        shape: [usize; 4],
        kernel: &[T],
    ) {
        let operation = format!("a transposed convolution with {shape:?} to {to:?}, {window:?}");
        let kind = Kind::Kernel { outputs: shape[2], side_by_side: shape[3] };
        self.push(path, name, operation, kind, in_f64(kernel));
    }

    fn batch_norm(&mut self, path: Path<'_>, _: &'static [usize], parameters: [(&'static str, &[T]); 4], epsilon: f64) {
        let names = parameters.map(|(name, _)| name);
        let [scale, shift, mean, variance] = parameters.map(|(_, values)| in_f64(values));
        let factors = scale.iter().zip(&variance).map(|(scale, variance)| scale / libm::sqrt(variance + epsilon));
        let mut values: Vec<f64> = factors.collect();
        for ((shift, mean), channel) in shift.iter().zip(&mean).zip(0..) {
            values.push(shift - mean * values[channel]);
        }
        self.push(path, "", "a batch norm".into(), Kind::Norm(names), values);
    }

    fn elementwise(&mut self, path: Path<'_>, name: &'static str, formula: &impl ElementwiseKernel<0, 1>) {
        // `Linear` does nothing, so it may be missing on one side.
        if name != "Linear" {
            Operations::<T>::other(self, path, name, format_args!("{}", type_name_of_val(formula)), &[]);
        }
    }

    fn columnwise<const READ: usize>(
        &mut self,
        path: Path<'_>,
        name: &'static str,
        columns: &[(&'static str, &[T])],
        formula: &impl ElementwiseKernel<READ, 1>,
    ) {
        Operations::<T>::other(self, path, name, format_args!("{}", type_name_of_val(formula)), columns);
    }

    fn softmax(&mut self, path: Path<'_>) {
        Operations::<T>::other(self, path, "softmax", format_args!(""), &[]);
    }

    fn other(
        &mut self,
        path: Path<'_>,
        name: &'static str,
        details: fmt::Arguments<'_>,
        parameters: &[(&'static str, &[T])],
    ) {
        self.push(path, "", format!("{name} {details}").trim_end().into(), Kind::Other, Vec::new());
        for &(name, values) in parameters {
            self.push(path, name, format!("`{name}`"), Kind::Other, in_f64(values));
        }
    }
}
