//! Losses of images.

use super::{Compares, Flaw, Follows, Loss};
use crate::{Tensor, kernel::Simd, metric};

/// The loss `L` of each pixel of an image, averaged over the pixels and the samples, for networks that output an
/// [`Image`](crate::layers::Image). A label has the label of `L` for each pixel, `[[_; WIDTH]; HEIGHT]`.
///
/// For [`MeanSquaredError`](super::MeanSquaredError) and related losses, a label is an image. An autoencoder:
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<8, 8, 1>)]
/// type Net = (
///     Conv2d<_, 4, 3, Relu, Same<2>>,
///     ConvTranspose2d<_, 1, 2, Sigmoid, Valid<2>>,
/// );
///
/// let x = [[[[0.25f32]; 8]; 8], [[[0.75]; 8]; 8]];
/// let mut trainer = Trainer::<Net, EachPixel<MeanSquaredError>, Adam, 2>::new(Adam::new(0.01), 1);
/// trainer.fit(&x, &x, Fit::epochs(200))?;
/// assert!(trainer.evaluate(&x, &x)?.loss < 0.01);
/// # Ok::<(), TrainError>(())
/// ```
///
/// With [`SparseCategoricalCrossentropy`](super::SparseCategoricalCrossentropy), a label has a class for each pixel, as for
/// segmentation:
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<6, 6, 1>)]
/// type Net = (Conv2d<_, 4, 3, Relu, Same>, Conv2d<_, 2, 1, Softmax>);
///
/// // Bright pixels are of class 1.
/// let mut x = [[[[0.0f32]; 6]; 6]; 2];
/// x[0][2][3] = [1.0];
/// x[1][4][1] = [1.0];
/// let y: [[[usize; 6]; 6]; 2] = x.map(|image| image.map(|row| row.map(|[bright]| bright as usize)));
/// let mut trainer = Trainer::<Net, EachPixel<SparseCategoricalCrossentropy>, Adam, 2>::new(Adam::new(0.05), 1);
/// trainer.fit(&x, &y, Fit::epochs(300))?;
/// assert_eq!(trainer.evaluate(&x, &y)?.metrics.0.value(), 1.0); // the accuracy of all pixels
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct EachPixel<L>(pub L);

#[diagnostic::do_not_recommend]
impl<P: Tensor, L: Loss<P>, const W: usize, const H: usize> Loss<[[P; W]; H]> for EachPixel<L> {
    type Label = [[L::Label; W]; H];
    type Ending = L::Ending;
    type Metric = metric::EachPixel<L::Metric>;
    const EXPECTS: &'static str = L::EXPECTS;
    const HAS_LENGTH: bool = L::HAS_LENGTH;

    fn check(&self) -> Result<(), &'static str> {
        self.0.check()
    }

    fn flaw(labels: &Self::Label) -> Option<Flaw> {
        labels.as_flattened().iter().find_map(L::flaw)
    }

    #[inline(always)]
    fn total<S: Simd>(&self, simd: S, outputs: &[[[P; W]; H]], labels: &[Self::Label]) -> f64 {
        let (outputs, labels) = (outputs.as_flattened().as_flattened(), labels.as_flattened().as_flattened());
        self.0.total(simd, outputs, labels) / (W * H) as f64
    }

    #[inline(always)]
    fn gradient<S: Simd>(
        &self,
        simd: S,
        outputs: &[[[P; W]; H]],
        labels: &[Self::Label],
        gradient: &mut [[[P; W]; H]],
    ) {
        let (outputs, labels) = (outputs.as_flattened().as_flattened(), labels.as_flattened().as_flattened());
        self.0.gradient(simd, outputs, labels, gradient.as_flattened_mut().as_flattened_mut());
    }
}

impl<P: Tensor, L: Compares<P, Y>, Y, const W: usize, const H: usize> Compares<[[P; W]; H], [[Y; W]; H]>
    for EachPixel<L>
{
}

#[diagnostic::do_not_recommend]
impl<Head, L: Follows<Head>> Follows<Head> for EachPixel<L> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{check, prelude::*};

    const OUTPUTS: [[[[f64; 3]; 2]; 1]; 2] =
        [[[[0.5, -1.0, 2.0], [1.0, 0.0, 0.3]]], [[[0.1, 0.2, -0.3], [4.0, 1.0, 1.0]]]];

    #[test]
    fn gradients() {
        check::loss(&EachPixel(SparseCategoricalCrossentropy), &OUTPUTS, &[[[2, 0]], [[1, 1]]]).unwrap();
        let labels = OUTPUTS.map(|image| image.map(|row| row.map(|[a, b, c]| [c, a, b + 0.4])));
        check::loss(&EachPixel(Huber { delta: 0.5 }), &OUTPUTS, &labels).unwrap();
        check::loss(&EachPixel(Smoothed::new(BinaryCrossentropy, 0.1)), &OUTPUTS, &[[[[0.0, 1.0, 1.0]; 2]]; 2])
            .unwrap();
        let weighted = [[[(2, 1.0), (0, 0.0)]], [[(1, 3.0), (1, 0.5)]]];
        check::loss(&EachPixel(Weighted(SparseCategoricalCrossentropy)), &OUTPUTS, &weighted).unwrap();
    }

    /// The loss and the metric of an image are those of its pixels as samples.
    #[test]
    fn pixels_are_samples() {
        type Wide = (Conv2d<[[[f64; 2]; 3]; 1], 3, 1, Softmax, Valid, Bias, 1, [[[f64; 3]; 3]; 1]>,);
        type Alone = (Dense<2, 3, Softmax, f64>,);
        let wide = Trainer::<Wide, EachPixel<SparseCategoricalCrossentropy>, Sgd, 2>::new(Sgd::new(0.1), 1);
        let mut alone = Trainer::<Alone, SparseCategoricalCrossentropy, Sgd, 6>::new(Sgd::new(0.1), 1);
        alone.network_mut().0.kernel = wide.network().0.kernel[0][0];
        let x = [[[[0.5, 1.0], [-0.3, 2.0], [0.1, 0.2]]], [[[1.5, 0.0], [0.7, -2.0], [0.4, 0.9]]]];
        let y = [[[0usize, 1, 2]], [[2, 1, 0]]];
        let images = wide.evaluate(&x, &y).unwrap();
        let pixels = alone.evaluate(x.as_flattened().as_flattened(), y.as_flattened().as_flattened()).unwrap();
        assert!((images.loss - pixels.loss).abs() < 1e-14);
        assert_eq!(images.metrics.0, pixels.metrics);
    }

    #[test]
    fn flaws_are_those_of_a_pixel() {
        let flaw = <EachPixel<SparseCategoricalCrossentropy> as Loss<[[[f32; 3]; 2]; 1]>>::flaw(&[[2, 3]]);
        assert_eq!(flaw, Some(Flaw { verb: "is", number: 3.0 }));
    }
}
