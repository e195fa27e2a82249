//! Integrated gradients.

use super::{ExplainError, Explainer, Target, gradient::check_input};
use crate::{
    Tensor, Zeroed as _,
    kernel::Element as _,
    layer::{Layer, Sample},
};

/// The integrated gradients of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Integrated<X> {
    /// The attribution of each input. They sum to `change − gap`.
    pub attributions: X,
    /// The output at the sample minus the output at the baseline.
    pub change: f64,
    /// The change minus the sum of the attributions: the error of the integration.
    pub gap: f64,
    /// The number of integration steps.
    pub steps: usize,
}

/// The largest accepted gap: absolute, or relative to the change if the change is above 1 and smaller steps do not
/// help.
const TOLERANCE: f64 = 5e-4;
/// The tolerance of a single step as a share of [`TOLERANCE`]. If the gap is too large with one share, the next is
/// tried.
const SHARES: [f64; 3] = [1.0 / 16.0, 1.0 / 128.0, 1.0 / 1024.0];
/// The minimum and maximum number of times that the path is bisected.
const BISECTIONS: core::ops::RangeInclusive<u32> = 4..=14;

impl<N: Layer> Explainer<N> {
    /// Computes the integrated gradients of a sample (Sundararajan et al. 2017):
    /// `(x[i] − baseline[i])·∫₀¹ ∂target/∂x[i] at baseline + t·(x − baseline) dt` for each input `i`.
    ///
    /// The attributions sum to the change of the output from the baseline to the sample. The baseline is a neutral
    /// input, such as zeros for standardized features, or a black image.
    ///
    /// The integral is computed by an adaptive midpoint rule. A step is bisected if the gradient at its midpoint does
    /// not explain the change of the output over the step. The path is divided into 16 steps at least and 16384 at
    /// most; only near kinks of the network are steps that small. The attributions sum to the change with an absolute
    /// error of at most 5×10⁻⁴. If the change is above 1, a relative error of at most 5×10⁻⁴ is accepted when smaller
    /// steps do not reduce it, because of the rounding error of large `f32` outputs.
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
    /// Returns an error if the network has no such output, takes whole numbers, or has no output for a number of the sample,
    /// the baseline or a point between both, an input, the output or its gradient is NaN or infinite, or the attributions
    /// do not sum to the change.
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

        let mut integral = PathIntegral {
            explainer: self,
            network,
            ends: [baseline, x],
            target,
            point: [N::Input::zeroed_on_stack()],
            sum: [N::Input::zeroed_on_stack()],
            steps: 0,
        };
        let values = [integral.value_at(0.0)?, integral.value_at(1.0)?];
        let change = values[1] - values[0];
        let mut gap = f64::INFINITY;
        let mut steps = 0;
        for share in SHARES {
            (integral.sum, integral.steps) = ([N::Input::zeroed_on_stack()], 0);
            integral.add_segment([0.0, 1.0], values, 0, share * TOLERANCE)?;
            let attributions = integral.attributions();
            steps = integral.steps;
            gap = change - flat_sum(&attributions);
            if gap.abs() <= TOLERANCE {
                return Ok(Integrated { attributions, change, gap, steps });
            }
        }
        match gap.abs() <= TOLERANCE * change.abs() {
            true => Ok(Integrated { attributions: integral.attributions(), change, gap, steps }),
            false => Err(ExplainError::Incomplete { gap, steps }),
        }
    }
}

/// The integral of the gradient along the line from the baseline to the sample.
struct PathIntegral<'a, N: Layer> {
    explainer: &'a mut Explainer<N>,
    network: &'a N,
    /// Baseline and sample.
    ends: [&'a [N::Input]; 2],
    target: Target,
    /// The current point on the line.
    point: [N::Input; 1],
    /// The sum of gradient times step length.
    sum: [N::Input; 1],
    steps: usize,
}

impl<'a, N: Layer> PathIntegral<'a, N> {
    /// An estimate of the relative rounding error of an output.
    const ROUNDING: f64 = 8.0 * if size_of::<N::Element>() == 4 { f32::EPSILON as f64 } else { f64::EPSILON };

    /// Each input at the baseline and at the sample.
    fn inputs(&self) -> impl Iterator<Item = (f64, f64)> + use<'a, N> {
        let [from, to] = self.ends.map(Tensor::flat);
        from.iter().zip(to).map(|(from, to)| (from.to_f64(), to.to_f64()))
    }

    /// The output at `t` from 0 (baseline) to 1 (sample). Leaves the gradient in the explainer.
    fn value_at(&mut self, t: f64) -> Result<f64, ExplainError> {
        let inputs = self.inputs();
        for (point, (from, to)) in Tensor::flat_mut(&mut self.point).iter_mut().zip(inputs) {
            *point = N::Element::from_f64((1.0 - t) * from + t * to);
        }
        self.explainer.derivative(self.network, &self.point, self.target)
    }

    /// Adds the integral over the segment `t`, given the outputs at its ends.
    fn add_segment(
        &mut self,
        t: [f64; 2],
        values: [f64; 2],
        bisections: u32,
        tolerance: f64,
    ) -> Result<(), ExplainError> {
        let (middle, length) = (f64::midpoint(t[0], t[1]), t[1] - t[0]);
        let value = self.value_at(middle)?;
        let gradient = self.explainer.last_gradient();
        let directional: f64 =
            gradient.iter().zip(self.inputs()).map(|(derivative, (from, to))| derivative.to_f64() * (to - from)).sum();
        let gap = values[1] - values[0] - directional * length;
        let rounding = Self::ROUNDING * value.abs();
        if bisections < *BISECTIONS.start() || bisections < *BISECTIONS.end() && gap.abs() > tolerance + rounding {
            self.add_segment([t[0], middle], [values[0], value], bisections + 1, tolerance)?;
            return self.add_segment([middle, t[1]], [value, values[1]], bisections + 1, tolerance);
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
