//! The fully connected layer.

use core::marker::PhantomData;

use super::{
    affine::{Affine, affine_passes},
    bias::{Bias, Biased},
};
use crate::{
    Parameters,
    activation::{Activation, Linear},
    kernel::{Element, ElementwiseKernel, Simd, map_each, nn, nt, sum_rows, tn},
    layer::{Layer, Operations, Path, VisitGradient},
    message::Message,
    stream::{Streaming, whole_sample},
};

/// `y[b][o] = act(Σᵢ x[b][i]·kernel[i][o] + bias[o])`, x: `[[T; IN]]`, y: `[[T; OUT]]`. With `IN` or `OUT` 0, it does
/// not compile.
///
/// ```
/// use shiplap::prelude::*;
///
/// let layer = Dense::<2, 1, Relu>::from_parts([[1.0], [2.0]], [0.5]);
/// assert_eq!(layer.predict(&[3.0, 4.0]), [11.5]);
/// assert_eq!(Dense::<2, 1, Relu>::PARAMS, 3);
/// assert_eq!(Dense::<2, 1, Relu, f32, NoBias>::PARAMS, 2);
/// ```
#[derive(Parameters)]
#[parameters(element = T, kind = Self::NAMED)]
pub struct Dense<const IN: usize, const OUT: usize, A: Activation = Linear, T: Element = f32, Z: Biased = Bias> {
    /// The weights: `kernel[i][o]` from input `i` to output `o`.
    #[kernel]
    pub kernel: [[T; OUT]; IN],
    /// The bias of each output; an empty array with [`NoBias`](crate::layers::NoBias).
    #[bias]
    pub bias: Z::Of<[T; OUT]>,
    types: PhantomData<fn() -> (A, Z)>,
}

impl<const IN: usize, const OUT: usize, A: Activation, T: Element, Z: Biased> Dense<IN, OUT, A, T, Z> {
    const NAMED: Message<64> = {
        let message = Message::new().text("Dense<").number(IN as u128).text(", ").number(OUT as u128).text(", ");
        message.text(A::NAME).text(Z::SUFFIX).text(">")
    };

    /// A layer with these parameters.
    pub const fn from_parts(kernel: [[T; OUT]; IN], bias: Z::Of<[T; OUT]>) -> Self {
        Self { kernel, bias, types: PhantomData }
    }
}

impl<const IN: usize, const OUT: usize, A: Activation, T: Element, Z: Biased> Layer for Dense<IN, OUT, A, T, Z> {
    type Input = [T; IN];
    type Output = [T; OUT];
    type Head = A;

    const MACS: usize = IN * OUT;
    const FAULT: Option<Message> = if IN == 0 || OUT == 0 {
        Some(
            Message::naming(Self::KIND.as_str())
                .text("has no width: a dense layer needs at least 1 input and 1 output"),
        )
    } else {
        None
    };

    affine_passes!();

    #[inline(always)]
    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        simd: S,
        x: &[[T; IN]],
        _: &mut Self::Tape<B>,
        dz: &[[T; OUT]],
        gradient: &mut Self,
    ) {
        tn(simd, x, dz, &mut gradient.kernel);
        if let Some(bias) = Z::get_mut(&mut gradient.bias) {
            sum_rows(simd, dz, bias);
        }
    }

    /// The visitor uses the gradient of the kernel while it is computed, a few rows at a time.
    #[inline(always)]
    fn visit_gradient<S: Simd, V: VisitGradient<T, M>, const M: usize, const B: usize>(
        &mut self,
        _: S,
        x: &[[T; IN]],
        _: &mut Self::Tape<B>,
        dz: &[[T; OUT]],
        mut state: [&mut Self; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        let kernel = Self::TENSORS[0].at(path);
        visitor.product(kernel, x, dz, &mut self.kernel, map_each(&mut state, |state| &mut state.kernel));
        let state = map_each(&mut state, |state| &mut state.bias);
        Z::sums(visitor, Self::TENSORS, path, dz, &mut self.bias, state);
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        operations.product(path, "kernel", [IN, OUT], self.kernel.as_flattened());
        Z::operations(&self.bias, path, operations);
        A::operations(path, operations);
    }
}

impl<const IN: usize, const OUT: usize, A: Activation, T: Element, Z: Biased> Affine for Dense<IN, OUT, A, T, Z> {
    #[inline(always)]
    fn logits<S: Simd>(&self, simd: S, x: &[[T; IN]], then: &impl ElementwiseKernel<0, 1>, y: &mut [[T; OUT]]) {
        nn(simd, x, &self.kernel, Z::or_zeros(&self.bias), then, y);
    }

    #[inline(always)]
    fn logits_backward<S: Simd>(&self, simd: S, dz: &[[T; OUT]], dx: &mut [[T; IN]]) {
        nt(simd, dz, &self.kernel, dx);
    }
}

impl<const IN: usize, const OUT: usize, A: Activation, T: Element, Z: Biased> Streaming for Dense<IN, OUT, A, T, Z> {
    whole_sample!();
}
