//! The chip: start and end of the program, the instruction counter, and the measurement of the stack.

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

/// Checks the instruction counter with a loop of known length.
pub fn check_counter() -> Outcome {
    for repetitions in [1, 1000, 100_000] {
        let counter = Counter::start();
        Counter::repeat_two(repetitions);
        let counted = counter.read();
        ensure((2 * repetitions..=2 * repetitions + 20).contains(&counted), "the instruction counter is wrong")?;
    }
    Ok(())
}

/// Runs the program and exits from the emulator with its status.
pub fn run(program: fn() -> Outcome) -> ! {
    let stack = Stack::paint();
    let outcome = program();
    show("all", stack.total(), "bytes of stack");
    match outcome {
        Ok(()) => semihosting::process::exit(0),
        Err(error) => fail(error),
    }
}

/// Exits from the emulator with status 1.
fn fail(error: &str) -> ! {
    say(error);
    semihosting::process::exit(1)
}

/// Calls a function that does not exist. A program with a reachable panic therefore fails to link.
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
    if let Some(location) = info.location() {
        show(location.file(), location.line(), "is the line of the panic");
    }
    fail("panic")
}
