//! Records the operations of a formula, by evaluating it with a number type that records each operation.

use core::{
    cell::RefCell,
    ops::{Add, Div, Mul, Neg, Sub},
};
use std::{thread_local, vec::Vec};

use crate::kernel::{ElementwiseKernel, Real};

/// A value in a formula.
#[derive(Clone, Copy)]
pub(super) enum Number {
    /// A constant.
    Known(f64),
    /// The index of a value: first the inputs of the formula, then the result of each step.
    Computed(usize),
}

/// An ONNX operator and its inputs.
pub(super) struct Step {
    pub operator: &'static str,
    pub inputs: Vec<Number>,
}

thread_local! {
    /// The number of values so far, and the recorded steps. `Number` is `Copy` and cannot refer to the recording
    /// itself.
    static STEPS: RefCell<(usize, Vec<Step>)> = const { RefCell::new((0, Vec::new())) };
}

/// Returns the steps from the inputs to the value of the formula, which is the result of the last step. If there are no
/// steps, the value is the first input.
///
/// The first input is the value that the kernel reads and overwrites.
pub(super) fn steps<const READ: usize>(formula: &impl ElementwiseKernel<READ, 1>) -> Vec<Step> {
    STEPS.set((READ.max(1), Vec::new()));
    let [value] = formula.apply(core::array::from_fn(Number::Computed), [Number::Computed(0)]);
    let (count, empty) = STEPS.with_borrow(|(count, steps)| (*count, steps.is_empty()));
    match value {
        Number::Computed(index) if index + 1 == count && !empty || index == 0 && empty => {}
        // The value is not the result of the last step.
        Number::Computed(_) => {
            step("Identity", &[value]);
        }
        // A constant must be broadcast to the shape of the input.
        Number::Known(_) => {
            let zero = step("Mul", &[Number::Computed(0), Number::Known(0.0)]);
            step("Add", &[zero, value]);
        }
    }
    STEPS.take().1
}

fn step(operator: &'static str, inputs: &[Number]) -> Number {
    STEPS.with_borrow_mut(|(count, steps)| {
        steps.push(Step { operator, inputs: inputs.into() });
        *count += 1;
        Number::Computed(*count - 1)
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
        let magnitude = self.abs();
        Self::splat(0.0).if_gt(sign, -magnitude, magnitude)
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

    /// One of several formulas.
    #[derive(Clone, Copy)]
    struct Numbered(u32);

    impl ElementwiseKernel<0, 1> for Numbered {
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
    fn the_last_step_computes_the_value() {
        assert!(operators(0).is_empty());
        assert_eq!(operators(1), ["Mul", "Add"]);
        assert_eq!(operators(2), ["Tanh", "Exp", "Identity"]);
        assert_eq!(operators(3), ["Greater", "Where"]);
    }

    #[test]
    fn formulas_have_several_inputs() {
        #[derive(Clone, Copy)]
        struct Scale;

        impl ElementwiseKernel<3, 1> for Scale {
            fn apply<V: Real>(&self, [x, mean, deviation]: [V; 3], _: [V; 1]) -> [V; 1] {
                [(x - mean) / deviation]
            }
        }

        let computed =
            |step: &Step| step.inputs.iter().map(|input| matches!(input, Number::Computed(_))).collect::<Vec<_>>();
        let steps = steps(&Scale);
        assert_eq!(steps.iter().map(|step| step.operator).collect::<Vec<_>>(), ["Sub", "Div"]);
        assert!(matches!(steps[1].inputs[..], [Number::Computed(3), Number::Computed(2)]));
        assert_eq!(computed(&steps[0]), [true, true]);
    }
}
