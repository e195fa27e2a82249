//! Sums of gradients.

use crate::{
    kernel::{Element, ElementwiseKernel, Simd, elementwise},
    layer::{Parameter, VisitTrainable},
};

/// Combines sums with gradients.
pub(super) struct Combine<S, F>(pub S, pub F);

impl<S: Simd, T: Element, F: ElementwiseKernel<1, 1>> VisitTrainable<T, 1> for Combine<S, F> {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, _: &mut [T], sum: &mut [T], [gradient]: [&mut [T]; 1]) {
        elementwise(self.0, &self.1, [&*gradient], [sum]);
    }
}
