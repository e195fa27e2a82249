//! Long short-term memory.

use super::{LastState, Recurrent, Unit};
use crate::{
    Tensor,
    init::Initializer,
    kernel::{Element, ElementwiseKernel, Real, Simd, elementwise},
    layer::Cell,
};

/// Long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000), as in Keras. For each frame `x[t]` of a
/// sequence, with `h[−1] = c[−1] = 0`:
///
/// ```text
/// i = σ(x[t]·kernel[0] + h[t−1]·recurrent_kernel[0] + bias[0])
/// f = σ(x[t]·kernel[1] + h[t−1]·recurrent_kernel[1] + bias[1])
/// g = tanh(x[t]·kernel[2] + h[t−1]·recurrent_kernel[2] + bias[2])
/// o = σ(x[t]·kernel[3] + h[t−1]·recurrent_kernel[3] + bias[3])
/// c[t] = f·c[t−1] + i·g
/// h[t] = o·tanh(c[t])
/// ```
///
/// The bias of `f` is initially 1 (Jozefowicz et al. 2015). PyTorch has two biases, of which only the sum matters.
///
/// x: `I`, a series `[[T; FEATURES]; STEPS]`; y: the last state `h`, `[T; UNITS]`, or with
/// [`AllStates`](super::AllStates) all of them, `[[T; UNITS]; STEPS]`.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [[f32; 6]; 32])]
/// type Net = (Lstm<_, 64>, Dense<_, 6, Softmax>);
///
/// assert_eq!(Net::PARAMS, 4 * (6 * 64 + 64 * 64 + 64) + (64 * 6 + 6));
/// assert_eq!(Net::new(1).0.bias.map(|bias| bias[0]), [0.0, 1.0, 0.0, 0.0]);
/// ```
pub type Lstm<I, const UNITS: usize, R = LastState> = Recurrent<I, UNITS, LstmUnit, R, 4, 5, 2>;

/// The formula of [`Lstm`]. It saves `i`, `f`, `g`, `o` and `tanh(c)`.
#[derive(Clone, Copy, Debug)]
pub struct LstmUnit;

impl Unit<4, 5, 2> for LstmUnit {
    const NAME: &'static str = "Lstm";
    const CELL: Option<Cell> = Some(Cell::Lstm);
    const BIAS: Initializer = Initializer::Constants(&[0.0, 1.0, 0.0, 0.0]);
    const RECURRENT: [usize; 4] = [0, 1, 2, 3];
    type RecurrentBias<X: Tensor> = [X; 0];

    #[inline(always)]
    fn forward<S: Simd, T: Element>(
        simd: S,
        products: [&[T]; 4],
        [i, f, g, o, tanh]: [&mut [T]; 5],
        [h, c]: [&mut [T]; 2],
    ) {
        elementwise(simd, &Step, products, [i, f, g, o, tanh, h, c]);
    }

    #[inline(always)]
    fn backward<S: Simd, T: Element>(
        simd: S,
        [_, c]: [&[T]; 2],
        [i, f, g, o, tanh]: [&mut [T]; 5],
        [dh, dc]: [&mut [T]; 2],
    ) {
        elementwise(simd, &StepBack, [c], [i, f, g, o, tanh, dh, dc]);
    }
}

#[derive(Clone, Copy)]
struct Step;

impl ElementwiseKernel<4, 7> for Step {
    #[inline(always)]
    fn apply<V: Real>(&self, [i, f, g, o]: [V; 4], [.., c]: [V; 7]) -> [V; 7] {
        let (i, f, g, o) = (i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid());
        let c = f * c + i * g;
        let tanh = c.tanh();
        [i, f, g, o, tanh, o * tanh, c]
    }
}

#[derive(Clone, Copy)]
struct StepBack;

impl ElementwiseKernel<1, 7> for StepBack {
    #[inline(always)]
    fn apply<V: Real>(&self, [c]: [V; 1], [i, f, g, o, tanh, dh, dc]: [V; 7]) -> [V; 7] {
        let one = V::splat(1.0);
        let dc = dc + dh * o * (one - tanh * tanh);
        let di = dc * g * i * (one - i);
        let df = dc * c * f * (one - f);
        let dg = dc * i * (one - g * g);
        let of_o = dh * tanh * o * (one - o);
        [di, df, dg, of_o, tanh, V::splat(0.0), dc * f]
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::{check, layers::AllStates};

    #[test]
    fn gradients() {
        check::gradients::<Lstm<[[f64; 3]; 5], 4>>().unwrap();
        check::gradients::<Lstm<[[f64; 2]; 4], 3, AllStates>>().unwrap();
    }
}
