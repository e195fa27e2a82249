//! Cortex-M: the timer SysTick, which advances with instructions under QEMU's `-icount`.

use core::{
    arch::asm,
    sync::atomic::{AtomicU32, Ordering},
};

use cortex_m::peripheral::{Peripherals, SYST, syst::SystClkSource};
use cortex_m_rt::{ExceptionFrame, exception};

use crate::number;

/// An instruction counter. It includes about 7 instructions of its own, and some 20 every 2.6 million.
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
        ROUNDS.store(0, Ordering::Relaxed);
        timer.enable_interrupt();
        timer.enable_counter();
        // SAFETY: the instruction has no effect. The plugin `cycles.c` counts from here.
        unsafe { asm!("yield", options(nostack, preserves_flags)) };
        let start = SYST::get_current();
        Self { timer, start }
    }

    /// Returns the number of instructions since the start.
    #[inline(always)]
    pub fn read(mut self) -> u32 {
        let end = SYST::get_current();
        // SAFETY: the instruction has no effect, since no processor waits for an event. The plugin counts up to here.
        unsafe { asm!("sev", options(nostack, preserves_flags)) };
        self.timer.disable_interrupt();
        let rounds = u64::from(ROUNDS.load(Ordering::Relaxed));
        let ticks = rounds * u64::from(RELOAD + 1) + u64::from(self.start.wrapping_sub(end) & RELOAD);
        ((ticks * u64::from(INSTRUCTIONS) + u64::from(TICKS / 2)) / u64::from(TICKS)) as u32
    }

    /// Executes a loop of two instructions.
    #[inline(always)]
    pub fn repeat_two(times: u32) {
        // SAFETY: the loop only changes its own register and the flags.
        unsafe { asm!("2:", "subs {0}, {0}, #1", "bne 2b", inout(reg) times => _, options(nomem, nostack)) };
    }
}

/// How often the timer has started again.
static ROUNDS: AtomicU32 = AtomicU32::new(0);

#[exception]
fn SysTick() {
    ROUNDS.store(ROUNDS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    super::fail("fault")
}
