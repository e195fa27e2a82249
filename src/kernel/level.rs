//! The instruction sets, and the choice between them.

use core::fmt;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
use core::sync::atomic::{AtomicU8, Ordering};

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
#[non_exhaustive]
pub enum Level {
    /// The instruction set that every processor of the target has.
    Baseline,
    /// x86-64 with AVX2 and FMA: registers of 8 `f32`.
    Avx2,
    /// x86-64 with AVX-512 (F, VL, DQ): registers of 16 `f32`.
    Avx512,
}

impl Level {
    /// All instruction sets.
    pub const ALL: &'static [Self] = &[Self::Baseline, Self::Avx2, Self::Avx512];

    /// Whether the processor has the instruction set; without `std`, whether the target features of the build include
    /// it. Under the feature `deterministic`, only [`Baseline`](Self::Baseline) is available.
    pub fn is_available(self) -> bool {
        match self {
            Self::Baseline => true,
            Self::Avx2 => detected!("avx2", "fma"),
            Self::Avx512 => Self::Avx2.is_available() && detected!("avx512f", "avx512vl", "avx512dq"),
        }
    }

    fn best() -> Self {
        Self::ALL.iter().copied().rev().find(|level| level.is_available()).unwrap_or(Self::Baseline)
    }
}

/// Whether a processor with AVX-512 multiplies int8 (BW and VNNI).
#[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
#[inline]
pub(super) fn has_vnni() -> bool {
    detected!("avx512bw", "avx512vnni")
}

/// The error of [`set_level`]: the processor or the build lacks the instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

/// The number of the level in use plus 1; 0 before one is chosen.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[inline]
fn chosen<Y>(read: impl FnOnce(&AtomicU8) -> Y) -> Y {
    #[cfg(not(test))]
    {
        static CHOSEN: AtomicU8 = AtomicU8::new(0);
        read(&CHOSEN)
    }
    // Unit tests run side by side, each in a thread, and some choose a level.
    #[cfg(test)]
    {
        std::thread_local! {
            static CHOSEN: AtomicU8 = const { AtomicU8::new(0) };
        }
        CHOSEN.with(read)
    }
}

/// The instruction set in use: the best available, unless [`set_level`] chose another.
#[inline]
pub fn level() -> Level {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    return match chosen(|chosen| chosen.load(Ordering::Relaxed)) {
        0 => {
            // If another thread has chosen in the meantime, its choice is kept.
            let best = Level::best() as u8 + 1;
            let _ = chosen(|chosen| chosen.compare_exchange(0, best, Ordering::Relaxed, Ordering::Relaxed));
            level()
        }
        1 => Level::Baseline,
        2 => Level::Avx2,
        _ => Level::Avx512,
    };
    #[cfg(not(all(feature = "std", target_arch = "x86_64")))]
    Level::best()
}

/// Chooses the instruction set for the whole process, for example to compute the same bits as another machine. Without
/// `std`, only the instruction set of the build is available. Under the feature `deterministic`, which computes the
/// same bits on every kind of processor, only [`Level::Baseline`] is available.
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
/// Returns an error if the instruction set is not [available](Level::is_available). Without `std`, or on other
/// processors than x86-64, only the [`level`] in use can be chosen.
pub fn set_level(level: Level) -> Result<(), Unavailable> {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if level.is_available() {
        chosen(|chosen| chosen.store(level as u8 + 1, Ordering::Relaxed));
        return Ok(());
    }
    #[cfg(not(all(feature = "std", target_arch = "x86_64")))]
    if level == self::level() {
        return Ok(());
    }
    Err(Unavailable(level))
}
