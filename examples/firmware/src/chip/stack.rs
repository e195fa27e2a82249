//! Measures the stack by stack painting: fills the unused memory below the stack with a pattern, and later searches for the
//! lowest address where the pattern was overwritten.

use core::{
    arch::asm,
    sync::atomic::{AtomicUsize, Ordering},
};

const PAINT: usize = 0xC0DE_D00D;

/// The lowest address in use since the last [`Stack::paint`], as of the last search.
static LOWEST: AtomicUsize = AtomicUsize::new(usize::MAX);

unsafe extern "C" {
    /// The end of the statics, which is the limit of the stack.
    static __sheap: u8;
    /// The start of the stack, its highest address.
    static _stack_start: u8;
}

/// A measurement of the stack. Measurements can be nested.
pub struct Stack {
    /// The stack pointer at the start of the measurement.
    start: usize,
    /// The lowest address in use before.
    previous_lowest: usize,
}

impl Stack {
    /// Starts a measurement: paints the memory below the stack pointer.
    #[inline(always)]
    pub fn paint() -> Self {
        update_lowest();
        let start = stack_pointer();
        let previous_lowest = LOWEST.load(Ordering::Relaxed);
        LOWEST.store(start, Ordering::Relaxed);
        let mut address = limit();
        while address < start {
            // SAFETY: the memory between the end of the statics and the stack pointer is unused.
            unsafe { (address as *mut usize).write_volatile(PAINT) };
            address += size_of::<usize>();
        }
        Self { start, previous_lowest }
    }

    /// The maximum stack in bytes since the start of the measurement, below the stack pointer at that time.
    pub fn used(self) -> u32 {
        update_lowest();
        let lowest = LOWEST.load(Ordering::Relaxed);
        LOWEST.store(lowest.min(self.previous_lowest), Ordering::Relaxed);
        (self.start - lowest) as u32
    }

    /// The maximum stack in bytes, from the start of the stack.
    pub fn total(self) -> u32 {
        let above = (&raw const _stack_start) as usize - self.start;
        above as u32 + self.used()
    }
}

/// Updates [`LOWEST`].
fn update_lowest() {
    let lowest = lowest_unpainted().min(LOWEST.load(Ordering::Relaxed));
    LOWEST.store(lowest, Ordering::Relaxed);
}

/// The lowest address where the paint was overwritten.
fn lowest_unpainted() -> usize {
    let (mut address, end) = (limit(), stack_pointer());
    // SAFETY: as in `paint`.
    while address < end && unsafe { (address as *const usize).read_volatile() } == PAINT {
        address += size_of::<usize>();
    }
    address
}

fn limit() -> usize {
    (&raw const __sheap) as usize
}

#[inline(always)]
fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: the instruction only reads a register.
    unsafe {
        #[cfg(target_arch = "arm")]
        asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "riscv32")]
        asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    pointer
}
