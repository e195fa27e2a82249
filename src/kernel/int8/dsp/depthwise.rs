//! Depthwise convolutions.

use core::{arch::asm, mem::MaybeUninit, slice};

use super::{
    super::{Bounds, Slide},
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

/// A depthwise convolution of an image, four channels at a time. Returns whether it has been computed: not if there are
/// other channels, windows of other forms, or rounding of another form than usual.
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
    let [top, left] = slide.before;
    let width = W + KW;
    let fits = left <= KW && (OW - 1) * slide.stride[1] + KW <= width;
    if C % 4 != 0 || K * KW > MOST_PIXELS || slide.dilation != [1, 1] || !fits || !channels.usual {
        return false;
    }
    let zero = Four::from([u32::from(i16::from(zero) as u16) * 0x0001_0001; 2]);
    let mut ring = MaybeUninit::<Ring<W, K, KW>>::uninit();
    // SAFETY: the ring has as many words, and all bytes are a value of them.
    let ring = unsafe {
        ring.as_mut_ptr().write_bytes(0, 1);
        slice::from_raw_parts_mut(ring.as_mut_ptr().cast::<Four>(), K * width)
    };
    for (group, channels) in channels.each.as_chunks::<4>().0.iter().enumerate() {
        let mut taps = [[[[0; 2]; KW]; K]; 2];
        for u in 0..K {
            for v in 0..KW {
                // SAFETY: the group is one of the pixel.
                let four = unsafe { four(weights[u][v].as_ptr().cast::<u32>().add(group)) };
                (taps[0][u][v], taps[1][u][v]) = (four, four);
            }
        }
        ring.fill(zero);
        let mut next = 0;
        for (i, y) in y.iter_mut().enumerate() {
            let first = i * slide.stride[0];
            for t in next.max(first)..first + K {
                if let Some(to) = ring.get_mut(t % K * width + left..).and_then(<[_]>::first_chunk_mut::<W>) {
                    match x.get(t.wrapping_sub(top)) {
                        // SAFETY: the group is one of the pixels, which are `C` bytes apart.
                        Some(row) => unsafe { widen(row.as_ptr().cast::<u32>().add(group), C / 4, to) },
                        None => to.fill(zero),
                    }
                }
            }
            next = first + K;
            let row = Row {
                ring: ring.as_ptr().cast(),
                length: width * size_of::<Four>(),
                step: slide.stride[1] * size_of::<Four>(),
                taps: (&raw const taps).cast::<[Four; KW]>().wrapping_add((K - first % K) % K).cast(),
                channels: C,
                y: y.as_mut_ptr().cast::<[i8; 4]>().wrapping_add(group).cast(),
                count: OW,
            };
            // SAFETY: the ring has the windows of a row, and `y` four outputs of each of its pixels.
            unsafe {
                if bounds.least < bounds.zero {
                    outputs::<K, KW, 2>(row, channels);
                } else {
                    outputs::<K, KW, 1>(row, channels);
                }
            }
        }
    }
    bounds.limit(y.as_flattened_mut().as_flattened_mut());
    true
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
#[inline(never)]
unsafe fn widen(mut from: *const u32, step: usize, to: &mut [Four]) {
    for to in to {
        // SAFETY: the caller promises it.
        *to = unsafe { four(from) };
        from = from.wrapping_add(step);
    }
}

/// The windows of a row of outputs.
#[derive(Clone, Copy)]
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
unsafe fn outputs<const K: usize, const KW: usize, const HOW: u8>(row: Row, channels: &[Channel; 4]) {
    let Row { mut ring, length, step, taps, mut y, .. } = row;
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
