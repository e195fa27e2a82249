//! What the programs in `bin` have in common. Each of them runs on chips and, to compare with, on the PC:
//!
//! - `chip`: the chip, where there is one;
//! - [`program!`]: where a program starts, and what becomes of its result;
//! - [`console`]: lines of text, whole numbers;
//! - [`cost`]: instructions and stack of a piece of work;
//! - [`hash`]: one number for all bits of a network or its outputs;
//! - [`nose`], [`machine`]: sensors, simulated by sums and products alone, which are the same everywhere;
//! - [`pattern`]: weights without a training;
//! - [`tutorial`]: a training.
#![cfg_attr(target_os = "none", no_std)]

#[cfg(target_os = "none")]
pub mod chip;
pub mod console;
pub mod cost;
pub mod hash;
pub mod machine;
pub mod nose;
pub mod pattern;
pub mod tutorial;

use shiplap::Rng;

/// The bytes of flash of the board.
pub const FLASH: usize = 1024 * number(env!("FLASH"));

/// A number that `build.rs` gives.
const fn number(text: &str) -> usize {
    match usize::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("build.rs gives whole numbers"),
    }
}

/// Nothing, or what went wrong.
pub type Outcome = Result<(), &'static str>;

/// `Err(otherwise)` unless it holds.
pub fn ensure(holds: bool, otherwise: &'static str) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise) }
}

/// Uniform in [0, 1), in steps of 2⁻²⁴: exact in `f32`.
pub fn uniform(rng: &mut Rng) -> f32 {
    (rng.bits() >> 8) as f32 / (1 << 24) as f32
}

/// Makes `run`, a function that gives an [`Outcome`], the program. It ends with status 0 if that is `Ok`.
#[macro_export]
macro_rules! program {
    ($run:path) => {
        #[cfg(target_os = "none")]
        #[unsafe(no_mangle)]
        extern "C" fn main() -> ! {
            $crate::chip::run($run)
        }

        #[cfg(not(target_os = "none"))]
        fn main() -> std::process::ExitCode {
            match $run() {
                Ok(()) => std::process::ExitCode::SUCCESS,
                Err(what) => {
                    $crate::console::say(what);
                    std::process::ExitCode::FAILURE
                }
            }
        }
    };
}
