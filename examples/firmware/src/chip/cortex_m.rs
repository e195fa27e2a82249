//! Cortex-M: the timer SysTick, which advances with instructions under QEMU's `-icount`.

use core::arch::asm;

use cortex_m::peripheral::{Peripherals, SYST, syst::SystClkSource};
use cortex_m_rt::{ExceptionFrame, exception};

use crate::number;

/// An instruction counter. It counts up to 2.6 to 5.2 million instructions, depending on the board, and includes about 7 of
/// its own.
pub struct Counter {
    timer: SYST,
    start: u32,
}

/// The reload value of the timer.
const RELOAD: u32 = 0x00FF_FFFF;

/// The ratio of timer ticks to instructions.
const TICKS: u32 = number(env!("TICKS")) as u32;
const INSTRUCTIONS: u32 = number(env!("INSTRUCTIONS")) as u32;

impl Counter {
    /// Starts counting.
    #[inline(always)]
    pub fn start() -> Self {
        // SAFETY: no other code uses the timer.
        let mut timer = unsafe { Peripherals::steal() }.SYST;
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(RELOAD);
        timer.clear_current();
        timer.enable_counter();
        let start = SYST::get_current();
        Self { timer, start }
    }

    /// Returns the number of instructions since the start. If the timer overflowed, the program fails.
    #[inline(always)]
    pub fn read(mut self) -> u32 {
        let end = SYST::get_current();
        let ticks = self.start.wrapping_sub(end) & RELOAD;
        if self.timer.has_wrapped() {
            super::fail("instruction counter overflow");
        }
        (ticks * INSTRUCTIONS + TICKS / 2) / TICKS
    }

    /// Executes a loop of two instructions.
    #[inline(always)]
    pub fn repeat_two(times: u32) {
        // SAFETY: the loop only changes its own register and the flags.
        unsafe { asm!("2:", "subs {0}, {0}, #1", "bne 2b", inout(reg) times => _, options(nomem, nostack)) };
    }
}

#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    super::fail("fault")
}
