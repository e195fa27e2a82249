//! Runs work that is compiled for the instruction set in use.

#[cfg(quads)]
use super::int8;
#[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
use super::x86::{Avx2, Avx512};
use super::{
    lanes::Lanes,
    level::{Level, level},
    simd::{Simd, Work},
};

/// The number of `f32` in a register of [`Baseline`]: one if the target may have no SIMD registers, or if all targets
/// must compute the same bits.
const LANES: usize = if cfg!(all(
    any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128"),
    not(feature = "deterministic")
)) {
    4
} else {
    1
};

/// The instruction set that every processor of the target has.
#[derive(Clone, Copy, Debug)]
pub struct Baseline;

impl Simd for Baseline {
    type F32 = Lanes<f32, LANES>;
    type F64 = Lanes<f64, { LANES.div_ceil(2) }>;
    const LEVEL: Level = Level::Baseline;

    /// Not inlined where there are several instruction sets: [`dispatch`] would otherwise reserve the stack frame of the
    /// work for each of them.
    #[cfg_attr(all(target_arch = "x86_64", not(feature = "deterministic")), inline(never))]
    fn run<W: Work>(self, work: W) -> W::Output {
        work.run(self)
    }

    #[cfg(quads)]
    #[inline(always)]
    fn dots<const P: usize, const N: usize>(self, x: [&[i16]; P], weights: [&[i8]; N]) -> [[i32; P]; N] {
        int8::quads::dots(x, weights)
    }
}

/// Runs `work`, compiled for the instruction set in use.
#[inline]
pub fn dispatch<W: Work>(work: W) -> W::Output {
    match level() {
        // SAFETY: `level` returns only instruction sets that are available.
        #[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
        Level::Avx512 => separate(unsafe { Avx512::new() }, work),
        // SAFETY: as above.
        #[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
        Level::Avx2 => separate(unsafe { Avx2::new() }, work),
        _ => Baseline.run(work),
    }
}

/// Runs `work` in a function that is not inlined, also where the whole build is for the instruction set.
#[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
#[cfg_attr(target_feature = "avx2", inline(never))]
#[cfg_attr(not(target_feature = "avx2"), inline(always))]
fn separate<S: Simd, W: Work>(simd: S, work: W) -> W::Output {
    simd.run(work)
}
