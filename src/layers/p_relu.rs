//! The rectifier with trainable negative parts.

use core::{marker::PhantomData, slice};

use crate::{
    Layer, Tensor,
    init::Initializer,
    kernel::{Element as _, Simd},
    layer::{Operations, Path, SimpleLayer},
    layers::image::Channels,
    stream::Streaming,
};

/// `y[c] = x[c]` if it is positive, else `alpha[c]·x[c]`, with a trainable factor for each channel (He et al. 2015). x and
/// y: `I`, a tensor whose innermost axis is that of the channels. The factors begin at 0.25, as in PyTorch.
///
/// Keras has a factor for each number, unless its `shared_axes` are those of the pixels: this is the layer of a vector
/// between [`Flatten`](super::Flatten) and [`Reshape`](super::Reshape).
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut layer: PRelu<[[f32; 2]; 2]> = Network::new(1);
/// layer.alpha = [0.5, 0.0];
/// assert_eq!(layer.predict(&[[1.0, 2.0], [-1.0, -2.0]]), [[1.0, 2.0], [-0.5, 0.0]]);
/// ```
#[derive(Layer)]
#[parameters(element = I::Element)]
pub struct PRelu<I: Channels> {
    /// The factor of each channel's negative numbers.
    #[bias(initializer = Initializer::Constant(0.25))]
    pub alpha: I::Each<I::Element>,
    input: PhantomData<fn() -> I>,
}

impl<I: Channels> PRelu<I> {
    /// A layer with these factors.
    pub const fn from_parts(alpha: I::Each<I::Element>) -> Self {
        Self { alpha, input: PhantomData }
    }

    fn factors(&self) -> &[I::Element] {
        Tensor::flat(slice::from_ref(&self.alpha))
    }

    #[inline(always)]
    fn apply(&self, x: &[I::Element], y: &mut [I::Element]) {
        let alphas = self.factors().iter().cycle();
        for ((x, y), alpha) in x.iter().zip(y).zip(alphas) {
            *y = if *x < I::Element::from_f64(0.0) { *alpha * *x } else { *x };
        }
    }
}

impl<I: Channels> SimpleLayer for PRelu<I> {
    type Input = I;
    type Output = I;
    type Tape = ();

    const MACS: usize = I::LEN;

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &I, y: &mut I) {
        self.apply(I::flat(slice::from_ref(x)), I::flat_mut(slice::from_mut(y)));
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, _: S, x: &I, (): &(), _: &I, dy: &I, dx: &mut I) {
        let [x, dy] = [x, dy].map(|tensor| I::flat(slice::from_ref(tensor)));
        let numbers = x.iter().zip(dy).zip(I::flat_mut(slice::from_mut(dx)));
        for (((x, dy), dx), alpha) in numbers.zip(self.factors().iter().cycle()) {
            *dx = if *x < I::Element::from_f64(0.0) { *alpha * *dy } else { *dy };
        }
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, _: S, x: &I, (): &(), dy: &I, gradient: &mut Self) {
        let [x, dy] = [x, dy].map(|tensor| I::flat(slice::from_ref(tensor)).chunks_exact(I::INNERMOST.max(1)));
        for (x, dy) in x.zip(dy) {
            let sums = Tensor::flat_mut(slice::from_mut(&mut gradient.alpha));
            for ((x, dy), sum) in x.iter().zip(dy).zip(sums) {
                if *x < I::Element::from_f64(0.0) {
                    *sum += *x * *dy;
                }
            }
        }
    }

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.p_relu(path, "alpha", self.factors());
    }
}

impl<I: Channels> Streaming for PRelu<I> {
    type Frame = I::Frame;
    type Emitted = I::Frame;
    type State = ();

    const FRAME_MACS: usize = I::Frame::LEN;

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, (): &mut (), frame: &I::Frame, y: &mut I::Frame) -> bool {
        self.apply(Tensor::flat(slice::from_ref(frame)), Tensor::flat_mut(slice::from_mut(y)));
        true
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::{check, prelude::*};

    #[test]
    fn gradients() {
        check::gradients::<(Dense<3, 4, Linear, f64>, PRelu<[f64; 4]>, Dense<4, 2, Linear, f64>)>().unwrap();
        check::gradients::<PRelu<[[f64; 3]; 5]>>().unwrap();
    }
}
