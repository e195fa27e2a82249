//! Losses: the distance of outputs from labels, and its gradient with respect to the outputs.
//!
//! - for numbers: [`MeanSquaredError`], [`HalfSquaredError`], [`MeanAbsoluteError`], [`Huber`];
//! - for binary classifications: [`BinaryCrossentropy`], [`BinaryFocalCrossentropy`];
//! - for classes: [`CategoricalCrossentropy`], [`SparseCategoricalCrossentropy`], [`CategoricalFocalCrossentropy`];
//! - around another loss: [`Smoothed`] labels, [`Weighted`] samples, [`ClassWeighted`] classes;
//! - for a pair of outputs: [`PairLoss`]; for series whose lengths vary: [`EachStep`]; for images:
//!   [`EachPixel`];
//! - [`PointwiseLoss`] and [`Loss`]: the traits, for a loss of your own.
//!
//! A loss is a value: [`Trainer::with_loss`](crate::train::Trainer::with_loss) takes one that is not the default.

mod binary_crossentropy;
mod categorical_crossentropy;
mod each_pixel;
mod each_step;
mod focal;
mod half_squared_error;
mod huber;
mod mean_absolute_error;
mod mean_squared_error;
mod pair;
mod pointwise;
mod smoothed;
mod sparse_categorical_crossentropy;
mod weighted;

use core::fmt;

pub use binary_crossentropy::BinaryCrossentropy;
pub use categorical_crossentropy::CategoricalCrossentropy;
pub use each_pixel::EachPixel;
pub use each_step::EachStep;
pub use focal::{BinaryFocalCrossentropy, CategoricalFocalCrossentropy};
pub use half_squared_error::HalfSquaredError;
pub use huber::Huber;
pub use mean_absolute_error::MeanAbsoluteError;
pub use mean_squared_error::MeanSquaredError;
pub use pair::PairLoss;
pub use pointwise::PointwiseLoss;
pub use smoothed::Smoothed;
pub use sparse_categorical_crossentropy::SparseCategoricalCrossentropy;
pub use weighted::{ClassWeighted, Unweighted, Weighted};

use crate::{
    Zeroed,
    kernel::{Element, Simd},
    layer::Ending,
    range::{at_least_0, in_range, is_divisor, is_probability},
};

/// A loss for rows of outputs `P`. A loss that compares each output by itself implements [`PointwiseLoss`] instead.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a loss for the output `{P}`",
    label = "not a loss for this output",
    note = "most losses take a vector, `[T; N]`; for a series, `[[T; N]; STEPS]`, use `EachStep<..>` around the loss, for an image, `EachPixel<..>`, or put `Flatten` after it, and for a `Pair`, use `PairLoss`"
)]
pub trait Loss<P>: Default + Copy + Send + Sync + 'static {
    /// The type of a label, with which an output is compared.
    type Label: Copy + Zeroed;
    /// Whether outputs are [`Predictions`](crate::layer::Predictions), or [`Logits`](crate::layer::Logits) because the
    /// loss is fused with the last activation.
    type Ending: Ending;
    /// The metric that a trainer reports by default.
    type Metric;
    /// A description of valid labels, for the error message.
    const EXPECTS: &'static str;
    /// Whether a label has a length, after which the steps of an output are those of padding.
    #[doc(hidden)]
    const HAS_LENGTH: bool = false;

    /// Checks that each value of the loss is in its range. A trainer calls it before the first step and after each
    /// change.
    ///
    /// # Errors
    ///
    /// Names the first value that is out of range, and the range.
    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }

    /// Returns a description of an invalid `label`, or `None` if it is valid.
    fn flaw(label: &Self::Label) -> Option<Flaw>;

    /// Whether `label` is valid.
    fn is_label(label: &Self::Label) -> bool {
        Self::flaw(label).is_none()
    }

    /// The sum of the losses of the rows.
    fn total<S: Simd>(&self, simd: S, outputs: &[P], labels: &[Self::Label]) -> f64;

    /// Writes to `gradient` the gradient of the mean loss of the rows with respect to `outputs`. All slices have the
    /// same length.
    fn gradient<S: Simd>(&self, simd: S, outputs: &[P], labels: &[Self::Label], gradient: &mut [P]);
}

/// The description of an invalid label: `holds NaN`, `is 10`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Flaw {
    /// The relation of the label to the number: `is`, `holds`.
    pub verb: &'static str,
    /// The invalid number.
    pub number: f64,
}

impl Flaw {
    /// Describes an invalid number in a label, and its relation to the label: `is`, `holds`.
    pub const fn new(verb: &'static str, number: f64) -> Self {
        Self { verb, number }
    }

    /// The first invalid number.
    fn first<T: Element>(numbers: &[T], valid: impl Fn(f64) -> bool) -> Option<Self> {
        let wrong = numbers.iter().map(|number| number.to_f64()).find(|number| !valid(*number))?;
        Some(Self { verb: "holds", number: wrong })
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.number)
    }
}

/// A loss that compares outputs `P` with labels `Y`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot compare the network's output `{P}` with labels `{Y}`",
    label = "these labels do not fit the network's output",
    note = "labels are arrays as wide as the output, `[1.0]` and not `1.0`; for `SparseCategoricalCrossentropy` they are class numbers of the type `usize`"
)]
pub trait Compares<P, Y>: Loss<P, Label = Y> {}

/// A label that the loss `L` compares with outputs `P`. It is implemented for every type for which [`Compares`]
/// is.
pub trait Label<L: Loss<P>, P>: Copy {
    /// The same labels, as the label type of the loss.
    fn rows(labels: &[Self]) -> &[L::Label];
}

impl<L: Compares<P, Y>, P, Y: Copy> Label<L, P> for Y {
    #[inline(always)]
    fn rows(labels: &[Y]) -> &[L::Label] {
        labels
    }
}

/// A loss that can be used with networks that end in the activation `H`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not go with a network that ends in `{H}`",
    label = "wrong last activation for this loss",
    note = "the binary losses need `Sigmoid`, the categorical ones `Softmax`; a loss of your own for any last activation has `impl<H> Follows<H> for MyLoss {{}}`"
)]
pub trait Follows<H> {}
