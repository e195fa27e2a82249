//! Folding of batch norms into the layers before them.

mod steps;

use core::fmt;
use std::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    kernel::Element,
    layer::{Parameter, Path, Visit, VisitMut},
    network::Network,
};
use steps::{Kind, Step, Steps};

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
/// weight is not finite, or a layer with parameters does not list them in its
/// [`operations`](crate::layer::Layer::operations). The error names the layer; `deployed` is then unchanged.
pub fn fold_batch_norms<N: Network, D: Network<Element = N::Element>>(
    trained: &N,
    deployed: &mut D,
) -> Result<(), FoldError> {
    let steps = Steps::of(trained);
    Names::of(trained).check(&steps, "trained")?;
    let (deployed_steps, names) = (Steps::of(deployed), Names::of(deployed));
    names.check(&deployed_steps, "deployed")?;
    let mut folded = steps.fold()?.into_iter();
    let mut target = Vec::new();
    for step in deployed_steps.0 {
        let Some(mut source) = folded.next() else { return Err(differ(&step, "nothing")) };
        // A bias that only the batch norm has added.
        if let (Kind::Addend, Kind::Addend) = (&step.kind, &source.kind)
            && source.values.len() == step.values.len()
        {
            source.operation.clone_from(&step.operation);
        }
        // Numbers that are no parameter, such as the classes of `OneHot`, belong to the operation.
        let is_fixed = !names.0.iter().any(|name| name.is(&step));
        if source.operation != step.operation
            || source.values.len() != step.values.len()
            || is_fixed && source.values != step.values
        {
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
    FoldError(format!(
        "the networks differ in more than batch norms: layer {layer} is {operation:.100}, not {source:.100}"
    ))
}

/// The parameters of a network.
struct Names(Vec<Name>);

struct Name {
    layer: String,
    name: &'static str,
}

impl Name {
    fn is(&self, step: &Step) -> bool {
        let is_in_norm = matches!(&step.kind, Kind::Norm(names) if names.contains(&self.name));
        self.layer == step.layer && (self.name == step.name || is_in_norm)
    }
}

impl<T> Visit<T> for Names {
    fn visit(&mut self, parameter: Parameter<'_>, values: &[T]) {
        if values.is_empty() {
            return;
        }
        self.0.push(Name { layer: parameter.path.to_string(), name: parameter.name });
    }
}

impl Names {
    fn of<N: Network>(network: &N) -> Self {
        let mut names = Self(Vec::new());
        network.parameters(Path::ROOT, &mut names);
        names
    }

    /// An error if a parameter belongs to no step, and would be lost.
    fn check(&self, steps: &Steps, network: &str) -> Result<(), FoldError> {
        let is_lost = |name: &&Name| !steps.0.iter().any(|step| name.is(step));
        let Some(Name { layer, name }) = self.0.iter().find(is_lost) else { return Ok(()) };
        Err(FoldError(format!(
            "layer {layer} of the {network} network has the parameter `{name}`, which it does not list in its `operations`"
        )))
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
    use std::vec;

    use super::*;
    use crate::{
        Pair, Tensor,
        kernel::Simd,
        layer::SimpleLayer,
        layers::{
            AllStates, Branches, Causal, Concat, Constant, Identity, LearnedPositions, Masked, Multiply, OneHot, PRelu,
            Rotary, SinusoidalPositions,
        },
        prelude::*,
    };

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

    /// Each number of the other layers is copied.
    #[test]
    fn layers_of_all_kinds_are_copied() {
        /// Layers without a batch norm, behind a convolution that may have one.
        macro_rules! check {
            ($($name:ident: $shape:ty => $($layer:ty),+;)+) => {$(
                {
                    #[network(input = $shape)]
                    type Trained = (Conv1d<_, 4, 3>, BatchNorm<_, Relu>, $($layer),+);
                    #[network(input = $shape)]
                    type Deployed = (Conv1d<_, 4, 3, Relu>, $($layer),+);
                    copies::<Trained, Deployed>(stringify!($name));
                }
            )+};
        }
        type Series = [[f32; 2]; 8];
        check! {
            gru: Series => Gru<_, 3>, Dense<_, 2>;
            lstm: Series => Bidirectional<Lstm<_, 3, AllStates>>, SimpleRnn<_, 2>;
            attention: Series => MultiHeadAttention<_, 2, Causal, Rotary>, TransformerBlock<_, 2, 3>;
            positions: Series => LearnedPositions<_>, RmsNorm<_>, LayerNorm<_>, SinusoidalPositions<_>;
            constant: Series => Branches<Identity<_>, Constant<_, [[f32; 4]; 6]>, Multiply>, PRelu<_>;
            steps: Series => TimeDistributed<Dense<_, 3, Tanh>>, Frozen<Gru<_, 3>>;
        }
        #[network(input = [f32; 6])]
        type Tokens = (Embedding<_, 5, 4>, LearnedPositions<_>, RmsNorm<_>, Gru<_, 2>, Standardize<2>);
        copies::<Tokens, Tokens>("tokens");
        #[network(input = Pair<[[f32; 3]; 6], f32>)]
        type Padded = (Masked<(DepthwiseConv1d<_, 3, Relu, Causal>, Gru<_, 2, AllStates>)>, Dense<_, 2>);
        copies::<Padded, Padded>("padded");
    }

    /// Folds a network of random numbers, which has the same outputs then.
    fn copies<N: Network<Element = f32>, D: Network<Input = N::Input, Output = N::Output, Element = f32>>(name: &str) {
        struct Random(Rng);
        impl VisitMut<f32, 1> for Random {
            fn visit(&mut self, _: Parameter<'_>, [values]: [&mut [f32]; 1]) {
                values.iter_mut().for_each(|value| *value = 0.5 + self.0.uniform() as f32);
            }
        }
        let (mut trained, mut deployed) = (N::zeroed_box(), D::zeroed_box());
        N::parameters_mut([&mut *trained], Path::ROOT, &mut Random(Rng::new(1)));
        fold_batch_norms(&*trained, &mut *deployed).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut x = N::Input::zeroed();
        Tensor::flat_mut(core::slice::from_mut(&mut x)).iter_mut().zip(0..).for_each(|(x, n)| *x = (n % 4 + 1) as f32);
        let (expected, found) = (trained.predict(&x), deployed.predict(&x));
        let [expected, found] = [&expected, &found].map(|y| Tensor::flat(core::slice::from_ref(y)));
        for (expected, found) in expected.iter().zip(found) {
            assert!((expected - found).abs() < 1e-4, "{name}: {found}, not {expected}");
        }
        assert!(expected.iter().any(|y| *y != 0.0), "{name}");
    }

    #[test]
    fn other_layers_that_differ_are_refused() {
        macro_rules! refuses {
            ($shape:ty: $a:ty, $b:ty, $message:literal) => {{
                #[network(input = $shape)]
                type Trained = ($a, Flatten<_>, Dense<_, 1>);
                #[network(input = $shape)]
                type Deployed = ($b, Flatten<_>, Dense<_, 1>);
                let error = fold_batch_norms(&Trained::new(1), &mut Deployed::zeroed()).unwrap_err().to_string();
                assert!(error.contains($message), "{error}");
            }};
        }
        type Series = [[f32; 4]; 3];
        refuses!(Series: Gru<_, 3>, Lstm<_, 3>, "layer 0 is recurrent layer Recurrence { cell: Lstm");
        refuses!(Series: MultiHeadAttention<_, 2, Causal>, MultiHeadAttention<_, 2>, "layer 0 is attention");
        refuses!([f32; 3]: OneHot<3, 0, 2, 4>, OneHot<3, 1, 2, 4>, "layer 0");
    }

    /// A layer that does not list its operations has parameters that nothing would write.
    #[test]
    fn parameters_without_an_operation_are_refused() {
        #[derive(crate::Layer)]
        struct Shift {
            #[bias]
            shift: [f32; 2],
        }

        impl SimpleLayer for Shift {
            type Input = [f32; 2];
            type Output = [f32; 2];
            type Tape = ();

            fn forward<S: Simd>(&self, _: S, x: &[f32; 2], y: &mut [f32; 2]) {
                *y = [x[0] + self.shift[0], x[1] + self.shift[1]];
            }

            fn backward<S: Simd>(&self, _: S, _: &[f32; 2], (): &(), _: &[f32; 2], dy: &[f32; 2], dx: &mut [f32; 2]) {
                *dx = *dy;
            }
        }

        let error = fold_batch_norms(&Shift::new(1), &mut Shift::zeroed()).unwrap_err().to_string();
        assert!(error.contains("of the trained network has the parameter `shift`"), "{error}");
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
        assert!(error.to_string().contains("layer 0 is Relu"), "{error}");
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
