//! Cortex-M: the timer SysTick, which QEMU's `-icount` drives by instructions.

use core::arch::asm;

use cortex_m::peripheral::{Peripherals, SYST, syst::SystClkSource};
use cortex_m_rt::{ExceptionFrame, exception};

use crate::number;

/// Counts instructions, up to some millions: 2.6 to 5.2, by board. It counts some 7 of its own.
pub struct Counter {
    timer: SYST,
    start: u32,
}

/// Where the timer starts from, and starts again.
const MOST: u32 = 0x00FF_FFFF;

/// So many ticks of the timer are so many instructions.
const TICKS: u32 = number(env!("TICKS")) as u32;
const INSTRUCTIONS: u32 = number(env!("INSTRUCTIONS")) as u32;

impl Counter {
    /// From here.
    #[inline(always)]
    pub fn start() -> Self {
        // SAFETY: nothing else uses the timer.
        let mut timer = unsafe { Peripherals::steal() }.SYST;
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(MOST);
        timer.clear_current();
        timer.enable_counter();
        let start = SYST::get_current();
        Self { timer, start }
    }

    /// To here. If they were too many to count, the program ends.
    #[inline(always)]
    pub fn read(mut self) -> u32 {
        let end = SYST::get_current();
        let ticks = self.start.wrapping_sub(end) & MOST;
        if self.timer.has_wrapped() {
            super::fail("more instructions than the timer counts");
        }
        (ticks * INSTRUCTIONS + TICKS / 2) / TICKS
    }

    /// Two instructions, so many times.
    #[inline(always)]
    pub fn repeat_two(times: u32) {
        // SAFETY: it changes nothing but its own register.
        unsafe { asm!("2:", "subs {0}, {0}, #1", "bne 2b", inout(reg) times => _, options(nomem, nostack)) };
    }
}

#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    super::fail("fault")
}
