//! Dropout.

use core::marker::PhantomData;

use crate::{
    Layer, Parameters, Rng,
    kernel::{Element, Simd},
    layer::{Operations, Path, SimpleLayer},
    message::Message,
};

/// In training, sets each of `N` values to 0 with a probability of `PERCENT` % and scales the others by
/// `1 / (1 − PERCENT/100)`, which preserves the mean; at inference, `y = x` (Srivastava et al. 2014). x and y:
/// `[[T; N]]`. A `PERCENT` above 99 does not compile.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Net = (Dense<4, 8, Relu>, Dropout<8, 50>, Dense<8, 1, Linear>);
/// let net: Net = Network::new(1);
/// assert_eq!(net.predict(&[1.0; 4]), net.predict(&[1.0; 4]));
/// ```
#[derive(Copy, Default, Layer)]
pub struct Dropout<const N: usize, const PERCENT: u32, T: Element = f32>(PhantomData<T>);

impl<const N: usize, const PERCENT: u32, T: Element> SimpleLayer for Dropout<N, PERCENT, T> {
    type Input = [T; N];
    type Output = [T; N];
    /// The factor of each value: 0 or `1 / (1 − PERCENT/100)` in training, otherwise 1.
    type Tape = [T; N];

    const FAULT: Option<Message> = if PERCENT > 99 {
        Some(Message::naming(Self::KIND.as_str()).text("has a rate outside [0, 1): it is a percentage from 0 to 99"))
    } else {
        None
    };

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &[T; N], y: &mut [T; N]) {
        *y = *x;
    }

    #[inline(always)]
    fn record<S: Simd>(&self, _: S, rng: Option<&mut Rng>, x: &[T; N], factors: &mut [T; N], y: &mut [T; N]) {
        *factors = [T::one(); N];
        if let Some(rng) = rng {
            let keep = T::from_f64(100.0 / f64::from(100 - PERCENT));
            let threshold = ((u64::from(PERCENT) << 32) / 100) as u32;
            factors.iter_mut().for_each(|factor| *factor = if rng.bits() < threshold { T::zero() } else { keep });
        }
        y.iter_mut().zip(x).zip(factors).for_each(|((y, &x), &mut factor)| *y = x * factor);
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, _: S, _: &[T; N], factors: &[T; N], _: &[T; N], dy: &[T; N], dx: &mut [T; N]) {
        dx.iter_mut().zip(dy).zip(factors).for_each(|((dx, &dy), &factor)| *dx = dy * factor);
    }

    fn operations<V: Operations<T>>(&self, _: Path<'_>, _: &mut V) {}
}
