//! How far the stack has reached: what lies below it is painted, and what was painted over was used.

use core::{
    arch::asm,
    sync::atomic::{AtomicUsize, Ordering},
};

const PAINT: usize = 0xC0DE_D00D;

/// The lowest place used since the last [`Stack::paint`], as far as has been looked.
static LOWEST: AtomicUsize = AtomicUsize::new(usize::MAX);

unsafe extern "C" {
    /// The end of what is in RAM from the start: the stack may grow down to it.
    static __sheap: u8;
    /// Where the stack begins.
    static _stack_start: u8;
}

/// The stack, painted from here down. One may be painted while another is measured.
pub struct Stack {
    from: usize,
    /// How far it had reached before.
    before: usize,
}

impl Stack {
    /// Paints what is below the stack pointer.
    #[inline(always)]
    pub fn paint() -> Self {
        look();
        let from = pointer();
        let before = LOWEST.load(Ordering::Relaxed);
        LOWEST.store(from, Ordering::Relaxed);
        let mut place = bottom();
        while place < from {
            // SAFETY: from the end of the statics to the stack pointer is memory that nobody owns.
            unsafe { (place as *mut usize).write_volatile(PAINT) };
            place += size_of::<usize>();
        }
        Self { from, before }
    }

    /// The most bytes used since, from where it was painted.
    pub fn used(self) -> u32 {
        look();
        let lowest = LOWEST.load(Ordering::Relaxed);
        LOWEST.store(lowest.min(self.before), Ordering::Relaxed);
        (self.from - lowest) as u32
    }

    /// All of the stack: that from its start to where it was painted, and that below.
    pub fn whole(self) -> u32 {
        let above = (&raw const _stack_start) as usize - self.from;
        above as u32 + self.used()
    }
}

/// Notes how far the stack has reached.
fn look() {
    let lowest = lowest().min(LOWEST.load(Ordering::Relaxed));
    LOWEST.store(lowest, Ordering::Relaxed);
}

/// The lowest place without paint.
fn lowest() -> usize {
    let (mut place, end) = (bottom(), pointer());
    // SAFETY: as in `paint`.
    while place < end && unsafe { (place as *const usize).read_volatile() } == PAINT {
        place += size_of::<usize>();
    }
    place
}

fn bottom() -> usize {
    (&raw const __sheap) as usize
}

#[inline(always)]
fn pointer() -> usize {
    let pointer;
    // SAFETY: it reads a register.
    unsafe {
        #[cfg(target_arch = "arm")]
        asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "riscv32")]
        asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    pointer
}
