//! The fully connected layer.

use core::marker::PhantomData;

use crate::{
    Parameters, Rng,
    activation::{Activation, Fusible, Linear, Save},
    kernel::{Element, ElementwiseKernel, Simd, Unchanged, map_each, nn, nt, sum_rows, tn},
    layer::{Ending, Layer, Operations, Path, VisitGradient},
    message::Message,
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
/// ```
#[derive(Parameters)]
pub struct Dense<const IN: usize, const OUT: usize, A: Activation = Linear, T: Element = f32> {
    /// The weights: `kernel[i][o]` from input `i` to output `o`.
    #[kernel]
    pub kernel: [[T; OUT]; IN],
    /// The bias of each output.
    #[bias]
    pub bias: [T; OUT],
    activation: PhantomData<fn() -> A>,
}

impl<const IN: usize, const OUT: usize, A: Activation, T: Element> Dense<IN, OUT, A, T> {
    /// A layer with these parameters.
    pub const fn from_parts(kernel: [[T; OUT]; IN], bias: [T; OUT]) -> Self {
        Self { kernel, bias, activation: PhantomData }
    }
}

impl<const IN: usize, const OUT: usize, A: Activation, T: Element> Layer for Dense<IN, OUT, A, T> {
    type Input = [T; IN];
    type Output = [T; OUT];
    type Tape<const B: usize> = <A::Saves as Save>::Storage<[T; OUT], B>;
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

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[[T; IN]], y: &mut [[T; OUT]]) {
        let logits = Product { simd, x, kernel: &self.kernel, bias: &self.bias };
        if E::LOGITS {
            logits.compute(&Unchanged, y);
        } else {
            A::after(simd, logits, y);
        }
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: Option<&mut Rng>,
        x: &[[T; IN]],
        tape: &mut Self::Tape<B>,
        y: &mut [[T; OUT]],
    ) {
        if E::LOGITS || !A::Saves::SAVES {
            self.forward_batch::<S, E, B>(simd, x, y);
        } else {
            nn(simd, x, &self.kernel, &self.bias, &Unchanged, y);
            A::Saves::store::<_, B>(y, tape);
            A::forward(simd, y);
        }
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: &[[T; IN]],
        tape: &mut Self::Tape<B>,
        y: &[[T; OUT]],
        dy: &mut [[T; OUT]],
        dx: Option<&mut [[T; IN]]>,
    ) {
        if !E::LOGITS {
            A::backward(simd, A::Saves::logits::<_, B>(tape, y), y, dy);
        }
        if let Some(dx) = dx {
            nt(simd, dy, &self.kernel, dx);
        }
    }

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
        sum_rows(simd, dz, &mut gradient.bias);
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
        let [kernel, bias] = [Self::TENSORS[0].at(path), Self::TENSORS[1].at(path)];
        visitor.product(kernel, x, dz, &mut self.kernel, map_each(&mut state, |state| &mut state.kernel));
        visitor.sums(bias, dz, &mut self.bias, map_each(&mut state, |state| &mut state.bias));
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        operations.product(path, "kernel", [IN, OUT], self.kernel.as_flattened());
        operations.add(path, "bias", &self.bias);
        A::operations(path, operations);
    }
}

/// `x·kernel + bias`.
struct Product<'a, S, T, const IN: usize, const OUT: usize> {
    simd: S,
    x: &'a [[T; IN]],
    kernel: &'a [[T; OUT]; IN],
    bias: &'a [T; OUT],
}

impl<S: Simd, T: Element, const IN: usize, const OUT: usize> Fusible<[T; OUT]> for Product<'_, S, T, IN, OUT> {
    #[inline(always)]
    fn compute<O: ElementwiseKernel<0, 1>>(self, then: &O, y: &mut [[T; OUT]]) {
        nn(self.simd, self.x, self.kernel, self.bias, then, y);
    }
}
