//! Instruction sets: which there are, which is in use, and registers as arrays of lanes.
//!
//! The compiler turns the lanes into registers of the function they are inlined into, and
//! [`dispatch`] compiles its work once in a function for each instruction set.

#[cfg(all(feature = "std", target_arch = "x86_64"))]
use core::sync::atomic::{AtomicU8, Ordering};
use core::{
    array, fmt,
    ops::{Add, Div, Mul, Neg, Sub},
};

use super::{Element, Real};

/// Eight numbers in lock-step: one AVX2 register of `f32`, two of SSE or NEON.
#[derive(Clone, Copy, Debug)]
pub struct Lanes<T>(pub [T; 8]);

/// How many numbers are in [`Lanes`].
pub(super) const LANES: usize = 8;

impl<T: Element> Lanes<T> {
    #[inline(always)]
    pub(super) fn broadcast(value: T) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    fn map(self, f: impl Fn(T) -> T) -> Self {
        Self(array::from_fn(|lane| f(self.0[lane])))
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(T, T) -> T) -> Self {
        Self(array::from_fn(|lane| f(self.0[lane], other.0[lane])))
    }

    #[inline(always)]
    pub(super) fn sum(self) -> T {
        let [a, b, c, d, e, f, g, h] = self.0;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}

macro_rules! operators {
    ($($operator:ident $method:ident)*) => {
        $(impl<T: Element> $operator for Lanes<T> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.zip(other, |a, b| a.$method(b))
            }
        })*
    };
}
operators!(Add add Sub sub Mul mul Div div);

impl<T: Element> Neg for Lanes<T> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

impl<T: Element> Real for Lanes<T> {
    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self::broadcast(T::from_f64(value))
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        self * factor + addend
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

/// The instruction set that code is being compiled for; layers pass it on.
pub trait Simd: Copy + Send + Sync + 'static {
    /// Its name.
    const LEVEL: Level;
}

/// What every processor of the target has.
#[derive(Clone, Copy, Debug)]
pub struct Baseline;

impl Simd for Baseline {
    const LEVEL: Level = Level::Baseline;
}

#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[derive(Clone, Copy, Debug)]
struct Avx2;

#[cfg(all(feature = "std", target_arch = "x86_64"))]
impl Simd for Avx2 {
    const LEVEL: Level = Level::Avx2;
}

/// Work that can be compiled for any instruction set.
pub trait Work {
    /// What it gives.
    type Output;

    /// Does the work; mark it `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every processor of the target has.
    Baseline,
    /// x86-64 with AVX2.
    Avx2,
}

/// The error of [`set_level`]: the processor lacks the instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable(pub Level);

impl fmt::Display for Unavailable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "this processor or build has no {:?}; the best it has is what `level()` starts as", self.0)
    }
}

impl core::error::Error for Unavailable {}

#[cfg(all(feature = "std", target_arch = "x86_64"))]
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// The instruction set in use: the best there is, unless [`set_level`] chose.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[inline]
pub fn level() -> Level {
    match CHOSEN.load(Ordering::Relaxed) {
        1 => Level::Baseline,
        2 => Level::Avx2,
        _ => {
            let best = if std::is_x86_feature_detected!("avx2") { Level::Avx2 } else { Level::Baseline };
            CHOSEN.store(best as u8 + 1, Ordering::Relaxed);
            best
        }
    }
}

/// The instruction set in use.
#[cfg(not(all(feature = "std", target_arch = "x86_64")))]
#[inline]
pub fn level() -> Level {
    Level::Baseline
}

/// Chooses the instruction set for the whole process, so that another machine gives the same bits.
///
/// ```
/// use shiplap::kernel::{Level, level, set_level};
///
/// set_level(Level::Baseline)?;
/// assert_eq!(level(), Level::Baseline);
/// # Ok::<(), shiplap::kernel::Unavailable>(())
/// ```
///
/// # Errors
///
/// When the processor does not have it.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
pub fn set_level(level: Level) -> Result<(), Unavailable> {
    if level == Level::Avx2 && !std::is_x86_feature_detected!("avx2") {
        return Err(Unavailable(level));
    }
    CHOSEN.store(level as u8 + 1, Ordering::Relaxed);
    Ok(())
}

/// Chooses the instruction set; in this build there is one.
///
/// # Errors
///
/// For any level but the baseline.
#[cfg(not(all(feature = "std", target_arch = "x86_64")))]
pub fn set_level(level: Level) -> Result<(), Unavailable> {
    if level == Level::Baseline { Ok(()) } else { Err(Unavailable(level)) }
}

/// Does `work` compiled for the instruction set in use.
#[inline]
pub fn dispatch<W: Work>(work: W) -> W::Output {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if level() == Level::Avx2 {
        // SAFETY: `level` is `Avx2` only where the processor was seen to have it.
        return unsafe { with_avx2(work) };
    }
    work.run(Baseline)
}

#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[target_feature(enable = "avx2")]
fn with_avx2<W: Work>(work: W) -> W::Output {
    work.run(Avx2)
}
