//! A trial that fits a network to data.

use core::ops::{ControlFlow, RangeInclusive};
use std::{boxed::Box, vec::Vec};

use super::{Failure, Next, Row, Run};
use crate::{
    io,
    layer::{Layer, Sample},
    loss::{Follows, Label, Loss},
    metric::{Metric, Named},
    network::Network,
    optim::Optimizer,
    report::Table,
    train::{Callback, Epoch, Fit, Trainer, copy_weights},
};

/// A [`Run`] that fits the network of a trainer to data. It keeps a copy of the weights of the best epoch.
pub struct Fitting<'a, X, Y, N, L, O, const BATCH: usize, M = <L as Loss<<N as Layer>::Output>>::Metric>
where
    N: Layer,
    L: Loss<N::Output> + Follows<N::Head>,
    O: Optimizer,
    M: Metric<N::Output, L::Label>,
{
    trainer: Box<Trainer<N, L, O, BATCH, M>>,
    best: Box<N>,
    x: &'a [X],
    y: &'a [Y],
    validation: Option<(&'a [X], &'a [Y])>,
    shuffle: bool,
    done: usize,
}

impl<'a, X, Y, N, L, O, const BATCH: usize, M> Fitting<'a, X, Y, N, L, O, BATCH, M>
where
    N: Layer,
    L: Loss<N::Output> + Follows<N::Head>,
    O: Optimizer,
    M: Metric<N::Output, L::Label>,
{
    /// A trial that trains on `x` and `y`.
    pub fn new(trainer: Box<Trainer<N, L, O, BATCH, M>>, x: &'a [X], y: &'a [Y]) -> Self {
        Self { trainer, best: N::zeroed_box(), x, y, validation: None, shuffle: true, done: 0 }
    }

    /// Evaluates these samples after each epoch: see [`Fit::validation`].
    #[must_use]
    pub fn validation(self, x: &'a [X], y: &'a [Y]) -> Self {
        Self { validation: Some((x, y)), ..self }
    }

    /// Sets whether the order of samples is random, as it is by default.
    #[must_use]
    pub fn shuffle(self, shuffle: bool) -> Self {
        Self { shuffle, ..self }
    }
}

impl<X, Y, N, L, O, const BATCH: usize, M> Run for Fitting<'_, X, Y, N, L, O, BATCH, M>
where
    N: Network,
    L: Loss<N::Output> + Follows<N::Head>,
    O: Optimizer,
    M: Metric<N::Output, L::Label>,
    X: Sample<N>,
    Y: Label<L, N::Output>,
{
    fn train(&mut self, epochs: RangeInclusive<usize>, after: &mut dyn FnMut(&Row) -> Next) -> Result<(), Failure> {
        let mut fit = Fit::epochs(*epochs.end()).from_epoch(self.done).shuffle(self.shuffle);
        if let Some((x, y)) = self.validation {
            fit = fit.validation(x, y);
        }
        self.done = *epochs.end();
        self.trainer.fit_with(self.x, self.y, fit, Watch { best: &mut *self.best, after })?;
        Ok(())
    }

    fn weights(&self) -> Result<Vec<u8>, Failure> {
        Ok(io::to_bytes(&*self.best)?)
    }

    fn pause(&self) -> Result<Vec<u8>, Failure> {
        Ok(io::checkpoint_to_bytes(&self.trainer.state(), self.done)?)
    }

    fn resume(&mut self, state: &[u8]) -> Result<(), Failure> {
        self.done = io::checkpoint_from_bytes(self.trainer.state_mut(), state)?;
        Ok(())
    }
}

/// Reports each epoch, and copies the weights of those that are to be kept.
struct Watch<'a, 'b, N> {
    best: &'a mut N,
    after: &'a mut (dyn FnMut(&Row) -> Next + 'b),
}

impl<N: Layer, M: Named> Callback<N, M> for Watch<'_, '_, N> {
    fn after_epoch(&mut self, epoch: &Epoch<M>, network: &mut N) -> ControlFlow<()> {
        match (self.after)(&Table::row(epoch)) {
            Next::Keep => copy_weights(network, self.best),
            Next::Continue => {}
            Next::Stop => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }
}
