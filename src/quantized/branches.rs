//! Layers side by side in int8.

use core::{marker::PhantomData, mem::MaybeUninit, slice};

use super::{Bounds, Int8Activation, Int8Form, Int8Layer, Int8Tensor, Multiplier, Quantize, Run, Scale, Table};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples, Scales};
use crate::{
    Tensor, Zeroed,
    kernel::{
        Simd,
        int8::{Factor, apart, int8_fits},
    },
    layers::{self, Branches},
};
#[cfg(feature = "std")]
use crate::{activation::Linear, layer::Path};

/// Two branches whose outputs are added: a [`Residual`](crate::layers::Residual) connection.
pub struct Add<A, B, Act: Int8Activation> {
    /// The first branch.
    pub first: A,
    /// The second branch.
    pub second: B,
    /// The addition.
    pub sum: Sum,
    /// The constants of the activation.
    pub activation: Act::Form,
}

/// The addition of int8 of two scales. Both are first brought to a common scale with 20 fraction bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sum {
    /// The int8 of both inputs that stand for 0.
    pub zeros: [i8; 2],
    /// From both inputs to the common scale.
    pub inputs: [Multiplier; 2],
    /// From the common scale to the output.
    pub output: Multiplier,
    /// The range of the output.
    pub bounds: Bounds,
}

/// The fraction bits of the common scale.
const FRACTION: u32 = 20;

impl Sum {
    /// The sum of inputs with these scales, limited to a range.
    pub const fn new(inputs: [Scale; 2], output: Scale, range: [f32; 2]) -> Self {
        let [a, b] = [inputs[0].scale as f64, inputs[1].scale as f64];
        let twice = 2.0 * if a > b { a } else { b };
        Self {
            zeros: [inputs[0].zero, inputs[1].zero],
            inputs: [Multiplier::new(a / twice), Multiplier::new(b / twice)],
            output: Multiplier::new(twice / ((1 << FRACTION) as f64 * output.scale as f64)),
            bounds: Bounds::of(output, range),
        }
    }

    /// `y + other`, in `y`.
    #[inline(always)]
    fn add(&self, y: &mut [i8], other: &[i8]) {
        // The constants are in registers.
        let Self { zeros, inputs: [a, b], output, bounds } = *self;
        let units = |q: i8, input: usize| (i32::from(q) - i32::from(zeros[input])) << FRACTION;
        if let (Some(a), Some(b), Some(output)) = (Factor::of(a), Factor::of(b), Factor::of(output)) {
            let zero = i32::from(bounds.zero);
            for (y, other) in y.iter_mut().zip(other) {
                let sum = output.apply(a.apply(units(*y, 0)) + b.apply(units(*other, 1)));
                *y = int8_fits((sum + zero).clamp(-128, 127));
            }
            bounds.limit(y);
            return;
        }
        for (y, other) in y.iter_mut().zip(other) {
            let sum = a.apply(units(*y, 0)) + b.apply(units(*other, 1));
            *y = bounds.clamp(output.apply(sum));
        }
    }
}

// SAFETY: the fields are integers.
unsafe impl Zeroed for Sum {}

// SAFETY: the fields are `Zeroed`.
unsafe impl<A: Zeroed, B: Zeroed, Act: Int8Activation> Zeroed for Add<A, B, Act> {}

impl<X: Int8Tensor, A: Int8Layer<Input = X>, B: Int8Layer<Input = X>, Act: Int8Activation> Int8Layer
    for Add<A, B, Act>
{
    type Input = X;
    type Output = A::Output;
    const INSIDE: usize = {
        let second = B::INSIDE + if B::COPIES { 0 } else { B::Output::LEN };
        if A::INSIDE > second { A::INSIDE } else { second }
    };

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &X, y: &mut A::Output) {
        apart(simd, Run { layers: &self.first, x, y });
        let y = A::Output::flat_mut(slice::from_mut(y));
        let mut second = MaybeUninit::uninit();
        let second = if B::COPIES {
            X::flat(slice::from_ref(x))
        } else {
            let second = B::Output::zeroed_in(&mut second);
            apart(simd, Run { layers: &self.second, x, y: second });
            B::Output::flat(slice::from_ref(second))
        };
        self.sum.add(y, second);
        if !Act::Form::LIMITS {
            y.chunks_exact_mut(A::Output::INNERMOST).for_each(|y| self.activation.apply(y));
        }
    }
}

impl<A: Quantize, B: Quantize<Element = A::Element, Input = A::Input>, Act: Int8Activation> Quantize
    for Branches<A, B, layers::Add<Act>>
where
    A::Int8: Int8Layer<Input = <A::Input as Tensor>::Int8>,
    B::Int8: Int8Layer<Input = <A::Input as Tensor>::Int8>,
{
    type Int8 = Add<A::Int8, B::Int8, Act>;
    #[cfg(feature = "std")]
    type Aware = Rounded<Branches<A::Aware, B::Aware, layers::Add<Act>>>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<A::Input>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<A::Output>, QuantizeError> {
        let first = self.first.quantize(&mut int8.first, x.clone(), calibration, path.join("first"))?.scale;
        let second = self.second.quantize(&mut int8.second, x.clone(), calibration, path.join("second"))?.scale;
        let (y, scales) = calibration.scales::<Self, Act>(self, &x, path)?;
        int8.sum = Sum::new([first, second], scales.logits, Act::RANGE);
        int8.activation = Act::Form::of::<Act>(scales.logits, scales.output);
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}

/// Two branches whose channels are put side by side, in int8 of one scale.
pub struct Concat<A, B, O> {
    /// The first branch.
    pub first: A,
    /// The second branch.
    pub second: B,
    /// From both outputs to the joint scale.
    pub rescales: [Rescale; 2],
    output: PhantomData<fn() -> O>,
}

/// A change of the scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rescale {
    /// The int8 of the input that stands for 0.
    pub zero: i8,
    /// The scale of the input divided by that of the output.
    pub multiplier: Multiplier,
    /// The range of the output.
    pub bounds: Bounds,
}

impl Rescale {
    /// From one scale to another.
    pub const fn new(from: Scale, to: Scale) -> Self {
        let bounds = Bounds::of(to, [f32::NEG_INFINITY, f32::INFINITY]);
        Self { zero: from.zero, multiplier: Multiplier::new(from.scale as f64 / to.scale as f64), bounds }
    }

    /// The output for each int8.
    pub const fn table(&self) -> Table {
        let Bounds { zero, least, most } = self.bounds;
        let (mut outputs, mut index) = ([0; 256], 0);
        while index < 256 {
            let output = self.multiplier.apply(index as i32 - 128 - self.zero as i32).saturating_add(zero as i32);
            // `clamp` is no constant function.
            outputs[index] = if output < least as i32 {
                least
            } else if output > most as i32 {
                most
            } else {
                int8_fits(output)
            };
            index += 1;
        }
        Table(outputs)
    }

    #[inline(always)]
    fn of(&self, q: i8) -> i8 {
        self.bounds.clamp(self.multiplier.apply(i32::from(q) - i32::from(self.zero)))
    }
}

// SAFETY: the fields are integers.
unsafe impl Zeroed for Rescale {}

// SAFETY: the fields are `Zeroed`.
unsafe impl<A: Zeroed, B: Zeroed, O> Zeroed for Concat<A, B, O> {}

impl<A, B, O> Concat<A, B, O> {
    /// The layer of these branches.
    pub const fn from_parts(first: A, second: B, rescales: [Rescale; 2]) -> Self {
        Self { first, second, rescales, output: PhantomData }
    }
}

impl<A: Int8Layer, B: Int8Layer<Input = A::Input>, O: Int8Tensor> Int8Layer for Concat<A, B, O> {
    type Input = A::Input;
    type Output = O;
    const INSIDE: usize = A::Output::LEN + B::Output::LEN + if A::INSIDE > B::INSIDE { A::INSIDE } else { B::INSIDE };

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &A::Input, y: &mut O) {
        let (mut first, mut second) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let (first, second) = (A::Output::zeroed_in(&mut first), B::Output::zeroed_in(&mut second));
        apart(simd, Run { layers: &self.first, x, y: first });
        apart(simd, Run { layers: &self.second, x, y: second });
        let first = A::Output::flat(slice::from_ref(first)).chunks_exact(A::Output::INNERMOST);
        let second = B::Output::flat(slice::from_ref(second)).chunks_exact(B::Output::INNERMOST);
        for (y, (a, b)) in O::flat_mut(slice::from_mut(y)).chunks_exact_mut(O::INNERMOST).zip(first.zip(second)) {
            let (to_a, to_b) = y.split_at_mut(A::Output::INNERMOST);
            to_a.iter_mut().zip(a).for_each(|(y, a)| *y = self.rescales[0].of(*a));
            to_b.iter_mut().zip(b).for_each(|(y, b)| *y = self.rescales[1].of(*b));
        }
    }
}

impl<A: Quantize, B: Quantize<Element = A::Element, Input = A::Input>, O: Tensor<Element = A::Element>> Quantize
    for Branches<A, B, layers::Concat<O>>
where
    A::Int8: Int8Layer<Input = <A::Input as Tensor>::Int8>,
    B::Int8: Int8Layer<Input = <A::Input as Tensor>::Int8>,
{
    type Int8 = Concat<A::Int8, B::Int8, O::Int8>;
    #[cfg(feature = "std")]
    type Aware = Rounded<Branches<A::Aware, B::Aware, layers::Concat<O>>>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<A::Input>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<O>, QuantizeError> {
        let first = self.first.quantize(&mut int8.first, x.clone(), calibration, path.join("first"))?.scale;
        let second = self.second.quantize(&mut int8.second, x.clone(), calibration, path.join("second"))?.scale;
        let (y, scales) = calibration.scales::<Self, Linear>(self, &x, path)?;
        // If both have one scale, their int8 are kept.
        let output = if first == second { first } else { scales.output };
        int8.rescales = [Rescale::new(first, output), Rescale::new(second, output)];
        let scales = Scales { logits: output, output, ..scales };
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}
