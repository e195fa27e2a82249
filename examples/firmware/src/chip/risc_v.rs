//! RISC-V: `minstret` counts instructions.

use core::arch::asm;

use riscv::register::minstret;
use riscv_rt as _;

/// Counts instructions. It counts some 5 of its own.
pub struct Counter(usize);

impl Counter {
    /// From here.
    #[inline(always)]
    pub fn start() -> Self {
        Self(minstret::read())
    }

    /// To here.
    #[inline(always)]
    pub fn read(self) -> u32 {
        minstret::read().wrapping_sub(self.0) as u32
    }

    /// Two instructions, so many times.
    #[inline(always)]
    pub fn repeat_two(times: u32) {
        // SAFETY: it changes nothing but its own register.
        unsafe { asm!("2:", "addi {0}, {0}, -1", "bnez {0}, 2b", inout(reg) times => _, options(nomem, nostack)) };
    }
}

// SAFETY: the runtime looks for a handler of this name, and there is no other.
#[unsafe(export_name = "ExceptionHandler")]
fn fault(_: &riscv_rt::TrapFrame) -> ! {
    super::fail("fault")
}
