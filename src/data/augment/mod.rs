//! Data augmentation: random changes of the samples, which enlarge a training set. They keep the labels, except
//! [`mixup`].
//!
//! - [`Augment`] changes the samples in training, each time that one is used; validation and evaluation see them as they
//!   are;
//! - images of any number of channels: [`Flip`], [`Shift`], [`Crop`], [`Rotate`], [`CutOut`], [`Brightness`];
//! - any samples: [`Noise`]; [`mixup`], which mixes the labels, too, and returns a new training set;
//! - [`Augmentation`]: the trait, for an augmentation of your own. A tuple of augmentations applies each, in order.
//!
//! ```
//! use shiplap::{data::augment::{Augment, Flip, Shift}, prelude::*};
//!
//! #[network(input = Image<8, 8, 3>)]
//! type Net = (Conv2d<_, 4, 3, Relu>, GlobalAveragePool<_>, Dense<_, 1, Sigmoid>);
//!
//! let (x, y) = ([[[[0.5f32; 3]; 8]; 8]; 4], [[1.0f32]; 4]);
//! let mut trainer = Trainer::<Net, BinaryCrossentropy, Adam, 2>::new(Adam::default(), 1);
//! trainer.fit_with(&x, &y, Fit::epochs(3).validation(&x, &y), Augment((Flip::HORIZONTAL, Shift::by(1))))?;
//! # Ok::<(), TrainError>(())
//! ```

mod image;
mod mixup;
mod warp;

use core::ops::ControlFlow;

pub use image::{Brightness, CutOut, Flip, Shift};
pub use mixup::mixup;
pub use warp::{Crop, Rotate};

use super::DataError;
use crate::{
    Rng, Tensor,
    kernel::Element,
    layer::Layer,
    range::{at_least_0, in_range},
    train::{Callback, Epoch},
};

/// A random change of a sample `X`.
///
/// ```
/// use shiplap::{Rng, data::augment::{Augmentation, Flip}, prelude::*};
///
/// /// Exchanges the first and the last channel, for every other image.
/// struct Swap;
///
/// impl<const H: usize, const W: usize> Augmentation<Image<H, W, 3>> for Swap {
///     fn apply(&self, image: &mut Image<H, W, 3>, rng: &mut Rng) {
///         if rng.uniform() < 0.5 {
///             image.as_flattened_mut().iter_mut().for_each(|pixel| pixel.swap(0, 2));
///         }
///     }
/// }
///
/// let mut images = [[[[1.0, 0.0, 0.0]]]; 10];
/// (Swap, Flip::VERTICAL).augment(&mut images, &mut Rng::new(1))?;
/// assert!(images.contains(&[[[0.0, 0.0, 1.0]]]) && images.contains(&[[[1.0, 0.0, 0.0]]]));
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not augment samples of type `{X}`",
    label = "no augmentation of these samples",
    note = "most augmentations take images, `[[[f32; CHANNELS]; WIDTH]; HEIGHT]`"
)]
pub trait Augmentation<X: Tensor> {
    /// Checks the settings. It is called before samples are changed.
    ///
    /// # Errors
    ///
    /// Names the first setting that is out of range, and the range.
    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }

    /// Changes a sample.
    fn apply(&self, sample: &mut X, rng: &mut Rng);

    /// Changes each of the samples. For training, [`Augment`] is simpler, and leaves your samples as they are.
    ///
    /// # Errors
    ///
    /// Returns an error, and changes nothing, if a setting is out of range.
    fn augment(&self, samples: &mut [X], rng: &mut Rng) -> Result<(), DataError> {
        self.check().map_err(DataError::Augmentation)?;
        samples.iter_mut().for_each(|sample| self.apply(sample, rng));
        Ok(())
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        #[expect(non_snake_case, reason = "each type parameter names its value too")]
        impl<X: Tensor, $($name: Augmentation<X>),*> Augmentation<X> for ($($name,)*) {
            fn check(&self) -> Result<(), &'static str> {
                let ($($name,)*) = self;
                $($name.check()?;)*
                Ok(())
            }

            fn apply(&self, sample: &mut X, rng: &mut Rng) {
                let ($($name,)*) = self;
                $($name.apply(sample, rng);)*
            }
        }
    };
}
tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);

/// A callback that changes the samples of each batch in training, so that a sample differs each time it is used. The
/// training set stays as it is, and neither validation nor evaluation is changed. The loss and the metrics of training
/// are those of the changed samples.
///
/// The trainer's random generator draws the changes: the seed of the trainer determines them, and a run that is resumed
/// from a checkpoint draws the same ones.
///
/// ```
/// use shiplap::{data::augment::{Augment, Noise}, prelude::*};
///
/// let (x, y) = ([[0.0f32, 1.0], [1.0, 0.0]], [[0.0f32], [1.0]]);
/// let mut trainer = Trainer::<Dense<2, 1, Sigmoid>, BinaryCrossentropy, Adam, 2>::new(Adam::default(), 1);
/// let mut history = History::default();
/// trainer.fit_with(&x, &y, Fit::epochs(3), (Augment(Noise(0.1)), &mut history))?;
/// assert_eq!(history.epochs.len(), 3);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Augment<A>(pub A);

impl<N: Layer, M, A: Augmentation<N::Input>> Callback<N, M> for Augment<A> {
    fn check(&self) -> Result<(), &'static str> {
        self.0.check()
    }

    fn changes_inputs(&self) -> bool {
        true
    }

    fn before_step(&mut self, inputs: &mut [N::Input], rng: &mut Rng) {
        inputs.iter_mut().for_each(|input| self.0.apply(input, rng));
    }

    fn after_epoch(&mut self, _: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Adds Gaussian noise with this standard deviation, finite and at least 0, to every value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise(pub f64);

impl<X: Tensor> Augmentation<X> for Noise {
    fn check(&self) -> Result<(), &'static str> {
        in_range(at_least_0(self.0), "the deviation of `Noise` must be finite and at least 0 as `f32`")
    }

    fn apply(&self, sample: &mut X, rng: &mut Rng) {
        for value in X::flat_mut(core::slice::from_mut(sample)) {
            *value += X::Element::from_f64(self.0 * rng.normal());
        }
    }
}

/// A number between `-most` and `most`.
fn symmetric(most: f64, rng: &mut Rng) -> f64 {
    most * (2.0 * rng.uniform() - 1.0)
}

/// An index below `length`, which is at least 1.
fn index(length: usize, rng: &mut Rng) -> usize {
    ((rng.uniform() * length as f64) as usize).min(length - 1)
}

#[cfg(test)]
mod tests {
    use std::{string::ToString as _, vec, vec::Vec};

    use super::*;
    use crate::prelude::*;

    #[test]
    fn noise_has_its_deviation() {
        let mut x = vec![[3.0f64; 10]; 1000];
        Noise(0.5).augment(&mut x, &mut Rng::new(1)).unwrap();
        let values = x.as_flattened();
        let mean = values.iter().sum::<f64>() / 10_000.0;
        let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / 10_000.0;
        assert!((mean - 3.0).abs() < 0.02 && (variance - 0.25).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn settings_out_of_range_are_errors() {
        fn refused(augmentation: impl Augmentation<Image<2, 2, 1>> + Copy, name: &str) {
            let mut images = [[[[1.0]; 2]; 2]; 3];
            let error = augmentation.augment(&mut images, &mut Rng::new(1)).unwrap_err();
            assert!(matches!(error, DataError::Augmentation(what) if what.contains(name)), "{error}");
            assert!((Flip::BOTH, augmentation).augment(&mut images, &mut Rng::new(1)).is_err());
            assert_eq!(images, [[[[1.0]; 2]; 2]; 3]);

            type Net = (Flatten<Image<2, 2, 1>, [f32; 4]>, Dense<4, 1, Linear>);
            let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, 2>::new(Sgd::default(), 1);
            let error = trainer.fit_with(&images, &[[1.0]; 3], Fit::epochs(1), Augment(augmentation)).unwrap_err();
            assert!(matches!(error, TrainError::Settings(what) if what.contains(name)), "{error}");
            assert_eq!(trainer.state().steps, 0);
        }
        for wrong in [f64::NAN, f64::INFINITY, -1.0, 1e39] {
            refused(Noise(wrong), "`Noise`");
            refused(Brightness(wrong), "`Brightness`");
            refused(Rotate(wrong), "`Rotate`");
            refused(Crop(wrong), "`Crop`");
        }
        refused(Rotate(180.1), "`Rotate`");
        refused(Crop(0.0), "`Crop`");
        refused(Crop(1.1), "`Crop`");
        refused(CutOut::square(0), "`CutOut`");
        let error = DataError::Augmentation("the deviation of `Noise` must be finite");
        assert_eq!(error.to_string(), "the deviation of `Noise` must be finite");
    }

    #[test]
    fn a_seed_gives_the_same_samples_in_both_types() {
        fn made<T: Element>(seed: u64) -> Vec<f64> {
            let mut images = vec![[[[T::from_f64(0.5); 3]; 5]; 4]; 20];
            images[3][1][2] = [T::from_f64(0.25), T::one(), T::zero()];
            let all =
                (Flip::BOTH, Shift::by(1), Crop(0.5), Rotate(30.0), CutOut::square(2), Brightness(0.1), Noise(0.1));
            all.augment(&mut images, &mut Rng::new(seed)).unwrap();
            images.as_flattened().as_flattened().as_flattened().iter().map(|value| value.to_f64()).collect()
        }
        assert_eq!(made::<f32>(1), made::<f32>(1));
        assert_ne!(made::<f32>(1), made::<f32>(2));
        let (single, double) = (made::<f32>(1), made::<f64>(1));
        assert!(single.iter().zip(&double).all(|(single, double)| (single - double).abs() < 1e-6));
    }
}
