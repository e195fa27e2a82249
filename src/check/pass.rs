//! One pass through a layer, with its gradients.

use std::vec::Vec;

use super::{SAMPLES, numbers};
use crate::{
    Rng, Zeroed as _,
    kernel::{Element, Simd, Work},
    layer::{Layer, Parameter, Path, Predictions, Visit, VisitTrainable},
    network::forward,
    zeroed::{ON_THE_STACK, fits_stack},
};

/// The rows for which inference has storage: enough for `TimeDistributed` to pass all steps of a sample at once, as
/// `record` does, because products of few rows sum in another order.
const STORAGE: usize = 64;

/// Computes `Σ dy·y` for samples, and its gradients.
pub(super) struct Pass<'a, L: Layer> {
    pub layer: &'a L,
    pub x: &'a [L::Input; SAMPLES],
    pub dy: &'a [L::Output; SAMPLES],
    /// Finite differences need only the sum, and thousands of them.
    pub only_total: bool,
}

#[derive(Default)]
pub(super) struct Passed {
    pub total: f64,
    pub outputs: Vec<f64>,
    pub inference: Vec<f64>,
    pub dx: Vec<f64>,
    pub gradient: Vec<f64>,
    /// The gradient computed in another way.
    pub again: Vec<f64>,
}

impl<L: Layer> Work for Pass<'_, L> {
    type Output = Passed;

    fn run<S: Simd>(self, simd: S) -> Passed {
        let Self { layer, x, dy, only_total } = self;
        let mut y = [L::Output::zeroed_on_stack(); SAMPLES];
        let mut passed = Passed::default();
        for again in [false, true] {
            // A new tape: a stateful layer starts with zero.
            let mut tape = L::Tape::<SAMPLES>::zeroed_box();
            layer.record_batch::<S, Predictions, SAMPLES>(simd, Some(&mut Rng::new(1)), x, &mut tape, &mut y);
            passed.total = numbers(&y).iter().zip(numbers(dy)).map(|(y, dy)| y * dy).sum();
            if only_total {
                return passed;
            }
            let (mut dx, mut left) = ([L::Input::zeroed_on_stack(); SAMPLES], *dy);
            let mut gradient = L::Trainable::zeroed_box();
            if again {
                // Without `dx`, and into a gradient that is not 0, the result must be the same.
                L::trainable_mut(None, &mut *gradient, [], Path::ROOT, &mut Disturb);
            }
            let to = (!again).then_some(&mut dx[..]);
            layer.backward_batch::<S, Predictions, SAMPLES>(simd, x, &mut tape, &y, &mut left, to);
            layer.gradient_batch::<S, SAMPLES>(simd, x, &mut tape, &left, &mut *gradient);
            let mut read = Read(Vec::new());
            L::trainable(&*gradient, Path::ROOT, &mut read);
            if again {
                passed.again = read.0;
            } else {
                (passed.gradient, passed.dx) = (read.0, numbers(&dx));
            }
        }
        let mut tape = L::Tape::<SAMPLES>::zeroed_box();
        layer.record_batch::<S, Predictions, SAMPLES>(simd, None, x, &mut tape, &mut y);
        passed.outputs = numbers(&y);
        // Without room on the stack, `forward` would call `record`.
        if const { fits_stack(L::OUTLINE.peak().saturating_mul(STORAGE)) } {
            forward::<S, Predictions, L, STORAGE, ON_THE_STACK>(simd, layer, x, &mut y);
        } else {
            forward::<S, Predictions, L, SAMPLES, ON_THE_STACK>(simd, layer, x, &mut y);
        }
        passed.inference = numbers(&y);
        passed
    }
}

/// Sets a gradient to numbers that must be overwritten.
struct Disturb;

impl<T: Element> VisitTrainable<T, 0> for Disturb {
    fn visit(&mut self, _: Parameter<'_>, _: &mut [T], gradient: &mut [T], []: [&mut [T]; 0]) {
        gradient.fill(T::from_f64(1e3));
    }
}

struct Read(Vec<f64>);

impl<T: Element> Visit<T> for Read {
    fn visit(&mut self, _: Parameter<'_>, values: &[T]) {
        self.0.extend(values.iter().map(|value| value.to_f64()));
    }
}
