//! Checks for layers, activations and losses of your own, which compare gradients with finite differences.
//!
//! ```
//! use shiplap::{activation::{Elementwise, SaveInput}, check, prelude::*};
//!
//! /// `x²`
//! struct Square;
//!
//! impl Elementwise for Square {
//!     type Saves = SaveInput;
//!     const NAME: &'static str = "Square";
//!
//!     fn value<V: Real>(x: V) -> V {
//!         x * x
//!     }
//!
//!     fn derivative<V: Real>(x: V, _: V) -> V {
//!         x // Wrong: it is 2·x.
//!     }
//! }
//!
//! let error = check::activation::<Square>().unwrap_err();
//! assert!(error.to_string().starts_with("the gradient for input 0 of sample 0 is "));
//! ```

mod differences;
mod mismatch;
mod pass;

use std::{
    string::{String, ToString},
    vec,
    vec::Vec,
};

use self::{
    differences::along_each,
    mismatch::{Number, Place, compare},
    pass::{Pass, Passed},
};
pub use self::{differences::derivatives, mismatch::Mismatch};
use crate::{
    Rng, Tensor, Zeroed as _,
    activation::Activation,
    kernel::{Element, Simd, Work, dispatch},
    layer::{Invalid, Layer, Parameter, Path, Role, VisitTrainable},
    layers::Activate,
    loss::Loss,
    network::initialize,
};

/// The number of samples for which a layer is checked.
const SAMPLES: usize = 3;

/// Compares the gradients of a layer or network with respect to its inputs and its trainable parameters with central
/// differences. The inputs and weights are random, but the same in each run. Inputs of a vocabulary
/// ([`Invalid::Vocabulary`]) are whole numbers, and the gradient with respect to them must be 0.
///
/// It also compares the output of `record` at inference with that of `forward`, and computes the gradient twice, with
/// and without the gradient with respect to the inputs. Random layers draw the same random numbers each time.
///
/// Differences in `f64` are accurate to about 10⁻⁸, those in `f32` to about 10⁻³. Make the element type of your layer a
/// type parameter, and check the layer in `f64`.
///
/// ```
/// use shiplap::{check, prelude::*};
///
/// check::gradients::<(Dense<4, 3, Gelu, f64>, Dropout<3, 20, f64>, Dense<3, 2, Softmax, f64>)>()?;
/// # Ok::<(), check::Mismatch>(())
/// ```
///
/// # Errors
///
/// Names the first number that is wrong: an input, an output or a parameter, and its index.
pub fn gradients<L: Layer>() -> Result<(), Mismatch> {
    let mut rng = Rng::new(5);
    let mut layer = L::zeroed_box();
    initialize(&mut *layer, &mut rng);
    // Biases start at 0, where rectifiers have their kink.
    let mut weights = trainable(&mut *layer);
    for (name, values) in &mut weights {
        if name.role != Role::Kernel {
            values.iter_mut().for_each(|value| *value += 0.3 * rng.normal());
        }
    }
    set(&mut *layer, &weights);
    let mut x = random::<L::Input>(&mut rng);
    if let Some(Invalid::Vocabulary { vocabulary, .. }) = L::invalid(&x[0]) {
        let whole = |rng: &mut Rng| L::Element::from_f64((rng.uniform() * vocabulary as f64).trunc());
        L::Input::flat_mut(&mut x).iter_mut().for_each(|number| *number = whole(&mut rng));
    }
    gradients_of(&mut *layer, &x)
}

/// Like [`gradients`], for a layer with its current weights and statistics, and for the samples `x`. The weights are
/// restored afterward.
///
/// ```
/// use shiplap::{check, prelude::*};
///
/// let mut scaler = Standardize { mean: [1.0, 2.0], deviation: [0.5, 3.0] };
/// check::gradients_of(&mut scaler, &[[0.1, 0.2], [0.3, -0.4], [5.0, 6.0]])?;
/// # Ok::<(), check::Mismatch>(())
/// ```
///
/// # Errors
///
/// Names the first number that is wrong.
pub fn gradients_of<L: Layer>(layer: &mut L, x: &[L::Input; SAMPLES]) -> Result<(), Mismatch> {
    let dy = random::<L::Output>(&mut Rng::new(7));
    let pass = |layer: &L, x: &[L::Input; SAMPLES], only_total| dispatch(Pass { layer, x, dy: &dy, only_total });
    let Passed { outputs, inference, dx, gradient, again, .. } = pass(layer, x, false);
    if let Some(index) = (0..outputs.len()).find(|&index| outputs[index] != inference[index]) {
        let (found, expected) = (outputs[index], inference[index]);
        return Err(Mismatch { number: Number::Output { index }, found, expected });
    }

    let start = numbers(x);
    let mut nudged = *x;
    write(&mut nudged, &start.iter().map(|number| number + 0.5).collect::<Vec<f64>>());
    let numeric = match L::invalid(&nudged[0]) {
        // Only whole numbers have outputs.
        Some(Invalid::Vocabulary { .. }) => vec![0.0; start.len()],
        _ => along_each::<L::Element>(&start, |values| {
            write(&mut nudged, values);
            pass(layer, &nudged, true).total
        }),
    };
    compare::<L::Element>(&dx, &numeric, |index| Number::Input {
        sample: index / L::Input::LEN,
        index: index % L::Input::LEN,
    })?;

    let weights = trainable(layer);
    let named = |index| parameter(&weights, index);
    if let Some(index) = (0..gradient.len()).find(|&index| gradient[index] != again[index]) {
        return Err(Mismatch { number: Number::Again(named(index)), found: again[index], expected: gradient[index] });
    }
    let start: Vec<f64> = weights.iter().flat_map(|(_, values)| values.iter().copied()).collect();
    let numeric = along_each::<L::Element>(&start, |values| {
        let mut rest = values;
        let mut changed = weights.clone();
        for (_, parameter) in &mut changed {
            let (own, others) = rest.split_at(parameter.len());
            parameter.copy_from_slice(own);
            rest = others;
        }
        set(layer, &changed);
        pass(layer, x, true).total
    });
    set(layer, &weights);
    compare::<L::Element>(&gradient, &numeric, |index| Number::Parameter(named(index)))
}

/// The parameter that contains number `index` of all parameters, and the index within it.
fn parameter(weights: &[(Name, Vec<f64>)], mut index: usize) -> Place {
    for (parameter, values) in weights {
        if index < values.len() {
            return Place { name: parameter.name.clone(), index };
        }
        index -= values.len();
    }
    Place { name: String::new(), index }
}

/// Compares the gradient of an activation with central differences in `f64`.
///
/// # Errors
///
/// Names the first number that is wrong.
pub fn activation<A: Activation>() -> Result<(), Mismatch> {
    gradients::<Activate<A, [f64; 8]>>()
}

/// Compares the gradient of a loss with central differences, at these `outputs` of a network and these `labels`. The
/// loss must be differentiable there.
///
/// ```
/// use shiplap::{check, prelude::*};
///
/// check::loss(&MeanSquaredError, &[[0.5, -1.0], [2.0, 0.0]], &[[1.0, 1.0], [0.0, -1.0]])?;
/// # Ok::<(), check::Mismatch>(())
/// ```
///
/// # Errors
///
/// Names the first number that is wrong, or the numbers of outputs and labels if they differ or are 0.
pub fn loss<L: Loss<P>, P: Tensor>(loss: &L, outputs: &[P], labels: &[L::Label]) -> Result<(), Mismatch> {
    if labels.len() != outputs.len() || outputs.is_empty() {
        return Err(Mismatch { number: Number::Labels, found: labels.len() as f64, expected: outputs.len() as f64 });
    }
    let Compared { gradient, .. } = dispatch(Compare { loss, outputs, labels });
    let start = numbers(outputs);
    let mut nudged = outputs.to_vec();
    let numeric = along_each::<P::Element>(&start, |values| {
        write(&mut nudged, values);
        dispatch(Compare { loss, outputs: &nudged, labels }).mean
    });
    compare::<P::Element>(&gradient, &numeric, |index| Number::Input { sample: index / P::LEN, index: index % P::LEN })
}

fn random<X: Tensor>(rng: &mut Rng) -> [X; SAMPLES] {
    let mut rows = [X::zeroed_on_stack(); SAMPLES];
    X::flat_mut(&mut rows).iter_mut().for_each(|value| *value = X::Element::from_f64(rng.normal()));
    rows
}

fn numbers<X: Tensor>(rows: &[X]) -> Vec<f64> {
    X::flat(rows).iter().map(|value| value.to_f64()).collect()
}

fn write<X: Tensor>(rows: &mut [X], values: &[f64]) {
    X::flat_mut(rows).iter_mut().zip(values).for_each(|(to, from)| *to = X::Element::from_f64(*from));
}

/// The name and role of a parameter.
#[derive(Clone)]
struct Name {
    name: String,
    role: Role,
}

/// The trainable parameters with their values.
fn trainable<L: Layer>(layer: &mut L) -> Vec<(Name, Vec<f64>)> {
    struct Read(Vec<(Name, Vec<f64>)>);
    impl<T: Element> VisitTrainable<T, 0> for Read {
        fn visit(&mut self, parameter: Parameter<'_>, values: &mut [T], _: &mut [T], []: [&mut [T]; 0]) {
            let name = Name { name: parameter.path.join(parameter.name).to_string(), role: parameter.role };
            self.0.push((name, values.iter().map(|value| value.to_f64()).collect()));
        }
    }
    let mut read = Read(Vec::new());
    L::trainable_mut(Some(layer), &mut *L::Trainable::zeroed_box(), [], Path::ROOT, &mut read);
    read.0
}

fn set<L: Layer>(layer: &mut L, weights: &[(Name, Vec<f64>)]) {
    struct Write<'a>(core::slice::Iter<'a, (Name, Vec<f64>)>);
    impl<T: Element> VisitTrainable<T, 0> for Write<'_> {
        fn visit(&mut self, _: Parameter<'_>, values: &mut [T], _: &mut [T], []: [&mut [T]; 0]) {
            let from = self.0.next().map_or(&[][..], |(_, from)| from);
            values.iter_mut().zip(from).for_each(|(to, from)| *to = T::from_f64(*from));
        }
    }
    L::trainable_mut(Some(layer), &mut *L::Trainable::zeroed_box(), [], Path::ROOT, &mut Write(weights.iter()));
}

/// The mean loss of outputs, and its gradient.
struct Compare<'a, L: Loss<P>, P> {
    loss: &'a L,
    outputs: &'a [P],
    labels: &'a [L::Label],
}

struct Compared {
    mean: f64,
    gradient: Vec<f64>,
}

impl<L: Loss<P>, P: Tensor> Work for Compare<'_, L, P> {
    type Output = Compared;

    fn run<S: Simd>(self, simd: S) -> Compared {
        let Self { loss, outputs, labels } = self;
        let mut gradient = outputs.to_vec();
        loss.gradient(simd, outputs, labels, &mut gradient);
        Compared { mean: loss.total(simd, outputs, labels) / outputs.len() as f64, gradient: numbers(&gradient) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    /// `y[n] = x[n]·scale[n]`, with an error in the gradients that are flagged.
    #[derive(Layer)]
    struct Wrong<const BACKWARD: bool, const GRADIENT: bool, const RECORD: bool> {
        #[kernel(initializer = Initializer::Constant(1.5))]
        scale: [f64; 4],
    }

    impl<const BACKWARD: bool, const GRADIENT: bool, const RECORD: bool> SimpleLayer for Wrong<BACKWARD, GRADIENT, RECORD> {
        type Input = [f64; 4];
        type Output = [f64; 4];
        type Tape = ();

        fn forward<S: Simd>(&self, _: S, x: &[f64; 4], y: &mut [f64; 4]) {
            *y = core::array::from_fn(|n| x[n] * self.scale[n]);
        }

        fn record<S: Simd>(&self, simd: S, _: Option<&mut Rng>, x: &[f64; 4], (): &mut (), y: &mut [f64; 4]) {
            self.forward(simd, x, y);
            if RECORD {
                y[2] += 1.0;
            }
        }

        fn backward<S: Simd>(&self, _: S, _: &[f64; 4], (): &(), _: &[f64; 4], dy: &[f64; 4], dx: &mut [f64; 4]) {
            *dx = core::array::from_fn(|n| dy[n] * self.scale[n]);
            if BACKWARD {
                dx[1] *= 1.0001;
            }
        }

        fn gradient<S: Simd>(&self, _: S, x: &[f64; 4], (): &(), dy: &[f64; 4], gradient: &mut Self) {
            for n in 0..4 {
                gradient.scale[n] += dy[n] * x[n];
            }
            if GRADIENT {
                gradient.scale[3] *= 1.0001;
            }
        }
    }

    fn message<L: Layer>() -> String {
        gradients::<L>().unwrap_err().to_string()
    }

    #[test]
    fn names_the_number_that_is_off() {
        assert_eq!(gradients::<Wrong<false, false, false>>(), Ok(()));
        assert!(message::<Wrong<true, false, false>>().starts_with("the gradient for input 1 of sample 0 is "));
        assert!(message::<Wrong<false, true, false>>().starts_with("the gradient for number 3 of `scale` is "));
        assert!(message::<Wrong<false, false, true>>().starts_with("number 2 of the outputs is "));
        type Net = (Dense<2, 4, Tanh, f64>, Wrong<false, true, false>);
        assert!(message::<Net>().contains("number 3 of `1.scale`"));
    }

    #[test]
    fn single_precision_is_checked_roughly() {
        assert_eq!(gradients::<(Dense<3, 4, Tanh>, Dense<4, 2, Sigmoid>)>(), Ok(()));
    }
}
