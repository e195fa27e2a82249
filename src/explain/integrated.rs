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

/// How far the parts may be from the change; once the steps are the smallest, this share of it where it is above 1.
const TOLERANCE: f64 = 5e-4;
const FEWEST_STEPS: usize = 32;
const MOST_STEPS: usize = 1 << 14;

impl<N: Layer> Explainer<N> {
    /// `(x[i] − baseline[i])·∫₀¹ ∂target/∂x[i] at baseline + t·(x − baseline) dt` for each input `i` (Sundararajan et
    /// al. 2017): what each adds to the change of the output from the baseline to the sample. The baseline is a sample
    /// that stands for nothing: zeros after standardising, a black picture.
    ///
    /// The integral is taken by the trapezoidal rule. The steps are halved, from a 32nd to a 16384th of the way, until
    /// the parts add up to the change within 5×10⁻⁴. After the last of them, 5×10⁻⁴ of the change will do: large outputs
    /// are not known better in `f32`.
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

        let mut sum = [N::Input::zeroed()];
        let mut point = [N::Input::zeroed()];
        // Adds `weight` times the slope `part` of the way from the baseline to the sample, and gives the output there.
        let mut add = |sum: &mut [N::Input; 1], part: f64, weight: f64| {
            let ends = Tensor::flat(baseline).iter().zip(Tensor::flat(x));
            for (point, (from, to)) in Tensor::flat_mut(&mut point).iter_mut().zip(ends) {
                *point = N::Element::from_f64((1.0 - part) * from.to_f64() + part * to.to_f64());
            }
            let value = self.slope(network, &point, target)?;
            for (sum, &slope) in Tensor::flat_mut(sum).iter_mut().zip(self.last_slope()) {
                *sum += N::Element::from_f64(weight) * slope;
            }
            Ok(value)
        };

        let change = -add(&mut sum, 0.0, 0.5)? + add(&mut sum, 1.0, 0.5)?;
        let mut steps = 1;
        loop {
            for step in 0..steps {
                add(&mut sum, (step as f64 + 0.5) / steps as f64, 1.0)?;
            }
            steps *= 2;
            if steps < FEWEST_STEPS {
                continue;
            }
            let mut attributions = sum;
            let ends = Tensor::flat(baseline).iter().zip(Tensor::flat(x));
            let mut total = 0.0;
            for (part, (from, to)) in Tensor::flat_mut(&mut attributions).iter_mut().zip(ends) {
                let value = (to.to_f64() - from.to_f64()) * part.to_f64() / steps as f64;
                *part = N::Element::from_f64(value);
                total += value;
            }
            let gap = change - total;
            let last = steps >= MOST_STEPS;
            if gap.abs() <= TOLERANCE * if last { change.abs().max(1.0) } else { 1.0 } {
                return Ok(Integrated { attributions: attributions[0], change, gap, steps });
            }
            if last {
                return Err(ExplainError::Incomplete { gap, steps });
            }
        }
    }
}
