//! RISC-V: the instruction counter `minstret`.

use core::arch::asm;

use riscv::register::minstret;
use riscv_rt as _;

/// An instruction counter. It includes about 5 instructions of its own.
pub struct Counter(usize);

impl Counter {
    /// Starts counting.
    #[inline(always)]
    pub fn start() -> Self {
        Self(minstret::read())
    }

    /// Returns the number of instructions since the start.
    #[inline(always)]
    pub fn read(self) -> u32 {
        minstret::read().wrapping_sub(self.0) as u32
    }

    /// Executes a loop of two instructions.
    #[inline(always)]
    pub fn repeat_two(times: u32) {
        // SAFETY: the loop only changes its own register.
        unsafe { asm!("2:", "addi {0}, {0}, -1", "bnez {0}, 2b", inout(reg) times => _, options(nomem, nostack)) };
    }
}

// SAFETY: the runtime calls the symbol of this name, and no other code defines it.
#[unsafe(export_name = "ExceptionHandler")]
fn fault(_: &riscv_rt::TrapFrame) -> ! {
    super::fail("fault")
}
