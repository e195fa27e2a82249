//! Elementwise kernels and sums over slices of equal length.

#![expect(clippy::needless_range_loop, reason = "an index keeps arrays of registers in registers")]

use core::mem;

use super::{
    element::Element,
    formula::{ElementwiseKernel, Summand},
    plain::{self, shortest},
    real::Real,
    simd::{MOST_LANES, Simd, Vector, Work},
};

/// `write = op(read, write)`, item by item, up to the length of the shortest slice.
#[inline(always)]
pub fn elementwise<S: Simd, T: Element, O: ElementwiseKernel<R, W>, const R: usize, const W: usize>(
    simd: S,
    op: &O,
    read: [&[T]; R],
    write: [&mut [T]; W],
) {
    simd.run(ElementwisePass { op: *op, read, write });
}

/// Like [`elementwise`], but inlined: for rows too short to be worth a call.
#[inline(always)]
pub(crate) fn elementwise_row<S: Simd, T: Element, O: ElementwiseKernel<R, W>, const R: usize, const W: usize>(
    simd: S,
    op: &O,
    read: [&[T]; R],
    write: [&mut [T]; W],
) {
    ElementwisePass { op: *op, read, write }.run(simd);
}

struct ElementwisePass<'a, T, O, const R: usize, const W: usize> {
    op: O,
    read: [&'a [T]; R],
    write: [&'a mut [T]; W],
}

impl<T: Element, O: ElementwiseKernel<R, W>, const R: usize, const W: usize> Work for ElementwisePass<'_, T, O, R, W> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        if const { T::Vector::<S>::LANES == 1 } {
            plain::elementwise(&self.op, self.read, self.write);
            return;
        }
        let lanes = T::Vector::<S>::LANES;
        let mut length = shortest(&self.read);
        for w in 0..W {
            length = length.min(self.write[w].len());
        }
        // All slices have the same length, so an index in bounds for one is in bounds for all.
        for r in 0..R {
            self.read[r] = &self.read[r][..length];
        }
        for w in 0..W {
            self.write[w] = &mut mem::take(&mut self.write[w])[..length];
        }
        if length < lanes {
            self.pass::<T::Vector<S>, 1>([0], length);
            return;
        }
        // The last register ends where the slices end. It is computed before the numbers that it overlaps and written
        // after them, so no number is updated twice and no load or store is partial.
        let end = length - lanes;
        let last = self.values::<T::Vector<S>>(end, length);
        let before = end.div_ceil(lanes) * lanes;
        let mut start = 0;
        while start + 2 * lanes <= before {
            self.pass::<T::Vector<S>, 2>([start, start + lanes], lanes);
            start += 2 * lanes;
        }
        if start < before {
            self.pass::<T::Vector<S>, 1>([start], lanes);
        }
        for w in 0..W {
            last[w].store(&mut self.write[w][end..length]);
        }
    }
}

impl<T: Element, O: ElementwiseKernel<R, W>, const R: usize, const W: usize> ElementwisePass<'_, T, O, R, W> {
    /// Updates `length` numbers from each of these starts. Independent formulas side by side hide latency and share
    /// constants.
    #[inline(always)]
    fn pass<V: Vector<T>, const SIDES: usize>(&mut self, starts: [usize; SIDES], length: usize) {
        let mut values = [[V::broadcast(T::zero()); W]; SIDES];
        for side in 0..SIDES {
            values[side] = self.values::<V>(starts[side], starts[side] + length);
        }
        for side in 0..SIDES {
            for w in 0..W {
                values[side][w].store(&mut self.write[w][starts[side]..starts[side] + length]);
            }
        }
    }

    #[inline(always)]
    fn values<V: Vector<T>>(&self, start: usize, end: usize) -> [V; W] {
        let mut values = [V::broadcast(T::zero()); W];
        for w in 0..W {
            values[w] = V::load(&self.write[w][start..end]);
        }
        self.op.apply::<V>(load(&self.read, start, end), values)
    }
}

/// The number of independent partial sums, which keep additions from waiting for the previous one.
const CHAINS: usize = 4;

/// `Σ op(read)` over all items, up to the length of the shortest slice.
#[inline(always)]
pub fn sum_of<S: Simd, T: Element, O: Summand<R>, const R: usize>(simd: S, op: &O, read: [&[T]; R]) -> T {
    simd.run(SumPass { op: *op, read })
}

/// Like [`sum_of`], but inlined: for rows too short to be worth a call.
#[inline(always)]
pub(crate) fn sum_of_row<S: Simd, T: Element, O: Summand<R>, const R: usize>(simd: S, op: &O, read: [&[T]; R]) -> T {
    SumPass { op: *op, read }.run(simd)
}

struct SumPass<'a, T, O, const R: usize> {
    op: O,
    read: [&'a [T]; R],
}

impl<T: Element, O: Summand<R>, const R: usize> Work for SumPass<'_, T, O, R> {
    type Output = T;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> T {
        let Self { op, read } = self;
        if const { T::Vector::<S>::LANES == 1 } {
            return plain::sum_of(&op, read);
        }
        let lanes = T::Vector::<S>::LANES;
        let length = shortest(&read);
        let mut sums = [T::Vector::<S>::broadcast(T::zero()); CHAINS];
        let mut start = 0;
        while start + CHAINS * lanes <= length {
            for chain in 0..CHAINS {
                sums[chain] = sums[chain] + op.apply(load(&read, start, start + lanes));
                start += lanes;
            }
        }
        let mut sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        while start + lanes <= length {
            sum = sum + op.apply(load(&read, start, start + lanes));
            start += lanes;
        }
        if start < length {
            // The lanes past the end contain op(0, ...), which need not be 0.
            sum = sum + op.apply::<T::Vector<S>>(load(&read, start, length)).first(length - start);
        }
        sum.sum()
    }
}

/// Loads a register from each slice.
#[inline(always)]
fn load<V: Vector<T>, T: Element, const R: usize>(slices: &[&[T]; R], start: usize, end: usize) -> [V; R] {
    let mut registers = [V::broadcast(T::zero()); R];
    for r in 0..R {
        registers[r] = V::load(&slices[r][start..end]);
    }
    registers
}

/// The largest value; −∞ for an empty slice.
#[inline(always)]
pub fn largest<S: Simd, T: Element>(_: S, values: &[T]) -> T {
    if const { T::Vector::<S>::LANES == 1 } {
        return plain::largest(values);
    }
    let lanes = T::Vector::<S>::LANES;
    let lowest = T::Vector::<S>::splat(f64::NEG_INFINITY);
    let mut top = lowest;
    let mut start = 0;
    while start + lanes <= values.len() {
        top = T::Vector::<S>::load(&values[start..start + lanes]).max(top);
        start += lanes;
    }
    if start < values.len() && values.len() >= lanes {
        // The last register overlaps the one before, which does not change the result.
        top = T::Vector::<S>::load(&values[values.len() - lanes..]).max(top);
    } else if start < values.len() {
        let mut rest = [T::from_f64(f64::NEG_INFINITY); MOST_LANES];
        T::Vector::<S>::load(&values[start..]).store(&mut rest[..values.len() - start]);
        top = T::Vector::<S>::load(&rest).max(top);
    }
    top.largest()
}
