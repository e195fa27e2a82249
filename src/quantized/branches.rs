//! Layers side by side in int8.

use core::{marker::PhantomData, mem::MaybeUninit, slice};

use super::{Bounds, Int8Layer, Int8Tensor, Multiplier, Quantize, Run, Scale, Table};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples, Scales};
use crate::{
    Tensor, Zeroed,
    kernel::{
        Simd,
        int8::{apart, int8_fits},
    },
    layers::{self, Branches},
};
#[cfg(feature = "std")]
use crate::{activation::Linear, layer::Path};

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
