//! Dropout.

use core::{fmt, marker::PhantomData};

use crate::{
    Rng, Tensor, Zeroed,
    activation::Linear,
    flash::Stored,
    kernel::{Element, Simd},
    layer::{Accepts, Description, Ending, Layer, Operations, Path, Visit, VisitMut},
    message::Message,
    outline::{Leaf, Outline},
};

/// In training, sets each of `N` values to 0 with a chance of `PERCENT` % and scales the others by
/// `1 / (1 − PERCENT/100)`, so that the mean stays; otherwise passes them on (Srivastava et al. 2014).
///
/// It ends in no activation: a network whose last layer it is has the head [`Linear`], whatever comes before, so the
/// cross-entropies do not go with it.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Net = (Dense<4, 8, Relu>, Dropout<8, 50>, Dense<8, 1, Linear>);
/// let net: Net = Network::new(1);
/// assert_eq!(net.predict(&[1.0; 4]), net.predict(&[1.0; 4]));
/// ```
#[derive(Clone, Copy, Default)]
pub struct Dropout<const N: usize, const PERCENT: u32, T = f32>(PhantomData<T>);

impl<const N: usize, const PERCENT: u32, T> fmt::Debug for Dropout<N, PERCENT, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Dropout<{N}, {PERCENT}>")
    }
}

// SAFETY: it has no bytes.
unsafe impl<const N: usize, const PERCENT: u32, T> Zeroed for Dropout<N, PERCENT, T> {}

const fn rate_outside(width: usize, percent: u32) -> Message {
    Message::new()
        .text("`Dropout<")
        .number(width as u128)
        .text(", ")
        .number(percent as u128)
        .text(">`: the rate is a percentage from 0 to 99, that is a rate in [0, 1)")
}

impl<const N: usize, const PERCENT: u32, T: Element + Tensor<Element = T>> Layer for Dropout<N, PERCENT, T> {
    type Element = T;
    type Input = [T; N];
    type Output = [T; N];
    type Tape<const B: usize> = [[T; N]; B];
    type Trainable = ();
    type Head = Linear;

    const PARAMS: usize = 0;
    const MACS: usize = 0;
    const FAULT: Option<Message> = if PERCENT > 99 { Some(rate_outside(N, PERCENT)) } else { None };
    const OUTLINE: Outline = Outline::Single(Leaf {
        kind: Message::new().text("Dropout<").list(&[N, PERCENT as usize]).text(">"),
        tensors: &[],
        activation: None,
        bytes: 0,
        output: size_of::<[T; N]>(),
        macs: 0,
    });

    #[inline(always)]
    fn forward<S: Simd, E: Ending, const B: usize>(&self, _: S, x: &[[T; N]], y: &mut [[T; N]]) {
        y.copy_from_slice(x);
    }

    /// The tape keeps the factor of each value: 0, or what makes up for the zeros.
    #[inline(always)]
    fn record<S: Simd, E: Ending, const B: usize>(
        &self,
        _: S,
        rng: &mut Rng,
        x: &[[T; N]],
        tape: &mut [[T; N]; B],
        y: &mut [[T; N]],
    ) {
        let keep = T::from_f64(100.0 / f64::from(100 - PERCENT));
        let threshold = ((u64::from(PERCENT) << 32) / 100) as u32;
        let factors = tape.as_flattened_mut();
        for ((y, &x), factor) in y.as_flattened_mut().iter_mut().zip(x.as_flattened()).zip(factors) {
            *factor = match E::TRAINING {
                true if rng.bits() < threshold => T::zero(),
                true => keep,
                false => T::one(),
            };
            *y = x * *factor;
        }
    }

    #[inline(always)]
    fn backward<S: Simd, E: Ending, const B: usize>(
        &self,
        _: S,
        _: &[[T; N]],
        tape: &mut [[T; N]; B],
        _: &[[T; N]],
        dy: &mut [[T; N]],
        dx: Option<&mut [[T; N]]>,
    ) {
        let Some(dx) = dx else { return };
        let factors = tape.as_flattened();
        for ((dx, &dy), &factor) in dx.as_flattened_mut().iter_mut().zip(dy.as_flattened()).zip(factors) {
            *dx = dy * factor;
        }
    }

    #[inline(always)]
    fn activate<S: Simd>(_: S, _: &mut [[T; N]]) {}

    #[inline(always)]
    fn parameters<V: Visit<T>>(&self, _: Path<'_>, _: &mut V) {}

    #[inline(always)]
    fn parameters_mut<V: VisitMut<T, M>, const M: usize>(_: [&mut Self; M], _: Path<'_>, _: &mut V) {}

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        show(&Description {
            path,
            kind: format_args!("Dropout<{N}, {PERCENT}>"),
            output: <[T; N]>::write_shape,
            params: 0,
        });
    }

    fn operations<V: Operations<T>>(&self, _: Path<'_>, _: &mut V) {}
}

impl<const N: usize, const PERCENT: u32, T: Element + Tensor<Element = T>> Accepts<[T; N]> for Dropout<N, PERCENT, T> {}

impl<W, P, const N: usize, const PERCENT: u32, T: Element + Tensor<Element = T>> Stored<W, P>
    for Dropout<N, PERCENT, T>
{
    const STORED: Self = Self(PhantomData);
}
