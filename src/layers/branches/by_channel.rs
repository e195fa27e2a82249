//! Formulas of two branches, of which the second has a number for each number of the first, or for each channel.

use core::slice;

use crate::{
    Tensor,
    kernel::{Element as _, ElementwiseKernel, Real, Simd, elementwise, elementwise_row},
};

/// Whether the second branch has a number for each channel of the first, and not one for each number.
pub(super) const fn is_by_channel<A: Tensor, B: Tensor>() -> bool {
    B::LEN == A::INNERMOST && B::LEN == B::INNERMOST && !A::FORM.is(&B::FORM)
}

/// `y = value(a, b)`
#[inline(always)]
pub(super) fn join<S: Simd, A: Tensor, B: Tensor<Element = A::Element>>(
    simd: S,
    value: &impl ElementwiseKernel<2, 1>,
    a: &[A],
    b: &[B],
    y: &mut [A],
) {
    if !is_by_channel::<A, B>() {
        elementwise(simd, value, [A::flat(a), B::flat(b)], [A::flat_mut(y)]);
        return;
    }
    for ((a, b), y) in a.iter().zip(b).zip(y) {
        let (a, b) = (A::flat(slice::from_ref(a)), B::flat(slice::from_ref(b)));
        let y = A::flat_mut(slice::from_mut(y)).chunks_exact_mut(A::INNERMOST);
        for (a, y) in a.chunks_exact(A::INNERMOST).zip(y) {
            elementwise_row(simd, value, [a, b], [y]);
        }
    }
}

/// `[da, db] = gradients(a, b, dy)`, where the gradients of a number for a channel are added up.
#[inline(always)]
pub(super) fn split<S: Simd, A: Tensor, B: Tensor<Element = A::Element>>(
    simd: S,
    gradients: impl ElementwiseKernel<3, 2>,
    a: &[A],
    b: &[B],
    dy: &[A],
    da: &mut [A],
    db: &mut [B],
) {
    if !is_by_channel::<A, B>() {
        let read = [A::flat(a), B::flat(b), A::flat(dy)];
        elementwise(simd, &gradients, read, [A::flat_mut(da), B::flat_mut(db)]);
        return;
    }
    B::flat_mut(db).fill(A::Element::from_f64(0.0));
    for (n, (dy, da)) in dy.iter().zip(da).enumerate() {
        let (Some(a), Some(b), Some(db)) = (a.get(n), b.get(n), db.get_mut(n)) else { return };
        let pixels = |x| <A as Tensor>::flat(x).chunks_exact(A::INNERMOST);
        let (b, db) = (B::flat(slice::from_ref(b)), B::flat_mut(slice::from_mut(db)));
        let da = A::flat_mut(slice::from_mut(da)).chunks_exact_mut(A::INNERMOST);
        for ((a, dy), da) in pixels(slice::from_ref(a)).zip(pixels(slice::from_ref(dy))).zip(da) {
            elementwise_row(simd, &Added(gradients), [a, b, dy], [da, &mut *db]);
        }
    }
}

/// The formula inside, whose second gradient is added to the others.
#[derive(Clone, Copy)]
struct Added<K>(K);

impl<K: ElementwiseKernel<3, 2>> ElementwiseKernel<3, 2> for Added<K> {
    #[inline(always)]
    fn apply<V: Real>(&self, read: [V; 3], [of_first, sum]: [V; 2]) -> [V; 2] {
        let [of_first, of_second] = self.0.apply(read, [of_first, sum]);
        [of_first, sum + of_second]
    }
}
