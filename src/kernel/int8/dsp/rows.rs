//! The loops of products of rows with filters, which use all registers.
//!
//! For two rows, a word of each and four words of weights are 16 products, by 13 instructions. The words are unrolled; the
//! first round starts at an instruction such that their number is a multiple of that of the others. An `asm!` has no
//! operand in `r7`, which may be the frame pointer, so that this loop saves it.

use core::arch::asm;

use super::{product::State, round::multiply};

/// The words, or pairs of words, in a round.
const ROUND: usize = 8;

/// The instructions that round the sums of a filter for two rows, shifted left by one through `shift`.
macro_rules! two {
    ($how:tt, $a:literal, $b:literal, $shift:literal) => {
        concat!(
            "ldrd {t}, {u}, [{w}], #8\n",
            "add {",
            $a,
            "}, {t}, {",
            $a,
            "}, ",
            $shift,
            "\n",
            "add {",
            $b,
            "}, {t}, {",
            $b,
            "}, ",
            $shift,
            "\n",
            "ldrd {t}, r7, [{w}], #8\n",
            multiply!($how, $a),
            "\n",
            multiply!($how, $b),
            "\n",
            "asr {",
            $a,
            "}, {",
            $a,
            "}, r7\n",
            "asr {",
            $b,
            "}, {",
            $b,
            "}, r7\n",
            "ssat {",
            $a,
            "}, #8, {",
            $a,
            "}\n",
            "ssat {",
            $b,
            "}, #8, {",
            $b,
            "}\n"
        )
    };
}

/// The outputs of groups of four filters for two rows.
///
/// # Safety
///
/// There are so many words, at least one, before `state`, and `weights` has the groups of filters.
#[inline(always)]
pub unsafe fn two_rows<const HOW: u8>(weights: *const i8, state: &mut State, words: usize) {
    macro_rules! loops {
        ($how:tt) => {
            // SAFETY: it reads the words, the weights and the channels, and writes `state` and the outputs.
            unsafe {
                asm!(
                    // `adr` rounds its own address to words.
                    ".balign 4",
                    "adr {w}, 2f",
                    "add {w}, {w}, {t}",
                    "orr {w}, {w}, #1",
                    "str {w}, [{x}, #32]",
                    "str r7, [{x}, #44]",
                    "ldr {w}, [{x}, #24]",
                    "3:",
                    "ldr {t}, [{w}, #12]",
                    "mov {a}, #0",
                    "mov {b}, #0",
                    "mov {c}, #0",
                    "mov {d}, #0",
                    "mov {e}, #0",
                    "mov {f}, #0",
                    "mov {g}, #0",
                    "mov {h}, #0",
                    "cmp {t}, #0",
                    "blt 5f",
                    "ldr {w}, [{x}, #32]",
                    "ldr {x}, [{x}, #12]",
                    "bx {w}",
                    // Filters without weights.
                    "5:",
                    "ldr {t}, [{x}, #40]",
                    "add {weights}, {weights}, {t}",
                    "b 4f",
                    "2:",
                    ".rept {round}",
                    // Loads side by side are faster.
                    "ldr.w r7, [{weights}, #4]",
                    "ldr {w}, [{weights}], #8",
                    "ldrd {t}, {u}, [{x}], #8",
                    "smlad {b}, {w}, {t}, {b}",
                    "smlad {f}, {w}, {u}, {f}",
                    "smlad {d}, r7, {t}, {d}",
                    "smlad {h}, r7, {u}, {h}",
                    "sxtb16 {w}, {w}",
                    "sxtb16 r7, r7",
                    "smlad {a}, {w}, {t}, {a}",
                    "smlad {e}, {w}, {u}, {e}",
                    "smlad {c}, r7, {t}, {c}",
                    "smlad {g}, r7, {u}, {g}",
                    ".endr",
                    "ldr {w}, [{x}]",
                    "cmp {w}, #0x80008000",
                    "bne 2b",
                    "ldr {w}, [{x}, #36]",
                    "cmp {w}, #0",
                    "beq 4f",
                    // The last numbers of odd length.
                    "ldrd {t}, {u}, [{x}, #4]",
                    "ldrsh {w}, [{weights}], #2",
                    "smlabb {b}, {w}, {t}, {b}",
                    "smlabb {f}, {w}, {u}, {f}",
                    "sxtb {w}, {w}",
                    "smlabb {a}, {w}, {t}, {a}",
                    "smlabb {e}, {w}, {u}, {e}",
                    "ldrsh {w}, [{weights}], #2",
                    "smlabb {d}, {w}, {t}, {d}",
                    "smlabb {h}, {w}, {u}, {h}",
                    "sxtb {w}, {w}",
                    "smlabb {c}, {w}, {t}, {c}",
                    "smlabb {g}, {w}, {u}, {g}",
                    "4:",
                    "ldr {w}, [{x}, #24]",
                    "sub {b}, {b}, {a}",
                    "sub {f}, {f}, {e}",
                    "sub {d}, {d}, {c}",
                    "sub {h}, {h}, {g}",
                    two!($how, "a", "e", "lsl #1"),
                    two!($how, "b", "f", "asr #7"),
                    two!($how, "c", "g", "lsl #1"),
                    two!($how, "d", "h", "asr #7"),
                    "bfi {a}, {b}, #8, #8",
                    "bfi {e}, {f}, #8, #8",
                    "bfi {a}, {c}, #16, #8",
                    "bfi {e}, {g}, #16, #8",
                    "bfi {a}, {d}, #24, #8",
                    "bfi {e}, {h}, #24, #8",
                    "ldrd {t}, {u}, [{x}, #16]",
                    "str {e}, [{t}, {u}]",
                    "str {a}, [{t}], #4",
                    "ldr {u}, [{x}, #28]",
                    "str {t}, [{x}, #16]",
                    "subs {u}, {u}, #1",
                    "strd {w}, {u}, [{x}, #24]",
                    "bne 3b",
                    "ldr r7, [{x}, #44]",
                    round = const ROUND,
                    a = out(reg) _, b = out(reg) _, c = out(reg) _, d = out(reg) _,
                    e = out(reg) _, f = out(reg) _, g = out(reg) _, h = out(reg) _,
                    x = inout(reg) &raw mut *state => _, weights = inout(reg) weights => _,
                    t = inout(reg) words.wrapping_neg() % ROUND * (13 * 4) => _, u = out(reg) _, w = out(reg) _,
                    options(nostack),
                );
            }
        };
    }
    match HOW {
        0 => loops!(0),
        1 => loops!(1),
        _ => loops!(2),
    }
}

/// The version of [`two!`] for one row.
macro_rules! one {
    ($how:tt, $a:literal, $shift:literal) => {
        concat!(
            "ldrd {t}, {u}, [{w}], #8\n",
            "add {",
            $a,
            "}, {t}, {",
            $a,
            "}, ",
            $shift,
            "\n",
            "ldrd {t}, {v}, [{w}], #8\n",
            multiply!($how, $a),
            "\n",
            "asr {",
            $a,
            "}, {",
            $a,
            "}, {v}\n",
            "ssat {",
            $a,
            "}, #8, {",
            $a,
            "}\n"
        )
    };
}

/// The version of [`two_rows`] for one. It also multiplies filters without weights.
///
/// # Safety
///
/// As for [`two_rows`].
#[inline(always)]
pub unsafe fn one_row<const HOW: u8>(weights: *const i8, state: &mut State, words: usize) {
    /// The loop over words, or pairs of them, by these instructions. The first round skips so many bytes of them.
    macro_rules! loops {
        ($how:tt, $skip:expr, $($round:literal),+) => {
            // SAFETY: as in `two_rows`.
            unsafe {
                asm!(
                    // `adr` rounds its own address to words.
                    ".balign 4",
                    "adr {w}, 2f",
                    "add {w}, {w}, {t}",
                    "orr {w}, {w}, #1",
                    "str {w}, [{x}, #32]",
                    "3:",
                    "ldr {w}, [{x}, #32]",
                    "ldr {x}, [{x}, #12]",
                    "mov {a}, #0",
                    "mov {b}, #0",
                    "mov {c}, #0",
                    "mov {d}, #0",
                    "bx {w}",
                    "2:",
                    ".rept {round}",
                    $($round,)+
                    ".endr",
                    "ldr {w}, [{x}]",
                    "cmp {w}, #0x80008000",
                    "bne 2b",
                    "ldr {w}, [{x}, #36]",
                    "cmp {w}, #0",
                    "beq 4f",
                    "ldr {t}, [{x}, #4]",
                    "ldrsh {w}, [{weights}], #2",
                    "ldrsh {v}, [{weights}], #2",
                    "smlabb {b}, {w}, {t}, {b}",
                    "smlabb {d}, {v}, {t}, {d}",
                    "sxtb {w}, {w}",
                    "sxtb {v}, {v}",
                    "smlabb {a}, {w}, {t}, {a}",
                    "smlabb {c}, {v}, {t}, {c}",
                    "4:",
                    "ldr {w}, [{x}, #24]",
                    "sub {b}, {b}, {a}",
                    "sub {d}, {d}, {c}",
                    one!($how, "a", "lsl #1"),
                    one!($how, "b", "asr #7"),
                    one!($how, "c", "lsl #1"),
                    one!($how, "d", "asr #7"),
                    "bfi {a}, {b}, #8, #8",
                    "bfi {a}, {c}, #16, #8",
                    "bfi {a}, {d}, #24, #8",
                    "ldr {t}, [{x}, #16]",
                    "ldr {u}, [{x}, #28]",
                    "str {a}, [{t}], #4",
                    "str {t}, [{x}, #16]",
                    "subs {u}, {u}, #1",
                    "strd {w}, {u}, [{x}, #24]",
                    "bne 3b",
                    round = const ROUND,
                    a = out(reg) _, b = out(reg) _, c = out(reg) _, d = out(reg) _,
                    x = inout(reg) &raw mut *state => _, weights = inout(reg) weights => _,
                    t = inout(reg) $skip => _, u = out(reg) _, v = out(reg) _, w = out(reg) _,
                    w2 = out(reg) _, w3 = out(reg) _,
                    options(nostack),
                );
            }
        };
    }
    macro_rules! lengths {
        ($how:tt) => {
            if words % 2 == 0 {
                loops!(
                    $how,
                    (words / 2).wrapping_neg() % ROUND * (15 * 4),
                    "ldrd {w}, {v}, [{weights}], #8",
                    "ldrd {t}, {u}, [{x}], #8",
                    "ldrd {w2}, {w3}, [{weights}], #8",
                    "smlad {b}, {w}, {t}, {b}",
                    "smlad {d}, {v}, {t}, {d}",
                    "smlad {b}, {w2}, {u}, {b}",
                    "smlad {d}, {w3}, {u}, {d}",
                    "sxtb16 {w}, {w}",
                    "sxtb16 {v}, {v}",
                    "sxtb16 {w2}, {w2}",
                    "sxtb16 {w3}, {w3}",
                    "smlad {a}, {w}, {t}, {a}",
                    "smlad {c}, {v}, {t}, {c}",
                    "smlad {a}, {w2}, {u}, {a}",
                    "smlad {c}, {w3}, {u}, {c}"
                )
            } else {
                loops!(
                    $how,
                    words.wrapping_neg() % ROUND * (9 * 4),
                    "ldr {t}, [{x}], #4",
                    "ldr {w}, [{weights}], #4",
                    "ldr {v}, [{weights}], #4",
                    "smlad {b}, {w}, {t}, {b}",
                    "smlad {d}, {v}, {t}, {d}",
                    "sxtb16 {w2}, {w}",
                    "sxtb16 {w3}, {v}",
                    "smlad {a}, {w2}, {t}, {a}",
                    "smlad {c}, {w3}, {t}, {c}"
                )
            }
        };
    }
    match HOW {
        0 => lengths!(0),
        1 => lengths!(1),
        _ => lengths!(2),
    }
}
