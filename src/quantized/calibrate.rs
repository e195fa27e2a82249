//! Scales from samples.

use core::{fmt, mem::take, slice};
use std::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    Entrance, Int8Activation, Int8Form, Int8Layer, Int8Tensor, Quantize, QuantizeError, Raw, Run, Scale, ScalesOf,
    scale::{first_scale, only_scale},
};
use crate::{
    Tensor,
    kernel::{Element as _, Simd, Work, dispatch},
    layer::{Ending, Layer, Logits, Path, Predictions},
    zeroed::zeros_on_heap,
};

/// How the scale of an activation follows from its values on the samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Ranges {
    /// All values are in range.
    #[default]
    MinMax,
    /// This percentage of the values is in range, and outliers at both ends in equal parts are not.
    Percentile(f64),
    /// The range has the least sum of squared errors, of those from half the values' range to all of it.
    LeastSquares,
}

/// The course of [`Quantized::calibrate_with`](super::Quantized::calibrate_with): how ranges are determined, and what was
/// found for each layer.
///
/// It does not scale channels against the weights that read them (weight equalization, Nagel et al. 2019), because the
/// filters of a convolution have a scale each already: of eight networks, seven gain from −2.5 to 1.2 dB by it, and
/// only a MobileNet of a quarter of its width gains 3.9 dB.
///
/// ```
/// use shiplap::{prelude::*, quantized::{Calibration, Quantized, Ranges}};
///
/// type Net = (Dense<2, 8, Relu>, Dense<8, 1, Linear>);
///
/// let samples: Vec<[f32; 2]> = (0..100).map(|n| [n as f32 / 100.0, (n % 10) as f32]).collect();
/// let mut calibration = Calibration::new(Ranges::Percentile(99.9));
/// Quantized::<Net>::calibrate_with(&Net::new(1), &samples, &mut calibration)?;
/// println!("{calibration}");
/// assert!(calibration.layers[1].decibels > 30.0);
/// # Ok::<(), shiplap::quantized::QuantizeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    ranges: Ranges,
    /// The layers that were quantized, in order.
    pub layers: Vec<Calibrated>,
    /// The scales of the weights of the layer that is quantized.
    pub(super) weights: Vec<f32>,
    /// The scales, if they do not follow from samples.
    given: Option<Given>,
}

/// The scales of a network that do not follow from samples.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// The scale of the input.
    pub input: Scale,
    /// The scales of the layers, by their position in the network.
    pub layers: Vec<(String, Scales)>,
}

/// The scales of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scales {
    /// The scale of the input.
    pub input: Scale,
    /// The scale before the activation. That of the output, if there is no activation, or it only limits the logits to a
    /// range; that of the cells of an [`Lstm`](crate::layers::Lstm).
    pub logits: Scale,
    /// The scale of the output.
    pub output: Scale,
}

/// The range and the error of a layer in int8.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Calibrated {
    /// The position of the layer in the network.
    pub layer: String,
    /// The name of the layer's type.
    pub kind: String,
    /// The least and the largest output.
    pub range: [f32; 2],
    /// The scales of the input, before the activation, and of the output.
    pub scales: Scales,
    /// The scales of the weights of each output, if there are weights.
    pub weights: Vec<f32>,
    /// The shape of the output.
    pub shape: &'static [usize],
    /// The power of the output divided by that of its error, which the layers before have a part in. It is infinite if
    /// there is no error.
    pub decibels: f64,
}

impl fmt::Display for Calibration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = |text: fn(&Calibrated) -> &String, header: usize| {
            self.layers.iter().map(|layer| text(layer).len()).fold(header, usize::max)
        };
        let (paths, kinds) = (widest(|layer| &layer.layer, 5), widest(|layer| &layer.kind, 4));
        write!(formatter, "{:<paths$}  {:<kinds$}  {:>10}  {:>10}", "layer", "type", "least", "largest")?;
        write!(formatter, "  {:>10}  {:>4}  {:>5}", "scale", "zero", "dB")?;
        for Calibrated { layer, kind, range: [low, high], scales, decibels, .. } in &self.layers {
            write!(formatter, "\n{layer:<paths$}  {kind:<kinds$}  {low:>10.4}  {high:>10.4}")?;
            let Scale { scale, zero } = scales.output;
            write!(formatter, "  {scale:>10.6}  {zero:>4}  {decibels:>5.1}")?;
        }
        Ok(())
    }
}

/// Samples at a place in a network: the activations of the network itself, and those of its int8 twin.
#[derive(Clone, Debug)]
pub struct Samples<X: Tensor> {
    /// The activations of the network.
    pub real: Vec<X>,
    /// Those in int8.
    pub int8: Vec<X::Int8>,
    /// The scale of the int8; of a [`Pair`](crate::Pair), those of its members.
    pub scales: ScalesOf<X>,
}

impl<X: Tensor> Samples<X> {
    /// The scale of the int8. A pair, which has several, is a compile error.
    pub(super) fn scale(&self) -> Scale {
        only_scale::<X>(&self.scales)
    }
}

/// Values that are examined one by one are at most so many.
const MOST_VALUES: usize = 1 << 20;

impl Calibration {
    /// Scales from these ranges.
    #[must_use]
    pub const fn new(ranges: Ranges) -> Self {
        Self { ranges, layers: Vec::new(), weights: Vec::new(), given: None }
    }

    /// Quantizes with these scales, whatever the samples.
    pub(super) fn with_scales<Y>(&mut self, given: Given, quantize: impl FnOnce(&mut Self) -> Y) -> Y {
        self.given = Some(given);
        let result = quantize(self);
        self.given = None;
        result
    }

    /// Whether the scales do not follow from the samples.
    pub(super) const fn has_scales(&self) -> bool {
        self.given.is_some()
    }

    /// The samples at the entrance of a network.
    pub(super) fn enter<X: Tensor>(&self, samples: &[X]) -> Result<Samples<X>, QuantizeError> {
        if samples.is_empty() && self.given.is_none() {
            return Err(QuantizeError::NoSamples);
        }
        if let Ranges::Percentile(percentage) = self.ranges
            && !(percentage > 0.0 && percentage <= 100.0)
        {
            return Err(QuantizeError::Percentage);
        }
        check(samples, || "the samples".into())?;
        let scales = self.scales_at_the_entrance(samples);
        let mut int8 = zeros_on_heap::<X::Int8>(samples.len());
        int8.iter_mut().zip(samples).for_each(|(int8, x)| int8.enter(x, scales));
        Ok(Samples { real: samples.to_vec(), int8, scales })
    }

    /// The outputs of a layer for `x`, with the scales before and after its activation `A`.
    pub(super) fn scales<L: Layer, A: Int8Activation>(
        &self,
        layer: &L,
        x: &Samples<L::Input>,
        path: Path<'_>,
    ) -> Result<(Vec<L::Output>, Scales), QuantizeError> {
        let y = outputs::<L, Predictions>(layer, x, path)?;
        if let Some(given) = &self.given {
            let path = path.to_string();
            let scales = given.layers.iter().find(|layer| layer.0 == path).ok_or(QuantizeError::NotCalibrated)?.1;
            return Ok((y, scales));
        }
        if A::Form::LIMITS {
            let scale = self.scale(&y);
            return Ok((y, Scales { input: first_scale::<L::Input>(&x.scales), logits: scale, output: scale }));
        }
        let logits = self.scale(&outputs::<L, Logits>(layer, x, path)?);
        let output = A::OUTPUT.unwrap_or_else(|| self.scale(&y));
        Ok((y, Scales { input: first_scale::<L::Input>(&x.scales), logits, output }))
    }

    /// The outputs of a layer and of its int8 form, for the report.
    pub(super) fn run<L: Quantize>(
        &mut self,
        layer: &L::Int8,
        x: Samples<L::Input>,
        y: Vec<L::Output>,
        scales: Scales,
        path: Path<'_>,
    ) -> Samples<L::Output>
    where
        L::Int8: Int8Layer<Input = <L::Input as Tensor>::Int8>,
    {
        let int8 = run(layer, &x.int8);
        self.list::<L>(y, int8, scales, path)
    }

    /// Like [`run`](Self::run), for a layer that takes real numbers.
    pub(super) fn run_real<L: Quantize>(
        &mut self,
        layer: &L::Int8,
        x: Samples<L::Input>,
        y: Vec<L::Output>,
        scales: Scales,
        path: Path<'_>,
    ) -> Samples<L::Output>
    where
        L::Int8: Int8Layer<Input = Raw<L::Input>>,
    {
        let raw: Vec<_> = x.real.into_iter().map(Raw).collect();
        let int8 = run(layer, &raw);
        self.list::<L>(y, int8, scales, path)
    }

    /// The outputs of a layer that keeps the scale.
    pub(super) fn same_scale<L: Quantize>(
        &mut self,
        layer: &L,
        int8: &L::Int8,
        x: Samples<L::Input>,
        path: Path<'_>,
    ) -> Result<Samples<L::Output>, QuantizeError>
    where
        L::Int8: Int8Layer<Input = <L::Input as Tensor>::Int8>,
    {
        let y = outputs::<L, Predictions>(layer, &x, path)?;
        let scales = Scales { input: x.scale(), logits: x.scale(), output: x.scale() };
        Ok(self.run::<L>(int8, x, y, scales, path))
    }

    fn list<L: Layer>(
        &mut self,
        real: Vec<L::Output>,
        int8: Vec<<L::Output as Tensor>::Int8>,
        scales: Scales,
        path: Path<'_>,
    ) -> Samples<L::Output> {
        let y = Samples { real, int8, scales: <L::Output as Tensor>::Int8::for_each(&mut || scales.output) };
        let (real, int8) = (L::Output::flat(&y.real), <L::Output as Tensor>::Int8::flat(&y.int8));
        let [mut power, mut error] = [0.0f64; 2];
        for (real, int8) in real.iter().zip(int8) {
            let real = real.to_f64();
            power += real * real;
            error += (real - f64::from(scales.output.real(*int8))).powi(2);
        }
        self.layers.push(Calibrated {
            layer: path.to_string(),
            kind: L::KIND.as_str().to_string(),
            range: range(&y.real),
            scales,
            weights: take(&mut self.weights),
            shape: L::Output::SHAPE,
            decibels: 10.0 * (power / error).log10(),
        });
        y
    }

    /// The scale of each tensor of a sample.
    fn scales_at_the_entrance<X: Tensor>(&self, samples: &[X]) -> ScalesOf<X> {
        if let Some(given) = &self.given {
            return X::Int8::for_each(&mut || given.input);
        }
        if X::FORM.members().is_none() {
            return X::Int8::for_each(&mut || self.scale(samples));
        }
        let (mut lengths, mut start) = (Vec::new(), 0);
        X::Int8::visit(&X::Int8::for_each(&mut || ()), &mut |(), length| lengths.push(length));
        let mut lengths = lengths.into_iter();
        X::Int8::for_each(&mut || {
            let places = start..start + lengths.next().unwrap_or(0);
            start = places.end;
            let numbers = samples.iter().flat_map(|x| &X::flat(slice::from_ref(x))[places.clone()]).copied();
            self.scale(&numbers.collect::<Vec<X::Element>>())
        })
    }

    /// The scale of these activations.
    pub(super) fn scale<X: Tensor>(&self, x: &[X]) -> Scale {
        let [low, high] = range(x);
        if self.ranges == Ranges::MinMax {
            return Scale::of_range(low, high);
        }
        let values = X::flat(x);
        let step = values.len().div_ceil(MOST_VALUES).max(1);
        let mut values: Vec<f32> = values.iter().step_by(step).map(|x| x.to_f64() as f32).collect();
        if let Ranges::Percentile(percentage) = self.ranges {
            values.sort_unstable_by(f32::total_cmp);
            let outside = (values.len() as f64 * (100.0 - percentage) / 200.0) as usize;
            return match (values.get(outside), values.iter().rev().nth(outside)) {
                // Not if only outliers differ from 0.
                (Some(low), Some(high)) if low <= high && (*low < 0.0 || *high > 0.0) => Scale::of_range(*low, *high),
                _ => Scale::of_range(low, high),
            };
        }
        let candidates = (0..=20).map(|part| Scale::of_range(low * share(part), high * share(part)));
        let error =
            |scale: &Scale| values.iter().map(|x| f64::from(x - scale.real(scale.quantize(*x))).powi(2)).sum::<f64>();
        candidates.min_by(|a, b| error(a).total_cmp(&error(b))).unwrap_or(Scale::of_range(low, high))
    }
}

/// From all of the range to half of it.
fn share(part: u8) -> f32 {
    1.0 - f32::from(part) / 40.0
}

/// The least and the largest number.
fn range<X: Tensor>(x: &[X]) -> [f32; 2] {
    X::flat(x).iter().fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], x| {
        let x = x.to_f64() as f32;
        [low.min(x), high.max(x)]
    })
}

fn check<X: Tensor>(x: &[X], place: impl Fn() -> String) -> Result<(), QuantizeError> {
    if X::flat(x).iter().all(|x| (x.to_f64() as f32).is_finite()) {
        Ok(())
    } else {
        Err(QuantizeError::NotFinite { place: place() })
    }
}

/// The outputs of a layer for `x`.
fn outputs<L: Layer, E: Ending>(
    layer: &L,
    x: &Samples<L::Input>,
    path: Path<'_>,
) -> Result<Vec<L::Output>, QuantizeError> {
    let mut y = zeros_on_heap::<L::Output>(x.real.len());
    dispatch(Forward::<L, E> { layer, x: &x.real, y: &mut y, ending: core::marker::PhantomData });
    check(&y, || format!("the output of layer {path}"))?;
    Ok(y)
}

/// The outputs of an int8 layer.
fn run<L: Int8Layer>(layers: &L, x: &[L::Input]) -> Vec<L::Output> {
    let mut y = zeros_on_heap(x.len());
    x.iter().zip(&mut y).for_each(|(x, y)| dispatch(Run { layers, x, y }));
    y
}

/// The forward pass of a layer, row by row.
struct Forward<'a, L: Layer, E> {
    layer: &'a L,
    x: &'a [L::Input],
    y: &'a mut [L::Output],
    ending: core::marker::PhantomData<E>,
}

impl<L: Layer, E: Ending> Work for Forward<'_, L, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for (x, y) in self.x.chunks_exact(1).zip(self.y.chunks_exact_mut(1)) {
            self.layer.forward_batch::<S, E, 1>(simd, x, y);
        }
    }
}
