//! Products of rows with filters.

use core::{arch::asm, mem::MaybeUninit, slice};

use super::{
    super::{
        Bounds, Round,
        tensor::{Int8Tensor, numbers_of},
    },
    Channel, Channels, even, odd,
    rows::{one_row, two_rows},
};
use crate::kernel::Simd;

/// Memory for the words of `P` rows and the state after them.
#[repr(C, align(4))]
struct Memory<W: Int8Tensor, const P: usize>([W::Wide; P], State);

/// What no pair of int8 is. The loops know by it where the words of rows end.
const END: u32 = 0x8000_8000;

/// What follows the words of rows. The loops find here what does not fit into registers.
#[repr(C)]
pub struct State {
    /// [`END`].
    pub end: u32,
    /// The last number of each row, if the length is odd.
    pub last: [i32; 2],
    /// The words of the rows: for each word of a row, that of each row.
    pub words: *const u32,
    /// The outputs, those of the second row `filters` after those of the first.
    pub y: *mut i8,
    pub filters: usize,
    pub channels: *const Channel,
    /// The groups of four filters that are left: not 0.
    pub groups: usize,
    /// The instruction at which the first round of the loop starts.
    pub entry: usize,
    /// Whether the length is odd.
    pub odd: usize,
    /// The bytes of the weights of a group.
    pub group: usize,
    /// The memory for `r7`.
    pub saved: usize,
}

/// `y[p][f] = channels(Σₖ (x[p][k] − zero)·weights[f][k])` for `P` rows `x`, one or two, each in `K` parts of one length.
/// `y` has the outputs of the rows one after the other.
#[inline(always)]
pub(crate) fn products<S: Simd, W: Int8Tensor, R: Round, const F: usize, const K: usize, const P: usize>(
    _: S,
    x: [[&[i8]; K]; P],
    _: i8,
    weights: &[W; F],
    channels: &Channels<F>,
    bounds: Bounds,
    y: &mut [i8],
) {
    const { assert!((P == 1 || P == 2) && W::LEN.is_multiple_of(K)) };
    // So do the callers: the length is a constant.
    if x.as_flattened().iter().any(|x| x.len() != W::LEN / K) || y.len() < P * F {
        return;
    }
    if const { is_long(W::LEN) } {
        for (x, y) in x.iter().zip(y.chunks_exact_mut(F.max(1))) {
            long_row::<R>(x, W::LEN, numbers_of(weights), &channels.each, bounds, y);
        }
        return;
    }
    let mut memory = MaybeUninit::<Memory<W, P>>::uninit();
    // SAFETY: the rows have `LEN·P` halves of a word, which are at least as many words.
    let words = unsafe { slice::from_raw_parts_mut(memory.as_mut_ptr().cast::<MaybeUninit<u32>>(), W::LEN / 2 * P) };
    // Short parts are not worth a call.
    if K == 1 || (W::LEN / K).is_multiple_of(4) && W::LEN / K >= 16 {
        for (part, words) in words.chunks_exact_mut((W::LEN / K / 2 * P).max(1)).enumerate() {
            widen(x.map(|x| x[part]), words);
        }
    } else {
        let mut rows = MaybeUninit::<[W; P]>::uninit();
        for (p, x) in x.iter().enumerate() {
            for (part, x) in x.iter().enumerate() {
                // SAFETY: both have the numbers of a part: their number is a constant.
                unsafe {
                    let to = rows.as_mut_ptr().cast::<W>().add(p).cast::<i8>().add(part * (W::LEN / K));
                    to.copy_from_nonoverlapping(x.as_ptr(), W::LEN / K);
                }
            }
        }
        // SAFETY: the parts are all numbers of the rows.
        let rows = unsafe { rows.assume_init_ref() };
        widen(rows.each_ref().map(numbers_of), words);
    }
    let state = State {
        end: END,
        last: if W::LEN % 2 == 1 { [last(x[0][K - 1]), last(x[P - 1][K - 1])] } else { [0; 2] },
        words: words.as_ptr().cast(),
        y: y.as_mut_ptr(),
        filters: F,
        channels: channels.each.as_ptr(),
        groups: if channels.usual { F / 4 } else { 0 },
        entry: 0,
        odd: W::LEN % 2,
        group: 4 * W::LEN,
        saved: 0,
    };
    let task =
        Task { length: W::LEN, weights: numbers_of(weights), channels: &channels.each, usual: channels.usual, bounds };
    // SAFETY: the memory has room for the state after the words. Both are used no more after the call.
    let state = unsafe {
        let place = memory.as_mut_ptr().cast::<u32>().add(W::LEN / 2 * P).cast::<State>();
        place.write(state);
        &mut *place
    };
    match (R::ONCE, bounds.least < bounds.zero) {
        (true, _) => outputs::<R, 0, P>(task, state, y),
        (false, false) => outputs::<R, 1, P>(task, state, y),
        (false, true) => outputs::<R, 2, P>(task, state, y),
    }
}

/// Whether rows of this length stay in 8 bits: in 16, they would need much memory, and their sums are rarely small enough
/// for two filters in one integer.
pub(super) const fn is_long(length: usize) -> bool {
    length > 3072
}

/// The outputs of a [long](is_long) row, in parts.
#[inline(never)]
fn long_row<R: Round>(x: &[&[i8]], length: usize, weights: &[i8], channels: &[Channel], bounds: Bounds, y: &mut [i8]) {
    for (f, (y, channel)) in y.iter_mut().zip(channels).enumerate() {
        let (mut sum, mut at) = (0, f * length);
        for part in x {
            sum += weights.get(at..at + part.len()).map_or(0, |weights| dot_in_place(part, weights));
            at += part.len();
        }
        *y = channel.round::<R>(false, sum, bounds.zero);
    }
    bounds.limit(y);
}

/// `Σₖ x[k]·weights[k]`.
#[inline(always)]
fn dot_in_place(x: &[i8], weights: &[i8]) -> i32 {
    let ((x, more), (weights, more_weights)) = (x.as_chunks(), weights.as_chunks());
    let sum = x.iter().zip(weights).fold(0, |sum, (x, weights)| add_four(widened(x), weights, sum));
    let rest = more.iter().zip(more_weights).map(|(x, weight)| i32::from(*x) * i32::from(*weight));
    sum + rest.sum::<i32>()
}

/// Four numbers in 16 bits, in the order of [`pair`](super::pair).
#[inline(always)]
fn widened(four: &[i8; 4]) -> [u32; 2] {
    let word = u32::from_le_bytes(four.map(|number| number as u8));
    [even(word), odd(word)]
}

/// `sum + Σₖ x[k]·weights[k]` for the [`widened`] numbers `x`.
#[inline(always)]
fn add_four([first, second]: [u32; 2], weights: &[i8; 4], mut sum: i32) -> i32 {
    let [of_first, of_second] = widened(weights);
    // SAFETY: see the head of the module.
    unsafe {
        asm!(
            "smlad {sum}, {}, {}, {sum}",
            "smlad {sum}, {}, {}, {sum}",
            in(reg) first, in(reg) of_first, in(reg) second, in(reg) of_second, sum = inout(reg) sum,
            options(pure, nomem, nostack),
        );
    }
    sum
}

fn last(x: &[i8]) -> i32 {
    x.last().map_or(0, |x| i32::from(*x))
}

/// Writes rows in 16 bits, in the order of [`pair`](super::pair). A call for each pixel would take longer than its loop.
#[inline(always)]
fn widen<const P: usize>(x: [&[i8]; P], words: &mut [MaybeUninit<u32>]) {
    let half = |number: i8| u32::from(i16::from(number) as u16);
    let groups = words.len() / (2 * P);
    // SAFETY: the rows have four numbers for each two of their words.
    unsafe {
        if groups > 0 && P == 2 {
            asm!(
                // One instruction stores registers of ascending number.
                "2:",
                "ldr r2, [{x}], #4",
                "ldr r3, [{y}], #4",
                "sxtb16 r0, r2",
                "sxtb16 r1, r3",
                "sxtb16 r2, r2, ror #8",
                "sxtb16 r3, r3, ror #8",
                "stm {to}!, {{r0, r1, r2, r3}}",
                "subs {groups}, {groups}, #1",
                "bne 2b",
                x = inout(reg) x[0].as_ptr() => _, y = inout(reg) x[P - 1].as_ptr() => _,
                to = inout(reg) words.as_mut_ptr() => _, groups = inout(reg) groups => _,
                out("r0") _, out("r1") _, out("r2") _, out("r3") _,
                options(nostack),
            );
        } else if groups > 0 {
            asm!(
                "2:",
                "ldr {a}, [{x}], #4",
                "sxtb16 {b}, {a}",
                "sxtb16 {a}, {a}, ror #8",
                "strd {b}, {a}, [{to}], #8",
                "subs {groups}, {groups}, #1",
                "bne 2b",
                x = inout(reg) x[0].as_ptr() => _, to = inout(reg) words.as_mut_ptr() => _,
                groups = inout(reg) groups => _, a = out(reg) _, b = out(reg) _,
                options(nostack),
            );
        }
    }
    for (to, x) in words.iter_mut().skip(groups * 2 * P).zip(x) {
        if let [first, second, ..] = *x.as_chunks::<4>().1 {
            to.write(half(first) | half(second) << 16);
        }
    }
}

/// The constants of a layer with any number of filters.
#[derive(Clone, Copy)]
struct Task<'a> {
    /// The weights of a filter.
    length: usize,
    weights: &'a [i8],
    channels: &'a [Channel],
    usual: bool,
    bounds: Bounds,
}

/// The outputs of all filters, rounded as `HOW`: 0 once; 1 twice, where no output is below the zero point; 2 twice. All
/// layers share this function.
#[inline(never)]
fn outputs<R: Round, const HOW: u8, const P: usize>(task: Task<'_>, state: &mut State, y: &mut [i8]) {
    let Task { length, weights, channels, bounds, .. } = task;
    let done = state.groups * 4;
    // SAFETY: the words are followed by the state, and `y` has the outputs of all filters for each row.
    unsafe {
        if done > 0 && P == 2 {
            two_rows::<HOW>(weights.as_ptr(), state, length / 2);
        } else if done > 0 {
            one_row::<HOW>(weights.as_ptr(), state, length / 2);
        }
    }
    if done < channels.len() {
        // SAFETY: so many words are before the state.
        let words = unsafe { slice::from_raw_parts(state.words, length / 2 * P) };
        single_filters::<R, P>(task, done, words, state.last, y);
    }
    bounds.limit(y);
}

/// The outputs of the filters after the first `done`, one by one.
#[inline(never)]
fn single_filters<R: Round, const P: usize>(
    task: Task<'_>,
    done: usize,
    words: &[u32],
    last_of_rows: [i32; 2],
    y: &mut [i8],
) {
    let Task { length, weights, channels, usual, bounds } = task;
    for (f, channel) in channels.iter().enumerate().skip(done) {
        let Some(weights) = weights.get(f * length..(f + 1) * length) else { continue };
        for (p, last_of_row) in last_of_rows.iter().take(P).enumerate() {
            let sum = dot::<P>(words, p, weights) + last(weights) * last_of_row;
            if let Some(y) = y.get_mut(p * channels.len() + f) {
                *y = channel.round::<R>(usual, sum, bounds.zero);
            }
        }
    }
}

/// `Σₖ x[k]·weights[k]` for a row of `P`, without a last number of odd length.
#[inline(always)]
fn dot<const P: usize>(words: &[u32], row: usize, weights: &[i8]) -> i32 {
    let (fours, rest) = weights.as_chunks();
    let mut sum = 0;
    for (words, weights) in words.chunks_exact(2 * P).zip(fours) {
        sum = add_four([words[row], words[P + row]], weights, sum);
    }
    if let ([a, b, ..], Some(word)) = (rest, words.get(fours.len() * 2 * P + row)) {
        sum += i32::from(*word as i16) * i32::from(*a) + (*word as i32 >> 16) * i32::from(*b);
    }
    sum
}
