//! RISC-V with multiplication.

use core::{arch::asm, array};

/// The filters that share the loads of two rows.
pub const FILTERS: usize = 4;

/// The products of each sum in a round of a loop.
const ROUND: usize = 8;

/// The products of a filter's number at this place with those of two rows, added to its sums.
macro_rules! filter {
    ($at:literal, $right:literal, $sum0:literal, $sum1:literal) => {
        concat!(
            "lb {w}, ",
            $at,
            "(",
            $right,
            ")\n",
            "mul {t}, {x0}, {w}\n",
            "mul {w}, {x1}, {w}\n",
            "add ",
            $sum0,
            ", ",
            $sum0,
            ", {t}\n",
            "add ",
            $sum1,
            ", ",
            $sum1,
            ", {w}\n",
        )
    };
}

/// Loads the numbers of two rows at this place.
macro_rules! rows {
    ($at:literal) => {
        concat!("lb {x0}, ", $at, "({left0})\n", "lb {x1}, ", $at, "({left1})\n")
    };
}

/// The products of two rows and a filter at this place.
macro_rules! one {
    ($at:literal) => {
        concat!(rows!($at), filter!($at, "{right0}", "{s00}", "{s01}"))
    };
}

/// Those of two rows and four filters.
macro_rules! four {
    ($at:literal) => {
        concat!(
            one!($at),
            filter!($at, "{right1}", "{s10}", "{s11}"),
            filter!($at, "{right2}", "{s20}", "{s21}"),
            filter!($at, "{right3}", "{s30}", "{s31}"),
        )
    };
}

/// Adds `Σₖ left[p][k]·right[n][k]` to `sums[n][p]`, for the first numbers. Returns how many.
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
    const { assert!(N == 1 || N == FILTERS) };
    let rounds = length / ROUND;
    if rounds == 0 {
        return 0;
    }
    let ([left0, left1], [right0, right1, right2, right3]) = (left, array::from_fn(|n| right[n % N]));
    let [[mut s00, mut s01], [mut s10, mut s11], [mut s20, mut s21], [mut s30, mut s31]] =
        array::from_fn(|n| sums[n % N]);
    // SAFETY: each round reads `ROUND` numbers after each pointer.
    unsafe {
        if N == FILTERS {
            asm!(
                "2:",
                four!("0"), four!("1"), four!("2"), four!("3"), four!("4"), four!("5"), four!("6"), four!("7"),
                "addi {left0}, {left0}, 8",
                "addi {left1}, {left1}, 8",
                "addi {right0}, {right0}, 8",
                "addi {right1}, {right1}, 8",
                "addi {right2}, {right2}, 8",
                "addi {right3}, {right3}, 8",
                "addi {rounds}, {rounds}, -1",
                "bnez {rounds}, 2b",
                left0 = inout(reg) left0 => _, left1 = inout(reg) left1 => _,
                right0 = inout(reg) right0 => _, right1 = inout(reg) right1 => _,
                right2 = inout(reg) right2 => _, right3 = inout(reg) right3 => _,
                s00 = inout(reg) s00, s01 = inout(reg) s01, s10 = inout(reg) s10, s11 = inout(reg) s11,
                s20 = inout(reg) s20, s21 = inout(reg) s21, s30 = inout(reg) s30, s31 = inout(reg) s31,
                rounds = inout(reg) rounds => _,
                x0 = out(reg) _, x1 = out(reg) _, w = out(reg) _, t = out(reg) _,
                options(nostack, readonly),
            );
        } else {
            asm!(
                "2:",
                one!("0"), one!("1"), one!("2"), one!("3"), one!("4"), one!("5"), one!("6"), one!("7"),
                "addi {left0}, {left0}, 8",
                "addi {left1}, {left1}, 8",
                "addi {right0}, {right0}, 8",
                "addi {rounds}, {rounds}, -1",
                "bnez {rounds}, 2b",
                left0 = inout(reg) left0 => _, left1 = inout(reg) left1 => _, right0 = inout(reg) right0 => _,
                s00 = inout(reg) s00, s01 = inout(reg) s01,
                rounds = inout(reg) rounds => _,
                x0 = out(reg) _, x1 = out(reg) _, w = out(reg) _, t = out(reg) _,
                options(nostack, readonly),
            );
        }
    }
    sums.copy_from_slice(&[[s00, s01], [s10, s11], [s20, s21], [s30, s31]][..N]);
    ROUND * rounds
}
