//! Products whose rows fit in one register: the right operand is read where it is, and shapes are known when compiling.

#![expect(clippy::needless_range_loop, reason = "an index keeps arrays of registers in registers")]

use super::{element::Element, formula::ElementwiseKernel, simd::Vector};

/// How many rows of the result are computed side by side.
const ROWS: usize = 8;

/// `y[b][o] = then(bias[o] + Σᵢ x[b][i]·w[i][o])`.
#[inline(always)]
pub(super) fn nn<V: Vector<T>, T: Element, O: ElementwiseKernel<0, 1>, const IN: usize, const OUT: usize>(
    x: &[[T; IN]],
    w: &[[T; OUT]; IN],
    bias: &[T; OUT],
    then: &O,
    y: &mut [[T; OUT]],
) {
    let (x_blocks, x_rest) = x.as_chunks::<ROWS>();
    let (y_blocks, y_rest) = y.as_chunks_mut::<ROWS>();
    for (x, y) in x_blocks.iter().zip(y_blocks) {
        rows::<V, T, O, IN, OUT, ROWS>(x, w, bias, then, y);
    }
    for (x, y) in x_rest.iter().zip(y_rest) {
        rows::<V, T, O, IN, OUT, 1>(&[*x], w, bias, then, core::array::from_mut(y));
    }
}

#[inline(always)]
fn rows<V: Vector<T>, T: Element, O: ElementwiseKernel<0, 1>, const IN: usize, const OUT: usize, const R: usize>(
    x: &[[T; IN]; R],
    w: &[[T; OUT]; IN],
    bias: &[T; OUT],
    then: &O,
    y: &mut [[T; OUT]; R],
) {
    let mut sums = [V::load(bias); R];
    for i in 0..IN {
        let right = V::load(&w[i]);
        for r in 0..R {
            sums[r] = V::broadcast(x[r][i]).mul_add(right, sums[r]);
        }
    }
    for r in 0..R {
        let [end] = then.apply([], [sums[r]]);
        end.store(&mut y[r]);
    }
}

/// `gradient[i][o] = Σ_b x[b][i]·dz[b][o]`.
#[inline(always)]
pub(super) fn tn<V: Vector<T>, T: Element, const IN: usize, const OUT: usize>(
    x: &[[T; IN]],
    dz: &[[T; OUT]],
    gradient: &mut [[T; OUT]; IN],
) {
    if const { IN <= 12 } {
        gradient_rows::<V, T, IN, OUT, IN>(x, dz, 0, gradient);
        return;
    }
    for block in 0..IN.div_ceil(ROWS) {
        // The last block overlaps the one before it, and writes the same numbers there again.
        let first = (block * ROWS).min(IN.saturating_sub(ROWS));
        if let Some(gradient) = gradient[first..].first_chunk_mut() {
            gradient_rows::<V, T, IN, OUT, ROWS>(x, dz, first, gradient);
        }
    }
}

#[inline(always)]
fn gradient_rows<V: Vector<T>, T: Element, const IN: usize, const OUT: usize, const R: usize>(
    x: &[[T; IN]],
    dz: &[[T; OUT]],
    first: usize,
    gradient: &mut [[T; OUT]; R],
) {
    let mut sums = [V::broadcast(T::zero()); R];
    for (x, dz) in x.iter().zip(dz) {
        let (left, right) = (&x[first..first + R], V::load(dz));
        for r in 0..R {
            sums[r] = V::broadcast(left[r]).mul_add(right, sums[r]);
        }
    }
    for r in 0..R {
        sums[r].store(&mut gradient[r]);
    }
}
