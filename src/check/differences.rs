//! Derivatives by finite differences.

use std::vec::Vec;

use crate::kernel::Element;

/// The derivative of `f` with respect to each number of `start`, by central differences in `f64`.
///
/// ```
/// use shiplap::check;
///
/// let product = check::derivatives(&[2.0, 5.0], |x| x[0] * x[1]);
/// assert!((product[0] - 5.0).abs() < 1e-9 && (product[1] - 2.0).abs() < 1e-9);
/// ```
pub fn derivatives(start: &[f64], f: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    along_each::<f64>(start, f)
}

/// `f'(0)` by central differences, extrapolated to a step of 0 as far as they agree (Ridders 1982). This is accurate
/// enough for derivatives much smaller than `f`, and a step across a kink agrees with no other. `epsilon` is the relative
/// rounding error of `f`.
fn derivative(epsilon: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    let (mut step, mut previous) = (0.01, Vec::<f64>::new());
    let (mut least, mut best) = (f64::INFINITY, f64::NAN);
    for _ in 0..12 {
        let (above, below) = (f(step), f(-step));
        let mut row = Vec::with_capacity(previous.len() + 1);
        row.push((above - below) / (2.0 * step));
        // Two narrow steps may agree by chance: the rounding of `f` counts as an error, too.
        let rounding = epsilon * above.abs().max(below.abs()) / step;
        let mut power = 4.0;
        for (order, wider) in previous.iter().enumerate() {
            let better = (power * row[order] - wider) / (power - 1.0);
            let error = rounding + (better - row[order]).abs().max((better - wider).abs());
            if error < least {
                (least, best) = (error, better);
            }
            row.push(better);
            power *= 4.0;
        }
        if least <= 1e-10 * best.abs() {
            break;
        }
        (step, previous) = (step / 2.0, row);
    }
    best
}

pub(super) fn along_each<T: Element>(start: &[f64], mut f: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    let epsilon = if is_double::<T>() { f64::EPSILON } else { f64::from(f32::EPSILON) };
    let mut nudged = start.to_vec();
    let mut derivatives = Vec::with_capacity(start.len());
    for index in 0..start.len() {
        derivatives.push(derivative(epsilon, |by| {
            nudged[index] = start[index] + by;
            f(&nudged)
        }));
        nudged[index] = start[index];
    }
    derivatives
}

pub(super) const fn is_double<T>() -> bool {
    size_of::<T>() > size_of::<f32>()
}
