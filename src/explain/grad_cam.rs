//! The part of an image that an output depends on.

use super::{ExplainError, Explainer, Target};
use crate::{
    Zeroed as _,
    kernel::Element,
    layer::{Layer, Sample},
    network::Network,
};

impl<T: Element, N, const H: usize, const W: usize, const C: usize> Explainer<N>
where
    N: Layer<Input = [[[T; C]; W]; H]>,
{
    /// Computes a map of the pixels on which the target depends: Grad-CAM (Selvaraju et al. 2017). `features` are the
    /// layers up to a convolution or a pool, and `head` those behind it:
    /// `map[i][j] = max(0, Σ w[c]·a[i][j][c])`, where `a` is the output of `features`, and `w[c]` is the mean of `∂target/∂a`
    /// over the pixels of the channel `c`.
    ///
    /// The map has the resolution of `a`; each of its pixels stands for a region of the image.
    ///
    /// ```
    /// use shiplap::{explain::{Explainer, Target}, prelude::*};
    ///
    /// #[network(input = Image<12, 12, 1>)]
    /// type Features = (Conv2d<_, 4, 3, Relu>, MaxPool2d<_, 2>);
    /// #[network(input = Image<5, 5, 4>)]
    /// type Head = (Flatten<_>, Dense<_, 3, Softmax>);
    /// #[network(input = Image<12, 12, 1>)]
    /// type Net = (Features, Head);
    ///
    /// let (net, image) = (Net::new(1), [[[0.5]; 12]; 12]);
    /// let map: [[f32; 5]; 5] = Explainer::<Head>::new().grad_cam(&net.0, &net.1, &image, Target::Logit(2))?;
    /// # Ok::<(), shiplap::explain::ExplainError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the network has no such output, or `features` no output for a number, or an output of `features`, the target or its gradient is NaN
    /// or infinite.
    pub fn grad_cam<F: Network<Element = T, Output = N::Input>, X: Sample<F>>(
        &mut self,
        features: &F,
        head: &N,
        sample: &X,
        target: Target,
    ) -> Result<[[T; W]; H], ExplainError> {
        if let Some(invalid) = X::rows(core::slice::from_ref(sample)).iter().find_map(F::invalid) {
            return Err(ExplainError::Invalid(invalid));
        }
        let maps = features.predict(sample);
        let gradient = self.gradient(head, &maps, target)?;
        let mut weights = [0.0; C];
        for pixel in gradient.as_flattened() {
            weights
                .iter_mut()
                .zip(pixel)
                .for_each(|(weight, derivative)| *weight += derivative.to_f64() / (H * W) as f64);
        }
        let mut map = <[[T; W]; H]>::zeroed_on_stack();
        for (value, pixel) in map.as_flattened_mut().iter_mut().zip(maps.as_flattened()) {
            let sum: f64 = weights.iter().zip(pixel).map(|(weight, number)| weight * number.to_f64()).sum();
            *value = T::from_f64(sum.max(0.0));
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    /// The gradient of a sum of two channels with weights 3 and −1 is known.
    #[test]
    fn a_map_is_the_weighted_sum_of_the_channels() {
        type Head = (GlobalAveragePool<Image<2, 3, 2>>, Dense<2, 2>);
        let mut head = Head::zeroed();
        head.1.kernel = [[0.0, 3.0], [0.0, -1.0]];
        let features = Activate::<Linear, Image<2, 3, 2>>::zeroed();
        let mut image = [[[0.0f32; 2]; 3]; 2];
        (image[0][1], image[1][2], image[1][0]) = ([2.0, 1.0], [1.0, 0.5], [1.0, 6.0]);
        let mut explainer = Explainer::<Head>::new();
        let map = explainer.grad_cam(&features, &head, &image, Target::Logit(1)).unwrap();
        let sixth = 1.0 / 6.0;
        for (value, expected) in map.as_flattened().iter().zip([0.0, 5.0 * sixth, 0.0, 0.0, 0.0, 2.5 * sixth]) {
            assert!((value - expected).abs() < 1e-6, "{map:?}");
        }
        assert_eq!(explainer.grad_cam(&features, &head, &image, Target::Logit(0)), Ok([[0.0; 3]; 2]));
        assert!(explainer.grad_cam(&features, &head, &image, Target::Logit(2)).is_err());
    }
}
