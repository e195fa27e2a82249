//! Integrated gradients.

use super::{ExplainError, Explainer, Target, gradient::check_input};
use crate::{
    Tensor, Zeroed as _,
    kernel::Element as _,
    layer::{Layer, Sample},
};

/// What each input adds to the change of an output from a baseline to a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Integrated<X> {
    /// The part of each input. Together they are `change − gap`.
    pub attributions: X,
    /// The output at the sample less that at the baseline.
    pub change: f64,
    /// What the parts lack of the change.
    pub gap: f64,
    /// In how many steps the way was taken.
    pub steps: usize,
}

/// How far the parts may be from the change; where that is above 1 and no smaller step helps, this share of it.
const TOLERANCE: f64 = 5e-4;
/// How far they may be on a step, as a share of the tolerance: at first, then with the next if the steps' do not add up.
const SHARES: [f64; 3] = [1.0 / 16.0, 1.0 / 128.0, 1.0 / 1024.0];
/// The way is halved so often in any case, and so often at most.
const HALVINGS: core::ops::RangeInclusive<u32> = 4..=14;

impl<N: Layer> Explainer<N> {
    /// `(x[i] − baseline[i])·∫₀¹ ∂target/∂x[i] at baseline + t·(x − baseline) dt` for each input `i` (Sundararajan et
    /// al. 2017): what each adds to the change of the output from the baseline to the sample. The baseline is a sample
    /// that stands for nothing: zeros after standardising, a black picture.
    ///
    /// The integral is taken by the midpoint rule. Where the derivative in the middle of a step does not account for the change
    /// of the output over it, the step is halved: from a 16th of the way down to a 16384th, which only kinks take. The parts
    /// then add up to the change within 5×10⁻⁴; or within 5×10⁻⁴ of it if it is above 1, where smaller steps do not help:
    /// large outputs are not known better in `f32`.
    ///
    /// ```
    /// use shiplap::{explain::{Explainer, Target}, prelude::*};
    ///
    /// type Net = (Dense<2, 8, Tanh>, Dense<8, 1, Sigmoid>);
    /// let net = Net::new(1);
    /// let mut explainer = Explainer::<Net>::new();
    /// let parts = explainer.integrated_gradients(&net, &[0.5, 2.0], &[0.0, 0.0], Target::Prediction(0))?;
    /// let change = net.predict(&[0.5, 2.0])[0] - net.predict(&[0.0, 0.0])[0];
    /// assert!((parts.attributions[0] + parts.attributions[1] - change).abs() < 1e-3);
    /// # Ok::<(), shiplap::explain::ExplainError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the network has no such output, a number is not finite, or the parts do not add up.
    pub fn integrated_gradients<X: Sample<N>>(
        &mut self,
        network: &N,
        sample: &X,
        baseline: &X,
        target: Target,
    ) -> Result<Integrated<N::Input>, ExplainError> {
        let x = X::rows(core::slice::from_ref(sample));
        let baseline = X::rows(core::slice::from_ref(baseline));
        check_input(x)?;
        check_input(baseline)?;

        let mut walk = Walk {
            explainer: self,
            network,
            ends: [baseline, x],
            target,
            point: [N::Input::zeroed()],
            sum: [N::Input::zeroed()],
            steps: 0,
        };
        let values = [walk.value_at(0.0)?, walk.value_at(1.0)?];
        let change = values[1] - values[0];
        let mut gap = f64::INFINITY;
        let mut steps = 0;
        for share in SHARES {
            (walk.sum, walk.steps) = ([N::Input::zeroed()], 0);
            walk.along([0.0, 1.0], values, 0, share * TOLERANCE)?;
            let attributions = walk.attributions();
            steps = walk.steps;
            gap = change - flat_sum(&attributions);
            if gap.abs() <= TOLERANCE {
                return Ok(Integrated { attributions, change, gap, steps });
            }
        }
        match gap.abs() <= TOLERANCE * change.abs() {
            true => Ok(Integrated { attributions: walk.attributions(), change, gap, steps }),
            false => Err(ExplainError::Incomplete { gap, steps }),
        }
    }
}

/// The way from the baseline to the sample.
struct Walk<'a, N: Layer> {
    explainer: &'a mut Explainer<N>,
    network: &'a N,
    /// Baseline and sample.
    ends: [&'a [N::Input]; 2],
    target: Target,
    /// Where on the way it is.
    point: [N::Input; 1],
    /// The gradient, each times the length of its step.
    sum: [N::Input; 1],
    steps: usize,
}

impl<'a, N: Layer> Walk<'a, N> {
    /// How far an output may be off by rounding, as a share of it.
    const ROUNDING: f64 = 8.0 * if size_of::<N::Element>() == 4 { f32::EPSILON as f64 } else { f64::EPSILON };

    /// From baseline to sample, input by input.
    fn inputs(&self) -> impl Iterator<Item = (f64, f64)> + use<'a, N> {
        let [from, to] = self.ends.map(Tensor::flat);
        from.iter().zip(to).map(|(from, to)| (from.to_f64(), to.to_f64()))
    }

    /// The output `part` of the way; its derivative is left in the explainer.
    fn value_at(&mut self, part: f64) -> Result<f64, ExplainError> {
        let inputs = self.inputs();
        for (point, (from, to)) in Tensor::flat_mut(&mut self.point).iter_mut().zip(inputs) {
            *point = N::Element::from_f64((1.0 - part) * from + part * to);
        }
        self.explainer.derivative(self.network, &self.point, self.target)
    }

    /// Adds a part of the way, with the outputs at its ends.
    fn along(&mut self, way: [f64; 2], values: [f64; 2], halvings: u32, tolerance: f64) -> Result<(), ExplainError> {
        let (middle, length) = (f64::midpoint(way[0], way[1]), way[1] - way[0]);
        let value = self.value_at(middle)?;
        let gradient = self.explainer.last_gradient();
        let told: f64 =
            gradient.iter().zip(self.inputs()).map(|(derivative, (from, to))| derivative.to_f64() * (to - from)).sum();
        let gap = values[1] - values[0] - told * length;
        let rounding = Self::ROUNDING * value.abs();
        if halvings < *HALVINGS.start() || halvings < *HALVINGS.end() && gap.abs() > tolerance + rounding {
            self.along([way[0], middle], [values[0], value], halvings + 1, tolerance)?;
            return self.along([middle, way[1]], [value, values[1]], halvings + 1, tolerance);
        }
        for (sum, &derivative) in Tensor::flat_mut(&mut self.sum).iter_mut().zip(self.explainer.last_gradient()) {
            *sum += N::Element::from_f64(length) * derivative;
        }
        self.steps += 1;
        Ok(())
    }

    fn attributions(&self) -> N::Input {
        let mut parts = self.sum;
        for (part, (from, to)) in Tensor::flat_mut(&mut parts).iter_mut().zip(self.inputs()) {
            *part = N::Element::from_f64((to - from) * part.to_f64());
        }
        parts[0]
    }
}

fn flat_sum<X: Tensor>(x: &X) -> f64 {
    Tensor::flat(core::slice::from_ref(x)).iter().map(|part| part.to_f64()).sum()
}
