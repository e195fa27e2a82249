//! One pass over slices of equal length.

use super::{
    Element, Real, Simd,
    simd::{LANES, Lanes},
};

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
#[inline(always)]
pub fn sweep<S: Simd, T: Element, O: Sweep<R, W>, const R: usize, const W: usize>(
    _: S,
    op: &O,
    read: [&[T]; R],
    mut write: [&mut [T]; W],
) {
    let length = shortest(&read).min(write.iter().map(|slice| slice.len()).min().unwrap_or(usize::MAX));
    let whole = length - length % LANES;
    for start in (0..whole).step_by(LANES) {
        let inputs = core::array::from_fn(|slice| load(read[slice], start));
        let values = core::array::from_fn(|slice| load(write[slice], start));
        for (to, lanes) in write.iter_mut().zip(op.apply::<Lanes<T>>(inputs, values)) {
            to[start..start + LANES].copy_from_slice(&lanes.0);
        }
    }
    for index in whole..length {
        let inputs = core::array::from_fn(|slice| read[slice][index]);
        let values = core::array::from_fn(|slice| write[slice][index]);
        for (to, value) in write.iter_mut().zip(op.apply::<T>(inputs, values)) {
            to[index] = value;
        }
    }
}

/// `Σ op(read)` over all items, as far as the shortest slice reaches.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "the index runs over several slices at once")]
pub fn sum_of<S: Simd, T: Element, O: Fold<R>, const R: usize>(_: S, op: &O, read: [&[T]; R]) -> T {
    let length = shortest(&read);
    let whole = length - length % LANES;
    let mut lanes = Lanes::broadcast(T::zero());
    for start in (0..whole).step_by(LANES) {
        lanes = lanes + op.apply::<Lanes<T>>(core::array::from_fn(|slice| load(read[slice], start)));
    }
    let mut sum = lanes.sum();
    for index in whole..length {
        sum += op.apply::<T>(core::array::from_fn(|slice| read[slice][index]));
    }
    sum
}

/// The largest value; −∞ of none.
#[inline(always)]
pub fn largest<S: Simd, T: Element>(_: S, values: &[T]) -> T {
    values.iter().fold(T::from_f64(f64::NEG_INFINITY), |top, &value| value.max(top))
}

#[inline(always)]
fn shortest<T, const R: usize>(slices: &[&[T]; R]) -> usize {
    slices.iter().map(|slice| slice.len()).min().unwrap_or(usize::MAX)
}

#[inline(always)]
fn load<T: Element>(from: &[T], start: usize) -> Lanes<T> {
    let mut lanes = [T::zero(); LANES];
    lanes.copy_from_slice(&from[start..start + LANES]);
    Lanes(lanes)
}
