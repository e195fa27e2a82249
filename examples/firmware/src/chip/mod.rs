//! The chip: where programs start and end, what counts instructions, how far the stack reaches.

#[cfg_attr(target_arch = "arm", path = "cortex_m.rs")]
#[cfg_attr(target_arch = "riscv32", path = "risc_v.rs")]
mod cpu;
mod stack;

pub use cpu::Counter;
pub use stack::Stack;

use crate::{
    Outcome,
    console::{say, show},
    ensure,
};

/// Counts the instructions of a loop of two, and sees that they are as many as they should be.
pub fn check_counter() -> Outcome {
    for repetitions in [1, 1000, 100_000] {
        let counter = Counter::start();
        Counter::repeat_two(repetitions);
        let counted = counter.read();
        ensure((2 * repetitions..=2 * repetitions + 20).contains(&counted), "instructions are not counted right")?;
    }
    Ok(())
}

/// Runs the program, and ends the emulation with its status.
pub fn run(program: fn() -> Outcome) -> ! {
    let all = Stack::paint();
    let outcome = program();
    show("all", all.whole(), "bytes of stack");
    match outcome {
        Ok(()) => semihosting::process::exit(0),
        Err(what) => fail(what),
    }
}

/// Ends the emulation with status 1.
fn fail(what: &str) -> ! {
    say(what);
    semihosting::process::exit(1)
}

/// If any panic can be reached, this names what does not exist, and the program does not link.
#[cfg(not(any(debug_assertions, feature = "panics")))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn this_program_can_panic() -> !;
    }
    this_program_can_panic()
}

#[cfg(any(debug_assertions, feature = "panics"))]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    if let Some(place) = info.location() {
        show(place.file(), place.line(), "is the line of the panic");
    }
    fail("panic")
}
