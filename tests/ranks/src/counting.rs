//! Counts the allocations and frees of a thread.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, with counts.
pub struct Counting;

// SAFETY: each call is passed on unchanged to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        CALLS.set(CALLS.get() + 1);
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// The number of allocations and frees in `work`, by this thread.
pub fn count<E>(work: impl FnOnce() -> Result<(), E>) -> Result<usize, E> {
    let before = CALLS.get();
    work()?;
    Ok(CALLS.get() - before)
}
