//! Positions that are added to a sequence.

use core::{marker::PhantomData, slice};

use super::waves::{MOST, frequency, sine_cosine, turned};
use crate::{
    Layer, Parameters, Tensor,
    init::Initializer,
    kernel::{Element, Plus, Simd, elementwise, elementwise_row},
    layer::{Infer, Inferred, Operations, Path, SimpleLayer},
    layers::image::{Channels, Valid, fault, window::Row},
    message::Message,
    stream::Streaming,
};

/// `y[t] = x[t] + table[t]`: a trainable vector for each step, so that layers that do not depend on the order of steps, such
/// as [`MultiHeadAttention`](super::MultiHeadAttention), know the position.
///
/// x and y: `I`, a sequence `[[T; WIDTH]; STEPS]`.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [f32; 8])]
/// type Net = (Embedding<_, 100, 16>, LearnedPositions<_>);
///
/// assert_eq!(Net::PARAMS, 100 * 16 + 8 * 16);
/// ```
#[derive(Layer)]
#[parameters(element = I::Element)]
pub struct LearnedPositions<I: Channels> {
    /// The vector of each step: the `weight` of an `nn.Embedding` of PyTorch, Keras's `embeddings`. Initially, its expected
    /// length is 1.
    #[kernel(initializer = Initializer::LecunNormal, fan_in = I::INNERMOST, fan_out = I::INNERMOST)]
    pub table: I,
}

impl<I: Channels> SimpleLayer for LearnedPositions<I> {
    type Input = I;
    type Output = I;
    type Tape = ();

    const FAULT: Option<Message> = fault::other_tensor::<I, Row<Valid>>(Self::KIND.as_str());

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, x: &I, y: &mut I) {
        *y = *x;
        elementwise(simd, &Plus, [I::flat(slice::from_ref(&self.table))], [I::flat_mut(slice::from_mut(y))]);
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, _: S, _: &I, (): &(), _: &I, dy: &I, dx: &mut I) {
        *dx = *dy;
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, _: &I, (): &(), dy: &I, gradient: &mut Self) {
        let sum = I::flat_mut(slice::from_mut(&mut gradient.table));
        elementwise(simd, &Plus, [I::flat(slice::from_ref(dy))], [sum]);
    }

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.add_positions(path, "table", I::SHAPE, I::flat(slice::from_ref(&self.table)));
    }
}

/// `y[t] = x[t] + wave[t]` (Vaswani et al. 2017): with `a = t·10000^(−2n/WIDTH)`, `wave[t][2n] = sin a` and
/// `wave[t][2n + 1] = cos a`. The waves are computed at compile time, as `f32`; they are no parameters.
///
/// x and y: a sequence `[[T; WIDTH]; STEPS]`.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [[f32; 4]; 3])]
/// type Net = (SinusoidalPositions<_>, Flatten<_>);
///
/// let y = Net::new(1).predict(&[[10.0; 4]; 3]);
/// assert_eq!(y[..4], [10.0, 11.0, 10.0, 11.0]);
/// assert!((y[4] - 10.0 - 1f32.sin()).abs() < 1e-6 && (y[7] - 10.0 - 0.01f32.cos()).abs() < 1e-6);
/// ```
#[derive(Default, Layer)]
#[parameters(element = I::Element)]
pub struct SinusoidalPositions<I: Channels, O = Inferred>(PhantomData<fn() -> (I, O)>);

#[diagnostic::do_not_recommend]
impl<I: Channels> Infer for SinusoidalPositions<I, Inferred> {
    const FAULT: Option<Message> = fault::misfit::<I, Row<Valid>>(Self::KIND.as_str(), [1, 1]);
    const EXTENTS: [usize; 6] = fault::inferred::<I, Row<Valid>>([1, 1]);
    type Layer<
        const ONE: usize,
        const STEPS: usize,
        const WIDTH: usize,
        const ONE_AGAIN: usize,
        const SAME_STEPS: usize,
        const UNUSED: usize,
    > = SinusoidalPositions<[[I::Element; WIDTH]; STEPS], [[I::Element; WIDTH]; STEPS]>;
}

impl<T: Element, const WIDTH: usize, const STEPS: usize> SinusoidalPositions<[[T; WIDTH]; STEPS], [[T; WIDTH]; STEPS]> {
    const WAVES: &'static [[f32; WIDTH]; STEPS] = &waves();
}

const fn waves<const WIDTH: usize, const STEPS: usize>() -> [[f32; WIDTH]; STEPS] {
    let (mut table, mut column) = ([[0.0; WIDTH]; STEPS], 0);
    while column < WIDTH && STEPS * WIDTH <= MOST {
        let step = sine_cosine(frequency(10_000, column / 2 * 2, WIDTH));
        let (mut wave, mut position) = ([0.0, 1.0], 0);
        while position < STEPS {
            table[position][column] = wave[column % 2] as f32;
            wave = turned(wave, step);
            position += 1;
        }
        column += 1;
    }
    table
}

impl<T: Element, const WIDTH: usize, const STEPS: usize> SimpleLayer
    for SinusoidalPositions<[[T; WIDTH]; STEPS], [[T; WIDTH]; STEPS]>
{
    type Input = [[T; WIDTH]; STEPS];
    type Output = [[T; WIDTH]; STEPS];
    type Tape = ();

    const FAULT: Option<Message> = if STEPS * WIDTH > MOST {
        let message = Message::naming(Self::KIND.as_str()).text("has a table of more than ").number(MOST as u128);
        Some(message.text(" numbers: use `LearnedPositions`, or `Rotary` attention"))
    } else {
        None
    };

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, x: &[[T; WIDTH]; STEPS], y: &mut [[T; WIDTH]; STEPS]) {
        *y = *x;
        for (y, wave) in y.iter_mut().zip(Self::WAVES) {
            elementwise_row(simd, &Plus, [&wave.map(|number| T::from_f64(number.into()))], [y]);
        }
    }

    #[inline(always)]
    fn backward<S: Simd>(
        &self,
        _: S,
        _: &[[T; WIDTH]; STEPS],
        (): &(),
        _: &[[T; WIDTH]; STEPS],
        dy: &[[T; WIDTH]; STEPS],
        dx: &mut [[T; WIDTH]; STEPS],
    ) {
        *dx = *dy;
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        operations.add_waves(path, Self::Input::SHAPE, Self::WAVES.as_flattened());
    }
}

/// There are positions for `STEPS` frames: a stream then outputs nothing until it is reset.
impl<I: Channels> Streaming for LearnedPositions<I> {
    type Frame = I::Frame;
    type Emitted = I::Frame;
    /// The number of the next frame.
    type State = usize;

    const STREAM_FAULT: Option<Message> = <Self as SimpleLayer>::FAULT;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut usize, frame: &I::Frame, y: &mut I::Frame) -> bool {
        let mut rows = I::flat(slice::from_ref(&self.table)).chunks_exact(I::Frame::LEN.max(1));
        let Some(row) = rows.nth(*state) else { return false };
        *state += 1;
        *y = *frame;
        elementwise(simd, &Plus, [row], [I::Frame::flat_mut(slice::from_mut(y))]);
        true
    }
}

/// There are positions for `STEPS` frames: a stream then outputs nothing until it is reset.
impl<T: Element, const WIDTH: usize, const STEPS: usize> Streaming
    for SinusoidalPositions<[[T; WIDTH]; STEPS], [[T; WIDTH]; STEPS]>
{
    type Frame = [T; WIDTH];
    type Emitted = [T; WIDTH];
    /// The number of the next frame.
    type State = usize;

    const STREAM_FAULT: Option<Message> = <Self as SimpleLayer>::FAULT;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut usize, frame: &[T; WIDTH], y: &mut [T; WIDTH]) -> bool {
        let Some(wave) = Self::WAVES.get(*state) else { return false };
        *state += 1;
        *y = *frame;
        elementwise_row(simd, &Plus, [&wave.map(|number| T::from_f64(number.into()))], [y]);
        true
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn gradients() {
        check::gradients::<LearnedPositions<[[f64; 3]; 4]>>().unwrap();
        check::gradients::<SinusoidalPositions<[[f64; 3]; 4], [[f64; 3]; 4]>>().unwrap();
    }
}
