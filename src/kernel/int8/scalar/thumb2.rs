//! Cortex-M3, and M33 without the DSP extension.

use core::{arch::asm, array};

/// The filters that share the loads of rows.
pub const FILTERS: usize = 2;

/// The rows that share the loads of filters.
pub const ROWS: usize = 2;

/// The products of each sum in a round of a loop.
const ROUND: usize = 4;

/// The products of two filters and two rows at the place where a load ends like this.
macro_rules! two {
    ($at:literal) => {
        concat!(
            "ldrsb {x}, [{left0}",
            $at,
            "\n",
            "ldrsb {w0}, [{right0}",
            $at,
            "\n",
            "ldrsb {w1}, [{right1}",
            $at,
            "\n",
            "mla {s00}, {x}, {w0}, {s00}\n",
            "mla {s10}, {x}, {w1}, {s10}\n",
            "ldrsb {x}, [{left1}",
            $at,
            "\n",
            "mla {s01}, {x}, {w0}, {s01}\n",
            "mla {s11}, {x}, {w1}, {s11}\n",
        )
    };
}

/// Those of two filters and a row.
macro_rules! one {
    ($at:literal) => {
        concat!(
            "ldrsb {w0}, [{right0}",
            $at,
            "\n",
            "ldrsb {x}, [{left0}",
            $at,
            "\n",
            "mla {s00}, {x}, {w0}, {s00}\n",
            "ldrsb {x}, [{left1}",
            $at,
            "\n",
            "mla {s01}, {x}, {w0}, {s01}\n",
        )
    };
}

/// Adds `Σₖ left[n][k]·right[p][k]` to `sums[p][n]`, for the first numbers. Returns how many.
///
/// # Safety
///
/// Each pointer is to `length` numbers.
#[inline(always)]
pub unsafe fn add<const P: usize>(
    left: [*const i8; FILTERS],
    right: [*const i8; P],
    length: usize,
    sums: &mut [[i32; FILTERS]; P],
) -> usize {
    const { assert!(P == 1 || P == ROWS) };
    let rounds = length / ROUND;
    if rounds == 0 {
        return 0;
    }
    let ([left0, left1], [right0, right1]) = (left, array::from_fn(|p| right[p % P]));
    let [[mut s00, mut s01], [mut s10, mut s11]] = array::from_fn(|p| sums[p % P]);
    // SAFETY: each round reads `ROUND` numbers after each pointer. The last loads move the pointers.
    unsafe {
        if P == ROWS {
            asm!(
                "2:",
                two!(", #1]"), two!(", #2]"), two!(", #3]"), two!("], #4"),
                "subs {rounds}, {rounds}, #1",
                "bne 2b",
                left0 = inout(reg) left0 => _, left1 = inout(reg) left1 => _,
                right0 = inout(reg) right0 => _, right1 = inout(reg) right1 => _,
                s00 = inout(reg) s00, s01 = inout(reg) s01, s10 = inout(reg) s10, s11 = inout(reg) s11,
                rounds = inout(reg) rounds => _,
                x = out(reg) _, w0 = out(reg) _, w1 = out(reg) _,
                options(nostack, readonly),
            );
        } else {
            asm!(
                "2:",
                one!(", #1]"), one!(", #2]"), one!(", #3]"), one!("], #4"),
                "subs {rounds}, {rounds}, #1",
                "bne 2b",
                left0 = inout(reg) left0 => _, left1 = inout(reg) left1 => _, right0 = inout(reg) right0 => _,
                s00 = inout(reg) s00, s01 = inout(reg) s01,
                rounds = inout(reg) rounds => _,
                x = out(reg) _, w0 = out(reg) _,
                options(nostack, readonly),
            );
        }
    }
    sums.copy_from_slice(&[[s00, s01], [s10, s11]][..P]);
    ROUND * rounds
}
