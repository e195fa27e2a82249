//! Callbacks: they are called at each step and epoch, and may change settings or stop training.

use core::ops::{ControlFlow, RangeInclusive};

use super::{Epoch, Report, TrainingState, TrainingStateMut};
use crate::{
    Rng,
    layer::{Layer, Parameter, Path, VisitMut},
    optim::Settings,
};

/// A callback for the training of a network `N` with metrics `M`.
///
/// `()` does nothing. A closure is called after each epoch, and stops training if it returns `ControlFlow::Break`; a
/// closure that returns nothing never stops it. A tuple of 2 to 8 callbacks calls each, in order. Pass a callback that
/// is read afterward, such as `History`, as `&mut history`; pass others by value or as `&mut`.
///
/// A callback of your own:
///
/// ```
/// use std::ops::ControlFlow;
///
/// use shiplap::prelude::*;
///
/// /// Stops at a loss that is good enough.
/// struct StopAt(f64);
///
/// impl<N: Layer, M> Callback<N, M> for StopAt {
///     fn after_epoch(&mut self, epoch: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
///         if epoch.loss() < self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
///     }
/// }
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 2>::new(Sgd::new(0.1), 1);
/// let last = trainer.fit_with(&[[1.0f32], [2.0]], &[[2.0f32], [4.0]], Fit::epochs(1000), StopAt(0.01))?;
/// assert!(last.loss() < 0.01 && last.epoch < 1000);
/// # Ok::<(), TrainError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a callback for the training of this network",
    label = "not a callback for it",
    note = "a callback is `()`, a closure that takes `&Epoch<_>`, one of this crate's, a tuple of callbacks, or a type of your own with `impl Callback`"
)]
pub trait Callback<N: Layer, M> {
    /// Checks the callback's own settings. It is called before all other methods.
    ///
    /// # Errors
    ///
    /// Names the first setting that is out of range, and the range.
    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }

    /// Called before the first step with the numbers of the first epoch and of the last, unless training stops early.
    fn before_fit(&mut self, epochs: RangeInclusive<usize>) {
        let _ = epochs;
    }

    /// Called before each epoch. It may change the optimizer's settings, which are then checked: an invalid one ends the
    /// training run with [`TrainError::Settings`](super::TrainError::Settings), and the settings stay as they were.
    fn before_epoch(&mut self, epoch: usize, settings: &mut Settings) {
        let _ = (epoch, settings);
    }

    /// Whether [`before_step`](Self::before_step) is called.
    fn changes_inputs(&self) -> bool {
        false
    }

    /// Called before each step with a copy of the inputs of its batch and the trainer's random generator, if
    /// [`changes_inputs`](Self::changes_inputs). The step trains on the changed inputs; validation does not see them.
    fn before_step(&mut self, inputs: &mut [N::Input], rng: &mut Rng) {
        let _ = (inputs, rng);
    }

    /// Called after each step, with the number of samples `seen` so far in this epoch, out of `samples`, and their mean
    /// loss and metrics.
    fn after_step(&mut self, seen: usize, samples: usize, report: &Report<M>) {
        let _ = (seen, samples, report);
    }

    /// Whether [`change_state`](Self::change_state) is called after this step. It is called after `after_step`.
    fn changes_state(&self) -> bool {
        false
    }

    /// Called after each step with the state of training, if [`changes_state`](Self::changes_state). It may change
    /// weights and the optimizer state.
    fn change_state(&mut self, state: TrainingStateMut<'_, N>) {
        let _ = state;
    }

    /// Called after each epoch. `Break` stops training.
    fn after_epoch(&mut self, epoch: &Epoch<M>, network: &mut N) -> ControlFlow<()>;

    /// Called after each epoch, after `after_epoch`. It may change the optimizer's settings for the next epochs,
    /// which are then checked as after `before_epoch`.
    fn adjust(&mut self, epoch: &Epoch<M>, settings: &mut Settings) {
        let _ = (epoch, settings);
    }

    /// Called after each epoch, after `after_epoch` of all callbacks, with the state that a resumed run needs. `Break`
    /// stops training.
    fn checkpoint(&mut self, epoch: usize, state: &TrainingState<'_, N>) -> ControlFlow<()> {
        let _ = (epoch, state);
        ControlFlow::Continue(())
    }

    /// Called after the last epoch, or after an error that occurred after `before_fit`.
    ///
    /// # Errors
    ///
    /// If the callback has failed, for example to write a file: says what failed, and where to find the reason. The
    /// training run then ends with [`TrainError::CallbackFailed`](super::TrainError::CallbackFailed).
    fn after_fit(&mut self, network: &mut N) -> Result<(), &'static str> {
        let _ = network;
        Ok(())
    }
}

impl<N: Layer, M> Callback<N, M> for () {
    fn after_epoch(&mut self, _: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl<N: Layer, M, R: Flow, F: FnMut(&Epoch<M>) -> R> Callback<N, M> for F {
    fn after_epoch(&mut self, epoch: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        self(epoch).flow()
    }
}

/// The return value of a closure that is a [`Callback`]: `ControlFlow<()>`, or `()` to always continue.
pub trait Flow {
    /// Whether to continue.
    fn flow(self) -> ControlFlow<()>;
}

impl Flow for () {
    fn flow(self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl Flow for ControlFlow<()> {
    fn flow(self) -> Self {
        self
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        #[expect(non_snake_case, reason = "each type parameter names its value too")]
        impl<Net: Layer, Met, $($name: Callback<Net, Met>),*> Callback<Net, Met> for ($($name,)*) {
            fn check(&self) -> Result<(), &'static str> {
                let ($($name,)*) = self;
                $($name.check()?;)*
                Ok(())
            }

            fn before_fit(&mut self, epochs: RangeInclusive<usize>) {
                let ($($name,)*) = self;
                $($name.before_fit(epochs.clone());)*
            }

            fn before_epoch(&mut self, epoch: usize, settings: &mut Settings) {
                let ($($name,)*) = self;
                $($name.before_epoch(epoch, settings);)*
            }

            fn changes_inputs(&self) -> bool {
                let ($($name,)*) = self;
                false $(|| $name.changes_inputs())*
            }

            fn before_step(&mut self, inputs: &mut [Net::Input], rng: &mut Rng) {
                let ($($name,)*) = self;
                $(if $name.changes_inputs() {
                    $name.before_step(inputs, rng);
                })*
            }

            fn after_step(&mut self, seen: usize, samples: usize, report: &Report<Met>) {
                let ($($name,)*) = self;
                $($name.after_step(seen, samples, report);)*
            }

            fn changes_state(&self) -> bool {
                let ($($name,)*) = self;
                false $(|| $name.changes_state())*
            }

            fn change_state(&mut self, mut state: TrainingStateMut<'_, Net>) {
                let ($($name,)*) = self;
                $(if $name.changes_state() {
                    $name.change_state(state.reborrow());
                })*
            }

            fn after_epoch(&mut self, epoch: &Epoch<Met>, network: &mut Net) -> ControlFlow<()> {
                let ($($name,)*) = self;
                let mut flow = ControlFlow::Continue(());
                $(if $name.after_epoch(epoch, network).is_break() {
                    flow = ControlFlow::Break(());
                })*
                flow
            }

            fn adjust(&mut self, epoch: &Epoch<Met>, settings: &mut Settings) {
                let ($($name,)*) = self;
                $($name.adjust(epoch, settings);)*
            }

            fn checkpoint(&mut self, epoch: usize, state: &TrainingState<'_, Net>) -> ControlFlow<()> {
                let ($($name,)*) = self;
                let mut flow = ControlFlow::Continue(());
                $(if $name.checkpoint(epoch, state).is_break() {
                    flow = ControlFlow::Break(());
                })*
                flow
            }

            fn after_fit(&mut self, network: &mut Net) -> Result<(), &'static str> {
                let ($($name,)*) = self;
                let mut result = Ok(());
                $(result = result.and($name.after_fit(network));)*
                result
            }
        }
    };
}
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);

/// Implements [`Callback`] for `&mut` of a callback that can also be passed by value.
macro_rules! lend {
    (impl[$($generics:tt)*] for $callback:ty) => {
        impl<$($generics)*> $crate::train::Callback<N, M> for &mut $callback {
            fn check(&self) -> Result<(), &'static str> {
                $crate::train::Callback::<N, M>::check(&**self)
            }

            fn before_fit(&mut self, epochs: core::ops::RangeInclusive<usize>) {
                $crate::train::Callback::<N, M>::before_fit(&mut **self, epochs);
            }

            fn before_epoch(&mut self, epoch: usize, settings: &mut $crate::optim::Settings) {
                $crate::train::Callback::<N, M>::before_epoch(&mut **self, epoch, settings);
            }

            fn changes_inputs(&self) -> bool {
                $crate::train::Callback::<N, M>::changes_inputs(&**self)
            }

            fn before_step(&mut self, inputs: &mut [N::Input], rng: &mut $crate::Rng) {
                $crate::train::Callback::<N, M>::before_step(&mut **self, inputs, rng);
            }

            fn after_step(&mut self, seen: usize, samples: usize, report: &$crate::train::Report<M>) {
                $crate::train::Callback::<N, M>::after_step(&mut **self, seen, samples, report);
            }

            fn changes_state(&self) -> bool {
                $crate::train::Callback::<N, M>::changes_state(&**self)
            }

            fn change_state(&mut self, state: $crate::train::TrainingStateMut<'_, N>) {
                $crate::train::Callback::<N, M>::change_state(&mut **self, state);
            }

            fn after_epoch(
                &mut self,
                epoch: &$crate::train::Epoch<M>,
                network: &mut N,
            ) -> core::ops::ControlFlow<()> {
                $crate::train::Callback::<N, M>::after_epoch(&mut **self, epoch, network)
            }

            fn adjust(&mut self, epoch: &$crate::train::Epoch<M>, settings: &mut $crate::optim::Settings) {
                $crate::train::Callback::<N, M>::adjust(&mut **self, epoch, settings);
            }

            fn checkpoint(
                &mut self,
                epoch: usize,
                state: &$crate::train::TrainingState<'_, N>,
            ) -> core::ops::ControlFlow<()> {
                $crate::train::Callback::<N, M>::checkpoint(&mut **self, epoch, state)
            }

            fn after_fit(&mut self, network: &mut N) -> Result<(), &'static str> {
                $crate::train::Callback::<N, M>::after_fit(&mut **self, network)
            }
        }
    };
}
pub(crate) use lend;

/// Stops training when the loss (on the validation data, if there are any) has not fallen for `patience` epochs. When
/// training ends, early or not, it restores the weights of the best epoch. You provide the memory for them:
/// `Net::zeroed()`, or `Net::zeroed_box()` for megabytes of weights. `fit` returns the last epoch, not the best;
/// `History` records all of them.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Net = Dense<1, 1, Linear>;
/// let (x, y) = ([[0.0f32], [1.0], [2.0], [3.0]], [[1.0f32], [3.0], [5.0], [7.0]]);
/// let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, 4>::new(Sgd::new(0.1), 1);
/// let mut best = Net::zeroed();
/// let last = trainer.fit_with(&x, &y, Fit::epochs(10_000), EarlyStopping::new(5, &mut best))?;
/// assert!(last.epoch < 10_000);
/// assert_eq!(trainer.network().kernel, best.kernel);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Debug)]
pub struct EarlyStopping<'a, N> {
    patience: usize,
    best: &'a mut N,
    best_loss: f64,
    waited: usize,
}

impl<'a, N: Layer> EarlyStopping<'a, N> {
    /// Stops after `patience` epochs without a lower loss; 0 counts as 1. `best` stores the weights of the best epoch.
    pub fn new(patience: usize, best: &'a mut N) -> Self {
        Self { patience, best, best_loss: f64::INFINITY, waited: 0 }
    }
}

impl<N: Layer, M> Callback<N, M> for EarlyStopping<'_, N> {
    fn before_fit(&mut self, _: RangeInclusive<usize>) {
        (self.best_loss, self.waited) = (f64::INFINITY, 0);
    }

    fn after_epoch(&mut self, epoch: &Epoch<M>, network: &mut N) -> ControlFlow<()> {
        if epoch.loss() < self.best_loss {
            self.best_loss = epoch.loss();
            self.waited = 0;
            copy_weights(network, self.best);
        } else {
            self.waited += 1;
        }
        if self.waited >= self.patience.max(1) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn after_fit(&mut self, network: &mut N) -> Result<(), &'static str> {
        if self.best_loss.is_finite() {
            copy_weights(self.best, network);
        }
        Ok(())
    }
}

lend!(impl[N: Layer, M] for EarlyStopping<'_, N>);

/// Copies the weights of a network to another, in place.
pub(crate) fn copy_weights<N: Layer>(from: &mut N, to: &mut N) {
    N::parameters_mut([to, from], Path::ROOT, &mut Overwrite);
}

/// Copies the weights of the second network into the first.
struct Overwrite;

impl<T: Copy> VisitMut<T, 2> for Overwrite {
    fn visit(&mut self, _: Parameter<'_>, [to, from]: [&mut [T]; 2]) {
        to.copy_from_slice(from);
    }
}

/// Records the results of each epoch.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 4>::new(Sgd::new(0.1), 1);
/// let mut history = History::default();
/// trainer.fit_with(&[[1.0f32], [2.0]], &[[2.0f32], [4.0]], Fit::epochs(20), &mut history)?;
/// assert_eq!(history.epochs.len(), 20);
/// assert!(history.best().unwrap().training.loss < history.epochs[0].training.loss);
/// # Ok::<(), TrainError>(())
/// ```
#[cfg(feature = "std")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct History<M> {
    /// The epochs, in order.
    pub epochs: std::vec::Vec<Epoch<M>>,
}

#[cfg(feature = "std")]
impl<M> Default for History<M> {
    fn default() -> Self {
        Self { epochs: std::vec::Vec::new() }
    }
}

#[cfg(feature = "std")]
impl<M> History<M> {
    /// The epoch with the lowest loss (on the validation data, if there are any).
    pub fn best(&self) -> Option<&Epoch<M>> {
        self.epochs.iter().min_by(|a, b| a.loss().total_cmp(&b.loss()))
    }
}

#[cfg(feature = "std")]
impl<N: Layer, M: Clone> Callback<N, M> for &mut History<M> {
    fn after_epoch(&mut self, epoch: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        self.epochs.push(epoch.clone());
        ControlFlow::Continue(())
    }
}
