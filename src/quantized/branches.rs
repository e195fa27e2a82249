//! Layers side by side in int8.

use core::{marker::PhantomData, mem::MaybeUninit, slice};

use super::place::{output, room};
use super::{Apart, Bounds, Int8Layer, Int8Tensor, Multiplier, Quantize, Scale, Table};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples, Scales};
use crate::{
    Tensor, Zeroed,
    kernel::{Simd, int8::int8_fits},
    layer::first_fault,
    layers::{self, Branches},
    message::Message,
    stream::{Streaming, apart_in_time, step},
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
    pub(super) fn of(&self, q: i8) -> i8 {
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
    type Place = Apart<Self::Output>;
    const INSIDE: usize = room::<A>() + room::<B>() + if A::INSIDE > B::INSIDE { A::INSIDE } else { B::INSIDE };

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &A::Input, y: &mut O) {
        let (mut first, mut second) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let (first, second) = (output(simd, &self.first, x, &mut first), output(simd, &self.second, x, &mut second));
        let (first, second) = (A::Output::flat(slice::from_ref(first)), B::Output::flat(slice::from_ref(second)));
        self.join(first, second, O::flat_mut(slice::from_mut(y)));
    }
}

impl<A: Int8Layer, B: Int8Layer, O: Int8Tensor> Concat<A, B, O> {
    /// Puts the channels of each pixel side by side.
    #[inline(always)]
    fn join(&self, first: &[i8], second: &[i8], y: &mut [i8]) {
        let pixels = first.chunks_exact(A::Output::INNERMOST).zip(second.chunks_exact(B::Output::INNERMOST));
        for (y, (a, b)) in y.chunks_exact_mut(O::INNERMOST).zip(pixels) {
            let (to_a, to_b) = y.split_at_mut(A::Output::INNERMOST);
            for (y, a) in to_a.iter_mut().zip(a) {
                *y = self.rescales[0].of(*a);
            }
            for (y, b) in to_b.iter_mut().zip(b) {
                *y = self.rescales[1].of(*b);
            }
        }
    }
}

impl<
    A: Int8Layer + Streaming<Emitted: Int8Tensor>,
    B: Int8Layer + Streaming<Frame = A::Frame, Emitted: Int8Tensor>,
    O: Int8Tensor,
> Streaming for Concat<A, B, O>
{
    type Frame = A::Frame;
    type Emitted = O::Frame;
    type State = (A::State, B::State);

    const STREAM_FAULT: Option<Message> = first_fault(&[A::STREAM_FAULT, B::STREAM_FAULT, apart_in_time::<A, B>()]);
    const FRAME_MACS: usize = A::FRAME_MACS + B::FRAME_MACS;
    const DELAY: usize = A::DELAY;
    const PERIOD: usize = A::PERIOD;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut Self::State, frame: &A::Frame, y: &mut O::Frame) -> bool {
        let (mut first, mut second) = (A::Emitted::zeroed_on_stack(), B::Emitted::zeroed_on_stack());
        let first_is_due = step(&self.first, simd, &mut state.0, frame, &mut first);
        let both_are_due = step(&self.second, simd, &mut state.1, frame, &mut second) && first_is_due;
        if both_are_due {
            let (first, second) =
                (A::Emitted::flat(slice::from_ref(&first)), B::Emitted::flat(slice::from_ref(&second)));
            self.join(first, second, Int8Tensor::flat_mut(slice::from_mut(y)));
        }
        both_are_due
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
        let first = self.first.quantize(&mut int8.first, x.clone(), calibration, path.join("first"))?.scale();
        let second = self.second.quantize(&mut int8.second, x.clone(), calibration, path.join("second"))?.scale();
        let (y, scales) = calibration.scales::<Self, Linear>(self, &x, path)?;
        // If both have one scale, their int8 are kept.
        let output = if first == second { first } else { scales.output };
        int8.rescales = [Rescale::new(first, output), Rescale::new(second, output)];
        let scales = Scales { logits: output, output, ..scales };
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}
