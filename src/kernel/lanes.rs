//! Registers as plain arrays, which the compiler maps to the registers of the target: the baseline of every processor.

use core::{
    array,
    ops::{Add, Div, Mul, Neg, Sub},
};

use super::{element::Element, math::Single, real::Real, simd::Vector};

/// `N` numbers that are computed together.
#[derive(Clone, Copy, Debug)]
pub struct Lanes<T, const N: usize>(pub(super) [T; N]);

impl<T: Element, const N: usize> Lanes<T, N> {
    #[inline(always)]
    fn map(self, f: impl Fn(T) -> T) -> Self {
        Self(array::from_fn(|lane| f(self.0[lane])))
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(T, T) -> T) -> Self {
        Self(array::from_fn(|lane| f(self.0[lane], other.0[lane])))
    }
}

macro_rules! operators {
    ($($operator:ident $method:ident)*) => {
        $(impl<T: Element, const N: usize> $operator for Lanes<T, N> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.zip(other, |a, b| a.$method(b))
            }
        })*
    };
}
operators!(Add add Sub sub Mul mul Div div);

impl<T: Element, const N: usize> Neg for Lanes<T, N> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

impl<T: Element, const N: usize> Real for Lanes<T, N> {
    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self([T::from_f64(value); N])
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(array::from_fn(|lane| self.0[lane].mul_add(factor.0[lane], addend.0[lane])))
    }

    #[inline(always)]
    fn if_gt(self, bound: Self, then: Self, otherwise: Self) -> Self {
        Self(array::from_fn(|lane| self.0[lane].if_gt(bound.0[lane], then.0[lane], otherwise.0[lane])))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.map(Real::abs)
    }

    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        self.zip(sign, Real::copysign)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(Real::sqrt)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        self.map(Real::exp)
    }

    #[inline(always)]
    fn ln(self) -> Self {
        self.map(Real::ln)
    }

    #[inline(always)]
    fn ln_one_plus(self) -> Self {
        self.map(Real::ln_one_plus)
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        self.map(Real::tanh)
    }

    #[inline(always)]
    fn erf(self) -> Self {
        self.map(Real::erf)
    }
}

impl<T: Element, const N: usize> Vector<T> for Lanes<T, N> {
    type Half = Self;
    const LANES: usize = N;
    const ROWS: usize = 4;
    const SUMS: usize = 4;

    #[inline(always)]
    fn broadcast(value: T) -> Self {
        Self([value; N])
    }

    #[inline(always)]
    fn load(from: &[T]) -> Self {
        match from.first_chunk::<N>() {
            Some(&lanes) => Self(lanes),
            None => {
                let mut lanes = [T::zero(); N];
                lanes.iter_mut().zip(from).for_each(|(lane, &value)| *lane = value);
                Self(lanes)
            }
        }
    }

    #[inline(always)]
    fn store(self, to: &mut [T]) {
        match to.first_chunk_mut::<N>() {
            Some(lanes) => *lanes = self.0,
            None => to.iter_mut().zip(self.0).for_each(|(value, lane)| *value = lane),
        }
    }

    #[inline(always)]
    fn first(self, count: usize) -> Self {
        Self(array::from_fn(|lane| if lane < count { self.0[lane] } else { T::zero() }))
    }

    #[inline(always)]
    fn sum(self) -> T {
        let mut lanes = self.0;
        let mut half = N / 2;
        while half > 0 {
            for lane in 0..half {
                let other = lanes[lane + half];
                lanes[lane] += other;
            }
            half /= 2;
        }
        lanes[0]
    }

    #[inline(always)]
    fn interleave(self, other: Self) -> (Self, Self) {
        let (mut first, mut second) = (self, other);
        for lane in 0..N / 2 {
            (first.0[2 * lane], first.0[2 * lane + 1]) = (self.0[lane], other.0[lane]);
            (second.0[2 * lane], second.0[2 * lane + 1]) = (self.0[lane + N / 2], other.0[lane + N / 2]);
        }
        (first, second)
    }

    #[inline(always)]
    fn largest(self) -> T {
        self.0.into_iter().fold(self.0[0], |top, lane| lane.max(top))
    }
}

impl<const N: usize> Single for Lanes<f32, N> {
    #[inline(always)]
    fn power_of_two(self) -> Self {
        self.map(Single::power_of_two)
    }

    #[inline(always)]
    fn scale(self, shifted: Self) -> Self {
        self.zip(shifted, Single::scale)
    }

    #[inline(always)]
    fn split(self) -> (Self, Self) {
        let parts = self.0.map(Single::split);
        (Self(parts.map(|part| part.0)), Self(parts.map(|part| part.1)))
    }
}
