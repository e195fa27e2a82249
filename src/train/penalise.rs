//! What the size of weights adds to loss and gradient.

use crate::{
    kernel::{Element, Simd, elementwise, sum_of},
    layer::{Parameter, VisitTrainable},
    regularize::Penalty,
};

/// Adds the penalties to the gradient, and up.
pub(super) struct Penalise<S> {
    pub simd: S,
    pub everywhere: Penalty,
    pub cost: f64,
}

impl<S: Simd, T: Element> VisitTrainable<T, 0> for Penalise<S> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, weights: &mut [T], gradient: &mut [T], []: [&mut [T]; 0]) {
        let penalty = parameter.penalty_with(self.everywhere);
        if penalty != Penalty::NONE {
            self.cost += sum_of(self.simd, &penalty, [&*weights]).to_f64();
            elementwise(self.simd, &penalty, [&*weights], [gradient]);
        }
    }
}
