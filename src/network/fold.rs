//! Folding of batch norms into the layers before them.

use core::fmt;
use std::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use crate::{
    kernel::{Element, ElementwiseKernel},
    layer::{Junction, Operations, Parameter, Path, Pool, Sliding, VisitMut},
    network::Network,
};

/// Writes the weights of `trained` to `deployed`, the same network without [`BatchNorm`](crate::layers::BatchNorm), so
/// that both compute the same, except for rounding. Each batch norm becomes a part of the kernel and the bias of the layer
/// before it.
///
/// The layer before each batch norm is a `Dense` layer or a convolution that ends in `Linear`. In `deployed`, that layer
/// has the activation of the batch norm.
///
/// ```
/// use shiplap::{network::fold_batch_norms, prelude::*};
///
/// #[network(input = Image<8, 8, 1>)]
/// type Trained = (Conv2d<_, 4, 3>, BatchNorm<_, Relu>, Flatten<_>, Dense<_, 2, Softmax>);
/// #[network(input = Image<8, 8, 1>)]
/// type Deployed = (Conv2d<_, 4, 3, Relu>, Flatten<_>, Dense<_, 2, Softmax>);
///
/// let (trained, mut deployed) = (Trained::new(1), Deployed::zeroed());
/// fold_batch_norms(&trained, &mut deployed)?;
/// let x = [[[0.5]; 8]; 8];
/// assert!((trained.predict(&x)[0] - deployed.predict(&x)[0]).abs() < 1e-6);
/// # Ok::<(), shiplap::network::FoldError>(())
/// ```
///
/// # Errors
///
/// If a batch norm does not follow a layer with weights, or the networks differ in more than batch norms, or a folded
/// weight is not finite. The error names the layer; `deployed` is then unchanged.
pub fn fold_batch_norms<N: Network, D: Network<Element = N::Element>>(
    trained: &N,
    deployed: &mut D,
) -> Result<(), FoldError> {
    let mut folded = Steps::of(trained).fold()?.into_iter();
    let mut target = Vec::new();
    for step in Steps::of(deployed).0 {
        let Some(mut source) = folded.next() else { return Err(differ(&step, "nothing")) };
        // A bias that only the batch norm has added.
        if let (Kind::Addend, Kind::Addend) = (&step.kind, &source.kind)
            && source.values.len() == step.values.len()
        {
            source.operation.clone_from(&step.operation);
        }
        if source.operation != step.operation || source.values.len() != step.values.len() {
            return Err(differ(&step, &source.operation));
        }
        if source.values.iter().any(|value| !N::Element::from_f64(*value).is_finite()) {
            return Err(FoldError(format!("layer {}: a folded weight is not finite", source.layer)));
        }
        target.push(Step { values: source.values, ..step });
    }
    if let Some(rest) = folded.next() {
        return Err(FoldError(format!("layer {} of the trained network has no counterpart", rest.layer)));
    }
    D::parameters_mut([deployed], Path::ROOT, &mut Write(target));
    Ok(())
}

/// The error of [`fold_batch_norms`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldError(String);

impl fmt::Display for FoldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl core::error::Error for FoldError {}

fn differ(step: &Step, source: &str) -> FoldError {
    let Step { layer, operation, .. } = step;
    FoldError(format!("the networks differ in more than batch norms: layer {layer} is {operation}, not {source}"))
}

/// An operation, with the numbers that folding changes.
struct Step {
    layer: String,
    /// The name of the parameter.
    name: &'static str,
    operation: String,
    kind: Kind,
    values: Vec<f64>,
}

enum Kind {
    /// A kernel with an axis of `outputs`, each of which has `side_by_side` weights after that axis.
    Kernel {
        outputs: usize,
        side_by_side: usize,
    },
    /// Numbers that are added to the output.
    Addend,
    /// The factors and offsets of a batch norm, one after the other.
    Norm,
    Other,
}

impl Kind {
    /// A kernel whose last axis is that of the outputs.
    const fn of_outputs(outputs: usize) -> Self {
        Self::Kernel { outputs, side_by_side: 1 }
    }
}

/// The operations of a network in order.
struct Steps(Vec<Step>);

impl Steps {
    fn of<N: Network>(network: &N) -> Self {
        let mut steps = Self(Vec::new());
        network.operations(Path::ROOT, &mut steps);
        steps
    }

    fn push(&mut self, path: Path<'_>, name: &'static str, operation: String, kind: Kind, values: Vec<f64>) {
        self.0.push(Step { layer: path.to_string(), name, operation, kind, values });
    }

    fn other(&mut self, path: Path<'_>, operation: impl fmt::Debug) {
        self.push(path, "", format!("{operation:?}"), Kind::Other, Vec::new());
    }

    /// The same operations without batch norms.
    fn fold(self) -> Result<Vec<Step>, FoldError> {
        let mut folded: Vec<Step> = Vec::new();
        for step in self.0 {
            let Kind::Norm = step.kind else {
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
        let [scale, shift, mean, variance] = parameters.map(|(_, values)| in_f64(values));
        let factors = scale.iter().zip(&variance).map(|(scale, variance)| scale / libm::sqrt(variance + epsilon));
        let mut values: Vec<f64> = factors.collect();
        for ((shift, mean), channel) in shift.iter().zip(&mean).zip(0..) {
            values.push(shift - mean * values[channel]);
        }
        self.push(path, "", "a batch norm".into(), Kind::Norm, values);
    }

    fn normalize(
        &mut self,
        path: Path<'_>,
        shape: &'static [usize],
        groups: Option<usize>,
        [(scale, factors), (shift, addends)]: [(&'static str, &[T]); 2],
        epsilon: f64,
    ) {
        self.other(path, ("normalization", shape, groups, epsilon.to_bits()));
        self.push(path, scale, "factors".into(), Kind::Other, in_f64(factors));
        self.push(path, shift, "addends".into(), Kind::Other, in_f64(addends));
    }

    fn pool(&mut self, path: Path<'_>, pool: Pool, window: Sliding) {
        self.other(path, (pool, window));
    }

    fn global_pool(&mut self, path: Path<'_>, pool: Pool, shape: &'static [usize]) {
        self.other(path, ("global", pool, shape));
    }

    fn flatten(&mut self, path: Path<'_>, shape: &'static [usize]) {
        self.other(path, ("flatten", shape));
    }

    fn up_sample(&mut self, path: Path<'_>, factors: [usize; 2]) {
        self.other(path, ("upsampling", factors));
    }

    fn zero_pad(&mut self, path: Path<'_>, before: [usize; 2], after: [usize; 2]) {
        self.other(path, ("padding", before, after));
    }

    fn p_relu(&mut self, path: Path<'_>, name: &'static str, alpha: &[T]) {
        self.other(path, "parametric rectifier");
        self.push(path, name, "factors".into(), Kind::Other, in_f64(alpha));
    }

    fn crop(&mut self, path: Path<'_>, before: [usize; 2], size: [usize; 2]) {
        self.other(path, ("crop", before, size));
    }

    fn reshape(&mut self, path: Path<'_>, from: &'static [usize], to: &'static [usize]) {
        self.other(path, ("reshape", from, to));
    }

    fn fork(&mut self, path: Path<'_>) {
        self.other(path, "fork");
    }

    fn next_branch(&mut self, path: Path<'_>) {
        self.other(path, "next branch");
    }

    fn join(&mut self, path: Path<'_>, junction: Junction) {
        self.other(path, junction);
    }

    fn member(&mut self, path: Path<'_>, index: usize) {
        self.other(path, ("member", index));
    }

    fn elementwise(&mut self, path: Path<'_>, name: &'static str, _: &impl ElementwiseKernel<0, 1>) {
        // `Linear` does nothing, so it may be missing on one side.
        if name != "Linear" {
            self.other(path, name);
        }
    }

    fn columnwise<const READ: usize>(
        &mut self,
        path: Path<'_>,
        name: &'static str,
        columns: &[(&'static str, &[T])],
        _: &impl ElementwiseKernel<READ, 1>,
    ) {
        self.other(path, name);
        for &(name, values) in columns {
            self.push(path, name, "columns".into(), Kind::Other, in_f64(values));
        }
    }

    fn softmax(&mut self, path: Path<'_>) {
        self.other(path, "softmax");
    }

    fn other(&mut self, path: Path<'_>, name: &'static str) {
        Steps::other(self, path, name);
    }
}

/// Writes each parameter that a step names.
struct Write(Vec<Step>);

impl<T: Element> VisitMut<T, 1> for Write {
    fn visit(&mut self, parameter: Parameter<'_>, [values]: [&mut [T]; 1]) {
        let layer = parameter.path.to_string();
        let step = self.0.iter().find(|step| step.layer == layer && step.name == parameter.name);
        if let Some(step) = step {
            values.iter_mut().zip(&step.values).for_each(|(value, number)| *value = T::from_f64(*number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tensor, layers::Branches, layers::Concat, prelude::*};

    #[network(input = Image<6, 5, 2>)]
    type Trained = (
        (Conv2d<_, 4, 3, Linear, Same, NoBias>, BatchNorm<_, Relu>),
        Residual<(DepthwiseConv2d<_, 3, Linear, Same, NoBias>, BatchNorm<_>), Relu>,
        Branches<(Conv2d<_, 2, 1>, BatchNorm<_, Tanh, 90, -5>), MaxPool2d<_, 3, Same>, Concat>,
        (ConvTranspose2d<_, 3, 2, Linear, Valid<2>, NoBias>, BatchNorm<_, Tanh>),
        Flatten<_>,
        (Dense<_, 6, Linear, f32, NoBias>, BatchNorm<_, Silu>),
        Dense<_, 3, Softmax>,
    );
    #[network(input = Image<6, 5, 2>)]
    type Deployed = (
        Conv2d<_, 4, 3, Relu, Same>,
        Residual<DepthwiseConv2d<_, 3, Linear, Same>, Relu>,
        Branches<Conv2d<_, 2, 1, Tanh>, MaxPool2d<_, 3, Same>, Concat>,
        ConvTranspose2d<_, 3, 2, Tanh, Valid<2>>,
        Flatten<_>,
        Dense<_, 6, Silu>,
        Dense<_, 3, Softmax>,
    );

    #[test]
    fn folded_networks_compute_the_same() {
        let mut rng = Rng::new(1);
        let mut x = vec![<Image<6, 5, 2>>::zeroed(); 8];
        Tensor::flat_mut(&mut x).iter_mut().for_each(|value| *value = 1.0 + 2.0 * rng.normal() as f32);
        let y: Vec<usize> = (0..8).map(|index| index % 3).collect();
        let mut trainer = Trainer::<Trained, SparseCategoricalCrossentropy, Adam, 8>::boxed(Adam::new(0.05), 1);
        trainer.fit(&x, &y, Fit::epochs(30)).unwrap();
        let mut deployed = Deployed::zeroed();
        fold_batch_norms(trainer.network(), &mut deployed).unwrap();
        for x in &x {
            let (expected, found) = (trainer.predict(x), deployed.predict(x));
            for class in 0..3 {
                assert!((expected[class] - found[class]).abs() < 1e-5, "{found:?}, not {expected:?}");
            }
        }
    }

    #[test]
    fn networks_that_differ_are_refused() {
        let trained = Trained::new(1);
        let mut deployed = <(Dense<2, 1>,)>::new(3);
        let before = deployed.clone();
        let error = fold_batch_norms(&trained, &mut deployed).unwrap_err().to_string();
        assert!(error.contains("layer 0 is a product with [2, 1], not a convolution"), "{error}");
        assert_eq!(deployed, before);

        let mut relu = <(Dense<2, 1, Relu>, Dense<1, 1>)>::zeroed();
        let error =
            fold_batch_norms(&<(Dense<2, 1>, BatchNorm<[f32; 1]>, Dense<1, 1>)>::new(1), &mut relu).unwrap_err();
        assert!(error.to_string().contains("layer 0 is \"Relu\", not a product"), "{error}");
        let error =
            fold_batch_norms(&<(Dense<2, 1, Relu>, BatchNorm<[f32; 1]>, Dense<1, 1>)>::new(1), &mut relu).unwrap_err();
        assert!(error.to_string().contains("batch norm 1 does not follow a `Dense` layer"), "{error}");
        let error = fold_batch_norms(&<(Dense<2, 1, Relu>, Dense<1, 1>, Dense<1, 1>)>::new(1), &mut relu).unwrap_err();
        assert!(error.to_string().contains("layer 2 of the trained network has no counterpart"), "{error}");
    }

    #[test]
    fn weights_that_overflow_are_refused() {
        let mut trained = <(Dense<1, 1>, BatchNorm<[f32; 1]>)>::new(1);
        (trained.0.kernel, trained.1.scale) = ([[3e38]], [3e38]);
        let mut deployed = Dense::<1, 1>::zeroed();
        let error = fold_batch_norms(&trained, &mut deployed).unwrap_err().to_string();
        assert!(error.contains("a folded weight is not finite"), "{error}");
        assert_eq!(deployed, Dense::zeroed());
    }
}
