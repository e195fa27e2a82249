//! What a formula computes, step by step, found out by giving it a number that writes down what is done to it.

use core::{
    cell::RefCell,
    ops::{Add, Div, Mul, Neg, Sub},
};
use std::{thread_local, vec::Vec};

use crate::kernel::{Real, Sweep};

/// A number in a formula.
#[derive(Clone, Copy)]
pub(super) enum Number {
    /// It is the same whatever the input.
    Known(f64),
    /// What the step before this one gave, counted from 1; 0 is the input.
    Computed(usize),
}

/// An operation of ONNX, and what it takes.
pub(super) struct Step {
    pub operator: &'static str,
    pub inputs: Vec<Number>,
}

thread_local! {
    /// The steps so far. Numbers are copied freely and cannot hold it.
    static STEPS: RefCell<Vec<Step>> = const { RefCell::new(Vec::new()) };
}

/// The steps from the input to the formula's value, which the last one gives; none if it is the input itself.
pub(super) fn steps(formula: &impl Sweep<0, 1>) -> Vec<Step> {
    STEPS.take();
    let [value] = formula.apply([], [Number::Computed(0)]);
    let last = STEPS.with_borrow(Vec::len);
    match value {
        Number::Computed(index) if index == last => {}
        // It is not what was computed last, or not computed at all.
        value => {
            let zero = step("Mul", &[Number::Computed(0), Number::Known(0.0)]);
            step("Add", &[zero, value]);
        }
    }
    STEPS.take()
}

fn step(operator: &'static str, inputs: &[Number]) -> Number {
    STEPS.with_borrow_mut(|steps| {
        steps.push(Step { operator, inputs: inputs.into() });
        Number::Computed(steps.len())
    })
}

impl Number {
    fn map(self, operator: &'static str, known: impl Fn(f64) -> f64) -> Self {
        match self {
            Self::Known(x) => Self::Known(known(x)),
            Self::Computed(_) => step(operator, &[self]),
        }
    }

    fn join(self, other: Self, operator: &'static str, known: impl Fn(f64, f64) -> f64) -> Self {
        match (self, other) {
            (Self::Known(x), Self::Known(y)) => Self::Known(known(x, y)),
            _ => step(operator, &[self, other]),
        }
    }
}

impl Add for Number {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.join(other, "Add", |x, y| x + y)
    }
}

impl Sub for Number {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.join(other, "Sub", |x, y| x - y)
    }
}

impl Mul for Number {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        self.join(other, "Mul", |x, y| x * y)
    }
}

impl Div for Number {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        self.join(other, "Div", |x, y| x / y)
    }
}

impl Neg for Number {
    type Output = Self;

    fn neg(self) -> Self {
        self.map("Neg", |x| -x)
    }
}

impl Real for Number {
    fn splat(value: f64) -> Self {
        Self::Known(value)
    }

    fn mul_add(self, factor: Self, addend: Self) -> Self {
        self * factor + addend
    }

    fn if_gt(self, bound: Self, then: Self, otherwise: Self) -> Self {
        match (self, bound) {
            (Self::Known(x), Self::Known(y)) => {
                if x > y {
                    then
                } else {
                    otherwise
                }
            }
            _ => step("Where", &[step("Greater", &[self, bound]), then, otherwise]),
        }
    }

    fn abs(self) -> Self {
        self.map("Abs", Real::abs)
    }

    fn copysign(self, sign: Self) -> Self {
        let size = self.abs();
        Self::splat(0.0).if_gt(sign, -size, size)
    }

    fn sqrt(self) -> Self {
        self.map("Sqrt", Real::sqrt)
    }

    fn exp(self) -> Self {
        self.map("Exp", Real::exp)
    }

    fn ln(self) -> Self {
        self.map("Log", Real::ln)
    }

    fn ln_one_plus(self) -> Self {
        (self + Self::splat(1.0)).ln()
    }

    fn tanh(self) -> Self {
        self.map("Tanh", Real::tanh)
    }

    fn erf(self) -> Self {
        self.map("Erf", Real::erf)
    }

    fn max(self, other: Self) -> Self {
        self.join(other, "Max", Real::max)
    }

    fn min(self, other: Self) -> Self {
        self.join(other, "Min", Real::min)
    }

    fn sigmoid(self) -> Self {
        self.map("Sigmoid", Real::sigmoid)
    }

    fn softplus(self) -> Self {
        self.map("Softplus", Real::softplus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A formula by its number.
    struct Numbered(u32);

    impl Sweep<0, 1> for Numbered {
        fn apply<V: Real>(&self, []: [V; 0], [x]: [V; 1]) -> [V; 1] {
            [match self.0 {
                0 => x,
                1 => V::splat(2.0) + V::splat(3.0),
                2 => {
                    let first = x.tanh();
                    let _ = first.exp();
                    first
                }
                _ => x.if_gt(V::splat(0.0), x, V::splat(4.0).sqrt()),
            }]
        }
    }

    fn operators(number: u32) -> Vec<&'static str> {
        steps(&Numbered(number)).iter().map(|step| step.operator).collect()
    }

    #[test]
    fn a_formula_is_its_steps_and_ends_in_its_value() {
        assert!(operators(0).is_empty());
        assert_eq!(operators(1), ["Mul", "Add"]);
        assert_eq!(operators(2), ["Tanh", "Exp", "Mul", "Add"]);
        assert_eq!(operators(3), ["Greater", "Where"]);
    }
}
