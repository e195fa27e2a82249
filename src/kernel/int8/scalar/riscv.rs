//! RISC-V with multiplication.

use core::{arch::asm, array};

/// The filters that share the loads of rows.
pub const FILTERS: usize = 4;

/// The rows that share the loads of filters.
pub const ROWS: usize = 3;

/// The products of four filters and three rows at place `k`.
macro_rules! three {
    () => {
        r"
        lb {x0}, \k({right0})
        lb {x1}, \k({right1})
        lb {x2}, \k({right2})
        lb {v}, \k({left0})
        lb {w}, \k({left1})
        mul {t}, {x0}, {v}
        mul {u}, {x1}, {v}
        mul {v}, {x2}, {v}
        add {s00}, {s00}, {t}
        add {s10}, {s10}, {u}
        add {s20}, {s20}, {v}
        mul {t}, {x0}, {w}
        mul {u}, {x1}, {w}
        mul {w}, {x2}, {w}
        add {s01}, {s01}, {t}
        add {s11}, {s11}, {u}
        add {s21}, {s21}, {w}
        lb {v}, \k({left2})
        lb {w}, \k({left3})
        mul {t}, {x0}, {v}
        mul {u}, {x1}, {v}
        mul {v}, {x2}, {v}
        add {s02}, {s02}, {t}
        add {s12}, {s12}, {u}
        add {s22}, {s22}, {v}
        mul {t}, {x0}, {w}
        mul {u}, {x1}, {w}
        mul {w}, {x2}, {w}
        add {s03}, {s03}, {t}
        add {s13}, {s13}, {u}
        add {s23}, {s23}, {w}
        "
    };
}

/// Those of four filters and a row.
macro_rules! one {
    () => {
        r"
        lb {x0}, \k({right0})
        lb {t}, \k({left0})
        lb {u}, \k({left1})
        lb {v}, \k({left2})
        lb {w}, \k({left3})
        mul {t}, {x0}, {t}
        mul {u}, {x0}, {u}
        mul {v}, {x0}, {v}
        mul {w}, {x0}, {w}
        add {s00}, {s00}, {t}
        add {s01}, {s01}, {u}
        add {s02}, {s02}, {v}
        add {s03}, {s03}, {w}
        "
    };
}

/// Moves the pointers by `k` numbers.
macro_rules! moves {
    () => {
        r"
        addi {left0}, {left0}, \k
        addi {left1}, {left1}, \k
        addi {left2}, {left2}, \k
        addi {left3}, {left3}, \k
        addi {right0}, {right0}, \k
        "
    };
}

/// Those of two more rows.
macro_rules! moves_of_two {
    () => {
        r"
        addi {right1}, {right1}, \k
        addi {right2}, {right2}, \k
        "
    };
}

/// A loop over eight places at a time, and then over each of the rest.
macro_rules! places {
    ($products:expr, $moves:expr) => {
        concat!(
            "addi {length}, {length}, -8\n",
            "bltz {length}, 3f\n",
            "2:\n",
            ".irp k, 0, 1, 2, 3, 4, 5, 6, 7",
            $products,
            ".endr\n",
            ".irp k, 8",
            $moves,
            ".endr\n",
            "addi {length}, {length}, -8\n",
            "bgez {length}, 2b\n",
            "3:\n",
            "addi {length}, {length}, 8\n",
            "beqz {length}, 5f\n",
            "4:\n",
            ".irp k, 0",
            $products,
            ".endr\n",
            ".irp k, 1",
            $moves,
            ".endr\n",
            "addi {length}, {length}, -1\n",
            "bnez {length}, 4b\n",
            "5:",
        )
    };
}

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
    const { assert!(P == 1 || P == ROWS) };
    let ([left0, left1, left2, left3], [right0, right1, right2]) = (left, array::from_fn(|p| right[p % P]));
    let [[mut s00, mut s01, mut s02, mut s03], mut second, mut third] = array::from_fn(|p| sums[p % P]);
    // SAFETY: each loop reads as many numbers after each pointer as `length` decreases.
    unsafe {
        if P == ROWS {
            let ([mut s10, mut s11, mut s12, mut s13], [mut s20, mut s21, mut s22, mut s23]) = (second, third);
            asm!(
                places!(three!(), concat!(moves!(), moves_of_two!())),
                left0 = inout(reg) left0 => _, left1 = inout(reg) left1 => _,
                left2 = inout(reg) left2 => _, left3 = inout(reg) left3 => _,
                right0 = inout(reg) right0 => _, right1 = inout(reg) right1 => _, right2 = inout(reg) right2 => _,
                s00 = inout(reg) s00, s01 = inout(reg) s01, s02 = inout(reg) s02, s03 = inout(reg) s03,
                s10 = inout(reg) s10, s11 = inout(reg) s11, s12 = inout(reg) s12, s13 = inout(reg) s13,
                s20 = inout(reg) s20, s21 = inout(reg) s21, s22 = inout(reg) s22, s23 = inout(reg) s23,
                length = inout(reg) length => _,
                x0 = out(reg) _, x1 = out(reg) _, x2 = out(reg) _,
                t = out(reg) _, u = out(reg) _, v = out(reg) _, w = out(reg) _,
                options(nostack, readonly),
            );
            (second, third) = ([s10, s11, s12, s13], [s20, s21, s22, s23]);
        } else {
            asm!(
                places!(one!(), moves!()),
                left0 = inout(reg) left0 => _, left1 = inout(reg) left1 => _,
                left2 = inout(reg) left2 => _, left3 = inout(reg) left3 => _, right0 = inout(reg) right0 => _,
                s00 = inout(reg) s00, s01 = inout(reg) s01, s02 = inout(reg) s02, s03 = inout(reg) s03,
                length = inout(reg) length => _,
                x0 = out(reg) _, t = out(reg) _, u = out(reg) _, v = out(reg) _, w = out(reg) _,
                options(nostack, readonly),
            );
        }
    }
    sums.copy_from_slice(&[[s00, s01, s02, s03], second, third][..P]);
    length
}

/// The closest number to `y` from `least` to `most`. The compiler adds moves and jumps.
#[inline(always)]
pub fn clamp(mut y: i32, least: i32, most: i32) -> i32 {
    // SAFETY: it changes only `y`.
    unsafe {
        asm!(
            "bge {y}, {least}, 2f",
            "mv {y}, {least}",
            "2:",
            "bge {most}, {y}, 3f",
            "mv {y}, {most}",
            "3:",
            y = inout(reg) y, least = in(reg) least, most = in(reg) most,
            options(pure, nomem, nostack),
        );
    }
    y
}
