//! Depthwise convolutions.

use core::{arch::asm, mem::MaybeUninit, ptr, slice};

use super::{
    super::{Bounds, Slide, Twice},
    Channel, Channels, even, odd,
    round::round_four,
};
use crate::kernel::Simd;

/// Four int8 in 16 bits: the first and the third, and the second and the fourth.
type Four = [u32; 2];

/// As many rows of an image with its padding as a window has, four channels of them. Row `t` is at `t` modulo `K`.
#[repr(C)]
struct Ring<const W: usize, const K: usize, const KW: usize>([[Four; W]; K], [[Four; KW]; K]);

/// The most pixels of a window, which are unrolled.
const MOST_PIXELS: usize = 64;

/// A depthwise convolution of an image, four channels at a time. Returns whether it has been computed: not if the
/// number of channels is no multiple of four, or if windows have another form.
#[inline(always)]
pub(crate) fn depthwise<
    S: Simd,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
>(
    _: S,
    x: &[[[i8; C]; W]; H],
    zero: i8,
    weights: &[[[i8; C]; KW]; K],
    channels: &Channels<C>,
    bounds: Bounds,
    slide: Slide,
    y: &mut [[[i8; C]; OW]; OH],
) -> bool {
    let (left, width) = (slide.before[1], W + KW);
    let fits = left <= KW && (OW - 1) * slide.stride[1] + KW <= width;
    if C % 4 != 0 || K * KW > MOST_PIXELS || slide.dilation != [1, 1] || !fits {
        return false;
    }
    let mut ring = MaybeUninit::<Ring<W, K, KW>>::uninit();
    // SAFETY: the ring has as many words, and all bytes are a value of them.
    let ring = unsafe {
        ring.as_mut_ptr().write_bytes(0, 1);
        slice::from_raw_parts_mut(ring.as_mut_ptr().cast::<Four>(), K * width)
    };
    let task = Task {
        x: x.as_flattened().as_flattened(),
        zero,
        weights: weights.as_flattened().as_flattened(),
        channels: channels.each.as_chunks().0,
        image: [H, W],
        outputs: [OH, OW],
        slide,
        output_zero: bounds.zero,
        below: bounds.least < bounds.zero,
    };
    let y = y.as_flattened_mut().as_flattened_mut();
    if !channels.usual {
        plain::<KW>(task, y);
    } else if OW < 8 && (OH >= 8 || OH == 1) {
        // Many short rows, or one for each frame of a stream: it pays that the sizes are constants.
        // SAFETY: the sizes are those of the arrays.
        unsafe { groups::<K, KW>(task, ring, y) };
    } else {
        // SAFETY: as above.
        unsafe { shared_groups::<K, KW>(task, ring, y) };
    }
    bounds.limit(y);
    true
}

/// A depthwise convolution, whose sizes are numbers: layers with windows of one size share its code.
#[derive(Clone, Copy)]
struct Task<'a> {
    x: &'a [i8],
    zero: i8,
    weights: &'a [i8],
    /// The channels in groups of four.
    channels: &'a [[Channel; 4]],
    /// The rows and columns of the image.
    image: [usize; 2],
    /// Those of the outputs.
    outputs: [usize; 2],
    slide: Slide,
    /// The zero point of the outputs.
    output_zero: i8,
    /// Whether outputs are below the zero point.
    below: bool,
}

/// The outputs of channels of which not all have the usual form.
#[inline(never)]
fn plain<const KW: usize>(task: Task<'_>, y: &mut [i8]) {
    let Task { image: [height, width], outputs: [_, columns], slide: Slide { before, stride, .. }, .. } = task;
    let channels = task.channels.as_flattened();
    let step = channels.len().max(1);
    // Where the pixels of a window start; outside the image, beyond it.
    let mut places = [0; MOST_PIXELS];
    for (pixel, y) in y.chunks_exact_mut(step).enumerate() {
        let [i, j] = [pixel / columns.max(1) * stride[0], pixel % columns.max(1) * stride[1]];
        for (tap, place) in places.iter_mut().enumerate().take(task.weights.len() / step) {
            let [row, column] = [(i + tap / KW).wrapping_sub(before[0]), (j + tap % KW).wrapping_sub(before[1])];
            *place = if row < height && column < width { (row * width + column) * step } else { task.x.len() };
        }
        for (c, (channel, y)) in channels.iter().zip(y).enumerate() {
            let mut sum = 0;
            for (place, weight) in places.iter().zip(task.weights.iter().skip(c).step_by(step)) {
                sum += i32::from(*task.x.get(place + c).unwrap_or(&task.zero)) * i32::from(*weight);
            }
            *y = channel.round::<Twice>(false, sum, task.output_zero);
        }
    }
}

/// [`groups`], as a function that layers share.
///
/// # Safety
///
/// As for [`groups`].
#[inline(never)]
unsafe fn shared_groups<const K: usize, const KW: usize>(task: Task<'_>, ring: &mut [Four], y: &mut [i8]) {
    // SAFETY: the caller promises it.
    unsafe { groups::<K, KW>(task, ring, y) };
}

/// The outputs, one group of channels after another.
///
/// # Safety
///
/// `x`, `weights` and `y` have the channels of all pixels, and the ring `K` rows of the image with `KW` pixels more.
#[inline(always)]
unsafe fn groups<const K: usize, const KW: usize>(task: Task<'_>, ring: &mut [Four], y: &mut [i8]) {
    let Task { image: [height, width], outputs: [out_rows, count], slide, .. } = task;
    let ([top, left], step) = (slide.before, task.channels.len());
    let zero = Four::from([u32::from(i16::from(task.zero) as u16) * 0x0001_0001; 2]);
    for (group, channels) in task.channels.iter().enumerate() {
        let mut taps = [[[[0; 2]; KW]; K]; 2];
        for u in 0..K {
            for v in 0..KW {
                // SAFETY: the group is one of the pixel.
                let four = unsafe { four(task.weights.as_ptr().cast::<u32>().add((u * KW + v) * step + group)) };
                (taps[0][u][v], taps[1][u][v]) = (four, four);
            }
        }
        ring.fill(zero);
        let mut row = Row {
            ring: ring.as_ptr().cast(),
            length: (width + KW) * size_of::<Four>(),
            step: slide.stride[1] * size_of::<Four>(),
            taps: ptr::null(),
            channels: 4 * step,
            y: y.as_mut_ptr().wrapping_add(4 * group),
            count,
        };
        let (mut next, mut first) = (0, 0);
        for _ in 0..out_rows {
            for t in next.max(first)..first + K {
                let start = t % K * (width + KW) + left;
                if let Some(to) = ring.get_mut(start..start + width) {
                    let row = t.wrapping_sub(top);
                    if row < height {
                        // SAFETY: the group is one of the pixels of a row, which are `step` words apart.
                        unsafe { widen(task.x.as_ptr().cast::<u32>().add(row * width * step + group), step, to) };
                    } else {
                        to.fill(zero);
                    }
                }
            }
            row.taps = (&raw const taps).cast::<[Four; KW]>().wrapping_add((K - first % K) % K).cast();
            // SAFETY: the ring has the windows of a row, and `y` four outputs of each of its pixels.
            unsafe {
                if task.below {
                    outputs::<K, KW, 2>(&row, channels);
                } else {
                    outputs::<K, KW, 1>(&row, channels);
                }
            }
            row.y = row.y.wrapping_add(count * 4 * step);
            (next, first) = (first + K, first + slide.stride[0]);
        }
    }
}

/// Four channels of a pixel.
///
/// # Safety
///
/// `from` has four bytes.
#[inline(always)]
unsafe fn four(from: *const u32) -> Four {
    // SAFETY: the caller promises it.
    let word = unsafe { from.read_unaligned() };
    [even(word), odd(word)]
}

/// Writes four channels of each pixel of a row. The pixels are `step` words apart.
///
/// # Safety
///
/// `from` has four bytes of as many pixels.
#[inline(always)]
unsafe fn widen(mut from: *const u32, step: usize, to: &mut [Four]) {
    for to in to {
        // SAFETY: the caller promises it.
        *to = unsafe { four(from) };
        from = from.wrapping_add(step);
    }
}

/// The windows of a row of outputs.
struct Row {
    ring: *const u32,
    /// The bytes of a row of the ring.
    length: usize,
    /// The bytes from a window to the next one.
    step: usize,
    /// The weights, in the order of the ring.
    taps: *const u32,
    /// The outputs, `channels` apart.
    y: *mut i8,
    channels: usize,
    count: usize,
}

/// The outputs of four channels of a row.
///
/// # Safety
///
/// The ring has as many windows, and `y` four outputs of each.
#[inline(never)]
unsafe fn outputs<const K: usize, const KW: usize, const HOW: u8>(row: &Row, channels: &[Channel; 4]) {
    let Row { mut ring, length, step, taps, mut y, .. } = *row;
    for _ in 0..row.count {
        let [mut a, mut b, mut c, mut d] = [0i32; 4];
        // SAFETY: it reads a window of the ring, and as many weights.
        unsafe {
            asm!(
                ".rept {rows}",
                ".set shiplap_offset, 0",
                ".rept {columns}",
                "ldrd {x0}, {x1}, [{x}, #shiplap_offset]",
                "ldrd {w0}, {w1}, [{taps}], #8",
                "smlabb {a}, {x0}, {w0}, {a}",
                "smlatt {c}, {x0}, {w0}, {c}",
                "smlabb {b}, {x1}, {w1}, {b}",
                "smlatt {d}, {x1}, {w1}, {d}",
                ".set shiplap_offset, shiplap_offset + 8",
                ".endr",
                "add {x}, {x}, {length}",
                ".endr",
                rows = const K, columns = const KW,
                a = inout(reg) a, b = inout(reg) b, c = inout(reg) c, d = inout(reg) d,
                x = inout(reg) ring => _, taps = inout(reg) taps => _, length = in(reg) length,
                x0 = out(reg) _, x1 = out(reg) _, w0 = out(reg) _, w1 = out(reg) _,
                options(readonly, nostack),
            );
        }
        // SAFETY: `y` has four outputs of this pixel.
        unsafe { round_four::<HOW>([a, b, c, d], channels, y) };
        (ring, y) = (ring.wrapping_byte_add(step), y.wrapping_add(row.channels));
    }
}
