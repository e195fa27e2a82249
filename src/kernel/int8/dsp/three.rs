//! Depthwise convolutions with windows of three columns and strides of one or two.
//!
//! Two pixels of a channel that are neighbours lie side by side, so that an instruction multiplies both. With the weights
//! `a`, `b` and `c` of a row, a window is `(a, b)` times one word and `c` times the lower half of the next one. With
//! stride 1, the window after it is `a` times the upper half of the first word, and `(b, c)` times the second one.

use core::{arch::asm, mem::MaybeUninit};

use super::{
    Channel,
    round::rounded,
    windows::{Four, Row, Windows, four},
};

/// The method for windows of three columns: `KW` is 3.
pub struct Three;

impl<const K: usize, const KW: usize> Windows<K, KW> for Three {
    /// For each channel, `(a, b)` and `(b, c)` of each row, twice.
    type Taps = [[[Four; K]; 2]; 4];

    const ROW: usize = 2;

    #[inline(always)]
    fn taps([weights, _]: &[[[Four; KW]; K]; 2], taps: &mut MaybeUninit<Self::Taps>) -> *const u32 {
        let taps = taps.write([[[[0; 2]; K]; 2]; 4]);
        for (u, row) in weights.iter().enumerate() {
            let [a, b, c] = [row[0], row[KW / 2], row[KW - 1]].map(halves);
            for n in 0..4 {
                let two = [pair(a[n], b[n]), pair(b[n], c[n])];
                (taps[n][0][u], taps[n][1][u]) = (two, two);
            }
        }
        taps.as_ptr().cast()
    }

    /// The row has the pixels of the first channel, then those of the second one, and so on.
    #[inline(always)]
    unsafe fn widen(mut from: *const u32, step: usize, [left, width]: [usize; 2], row: &mut [Four]) {
        let (length, mut to) = (row.len(), row.as_mut_ptr().cast::<u16>().wrapping_add(left));
        // Pairs start at words.
        let (first, pairs) = (left % 2, (width - left % 2) / 2);
        // SAFETY: the caller promises the pixels, and room for them in each channel.
        unsafe {
            if first == 1 {
                single(four(from), to, length);
                (from, to) = (from.wrapping_add(step), to.wrapping_add(1));
            }
            for _ in 0..pairs {
                let [[a, b], [c, d]] = [four(from), four(from.wrapping_add(step))];
                let pairs = [pair(a, c), pair(b, d), a >> 16 | c & !0xffff, b >> 16 | d & !0xffff];
                for (n, pair) in pairs.into_iter().enumerate() {
                    to.wrapping_add(n * length).cast::<u32>().write(pair);
                }
                (from, to) = (from.wrapping_add(2 * step), to.wrapping_add(2));
            }
            if first + 2 * pairs < width {
                single(four(from), to, length);
            }
        }
    }

    #[inline(always)]
    unsafe fn outputs<const HOW: u8>(row: &Row, channels: &[Channel; 4]) {
        // SAFETY: as the caller promises.
        unsafe {
            if row.step == size_of::<Four>() {
                outputs::<K, 1, HOW>(row, channels);
            } else {
                outputs::<K, 2, HOW>(row, channels);
            }
        }
    }
}

/// The outputs of a row, where windows are `STRIDE` pixels apart.
///
/// # Safety
///
/// As for [`Windows::outputs`].
#[inline(never)]
unsafe fn outputs<const K: usize, const STRIDE: usize, const HOW: u8>(row: &Row, channels: &[Channel; 4]) {
    // The windows that start in a word.
    let of_word = const { 2 / STRIDE };
    let (mut ring, mut taps) = (row.ring, row.taps);
    for (c, channel) in channels.iter().enumerate() {
        let (mut x, mut y, mut rest) = (ring, row.y.wrapping_add(c), row.count);
        // SAFETY: the ring has the words of all windows, and `y` the outputs.
        unsafe {
            while rest >= 2 * of_word {
                let sums = sums::<K, STRIDE, 3>(x, row.length, taps);
                for sum in sums.into_iter().take(2 * of_word) {
                    y.write(rounded::<HOW>(sum, channel));
                    y = y.wrapping_add(row.channels);
                }
                (x, rest) = (x.wrapping_add(2), rest - 2 * of_word);
            }
            while rest > 0 {
                let sums = sums::<K, STRIDE, 2>(x, row.length, taps);
                let some = rest.min(of_word);
                for sum in sums.into_iter().take(some) {
                    y.write(rounded::<HOW>(sum, channel));
                    y = y.wrapping_add(row.channels);
                }
                (x, rest) = (x.wrapping_add(1), rest - some);
            }
        }
        (ring, taps) = (ring.wrapping_byte_add(row.length / 4), taps.wrapping_add(4 * K));
    }
}

/// The sums of the windows in two or three words of each row.
///
/// # Safety
///
/// There are so many words in `K` rows, which are `length` bytes apart, and two words of weights for each.
#[inline(always)]
unsafe fn sums<const K: usize, const STRIDE: usize, const WORDS: usize>(
    x: *const u32,
    length: usize,
    taps: *const u32,
) -> [i32; 4] {
    // The first products of a sum are its start.
    macro_rules! rows {
        ($words:literal, $($start:literal)+, $($first:literal)+, $($next:literal)+; $($sum:ident)+) => {{
            $(let $sum: i32;)+
            asm!(
                concat!("ldm {x}, {{", $words, "}}"),
                "ldrd {v}, {w}, [{taps}], #8",
                $($start,)+
                $($next,)+
                ".rept {rows}",
                "add {x}, {x}, {length}",
                concat!("ldm {x}, {{", $words, "}}"),
                "ldrd {v}, {w}, [{taps}], #8",
                $($first,)+
                $($next,)+
                ".endr",
                rows = const K - 1,
                $($sum = out(reg) $sum,)+
                x = inout(reg) x => _, taps = inout(reg) taps => _, length = in(reg) length,
                v = out(reg) _, w = out(reg) _, out("r0") _, out("r1") _, out("r2") _,
                options(readonly, nostack),
            );
            let mut all = [0; 4];
            for (to, sum) in all.iter_mut().zip([$($sum),+]) {
                *to = sum;
            }
            all
        }};
    }
    // SAFETY: the caller promises what they read.
    unsafe {
        match (STRIDE, WORDS) {
            (1, 3) => rows!(
                "r0, r1, r2",
                "smuad {a}, r0, {v}" "smultb {b}, r0, {v}" "smuad {c}, r1, {v}" "smultb {d}, r1, {v}",
                "smlad {a}, r0, {v}, {a}" "smlatb {b}, r0, {v}, {b}" "smlad {c}, r1, {v}, {c}" "smlatb {d}, r1, {v}, {d}",
                "smlabt {a}, r1, {w}, {a}" "smlad {b}, r1, {w}, {b}" "smlabt {c}, r2, {w}, {c}" "smlad {d}, r2, {w}, {d}";
                a b c d
            ),
            (1, _) => rows!(
                "r0, r1",
                "smuad {a}, r0, {v}" "smultb {b}, r0, {v}",
                "smlad {a}, r0, {v}, {a}" "smlatb {b}, r0, {v}, {b}",
                "smlabt {a}, r1, {w}, {a}" "smlad {b}, r1, {w}, {b}";
                a b
            ),
            (_, 3) => rows!(
                "r0, r1, r2",
                "smuad {a}, r0, {v}" "smuad {b}, r1, {v}",
                "smlad {a}, r0, {v}, {a}" "smlad {b}, r1, {v}, {b}",
                "smlabt {a}, r1, {w}, {a}" "smlabt {b}, r2, {w}, {b}";
                a b
            ),
            _ => rows!("r0, r1", "smuad {a}, r0, {v}", "smlad {a}, r0, {v}, {a}", "smlabt {a}, r1, {w}, {a}"; a),
        }
    }
}

/// Writes a pixel, each channel `length` after the one before.
///
/// # Safety
///
/// There is room for the channels.
#[inline(always)]
unsafe fn single(pixel: Four, to: *mut u16, length: usize) {
    for (n, half) in halves(pixel).into_iter().enumerate() {
        // SAFETY: the caller promises it.
        unsafe { to.wrapping_add(n * length).write(half as u16) };
    }
}

/// Two halves as a word.
#[inline(always)]
fn pair(low: u32, high: u32) -> u32 {
    low & 0xffff | high << 16
}

/// Four channels, each in the lower half of a word.
#[inline(always)]
fn halves([even, odd]: Four) -> [u32; 4] {
    [even, odd, even >> 16, odd >> 16]
}
