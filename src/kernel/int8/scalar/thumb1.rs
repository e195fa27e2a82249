//! Cortex-M0, M0+ and M23, whose instructions reach eight registers.

use core::arch::asm;

/// The filters that share the loads of two rows.
pub const FILTERS: usize = 1;

/// Adds `Σₖ left[p][k]·right[n][k]` to `sums[n][p]`. Returns the number of products of each sum: `length`.
///
/// # Safety
///
/// Each pointer is to `length` numbers.
#[inline(always)]
pub unsafe fn add<const N: usize>(
    left: [*const i8; 2],
    right: [*const i8; N],
    length: usize,
    sums: &mut [[i32; 2]; N],
) -> usize {
    const { assert!(N == 1) };
    if length > 0 {
        // SAFETY: `k` is below `length`. The compiler keeps `r7` for itself, so it is restored.
        unsafe {
            asm!(
                "push {{r7}}",
                "mov r7, {b}",
                "2:",
                "ldrsb {b}, [{right}, {k}]",
                "ldrsb {a}, [{left0}, {k}]",
                "muls {a}, {b}, {a}",
                "adds {sum}, {sum}, {a}",
                "ldrsb {a}, [{left1}, {k}]",
                "muls {b}, {a}, {b}",
                "adds r7, r7, {b}",
                "subs {k}, {k}, #1",
                "bpl 2b",
                "mov {b}, r7",
                "pop {{r7}}",
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
