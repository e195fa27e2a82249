//! Sums in registers, rounded to int8.

use core::arch::asm;

use super::Channel;

/// The instructions that multiply a sum by the mantissa and add the offset, for each way of rounding.
macro_rules! multiply {
    (0, $sum:literal) => {
        concat!("smmla {", $sum, "}, {", $sum, "}, {u}, {t}")
    };
    (1, $sum:literal) => {
        concat!("smmlar {", $sum, "}, {", $sum, "}, {u}, {t}")
    };
    (2, $sum:literal) => {
        concat!(
            "smmulr {",
            $sum,
            "}, {",
            $sum,
            "}, {u}\n",
            "add {",
            $sum,
            "}, {",
            $sum,
            "}, {",
            $sum,
            "}, asr #31\n",
            "add {",
            $sum,
            "}, {",
            $sum,
            "}, {t}"
        )
    };
}

pub(super) use multiply;

/// The instructions that round and store a sum.
macro_rules! one {
    ($how:tt, $a:literal) => {
        concat!(
            "ldrd {t}, {u}, [{channels}], #8\n",
            "add {",
            $a,
            "}, {t}, {",
            $a,
            "}, lsl #1\n",
            "ldrd {t}, {v}, [{channels}], #8\n",
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
            "}\n",
            "strb {",
            $a,
            "}, [{y}], #1"
        )
    };
}

/// Rounds and stores the sums of four channels, in fewer instructions than four times [`rounded`].
///
/// # Safety
///
/// `y` has room for four outputs.
#[inline(always)]
pub unsafe fn round_four<const HOW: u8>([a, b, c, d]: [i32; 4], channels: &[Channel; 4], y: *mut i8) {
    macro_rules! round {
        ($how:tt) => {
            // SAFETY: it reads four channels and writes four outputs.
            unsafe {
                asm!(
                    one!($how, "a"),
                    one!($how, "b"),
                    one!($how, "c"),
                    one!($how, "d"),
                    a = inout(reg) a => _, b = inout(reg) b => _, c = inout(reg) c => _, d = inout(reg) d => _,
                    channels = inout(reg) channels.as_ptr() => _, y = inout(reg) y => _,
                    t = out(reg) _, u = out(reg) _, v = out(reg) _,
                    options(nostack),
                );
            }
        };
    }
    match HOW {
        1 => round!(1),
        _ => round!(2),
    }
}

/// A rounded sum.
#[inline(always)]
pub fn rounded<const HOW: u8>(mut sum: i32, channel: &Channel) -> i8 {
    let Channel { bias, mantissa, offset, shift } = *channel;
    macro_rules! round {
        ($how:tt) => {
            // SAFETY: see the head of `dsp`.
            unsafe {
                asm!(
                    "add {a}, {bias}, {a}, lsl #1",
                    multiply!($how, "a"),
                    "asr {a}, {a}, {shift}",
                    "ssat {a}, #8, {a}",
                    a = inout(reg) sum, bias = in(reg) bias, t = in(reg) offset, u = in(reg) mantissa,
                    shift = in(reg) shift, options(pure, nomem, nostack),
                );
            }
        };
    }
    match HOW {
        1 => round!(1),
        _ => round!(2),
    }
    sum as i8
}
