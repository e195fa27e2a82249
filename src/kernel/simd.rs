//! Instruction sets: which there are, which is in use, and what a register is.
//!
//! [`dispatch`] chooses; from there on, [`Simd::run`] compiles each piece of work for the instruction set chosen.

use core::fmt;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
use core::sync::atomic::{AtomicU8, Ordering};

#[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
use super::x86::{Avx2, Avx512};
use super::{Element, Lanes, Real};

/// The instruction set that code is being compiled for; layers pass it on.
pub trait Simd: Copy + Send + Sync + 'static {
    /// A register of `f32`.
    type F32: Vector<f32>;
    /// A register of `f64`.
    type F64: Vector<f64>;
    /// Its name.
    const LEVEL: Level;

    /// Does `work` in a function of its own, compiled for this instruction set and shared by all its callers.
    fn run<W: Work>(self, work: W) -> W::Output;
}

/// The lanes of the longest register.
pub(super) const MOST_LANES: usize = 16;

/// A register: numbers in lock-step that are loaded and stored together.
pub trait Vector<T: Element>: Real {
    /// A register half as long, if the instruction set works on those at twice the rate; else itself.
    type Half: Vector<T>;
    /// How many numbers it holds.
    const LANES: usize;
    /// How many rows of a matrix product keep the processor busy with two registers each: 4, 6 or 8.
    const ROWS: usize;
    /// How many sums there must be for none to wait for the last multiplication.
    const SUMS: usize;

    /// `value` in each lane.
    fn broadcast(value: T) -> Self;
    /// The first numbers of `from`; zeros where it ends.
    fn load(from: &[T]) -> Self;
    /// Writes the first numbers of `to`, as far as it reaches.
    fn store(self, to: &mut [T]);
    /// The first `count` lanes; zeros in the others.
    #[must_use]
    fn first(self, count: usize) -> Self;
    /// All lanes added up, in pairs.
    fn sum(self) -> T;
    /// The lanes of both in turn, `a₀ b₀ a₁ b₁ …`, as the first and the second half.
    fn riffle(self, other: Self) -> (Self, Self);
    /// The largest lane.
    fn largest(self) -> T;
}

/// How many `f32` a register of [`Baseline`] holds: one where the target has no SIMD registers for sure, and where
/// all targets must give the same bits.
const LANES: usize = if cfg!(all(
    any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128"),
    not(feature = "deterministic")
)) {
    4
} else {
    1
};

/// What every processor of the target has.
#[derive(Clone, Copy, Debug)]
pub struct Baseline;

impl Simd for Baseline {
    type F32 = Lanes<f32, LANES>;
    type F64 = Lanes<f64, { LANES.div_ceil(2) }>;
    const LEVEL: Level = Level::Baseline;

    fn run<W: Work>(self, work: W) -> W::Output {
        work.run(self)
    }
}

/// Work that can be compiled for any instruction set.
pub trait Work {
    /// What it gives.
    type Output;

    /// Does the work; mark it `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Whether the processor has all these features.
macro_rules! detected {
    ($($feature:tt),*) => {{
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        let all = cfg!(not(feature = "deterministic")) $(&& std::is_x86_feature_detected!($feature))*;
        #[cfg(not(all(feature = "std", target_arch = "x86_64")))]
        let all = cfg!(not(feature = "deterministic")) $(&& cfg!(target_feature = $feature))*;
        all
    }};
}
/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every processor of the target has.
    Baseline,
    /// x86-64 with AVX2 and FMA: registers of 8 `f32`.
    Avx2,
    /// x86-64 with AVX-512 (F, VL, DQ): registers of 16 `f32`.
    Avx512,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Baseline, Self::Avx2, Self::Avx512];

    /// Whether the processor has it. Without `std`, whether the build was told that it does. The feature `deterministic`
    /// leaves [`Baseline`](Self::Baseline) alone.
    pub fn is_available(self) -> bool {
        match self {
            Self::Baseline => true,
            Self::Avx2 => detected!("avx2", "fma"),
            Self::Avx512 => Self::Avx2.is_available() && detected!("avx512f", "avx512vl", "avx512dq"),
        }
    }

    fn best() -> Self {
        Self::ALL.into_iter().rev().find(|level| level.is_available()).unwrap_or(Self::Baseline)
    }
}

/// The error of [`set_level`]: the processor lacks the instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable(pub Level);

impl fmt::Display for Unavailable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if cfg!(feature = "deterministic") {
            return write!(formatter, "the feature `deterministic` is on: there is no {:?}, only Baseline", self.0);
        }
        write!(formatter, "this processor or build has no {:?}; the best that it has is {:?}", self.0, Level::best())
    }
}

impl core::error::Error for Unavailable {}

/// 1 more than the number of the level in use; 0 before there is one.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// The instruction set in use: the best there is, unless [`set_level`] chose.
#[inline]
pub fn level() -> Level {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    return match CHOSEN.load(Ordering::Relaxed) {
        0 => {
            // Where another thread has chosen in the meantime, its choice stays.
            let best = Level::best() as u8 + 1;
            let _ = CHOSEN.compare_exchange(0, best, Ordering::Relaxed, Ordering::Relaxed);
            level()
        }
        1 => Level::Baseline,
        2 => Level::Avx2,
        _ => Level::Avx512,
    };
    #[cfg(not(all(feature = "std", target_arch = "x86_64")))]
    Level::best()
}

/// Chooses the instruction set for the whole process, so that another machine gives the same bits.
/// Without `std` it was chosen by the build, and nothing else is available; under the feature `deterministic`, which gives
/// the same bits on processors of any kind, only [`Level::Baseline`] is.
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
pub fn set_level(level: Level) -> Result<(), Unavailable> {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if level.is_available() {
        CHOSEN.store(level as u8 + 1, Ordering::Relaxed);
        return Ok(());
    }
    #[cfg(not(all(feature = "std", target_arch = "x86_64")))]
    if level == self::level() {
        return Ok(());
    }
    Err(Unavailable(level))
}

/// Does `work` compiled for the instruction set in use.
#[inline]
pub fn dispatch<W: Work>(work: W) -> W::Output {
    match level() {
        // SAFETY: `level` names only what `is_available`.
        #[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
        Level::Avx512 => unsafe { Avx512::new() }.run(work),
        // SAFETY: as above.
        #[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
        Level::Avx2 => unsafe { Avx2::new() }.run(work),
        _ => in_its_own_frame(work),
    }
}

/// Compiled into [`dispatch`], what it has on the stack would be there whatever is in use.
#[cfg_attr(all(target_arch = "x86_64", not(feature = "deterministic")), inline(never))]
fn in_its_own_frame<W: Work>(work: W) -> W::Output {
    Baseline.run(work)
}
