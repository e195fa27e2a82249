//! Windows of depthwise convolutions, a row of outputs of four channels at a time.

use core::mem::MaybeUninit;

use super::{Channel, even, odd};

/// Four int8 in 16 bits: the first and the third, and the second and the fourth.
pub type Four = [u32; 2];

/// Four channels of a pixel.
///
/// # Safety
///
/// `from` has four bytes.
#[inline(always)]
pub unsafe fn four(from: *const u32) -> Four {
    // SAFETY: the caller promises it.
    let word = unsafe { from.read_unaligned() };
    [even(word), odd(word)]
}

/// The windows of a row of outputs.
pub struct Row {
    pub ring: *const u32,
    /// The bytes of a row of the ring.
    pub length: usize,
    /// The bytes from a window to the next one.
    pub step: usize,
    /// The weights, in the order of the ring.
    pub taps: *const u32,
    /// The outputs of pixels, `channels` apart.
    pub y: *mut i8,
    pub channels: usize,
    pub count: usize,
}

/// How the windows of a row are computed, for four channels.
pub trait Windows<const K: usize, const KW: usize> {
    /// The weights in another order, unless they are used as they are.
    type Taps;

    /// The words of a row of a window.
    const ROW: usize;

    /// The weights of a group of channels. The rows of a window are there twice, so that they can start at each row of the
    /// ring.
    fn taps(weights: &[[[Four; KW]; K]; 2], taps: &mut MaybeUninit<Self::Taps>) -> *const u32;

    /// Writes `width` pixels, `step` words apart, to a row of the ring, after `left` others.
    ///
    /// # Safety
    ///
    /// `from` has four bytes of as many pixels, and the row has room for them.
    unsafe fn widen(from: *const u32, step: usize, place: [usize; 2], row: &mut [Four]);

    /// The outputs of a row.
    ///
    /// # Safety
    ///
    /// The ring has as many windows, and `y` four outputs of each.
    unsafe fn outputs<const HOW: u8>(row: &Row, channels: &[Channel; 4]);
}
