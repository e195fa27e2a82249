//! The windows of an image.

use crate::layers::{Window, image::window::slide};

/// Writes the window of output pixel `at` to `patch`. Pixels outside the image are `zero`, which stands for 0.
#[inline(always)]
pub(super) fn gather<P: Window, const H: usize, const W: usize, const C: usize, const K: usize, const KW: usize>(
    x: &[[[i8; C]; W]; H],
    at: [usize; 2],
    zero: i8,
    patch: &mut [[[i8; C]; KW]; K],
) {
    let before = const { slide::<P>([H, W], [K, KW]).1.before };
    let top = (at[0] * P::STRIDE[0]).wrapping_sub(before[0]);
    let left = (at[1] * P::STRIDE[1]).wrapping_sub(before[1]);
    for (u, patch) in patch.iter_mut().enumerate() {
        let Some(row) = x.get(top.wrapping_add(u * P::DILATION[0])) else {
            *patch = [[zero; C]; KW];
            continue;
        };
        // Pixels side by side are one slice.
        if P::DILATION[1] == 1
            && left <= W
            && let Some(pixels) = row[left..].first_chunk()
        {
            *patch = *pixels;
            continue;
        }
        for (v, patch) in patch.iter_mut().enumerate() {
            *patch = row.get(left.wrapping_add(v * P::DILATION[1])).copied().unwrap_or([zero; C]);
        }
    }
}
