//! The windows of an image.

use crate::{
    kernel::int8::Slide,
    layers::{Window, image::window::slide},
};

/// How the window `P` slides over an image.
pub(super) const fn sliding<P: Window>(image: [usize; 2], window: [usize; 2]) -> Slide {
    Slide { before: slide::<P>(image, window).1.before, stride: P::STRIDE, dilation: P::DILATION }
}

/// The rows of the window of output pixel `at`. Those that are not pixels side by side in the image are written to `patch`.
/// Pixels outside the image are `zero`, which stands for 0.
#[inline(always)]
pub(super) fn gather<'a, P: Window, const H: usize, const W: usize, const C: usize, const K: usize, const KW: usize>(
    x: &'a [[[i8; C]; W]; H],
    at: [usize; 2],
    zero: i8,
    patch: &'a mut [[[i8; C]; KW]; K],
) -> [&'a [[i8; C]; KW]; K] {
    let before = const { slide::<P>([H, W], [K, KW]).1.before };
    let top = (at[0] * P::STRIDE[0]).wrapping_sub(before[0]);
    let left = (at[1] * P::STRIDE[1]).wrapping_sub(before[1]);
    let mut u = 0;
    patch.each_mut().map(|patch| {
        let row = x.get(top.wrapping_add(u * P::DILATION[0]));
        u += 1;
        let Some(row) = row else {
            *patch = [[zero; C]; KW];
            return &*patch;
        };
        if P::DILATION[1] == 1
            && left <= W
            && let Some(pixels) = row[left..].first_chunk()
        {
            return pixels;
        }
        for (v, patch) in patch.iter_mut().enumerate() {
            *patch = row.get(left.wrapping_add(v * P::DILATION[1])).copied().unwrap_or([zero; C]);
        }
        &*patch
    })
}
