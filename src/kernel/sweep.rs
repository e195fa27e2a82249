//! One pass over slices of equal length.

use super::{Element, Real, Simd, Vector};

/// A formula from `READ` values and `WRITE` values to new values for the latter.
pub trait Sweep<const READ: usize, const WRITE: usize> {
    /// The formula.
    fn apply<V: Real>(&self, read: [V; READ], write: [V; WRITE]) -> [V; WRITE];
}

/// A formula whose values are added up.
pub trait Fold<const READ: usize> {
    /// The formula.
    fn apply<V: Real>(&self, read: [V; READ]) -> V;
}

/// `write = op(read, write)`, item by item, as far as the shortest slice reaches.
#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn sweep<S: Simd, T: Element, O: Sweep<R, W>, const R: usize, const W: usize>(
    _: S,
    op: &O,
    mut read: [&[T]; R],
    mut write: [&mut [T]; W],
) {
    let lanes = T::Vector::<S>::LANES;
    let length = shortest(&read).min(write.iter().map(|slice| slice.len()).min().unwrap_or(usize::MAX));
    for slice in &mut read {
        *slice = &slice[..length];
    }
    for slice in &mut write {
        *slice = &mut core::mem::take(slice)[..length];
    }
    // Whole registers apart from the rest, whose loads are masked.
    let whole = length - length % lanes;
    let mut start = 0;
    while start < whole {
        pass::<T::Vector<S>, T, O, R, W>(op, &read, &mut write, start, start + lanes);
        start += lanes;
    }
    if start < length {
        pass::<T::Vector<S>, T, O, R, W>(op, &read, &mut write, start, length);
    }
}

#[inline(always)]
fn pass<V: Vector<T>, T: Element, O: Sweep<R, W>, const R: usize, const W: usize>(
    op: &O,
    read: &[&[T]; R],
    write: &mut [&mut [T]; W],
    start: usize,
    end: usize,
) {
    let zero = V::broadcast(T::zero());
    let (mut inputs, mut values) = ([zero; R], [zero; W]);
    for (input, slice) in inputs.iter_mut().zip(read) {
        *input = V::load(&slice[start..end]);
    }
    for (value, slice) in values.iter_mut().zip(write.iter()) {
        *value = V::load(&slice[start..end]);
    }
    let values = op.apply::<V>(inputs, values);
    for (slice, value) in write.iter_mut().zip(values) {
        value.store(&mut slice[start..end]);
    }
}

/// How many sums grow side by side, so that one addition need not wait for the last.
const CHAINS: usize = 4;

/// The lanes of the longest register.
const MOST_LANES: usize = 16;

/// `Σ op(read)` over all items, as far as the shortest slice reaches.
#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn sum_of<S: Simd, T: Element, O: Fold<R>, const R: usize>(_: S, op: &O, mut read: [&[T]; R]) -> T {
    let lanes = T::Vector::<S>::LANES;
    let length = shortest(&read);
    for slice in &mut read {
        *slice = &slice[..length];
    }
    let zero = T::Vector::<S>::broadcast(T::zero());
    let mut sums = [zero; CHAINS];
    let mut start = 0;
    while start + CHAINS * lanes <= length {
        for sum in &mut sums {
            let mut inputs = [zero; R];
            for (input, slice) in inputs.iter_mut().zip(&read) {
                *input = T::Vector::<S>::load(&slice[start..start + lanes]);
            }
            *sum = *sum + op.apply(inputs);
            start += lanes;
        }
    }
    let mut sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    while start + lanes <= length {
        let mut inputs = [zero; R];
        for (input, slice) in inputs.iter_mut().zip(&read) {
            *input = T::Vector::<S>::load(&slice[start..start + lanes]);
        }
        sum = sum + op.apply(inputs);
        start += lanes;
    }
    if start < length {
        let mut inputs = [zero; R];
        for (input, slice) in inputs.iter_mut().zip(&read) {
            *input = T::Vector::<S>::load(&slice[start..length]);
        }
        // The lanes past the end hold op(0, ...), which need not be 0: they are left behind.
        let mut rest = [T::zero(); MOST_LANES];
        op.apply(inputs).store(&mut rest[..length - start]);
        sum = sum + T::Vector::<S>::load(&rest);
    }
    sum.sum()
}

/// The largest value; −∞ of none.
#[inline(always)]
pub fn largest<S: Simd, T: Element>(_: S, values: &[T]) -> T {
    let lanes = T::Vector::<S>::LANES;
    let lowest = T::Vector::<S>::splat(f64::NEG_INFINITY);
    let mut top = lowest;
    let mut start = 0;
    while start + lanes <= values.len() {
        top = T::Vector::<S>::load(&values[start..start + lanes]).max(top);
        start += lanes;
    }
    if start < values.len() {
        let mut rest = [T::from_f64(f64::NEG_INFINITY); MOST_LANES];
        T::Vector::<S>::load(&values[start..]).store(&mut rest[..values.len() - start]);
        top = T::Vector::<S>::load(&rest).max(top);
    }
    top.largest()
}

#[inline(always)]
fn shortest<T, const R: usize>(slices: &[&[T]; R]) -> usize {
    slices.iter().map(|slice| slice.len()).min().unwrap_or(usize::MAX)
}
