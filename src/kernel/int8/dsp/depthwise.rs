//! Depthwise convolutions.

use core::{arch::asm, mem::MaybeUninit, ptr, slice};

use super::{
    super::{Bounds, Slide, Twice},
    Channel, Channels,
    round::round_four,
    three::Three,
    windows::{Four, Row, Windows, four},
};
use crate::kernel::Simd;

/// As many rows of an image with its padding as a window has, four channels of them. Row `t` is at `t` modulo `K`. Rows
/// have an even number of pixels, for which there is room for another one.
#[repr(C)]
struct Ring<const W: usize, const K: usize, const KW: usize>([[Four; W]; K], [[Four; KW]; K], [Four; K]);

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
    let fits = |side| slide.before[side] <= [K, KW][side] && ([OH, OW][side] - 1) * slide.stride[side] <= [H, W][side];
    if C % 4 != 0 || K * KW > MOST_PIXELS || slide.dilation != [1, 1] || !fits(1) {
        return false;
    }
    let task = Task {
        x: x.as_flattened().as_flattened(),
        zero,
        weights: weights.as_flattened().as_flattened(),
        channels: channels.each.as_chunks().0,
        image: [H, W],
        outputs: [OH, OW],
        steps: [W, 1],
        output_steps: [OW, 1],
        weight_steps: [KW, 1],
        slide,
        output_zero: bounds.zero,
        below: bounds.least < bounds.zero,
    };
    let y = y.as_flattened_mut().as_flattened_mut();
    // SAFETY: the sizes are those of the arrays.
    unsafe {
        if !channels.usual {
            plain(task, y);
        } else if W < 8 && H > W && K == KW && fits(0) {
            // Short rows take longer: the columns are computed as rows.
            in_ring::<H, K, KW>(task.turned(), y);
        } else {
            in_ring::<W, K, KW>(task, y);
        }
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
    /// The pixels from a row to the next one, and from a column to the next one: of the image, of the outputs and of a
    /// window.
    steps: [usize; 2],
    output_steps: [usize; 2],
    weight_steps: [usize; 2],
    slide: Slide,
    /// The zero point of the outputs.
    output_zero: i8,
    /// Whether outputs can be below the zero point.
    below: bool,
}

impl Task<'_> {
    /// Four channels of a pixel outside the image.
    fn padding(&self) -> Four {
        [u32::from(i16::from(self.zero) as u16) * 0x0001_0001; 2]
    }

    /// The same with columns as rows.
    fn turned(self) -> Self {
        let turn = |[a, b]: [usize; 2]| [b, a];
        let Slide { stride, before, dilation } = self.slide;
        Self {
            image: turn(self.image),
            outputs: turn(self.outputs),
            steps: turn(self.steps),
            output_steps: turn(self.output_steps),
            weight_steps: turn(self.weight_steps),
            slide: Slide { stride: turn(stride), before: turn(before), dilation: turn(dilation) },
            ..self
        }
    }
}

/// The outputs, with a ring for rows of `N` pixels.
///
/// # Safety
///
/// `x`, `weights` and `y` have the channels of all pixels, and rows fit into the ring.
#[inline(always)]
unsafe fn in_ring<const N: usize, const K: usize, const KW: usize>(task: Task<'_>, y: &mut [i8]) {
    let mut ring = MaybeUninit::<Ring<N, K, KW>>::uninit();
    let zero = task.padding();
    // SAFETY: the ring has as many words.
    let ring = unsafe {
        let (start, length) = (ring.as_mut_ptr().cast::<Four>(), K * (N + KW).next_multiple_of(2));
        for n in 0..length {
            start.add(n).write(zero);
        }
        slice::from_raw_parts_mut(start, length)
    };
    let [rows, columns] = task.outputs;
    // Many short rows, or one for each frame of a stream: it pays that the sizes are constants.
    let short = columns < 8 && (rows >= 8 || rows == 1);
    // SAFETY: as the caller promises.
    unsafe {
        match (KW, task.slide.stride[1]) {
            (3, 1 | 2) => shared_groups::<Three, K, KW>(task, ring, y),
            _ if short => groups::<Pixels, K, KW>(task, ring, y),
            _ => shared_groups::<Pixels, K, KW>(task, ring, y),
        }
    }
}

/// The outputs of channels of which not all have the usual form.
#[inline(never)]
fn plain(task: Task<'_>, y: &mut [i8]) {
    let Task { image: [height, width], outputs: [_, columns], slide: Slide { before, stride, .. }, .. } = task;
    let (channels, window) = (task.channels.as_flattened(), task.weight_steps[0].max(1));
    let step = channels.len().max(1);
    // Where the pixels of a window start; outside the image, beyond it.
    let mut places = [0; MOST_PIXELS];
    for (pixel, y) in y.chunks_exact_mut(step).enumerate() {
        let [i, j] = [pixel / columns.max(1) * stride[0], pixel % columns.max(1) * stride[1]];
        for (tap, place) in places.iter_mut().enumerate().take(task.weights.len() / step) {
            let [row, column] =
                [(i + tap / window).wrapping_sub(before[0]), (j + tap % window).wrapping_sub(before[1])];
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
unsafe fn shared_groups<M: Windows<K, KW>, const K: usize, const KW: usize>(
    task: Task<'_>,
    ring: &mut [Four],
    y: &mut [i8],
) {
    // SAFETY: the caller promises it.
    unsafe { groups::<M, K, KW>(task, ring, y) };
}

/// The outputs, one group of channels after another.
///
/// # Safety
///
/// `x`, `weights` and `y` have the channels of all pixels, and the ring `K` rows of the image with `KW` pixels more, or
/// another one for an even number.
#[inline(always)]
unsafe fn groups<M: Windows<K, KW>, const K: usize, const KW: usize>(task: Task<'_>, ring: &mut [Four], y: &mut [i8]) {
    let Task { image: [height, width], outputs: [out_rows, count], slide, .. } = task;
    let ([top, left], all) = (slide.before, task.channels.len());
    let length = (width + KW).next_multiple_of(2);
    let [down, right] = task.steps.map(|step| step * all);
    let [down_outputs, right_outputs] = task.output_steps.map(|step| step * 4 * all);
    let zero = task.padding();
    for (group, channels) in task.channels.iter().enumerate() {
        let mut weights = [[[[0; 2]; KW]; K]; 2];
        for u in 0..K {
            for v in 0..KW {
                let pixel = u * task.weight_steps[0] + v * task.weight_steps[1];
                // SAFETY: the group is one of the pixel.
                let four = unsafe { four(task.weights.as_ptr().cast::<u32>().add(pixel * all + group)) };
                (weights[0][u][v], weights[1][u][v]) = (four, four);
            }
        }
        let mut room = MaybeUninit::uninit();
        let taps = M::taps(&weights, &mut room);
        let mut row = Row {
            ring: ptr::null(),
            length: length * size_of::<Four>(),
            step: slide.stride[1] * size_of::<Four>(),
            taps: ptr::null(),
            channels: right_outputs,
            y: y.as_mut_ptr().wrapping_add(4 * group),
            count,
        };
        let (mut next, mut first) = (0, 0);
        for _ in 0..out_rows {
            for t in next.max(first)..first + K {
                let start = t % K * length;
                if let Some(to) = ring.get_mut(start..start + length) {
                    let row = t.wrapping_sub(top);
                    if row < height {
                        let from = task.x.as_ptr().cast::<u32>().wrapping_add(row * down + group);
                        // SAFETY: the group is one of the pixels of a row.
                        unsafe { M::widen(from, right, [left, width], to) };
                    } else {
                        to.fill(zero);
                    }
                }
            }
            row.ring = ring.as_ptr().cast();
            row.taps = taps.wrapping_add((K - first % K) % K * M::ROW);
            // SAFETY: the ring has the windows of a row, and `y` four outputs of each of its pixels.
            unsafe {
                if task.below {
                    M::outputs::<2>(&row, channels);
                } else {
                    M::outputs::<1>(&row, channels);
                }
            }
            row.y = row.y.wrapping_add(down_outputs);
            (next, first) = (first + K, first + slide.stride[0]);
        }
    }
}

/// Windows of any size, one pixel of four channels at a time.
struct Pixels;

impl<const K: usize, const KW: usize> Windows<K, KW> for Pixels {
    type Taps = ();

    const ROW: usize = 2 * KW;

    #[inline(always)]
    fn taps(weights: &[[[Four; KW]; K]; 2], _: &mut MaybeUninit<()>) -> *const u32 {
        weights.as_ptr().cast()
    }

    #[inline(always)]
    unsafe fn widen(mut from: *const u32, step: usize, [left, width]: [usize; 2], row: &mut [Four]) {
        for to in row.get_mut(left..left + width).unwrap_or_default() {
            // SAFETY: the caller promises it.
            *to = unsafe { four(from) };
            from = from.wrapping_add(step);
        }
    }

    #[inline(never)]
    unsafe fn outputs<const HOW: u8>(row: &Row, channels: &[Channel; 4]) {
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
}
