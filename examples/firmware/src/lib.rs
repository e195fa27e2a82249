//! Code that the programs in `bin` share. The programs run on microcontrollers and, for comparison, on a PC.
//!
//! - `chip`: access to the chip, absent on a PC;
//! - [`program!`]: the entry point of a program;
//! - [`console`]: output of text and integers;
//! - [`cost`]: measurement of instructions and stack;
//! - [`digits`]: images of handwritten digits;
//! - [`gestures`]: gestures from the sensors of a watch;
//! - [`hash`]: a hash of the bits of a network or its outputs;
//! - [`int8`]: networks in int8;
//! - [`nose`], [`machine`]: simulated sensors, computed with sums and products only, so that the data are the same on every
//!   processor;
//! - [`nets!`]: training of many networks;
//! - [`pattern`]: weights of untrained networks;
//! - [`tutorial`]: training of a network.
#![cfg_attr(target_os = "none", no_std)]

#[cfg(target_os = "none")]
pub mod chip;
pub mod console;
pub mod cost;
pub mod digits;
pub mod gestures;
pub mod hash;
pub mod int8;
pub mod machine;
pub mod nets;
pub mod nose;
pub mod pattern;
pub mod tutorial;

use shiplap::Rng;

/// The size of the flash of the board in bytes.
pub const FLASH: usize = 1024 * number(env!("FLASH"));

/// Parses a number from `build.rs`.
const fn number(text: &str) -> usize {
    match usize::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("build.rs sets a variable that is not an integer"),
    }
}

/// The result of a program, with an error message.
pub type Outcome = Result<(), &'static str>;

/// Returns an error unless `condition` holds.
pub fn ensure(condition: bool, error: &'static str) -> Outcome {
    if condition { Ok(()) } else { Err(error) }
}

/// Draws from the uniform distribution on [0, 1), in multiples of 2⁻²⁴, which are exact in `f32`.
pub fn uniform(rng: &mut Rng) -> f32 {
    (rng.bits() >> 8) as f32 / (1 << 24) as f32
}

/// Defines the entry point of a program, which calls `run`. The program exits with status 0 if `run` returns `Ok`.
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
                Err(error) => {
                    $crate::console::say(error);
                    std::process::ExitCode::FAILURE
                }
            }
        }
    };
}
