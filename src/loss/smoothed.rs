//! Label smoothing.

use super::{
    BinaryCrossentropy, CategoricalCrossentropy, Compares, Flaw, Follows, Loss, PointwiseLoss,
    SparseCategoricalCrossentropy, in_range, is_probability,
};
use crate::{
    Tensor,
    kernel::{Element, Real, Simd},
    layer::Logits,
    metric::Accuracy,
};

/// The cross-entropy `L` with smoothed labels: `(1−smoothing)·label + smoothing/K` (Szegedy et al. 2016). `K` is the
/// number of classes: 2 for [`BinaryCrossentropy`]. Smoothing keeps a network from becoming overconfident. Metrics use
/// the original labels.
///
/// `L` is [`BinaryCrossentropy`], [`CategoricalCrossentropy`] or [`SparseCategoricalCrossentropy`].
///
/// ```
/// use shiplap::{loss::Smoothed, prelude::*};
///
/// type Net = Dense<1, 1, Sigmoid>;
/// let loss = Smoothed::new(BinaryCrossentropy, 0.2);
/// let mut trainer = Trainer::<Net, Smoothed<BinaryCrossentropy>, Adam, 1>::new(Adam::new(0.1), 1).with_loss(loss);
/// trainer.fit(&[[1.0f32]], &[[1.0f32]], Fit::epochs(500))?;
/// // The label 1 is smoothed to 0.9.
/// assert!((trainer.predict(&[1.0f32])[0] - 0.9).abs() < 1e-3);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smoothed<L> {
    /// The cross-entropy.
    pub loss: L,
    /// The share of a label that is spread over all classes, in [0, 1].
    pub smoothing: f64,
}

impl<L> Smoothed<L> {
    /// Wraps a cross-entropy, with this `smoothing`, in [0, 1].
    pub const fn new(loss: L, smoothing: f64) -> Self {
        Self { loss, smoothing }
    }

    fn check(&self) -> Result<(), &'static str> {
        in_range(is_probability(self.smoothing), "the `smoothing` of labels must be in [0, 1]")
    }

    /// A row of smoothed labels.
    #[inline(always)]
    fn smooth<T: Element, const N: usize>(&self, label: &[T; N]) -> [T; N] {
        let (keep, rest) = (T::from_f64(1.0 - self.smoothing), T::from_f64(self.smoothing / N as f64));
        label.map(|label| label * keep + rest)
    }
}

/// A smoothing of 0.1.
impl<L: Default> Default for Smoothed<L> {
    fn default() -> Self {
        Self::new(L::default(), 0.1)
    }
}

#[diagnostic::do_not_recommend]
impl<H, L: Follows<H>> Follows<H> for Smoothed<L> {}

impl PointwiseLoss for Smoothed<BinaryCrossentropy> {
    type Ending = Logits;
    type Metric = <BinaryCrossentropy as PointwiseLoss>::Metric;
    const EXPECTS: &'static str = <BinaryCrossentropy as PointwiseLoss>::EXPECTS;

    fn is_label(label: f64) -> bool {
        <BinaryCrossentropy as PointwiseLoss>::is_label(label)
    }

    fn check(&self) -> Result<(), &'static str> {
        self.check()
    }

    #[inline(always)]
    fn value<V: Real>(&self, logit: V, label: V) -> V {
        let label = label * V::splat(1.0 - self.smoothing) + V::splat(0.5 * self.smoothing);
        self.loss.value(logit, label)
    }

    #[inline(always)]
    fn derivative<V: Real>(&self, logit: V, label: V) -> V {
        let label = label * V::splat(1.0 - self.smoothing) + V::splat(0.5 * self.smoothing);
        self.loss.derivative(logit, label)
    }
}

/// Implements `Loss`, given the smoothed label of a row as probabilities.
macro_rules! of_classes {
    ($loss:ident, $label:ty, |$this:ident, $row:ident| $smoothed:expr) => {
        #[diagnostic::do_not_recommend]
        impl<T: Element + Tensor<Element = T>, const N: usize> Loss<[T; N]> for Smoothed<$loss> {
            type Label = $label;
            type Ending = Logits;
            type Metric = Accuracy;
            const EXPECTS: &'static str = <$loss as Loss<[T; N]>>::EXPECTS;

            fn check(&self) -> Result<(), &'static str> {
                self.check()
            }

            fn flaw(label: &$label) -> Option<Flaw> {
                <$loss as Loss<[T; N]>>::flaw(label)
            }

            #[inline(always)]
            fn total<S: Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[$label]) -> f64 {
                let $this = self;
                let mut sum = 0.0;
                for (output, $row) in outputs.iter().zip(labels) {
                    sum += CategoricalCrossentropy.total(simd, core::slice::from_ref(output), &[$smoothed]);
                }
                sum
            }

            #[inline(always)]
            fn gradient<S: Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[$label], gradient: &mut [[T; N]]) {
                let $this = self;
                let share = T::from_f64(1.0 / outputs.len() as f64);
                for ((output, $row), gradient) in outputs.iter().zip(labels).zip(gradient) {
                    let row = core::slice::from_mut(gradient);
                    CategoricalCrossentropy.gradient(simd, core::slice::from_ref(output), &[$smoothed], row);
                    gradient.iter_mut().for_each(|value| *value *= share);
                }
            }
        }

        impl<T: Element + Tensor<Element = T>, const N: usize> Compares<[T; N], $label> for Smoothed<$loss> {}
    };
}
of_classes!(CategoricalCrossentropy, [T; N], |this, label| this.smooth(label));
of_classes!(SparseCategoricalCrossentropy, usize, |this, label| {
    let mut one_hot = [T::zero(); N];
    if let Some(class) = one_hot.get_mut(*label) {
        *class = T::one();
    }
    this.smooth(&one_hot)
});
