//! Cortex-M0, M0+ and M23, whose instructions reach eight registers.

use core::arch::asm;

/// The filters that share the loads of a row.
pub const FILTERS: usize = 2;

/// The rows that share the loads of filters: registers are too few for several.
pub const ROWS: usize = 1;

/// Adds `Σₖ left[n][k]·right[p][k]` to `sums[p][n]`. Returns the number of products of each sum: `length`.
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
    const { assert!(P == 1) };
    if length > 0 {
        // SAFETY: `k` is below `length`. Operands are in `r0` to `r7`, so `r12` is free, once it is saved.
        unsafe {
            asm!(
                "mov {a}, r12",
                "push {{{a}}}",
                "mov r12, {b}",
                "2:",
                "ldrsb {b}, [{right}, {k}]",
                "ldrsb {a}, [{left0}, {k}]",
                "muls {a}, {b}, {a}",
                "adds {sum}, {sum}, {a}",
                "ldrsb {a}, [{left1}, {k}]",
                "muls {b}, {a}, {b}",
                "add r12, {b}",
                "subs {k}, {k}, #1",
                "bpl 2b",
                "mov {b}, r12",
                "pop {{{a}}}",
                "mov r12, {a}",
                sum = inout(reg) sums[0][0],
                a = out(reg) _,
                b = inout(reg) sums[0][1],
                left0 = in(reg) left[0],
                left1 = in(reg) left[1],
                right = in(reg) right[0],
                k = inout(reg) length - 1 => _,
                options(readonly),
            );
        }
    }
    length
}
