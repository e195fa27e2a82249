//! The gated recurrent unit.

use super::{LastState, Recurrent, Unit};
use crate::{
    Tensor,
    kernel::{Element, ElementwiseKernel, Real, Simd, elementwise},
    layer::Cell,
};

/// The gated recurrent unit (Cho et al. 2014), as in Keras, PyTorch and cuDNN: the reset gate applies to the product with
/// the state (`reset_after`). For each frame `x[t]` of a sequence, with `h[−1] = 0`:
///
/// ```text
/// z = σ(x[t]·kernel[0] + bias[0] + h[t−1]·recurrent_kernel[0] + recurrent_bias[0])
/// r = σ(x[t]·kernel[1] + bias[1] + h[t−1]·recurrent_kernel[1] + recurrent_bias[1])
/// n = tanh(x[t]·kernel[2] + bias[2] + r·(h[t−1]·recurrent_kernel[2] + recurrent_bias[2]))
/// h[t] = z·h[t−1] + (1 − z)·n
/// ```
///
/// x: `I`, a series `[[T; FEATURES]; STEPS]`; y: the last state, `[T; UNITS]`, or with
/// [`AllStates`](super::AllStates) all of them, `[[T; UNITS]; STEPS]`.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [[f32; 6]; 32])]
/// type Net = (Gru<_, 64>, Dense<_, 6, Softmax>);
///
/// assert_eq!(Net::PARAMS, 3 * (6 * 64 + 64 * 64 + 2 * 64) + (64 * 6 + 6));
/// ```
///
/// In full, the layer has its input:
///
/// ```
/// use shiplap::prelude::*;
///
/// let layer: Gru<[[f64; 2]; 10], 3> = Network::new(1);
/// assert!(layer.predict(&[[1.0, -1.0]; 10]).iter().all(|state| state.abs() < 1.0));
/// ```
pub type Gru<I, const UNITS: usize, R = LastState> = Recurrent<I, UNITS, GruUnit, R, 3, 4, 1>;

/// The formula of [`Gru`]. It saves `z`, `r`, `n` and the product that `r` applies to.
#[derive(Clone, Copy, Debug)]
pub struct GruUnit;

impl Unit<3, 4, 1> for GruUnit {
    const NAME: &'static str = "Gru";
    const CELL: Option<Cell> = Some(Cell::Gru);
    const RECURRENT: [usize; 3] = [0, 1, 3];
    type RecurrentBias<X: Tensor> = [X; 3];

    #[inline(always)]
    fn forward<S: Simd, T: Element>(
        simd: S,
        products: [&[T]; 3],
        [z, r, n, product]: [&mut [T]; 4],
        [h]: [&mut [T]; 1],
    ) {
        elementwise(simd, &Step, products, [z, r, n, product, h]);
    }

    #[inline(always)]
    fn backward<S: Simd, T: Element>(
        simd: S,
        before: [&[T]; 1],
        [z, r, n, product]: [&mut [T]; 4],
        [dh]: [&mut [T]; 1],
    ) {
        elementwise(simd, &StepBack, before, [z, r, n, product, dh]);
    }
}

#[derive(Clone, Copy)]
struct Step;

impl ElementwiseKernel<3, 5> for Step {
    #[inline(always)]
    fn apply<V: Real>(&self, [z, r, product]: [V; 3], [_, _, frame, _, h]: [V; 5]) -> [V; 5] {
        let (z, r) = (z.sigmoid(), r.sigmoid());
        let n = r.mul_add(product, frame).tanh();
        [z, r, n, product, z * h + (V::splat(1.0) - z) * n]
    }
}

#[derive(Clone, Copy)]
struct StepBack;

impl ElementwiseKernel<1, 5> for StepBack {
    #[inline(always)]
    fn apply<V: Real>(&self, [h]: [V; 1], [z, r, n, product, dh]: [V; 5]) -> [V; 5] {
        let one = V::splat(1.0);
        let dn = dh * (one - z) * (one - n * n);
        let dz = dh * (h - n) * z * (one - z);
        let dr = dn * product * r * (one - r);
        [dz, dr, dn, dn * r, dh * z]
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::{check, layers::AllStates, prelude::*};

    #[test]
    fn gradients() {
        check::gradients::<Gru<[[f64; 3]; 5], 4>>().unwrap();
        check::gradients::<Gru<[[f64; 2]; 4], 3, AllStates>>().unwrap();
        check::gradients::<(Gru<[[f64; 2]; 4], 3, AllStates>, Gru<[[f64; 3]; 4], 2>, Dense<2, 2, Tanh, f64>)>()
            .unwrap();
    }
}
