//! What a piece of work costs, shown as lines. On the PC it is only done.

#[cfg(target_os = "none")]
use crate::{
    chip::{Counter, Stack},
    console::show,
};

/// Does `work`, and shows its instructions and the most stack it used.
#[inline(never)]
pub fn of<R>(_what: &str, work: impl FnOnce() -> R) -> R {
    #[cfg(target_os = "none")]
    let (painted, counter) = (Stack::paint(), Counter::start());
    let result = apart(work);
    #[cfg(target_os = "none")]
    {
        let (instructions, stack) = (counter.read(), painted.used());
        show(_what, instructions, "instructions");
        show(_what, stack, "bytes of stack");
    }
    result
}

/// Does `work`, and shows the most stack it used.
///
/// # Errors
///
/// When that is over `most` bytes.
#[inline(never)]
pub fn stack<R>(_what: &str, _most: usize, work: impl FnOnce() -> R) -> Result<R, &'static str> {
    #[cfg(target_os = "none")]
    let painted = Stack::paint();
    let result = apart(work);
    #[cfg(target_os = "none")]
    {
        let used = painted.used();
        show(_what, used, "bytes of stack");
        crate::ensure(used as usize <= _most, "more stack than it may take")?;
    }
    Ok(result)
}

/// Work in a frame of its own, below the one it is measured from.
#[inline(never)]
fn apart<R>(work: impl FnOnce() -> R) -> R {
    work()
}
