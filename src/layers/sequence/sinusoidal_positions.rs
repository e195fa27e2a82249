//! Waves that are added to a sequence as its positions.

use core::marker::PhantomData;

use super::waves::{MOST, frequency, sine_cosine, turned};
use crate::{
    Layer, Parameters, Tensor,
    kernel::{Element, Plus, Simd, elementwise_row},
    layer::{Infer, Inferred, Operations, Path, SimpleLayer},
    layers::image::{Channels, Valid, fault, window::Row},
    message::Message,
    stream::Streaming,
};

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
        check::gradients::<SinusoidalPositions<[[f64; 3]; 4], [[f64; 3]; 4]>>().unwrap();
    }
}
