//! Formulas that are applied to slices, item by item.

use super::real::Real;

/// A formula that computes new values for `WRITE` values from them and `READ` other values.
///
/// It is copied before the loop, so that its constants stay in registers.
pub trait ElementwiseKernel<const READ: usize, const WRITE: usize>: Copy + Send + Sync {
    /// Whether the formula is the identity, which need not be applied.
    const UNCHANGED: bool = false;

    /// The formula.
    fn apply<V: Real>(&self, read: [V; READ], write: [V; WRITE]) -> [V; WRITE];
}

/// The identity.
#[derive(Clone, Copy, Debug)]
pub struct Unchanged;

impl ElementwiseKernel<0, 1> for Unchanged {
    const UNCHANGED: bool = true;

    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], value: [V; 1]) -> [V; 1] {
        value
    }
}

/// Adds the number that it reads.
#[derive(Clone, Copy)]
pub(crate) struct Plus;

impl ElementwiseKernel<1, 1> for Plus {
    #[inline(always)]
    fn apply<V: Real>(&self, [addend]: [V; 1], [sum]: [V; 1]) -> [V; 1] {
        [sum + addend]
    }
}

/// A formula whose values are summed.
pub trait Summand<const READ: usize>: Copy + Send + Sync {
    /// The formula.
    fn apply<V: Real>(&self, read: [V; READ]) -> V;
}

impl Summand<1> for Unchanged {
    #[inline(always)]
    fn apply<V: Real>(&self, [value]: [V; 1]) -> V {
        value
    }
}

/// The product of two numbers.
#[derive(Clone, Copy)]
pub(crate) struct Product;

impl ElementwiseKernel<1, 1> for Product {
    #[inline(always)]
    fn apply<V: Real>(&self, [factor]: [V; 1], [product]: [V; 1]) -> [V; 1] {
        [product * factor]
    }
}

impl Summand<2> for Product {
    #[inline(always)]
    fn apply<V: Real>(&self, [a, b]: [V; 2]) -> V {
        a * b
    }
}
