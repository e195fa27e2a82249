//! Training with the rounding of int8.

mod rounded;
mod weights;

pub use rounded::Rounded;
pub use weights::RoundWeights;

use std::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};

use self::rounded::{ALL, SCALES, numbers, round, scale_of, statistic};
use super::{
    Calibration, Entrance, Int8Layer, Quantize, QuantizeError, Quantized, Scales, calibrate::Given, scale::only_scale,
};
use crate::{
    Layer, Rng, Zeroed,
    kernel::{Element, Simd, map_each},
    layer::{
        Description, Ending, Invalid, Operations, Outline, Parameter, Parameters, Path, Visit, VisitGradient, VisitMut,
        VisitTrainable,
    },
    message::Message,
    network::{Network, copy_parameters},
};

/// The network `N`, trained with the rounding of int8 (quantization-aware training, Jacob et al. 2018).
///
/// Where [`Quantized::calibrate`] costs too much accuracy, a few more epochs as this network win it back. Each of its layers
/// computes what its int8 form does, except where a sum is almost in the middle between two int8: `f32` and integers can
/// round it to different ones.
///
/// [`calibrate`](Self::calibrate) takes over a trained network and determines the scales of the activations, which
/// training keeps. Fold batch norms first, with [`fold_batch_norms`](crate::network::fold_batch_norms). Without scales,
/// it computes as `N`. Training allocates nothing; a prediction allocates memory for the rounded weights.
///
/// ```
/// use shiplap::{prelude::*, quantized::QuantizationAware};
///
/// type Net = (Dense<2, 8, Tanh>, Dense<8, 1, Sigmoid>);
///
/// let (x, y) = ([[0.0f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0f32], [1.0], [1.0], [0.0]]);
/// let mut trainer = Trainer::<Net, BinaryCrossentropy, Adam, 4>::new(Adam::new(0.1), 1);
/// trainer.fit(&x, &y, Fit::epochs(100))?;
///
/// let mut aware = Trainer::<QuantizationAware<Net>, BinaryCrossentropy, Adam, 4>::new(Adam::new(0.01), 1);
/// aware.network_mut().calibrate(trainer.network(), &x)?;
/// aware.fit(&x, &y, Fit::epochs(50))?;
///
/// let int8 = aware.network().quantize()?;
/// for x in &x {
///     assert!((int8.predict(x)[0] - aware.predict(x)[0]).abs() <= int8.output.scale);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct QuantizationAware<N: Quantize> {
    /// The layers.
    pub layers: N::Aware,
    /// Scale and zero point of the input; zeros if there are none.
    input: [N::Element; 2],
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<N: Quantize> Zeroed for QuantizationAware<N> {}

/// The name of the scale of the input in files.
const INPUT: &str = "int8_input";

impl<N: Quantize> QuantizationAware<N>
where
    <N::Int8 as Int8Layer>::Input: Entrance<N::Input>,
{
    /// Takes over the weights of `network`, and determines the scales of its activations from samples. They cover the
    /// range of each. A network of several inputs, which has several scales, is a compile error.
    ///
    /// # Errors
    ///
    /// As for [`Quantized::calibrate`]. The network is then unchanged.
    pub fn calibrate(&mut self, network: &N, samples: &[N::Input]) -> Result<(), QuantizeError> {
        self.calibrate_with(network, samples, &mut Calibration::default())
    }

    /// Like [`calibrate`](Self::calibrate), with other [`Ranges`](super::Ranges).
    ///
    /// # Errors
    ///
    /// As for [`calibrate`](Self::calibrate).
    pub fn calibrate_with(
        &mut self,
        network: &N,
        samples: &[N::Input],
        calibration: &mut Calibration,
    ) -> Result<(), QuantizeError> {
        let earlier = calibration.layers.len();
        let int8 = Quantized::calibrate_with(network, samples, calibration)?;
        self.input = numbers(only_scale::<N::Input>(&int8.input));
        copy_parameters(network, &mut self.layers, is_weight);
        let scales: Vec<_> =
            calibration.layers[earlier..].iter().map(|found| (found.layer.clone(), found.scales)).collect();
        N::Aware::parameters_mut([&mut self.layers], Path::ROOT, &mut Place(&scales));
        Ok(())
    }

    /// Calls `measure` once for each layer that rounds, with its position and the network in which it alone rounds. So the
    /// accuracies tell what int8 costs in each layer. At the end, all layers round again.
    ///
    /// ```
    /// use shiplap::{prelude::*, quantized::QuantizationAware};
    ///
    /// type Net = (Dense<2, 8, Relu>, Dense<8, 1, Linear>);
    ///
    /// let (network, x) = (Net::new(1), [[0.5, -1.0], [1.0, 2.0]]);
    /// let mut aware = QuantizationAware::<Net>::zeroed();
    /// aware.calibrate(&network, &x)?;
    /// let mut errors = Vec::new();
    /// aware.layer_by_layer(|layer, rounded| {
    ///     errors.push((layer.to_string(), (rounded.predict(&x[0])[0] - network.predict(&x[0])[0]).abs()));
    /// });
    /// assert_eq!([&errors[0].0, &errors[1].0], ["0", "1"]);
    /// assert!(errors.iter().all(|(_, error)| *error < 0.05));
    /// # Ok::<(), shiplap::quantized::QuantizeError>(())
    /// ```
    pub fn layer_by_layer(&mut self, mut measure: impl FnMut(&str, &Self)) {
        let mut all = Vec::new();
        self.layers.parameters(Path::ROOT, &mut all);
        let input = core::mem::replace(&mut self.input, [N::Element::from_f64(0.0); 2]);
        for layer in &all {
            N::Aware::parameters_mut([&mut self.layers], Path::ROOT, &mut Place(core::slice::from_ref(layer)));
            measure(&layer.0, self);
        }
        N::Aware::parameters_mut([&mut self.layers], Path::ROOT, &mut Place(&all));
        self.input = input;
    }

    /// The network with its weights as they are trained, not rounded.
    #[must_use]
    pub fn network(&self) -> Box<N> {
        let mut network = N::zeroed_box();
        copy_parameters(&self.layers, &mut *network, is_weight);
        network
    }

    /// The int8 network of these weights and scales.
    ///
    /// # Errors
    ///
    /// If the network was not [calibrated](Self::calibrate).
    pub fn quantize(&self) -> Result<Box<Quantized<N>>, QuantizeError> {
        self.quantize_with(&[], &mut Calibration::default())
    }

    /// Like [`quantize`](Self::quantize). The calibration then lists each layer with its scales, for export, and with its
    /// range and its error on these samples.
    ///
    /// # Errors
    ///
    /// As for [`quantize`](Self::quantize), or if a number in the samples or in the activations is not finite.
    pub fn quantize_with(
        &self,
        samples: &[N::Input],
        calibration: &mut Calibration,
    ) -> Result<Box<Quantized<N>>, QuantizeError> {
        let mut layers = Vec::new();
        self.layers.parameters(Path::ROOT, &mut layers);
        let given = Given { input: scale_of(self.input).ok_or(QuantizeError::NotCalibrated)?, layers };
        let network = self.network();
        calibration.with_scales(given, |calibration| Quantized::calibrate_with(&*network, samples, calibration))
    }
}

/// Whether a parameter is also one of the network that is trained.
fn is_weight(parameter: &Parameter<'_>) -> bool {
    parameter.name != SCALES
}

/// Writes scales to the layers at these positions, and none to the others.
struct Place<'a>(&'a [(String, Scales)]);

impl<T: Element> VisitMut<T, 1> for Place<'_> {
    fn visit(&mut self, parameter: Parameter<'_>, [values]: [&mut [T]; 1]) {
        if parameter.name == SCALES {
            let path = parameter.path.to_string();
            match self.0.iter().find(|layer| layer.0 == path) {
                Some((_, scales)) => values.copy_from_slice(&scales.numbers()),
                None => values.fill(T::from_f64(0.0)),
            }
        }
    }
}

/// Collects the scales of the layers.
impl<T: Element> Visit<T> for Vec<(String, Scales)> {
    fn visit(&mut self, parameter: Parameter<'_>, values: &[T]) {
        if parameter.name == SCALES
            && let Some(scales) = Scales::of(values)
        {
            self.push((parameter.path.to_string(), scales));
        }
    }
}

impl<N: Quantize> Parameters for QuantizationAware<N> {
    type Element = N::Element;
    type Trainable = <N::Aware as Parameters>::Trainable;

    const PARAMS: usize = N::Aware::PARAMS;
    const KIND: Message<64> = N::Aware::KIND;

    fn parameters<V: Visit<N::Element>>(&self, path: Path<'_>, visitor: &mut V) {
        self.layers.parameters(path, visitor);
        visitor.visit(statistic(path, INPUT, &[2]), &self.input);
    }

    fn parameters_mut<V: VisitMut<N::Element, M>, const M: usize>(
        mut layers: [&mut Self; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        N::Aware::parameters_mut(map_each(&mut layers, |aware| &mut aware.layers), path, visitor);
        visitor.visit(statistic(path, INPUT, &[2]), map_each(&mut layers, |aware| &mut aware.input[..]));
    }

    #[inline(always)]
    fn trainable<V: Visit<N::Element>>(trainable: &Self::Trainable, path: Path<'_>, visitor: &mut V) {
        N::Aware::trainable(trainable, path, visitor);
    }

    #[inline(always)]
    fn trainable_mut<V: VisitTrainable<N::Element, M>, const M: usize>(
        layer: Option<&mut Self>,
        gradient: &mut Self::Trainable,
        state: [&mut Self::Trainable; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        N::Aware::trainable_mut(layer.map(|aware| &mut aware.layers), gradient, state, path, visitor);
    }
}

impl<N: Quantize> QuantizationAware<N>
where
    <N::Int8 as Int8Layer>::Input: Entrance<N::Input>,
{
    /// The samples as they enter the int8 network.
    #[inline(always)]
    fn enter<'a>(&self, x: &'a [N::Input], rounded: &'a mut [N::Input]) -> &'a [N::Input] {
        let Some(scale) = scale_of(self.input) else { return x };
        if !<<N::Int8 as Int8Layer>::Input as Entrance<N::Input>>::ROUNDS {
            return x;
        }
        let rounded = &mut rounded[..x.len()];
        rounded.copy_from_slice(x);
        round(scale, ALL, rounded);
        rounded
    }

    /// The samples that [`enter`](Self::enter) returned.
    #[inline(always)]
    fn entered<'a>(&self, x: &'a [N::Input], rounded: &'a [N::Input]) -> &'a [N::Input] {
        let rounds = <<N::Int8 as Int8Layer>::Input as Entrance<N::Input>>::ROUNDS && scale_of(self.input).is_some();
        if rounds { &rounded[..x.len()] } else { x }
    }
}

impl<N: Quantize> Layer for QuantizationAware<N>
where
    <N::Int8 as Int8Layer>::Input: Entrance<N::Input>,
{
    type Input = N::Input;
    type Output = N::Output;
    /// The tape of the layers, and the rounded samples.
    type Tape<const B: usize> = (<N::Aware as Layer>::Tape<B>, [N::Input; B]);
    type Head = <N::Aware as Layer>::Head;

    const MACS: usize = N::MACS;
    const FAULT: Option<Message> = N::FAULT;
    const TAKES_MISSING: bool = N::TAKES_MISSING;
    const TAKES_WHOLE: bool = N::TAKES_WHOLE;
    const KEEPS_WHOLE: bool = N::KEEPS_WHOLE;
    const OUTLINE: Outline = N::Aware::OUTLINE;

    #[inline(always)]
    fn invalid(x: &N::Input) -> Option<Invalid> {
        N::invalid(x)
    }

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[N::Input], y: &mut [N::Output]) {
        let mut rounded = <[N::Input; B]>::zeroed_box();
        self.layers.forward_batch::<S, E, B>(simd, self.enter(x, &mut *rounded), y);
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        rng: Option<&mut Rng>,
        x: &[N::Input],
        (tape, rounded): &mut Self::Tape<B>,
        y: &mut [N::Output],
    ) {
        self.layers.record_batch::<S, E, B>(simd, rng, self.enter(x, rounded), tape, y);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[N::Input],
        (tape, rounded): &mut Self::Tape<B>,
        y: &[N::Output],
        dy: &mut [N::Output],
        dx: Option<&mut [N::Input]>,
    ) {
        self.layers.backward_batch::<S, E, B>(simd, self.entered(x, rounded), tape, y, dy, dx);
    }

    #[inline(always)]
    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        simd: S,
        x: &[N::Input],
        (tape, rounded): &mut Self::Tape<B>,
        dy: &[N::Output],
        gradient: &mut Self::Trainable,
    ) {
        self.layers.gradient_batch::<S, B>(simd, self.entered(x, rounded), tape, dy, gradient);
    }

    #[inline(always)]
    fn visit_gradient<S: Simd, V: VisitGradient<N::Element, M>, const M: usize, const B: usize>(
        &mut self,
        simd: S,
        x: &[N::Input],
        (tape, rounded): &mut Self::Tape<B>,
        dy: &[N::Output],
        state: [&mut Self::Trainable; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        let x = self.entered(x, rounded);
        self.layers.visit_gradient::<S, V, M, B>(simd, x, tape, dy, state, path, visitor);
    }

    #[inline(always)]
    fn update_statistics<S: Simd, const B: usize>(&mut self, simd: S, (tape, _): &Self::Tape<B>, share: f64) {
        self.layers.update_statistics::<S, B>(simd, tape, share);
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        N::Aware::describe(path, show);
    }

    fn operations<V: Operations<N::Element>>(&self, path: Path<'_>, operations: &mut V) {
        self.layers.operations(path, operations);
    }
}

impl<N: Quantize> Network for QuantizationAware<N> where <N::Int8 as Int8Layer>::Input: Entrance<N::Input> {}
