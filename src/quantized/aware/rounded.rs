//! A layer that computes as its int8 form does.

use super::RoundWeights;
use crate::{
    Layer, Rng, Tensor, Zeroed,
    activation::{Activation, Save},
    init::Initializer,
    kernel::{Element, Simd, map_each},
    layer::{
        Description, Ending, Invalid, Logits, Operations, Outline, Parameter, Parameters, Path, Role, Visit,
        VisitGradient, VisitMut, VisitTrainable,
    },
    message::Message,
    network::Network,
    quantized::{Bounds, Int8Activation, Int8Form, Scale, Scales},
    regularize::Penalty,
};

/// The layer `L` with weights and outputs rounded to the numbers that int8 stand for, as they are in its int8 form.
///
/// The gradient passes the rounding unchanged, except where an output is out of range: there it is 0 (the
/// straight-through estimator, Jacob et al. 2018). Updates apply to weights that are not rounded.
///
/// [`QuantizationAware`](super::QuantizationAware) networks consist of it. Without scales, it computes as `L`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rounded<L: Layer> {
    /// The layer, with weights that are not rounded.
    pub layer: L,
    /// Scale and zero point of the input, before the activation, and of the output; zeros if there are none.
    pub(super) scales: [L::Element; SIZE],
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<L: Layer> Zeroed for Rounded<L> {}

/// The values that training saves for a [`Rounded`] layer.
#[derive(Debug)]
pub struct Tape<Inner, Weights, Y, Saved, const B: usize> {
    /// The tape of the layer.
    inner: Inner,
    /// The layer with rounded weights.
    rounded: Weights,
    /// The outputs before the activation, not rounded.
    logits: [Y; B],
    /// Those that the activation took, if its derivative needs them.
    saved: Saved,
    /// The outputs, not rounded.
    outputs: [Y; B],
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<Inner: Zeroed, Weights: Zeroed, Y: Zeroed, Saved: Zeroed, const B: usize> Zeroed
    for Tape<Inner, Weights, Y, Saved, B>
{
}

/// The numbers of the scales of a layer.
const SIZE: usize = 6;

/// The name of the tensor of the scales in files.
pub(super) const SCALES: &str = "int8_scales";

/// A tensor of scales, which is saved but not trained.
pub(super) const fn statistic<'a>(path: Path<'a>, name: &'static str, shape: &'static [usize]) -> Parameter<'a> {
    Parameter {
        path,
        name,
        role: Role::Statistic,
        shape,
        fan_in: 1,
        fan_out: 1,
        initializer: Initializer::Constant(0.0),
        penalty: Penalty::NONE,
        never_negative: false,
    }
}

/// The scale of these numbers, if they are one.
pub(super) fn scale_of<T: Element>([scale, zero]: [T; 2]) -> Option<Scale> {
    let scale = scale.to_f64() as f32;
    (scale.is_normal() && scale > 0.0).then(|| Scale { scale, zero: zero.to_f64() as i8 })
}

/// The numbers of a scale.
pub(super) fn numbers<T: Element>(scale: Scale) -> [T; 2] {
    [T::from_f64(f64::from(scale.scale)), T::from_f64(f64::from(scale.zero))]
}

impl Scales {
    /// The scales of these numbers, if they are scales.
    pub(super) fn of<T: Element>(numbers: &[T]) -> Option<Self> {
        let [input, logits, output] = *numbers.as_chunks().0 else { return None };
        Some(Self { input: scale_of(input)?, logits: scale_of(logits)?, output: scale_of(output)? })
    }

    /// The numbers of the scales.
    pub(super) fn numbers<T: Element>(self) -> [T; SIZE] {
        let numbers = [self.input, self.logits, self.output].map(numbers);
        core::array::from_fn(|n| numbers[n / 2][n % 2])
    }
}

/// All numbers.
pub(super) const ALL: [f32; 2] = [f32::NEG_INFINITY, f32::INFINITY];

/// The distance of a number from 0 in steps of the scale.
#[inline(always)]
fn steps<T: Element>(scale: Scale, number: T) -> f32 {
    (number.to_f64() as f32 / scale.scale).round()
}

/// The least and the largest number of steps in `range`.
#[inline(always)]
fn limits(scale: Scale, range: [f32; 2]) -> [f32; 2] {
    let Bounds { zero, least, most } = Bounds::of(scale, range);
    [least, most].map(|bound| f32::from(i16::from(bound) - i16::from(zero)))
}

/// Replaces numbers by those of their int8, which are in `range`.
#[inline(always)]
pub(super) fn round<Y: Tensor>(scale: Scale, range: [f32; 2], numbers: &mut [Y]) {
    let [least, most] = limits(scale, range);
    for number in Y::flat_mut(numbers) {
        let real = steps(scale, *number).clamp(least, most) * scale.scale;
        *number = Y::Element::from_f64(f64::from(real));
    }
}

/// Makes the gradients 0 of numbers that are out of the range of int8.
#[inline(always)]
fn stop<Y: Tensor>(scale: Scale, numbers: &[Y], gradients: &mut [Y]) {
    let [least, most] = limits(scale, ALL);
    for (gradient, number) in Y::flat_mut(gradients).iter_mut().zip(Y::flat(numbers)) {
        let steps = steps(scale, *number);
        if steps < least || steps > most {
            *gradient = Y::Element::from_f64(0.0);
        }
    }
}

impl<L: Layer<Head: Int8Activation>> Rounded<L> {
    pub(super) fn scales(&self) -> Option<Scales> {
        Scales::of(&self.scales)
    }

    /// Whether logits are rounded that end as `E`. An activation that only limits them has no scale before it.
    const fn rounds_logits<E: Ending>() -> bool {
        E::LOGITS || !<L::Head as Int8Activation>::Form::LIMITS
    }

    /// The scale of the logits: that of the output, if the activation only limits them.
    fn of_logits(scales: Scales) -> Scale {
        if <L::Head as Int8Activation>::Form::LIMITS { scales.output } else { scales.logits }
    }

    /// Turns logits into outputs. `activate` applies the activation.
    #[inline(always)]
    fn finish<E: Ending>(&self, y: &mut [L::Output], activate: impl FnOnce(&mut [L::Output])) {
        let scales = self.scales();
        if Self::rounds_logits::<E>()
            && let Some(scales) = scales
        {
            round(Self::of_logits(scales), ALL, y);
        }
        if E::LOGITS {
            return;
        }
        activate(y);
        if let Some(scales) = scales {
            round(scales.output, L::Head::RANGE, y);
        }
    }
}

impl<L: Layer> Parameters for Rounded<L> {
    type Element = L::Element;
    type Trainable = L::Trainable;

    const PARAMS: usize = L::PARAMS;
    const KIND: Message<64> = L::KIND;

    fn parameters<V: Visit<L::Element>>(&self, path: Path<'_>, visitor: &mut V) {
        self.layer.parameters(path, visitor);
        visitor.visit(statistic(path, SCALES, &[SIZE]), &self.scales);
    }

    fn parameters_mut<V: VisitMut<L::Element, M>, const M: usize>(
        mut layers: [&mut Self; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        L::parameters_mut(map_each(&mut layers, |rounded| &mut rounded.layer), path, visitor);
        visitor.visit(statistic(path, SCALES, &[SIZE]), map_each(&mut layers, |rounded| &mut rounded.scales[..]));
    }

    #[inline(always)]
    fn trainable<V: Visit<L::Element>>(trainable: &L::Trainable, path: Path<'_>, visitor: &mut V) {
        L::trainable(trainable, path, visitor);
    }

    #[inline(always)]
    fn trainable_mut<V: VisitTrainable<L::Element, M>, const M: usize>(
        layer: Option<&mut Self>,
        gradient: &mut L::Trainable,
        state: [&mut L::Trainable; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        L::trainable_mut(layer.map(|rounded| &mut rounded.layer), gradient, state, path, visitor);
    }
}

impl<L: RoundWeights<Head: Int8Activation>> Layer for Rounded<L> {
    type Input = L::Input;
    type Output = L::Output;
    type Tape<const B: usize> =
        Tape<L::Tape<B>, L::Rounded, L::Output, <<L::Head as Activation>::Saves as Save>::Storage<L::Output, B>, B>;
    type Head = L::Head;

    const MACS: usize = L::MACS;
    const FAULT: Option<Message> = L::FAULT;
    const TAKES_MISSING: bool = L::TAKES_MISSING;
    const TAKES_WHOLE: bool = L::TAKES_WHOLE;
    const KEEPS_WHOLE: bool = L::KEEPS_WHOLE;
    const OUTLINE: Outline = L::OUTLINE;

    #[inline(always)]
    fn invalid(x: &L::Input) -> Option<Invalid> {
        L::invalid(x)
    }

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[L::Input], y: &mut [L::Output]) {
        if let Some(scales) = self.scales() {
            let mut rounded = L::Rounded::zeroed_box();
            self.layer.round_weights(scales.input, &mut rounded).forward_batch::<S, Logits, B>(simd, x, y);
        } else {
            self.layer.forward_batch::<S, Logits, B>(simd, x, y);
        }
        self.finish::<E>(y, |y| L::Head::forward(simd, y));
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        rng: Option<&mut Rng>,
        x: &[L::Input],
        tape: &mut Self::Tape<B>,
        y: &mut [L::Output],
    ) {
        let Tape { inner, rounded, logits, saved, outputs } = tape;
        let layer = match self.scales() {
            Some(scales) => self.layer.round_weights(scales.input, rounded),
            None => &self.layer,
        };
        layer.record_batch::<S, Logits, B>(simd, rng, x, inner, y);
        logits[..y.len()].copy_from_slice(y);
        self.finish::<E>(y, |y| {
            L::Head::record::<S, _, B>(simd, y, saved);
            outputs[..y.len()].copy_from_slice(y);
        });
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[L::Input],
        tape: &mut Self::Tape<B>,
        y: &[L::Output],
        dy: &mut [L::Output],
        dx: Option<&mut [L::Input]>,
    ) {
        let Tape { inner, rounded, logits, saved, outputs } = tape;
        let (logits, outputs, scales) = (&logits[..y.len()], &outputs[..y.len()], self.scales());
        if !E::LOGITS {
            if let Some(scales) = scales {
                stop(scales.output, outputs, dy);
            }
            L::Head::backward(simd, <L::Head as Activation>::Saves::saved::<_, B>(saved, outputs), outputs, dy);
        }
        let mut layer = &self.layer;
        if let Some(scales) = scales {
            if Self::rounds_logits::<E>() {
                stop(Self::of_logits(scales), logits, dy);
            }
            layer = layer.rounded(rounded);
        }
        layer.backward_batch::<S, Logits, B>(simd, x, inner, logits, dy, dx);
    }

    #[inline(always)]
    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        simd: S,
        x: &[L::Input],
        tape: &mut Self::Tape<B>,
        dy: &[L::Output],
        gradient: &mut L::Trainable,
    ) {
        self.layer.gradient_batch(simd, x, &mut tape.inner, dy, gradient);
    }

    #[inline(always)]
    fn visit_gradient<S: Simd, V: VisitGradient<L::Element, M>, const M: usize, const B: usize>(
        &mut self,
        simd: S,
        x: &[L::Input],
        tape: &mut Self::Tape<B>,
        dy: &[L::Output],
        state: [&mut L::Trainable; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        self.layer.visit_gradient(simd, x, &mut tape.inner, dy, state, path, visitor);
    }

    #[inline(always)]
    fn update_statistics<S: Simd, const B: usize>(&mut self, simd: S, tape: &Self::Tape<B>, share: f64) {
        self.layer.update_statistics(simd, &tape.inner, share);
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        L::describe(path, &mut |line| show(&Description { kind: format_args!("{} + int8", line.kind), ..*line }));
    }

    fn operations<V: Operations<L::Element>>(&self, path: Path<'_>, operations: &mut V) {
        self.layer.operations(path, operations);
    }
}

impl<L: RoundWeights<Head: Int8Activation>> Network for Rounded<L> {}
