//! Work, compiled for the instruction set in use.

#[cfg(not(all(target_arch = "x86_64", not(feature = "deterministic"))))]
use super::lanes::Lanes;
#[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
pub use super::x86::Baseline;
#[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
use super::x86::{Avx2, Avx512};
use super::{
    level::{Level, level},
    simd::{Simd, Work},
};

/// What every processor of the target has.
#[cfg(not(all(target_arch = "x86_64", not(feature = "deterministic"))))]
#[derive(Clone, Copy, Debug)]
pub struct Baseline;

#[cfg(not(all(target_arch = "x86_64", not(feature = "deterministic"))))]
impl Simd for Baseline {
    type F32 = Lanes<f32, LANES>;
    type F64 = Lanes<f64, { LANES.div_ceil(2) }>;
    const LEVEL: Level = Level::Baseline;

    fn run<W: Work>(self, work: W) -> W::Output {
        work.run(self)
    }
}

/// How many `f32` a register of [`Baseline`] holds: one where the target may have no SIMD registers, and where all targets
/// must compute the same bits.
#[cfg(not(all(target_arch = "x86_64", not(feature = "deterministic"))))]
const LANES: usize =
    if cfg!(all(any(target_arch = "aarch64", target_feature = "simd128"), not(feature = "deterministic"))) {
        4
    } else {
        1
    };

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
        _ => Baseline.run(work),
    }
}
