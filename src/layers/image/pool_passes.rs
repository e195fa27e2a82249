//! The passes of a pooling layer over one image.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::ops::Range;

use super::{
    Pool2d, Reduce, Window,
    reduce::scale,
    registers::{channels, channels_mut},
    window::{inside, pixel, place},
};
use crate::kernel::{Element, Vector};

impl<
    R: Reduce,
    P: Window,
    T: Element,
    const K: usize,
    const KW: usize,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
> Pool2d<R, [[[T; C]; W]; H], K, P, KW, [[[T; C]; OW]; OH]>
{
    const SCALE: f64 = scale(K.saturating_mul(KW));

    // No closures: one that is not inlined would not be compiled for the instruction set.
    #[inline(always)]
    pub(super) fn forward_image<V: Vector<T>, const N: usize>(x: &[[[T; C]; W]; H], y: &mut [[[T; C]; OW]; OH]) {
        for (i, y) in y.iter_mut().enumerate() {
            let [rows, _] = inside::<P, H, W, K, KW>([i, 0]);
            let first = place::<P, H, W, K, KW>(0, i, rows.start);
            Self::forward_row::<V, N>(x.get(first..).unwrap_or(&[]), P::DILATION[0], rows.len(), y);
        }
    }

    /// The outputs of the window over `count` rows of `x`, the first one and every `distance`-th after it.
    #[inline(always)]
    pub(super) fn forward_row<V: Vector<T>, const N: usize>(
        x: &[[[T; C]; W]],
        distance: usize,
        count: usize,
        y: &mut [[T; C]; OW],
    ) {
        for (j, y) in y.iter_mut().enumerate() {
            let [_, columns] = inside::<P, H, W, K, KW>([0, j]);
            if count == K && columns.len() == KW {
                // The lengths of most windows are constants, so that the loops over them are unrolled.
                Self::forward_pixel::<V, N>(x, distance, K, j, 0..KW, y);
            } else {
                Self::forward_pixel::<V, N>(x, distance, count, j, columns, y);
            }
        }
    }

    /// The output of the window in column `j`, for these of its columns.
    #[inline(always)]
    fn forward_pixel<V: Vector<T>, const N: usize>(
        x: &[[[T; C]; W]],
        distance: usize,
        count: usize,
        j: usize,
        columns: Range<usize>,
        y: &mut [T; C],
    ) {
        let pixels = (count * columns.len()) as f64 * Self::SCALE;
        for start in (0..C).step_by(N * V::LANES) {
            let mut sums = [V::splat(R::START); N];
            for u in 0..count {
                // The pixels are always there, which the compiler does not see.
                let Some(line) = x.get(u * distance) else { return };
                for v in columns.clone() {
                    let Some(x) = line.get(place::<P, H, W, K, KW>(1, j, v)) else { return };
                    for n in 0..N {
                        let x = V::load(channels::<V, _>(x, start + n * V::LANES));
                        sums[n] = R::add(x, sums[n], Self::SCALE);
                    }
                }
            }
            for n in 0..N {
                R::finish(sums[n], pixels).store(channels_mut::<V, _>(y, start + n * V::LANES));
            }
        }
    }

    #[inline(always)]
    pub(super) fn backward_image<V: Vector<T>, const N: usize>(
        x: &[[[T; C]; W]; H],
        y: &[[[T; C]; OW]; OH],
        dy: &[[[T; C]; OW]; OH],
        dx: &mut [[[T; C]; W]; H],
    ) {
        for i in 0..OH {
            for j in 0..OW {
                let [rows, columns] = inside::<P, H, W, K, KW>([i, j]);
                let pixels = (rows.len() * columns.len()) as u32;
                let (y, dy) = (&y[i][j], &dy[i][j]);
                for start in (0..C).step_by(N * V::LANES) {
                    let mut dys = [V::splat(0.0); N];
                    for n in 0..N {
                        dys[n] = R::share(V::load(channels::<V, _>(dy, start + n * V::LANES)), pixels);
                    }
                    for u in rows.clone() {
                        for v in columns.clone() {
                            let [row, column] = pixel::<P, H, W, K, KW>([i, j], [u, v]);
                            // Always there, as on the way forward.
                            let (Some(x), Some(dx)) = (x.get(row), dx.get_mut(row)) else { return };
                            let (Some(x), Some(dx)) = (x.get(column), dx.get_mut(column)) else { return };
                            for n in 0..N {
                                let first = start + n * V::LANES;
                                let [x, y] = [V::load(channels::<V, _>(x, first)), V::load(channels::<V, _>(y, first))];
                                let to = channels_mut::<V, _>(dx, first);
                                let sum;
                                [sum, dys[n]] = R::backward(x, y, V::load(to), dys[n]);
                                sum.store(to);
                            }
                        }
                    }
                }
            }
        }
    }
}
