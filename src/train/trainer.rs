//! The trainer: a network and all the memory for its training.

use core::{
    fmt,
    marker::PhantomData,
    mem::MaybeUninit,
    ops::{Range, RangeInclusive},
    slice,
};

use super::{
    Callback, Data, Epoch, Fit, Report, TrainError, TrainingState, TrainingStateMut,
    error::check,
    evaluate::{Continued, Evaluate, Finish},
    step::{Buffers, CoresOf, Memory, PassesOf, Run, WeightBound},
};
use crate::{
    Permutation, Zeroed,
    budget::{Budgeted, Costs},
    cores::{Cores as _, Passes},
    kernel::dispatch,
    layer::{Layer, Parameter, Path, Sample, VisitTrainable, assert_sound, learns},
    loss::{Follows, Label, Loss},
    message::Message,
    metric::Metric,
    network::{AnyNetwork, Summary, in_blocks, initialize, predict},
    optim::{GradientMemory as _, KeepsAverage, Optimizer, Settings},
    zeroed::ON_THE_STACK,
};

/// A network and all the memory for its training: gradient, optimizer state, tape, and one batch of data.
///
/// `N` is the network, `L` the [loss](crate::loss), `O` the [optimizer](crate::optim), `BATCH` the largest number of
/// rows in a step, and `M` the [metrics](crate::metric) that are reported.
///
/// Training does not allocate. Neither does evaluation or prediction, unless the activations of one sample are above
/// 256 KiB. With the feature `rayon`, evaluations of many samples are on all cores, and allocate room for their outputs.
/// With `std`, each call takes at most [`network::STACK`](mod@crate::network) bytes of stack, whatever the size of
/// the network.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Net = (Dense<2, 8, Tanh>, Dense<8, 1, Sigmoid>);
/// type Xor = Trainer<Net, BinaryCrossentropy, Adam, 4>;
/// const_assert!(Xor::BYTES < 2048);
///
/// let (x, y) = ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0], [1.0], [1.0], [0.0]]);
/// let mut trainer = Xor::new(Adam::new(0.05), 1);
/// trainer.fit(&x, &y, Fit::epochs(300))?;
/// assert!(trainer.evaluate(&x, &y)?.loss < 0.1);
/// # Ok::<(), TrainError>(())
/// ```
pub struct Trainer<
    N: Layer,
    L: Loss<N::Output> + Follows<N::Head>,
    O: Optimizer,
    const BATCH: usize,
    M: Metric<N::Output, L::Label> = <L as Loss<<N as Layer>::Output>>::Metric,
> {
    run: Run<L, O>,
    memory: Memory<N, L, O, BATCH>,
    metrics: PhantomData<fn() -> M>,
}

impl<N, L, O, const BATCH: usize, M> Trainer<N, L, O, BATCH, M>
where
    N: Layer,
    L: Loss<N::Output> + Follows<N::Head>,
    O: Optimizer,
    M: Metric<N::Output, L::Label>,
{
    /// The size of the trainer in bytes: all the memory for training except the stack.
    pub const BYTES: usize = {
        assert_sound(&N::FAULT);
        Self::assert_trainable();
        size_of::<Self>()
    };

    /// Creates a trainer on the stack, with a network initialized from `seed` and the default value of the loss. It
    /// does not compile for trainers above 256 KiB: use [`boxed`](Self::boxed).
    pub fn new(optimizer: O, seed: u64) -> Self
    where
        N: AnyNetwork,
    {
        const {
            Self::assert_trainable();
            assert!(
                size_of::<Self>() <= ON_THE_STACK,
                "this trainer is too large for the stack (over 256 KiB): make it with `Trainer::boxed`"
            );
        }
        let mut trainer = Self {
            run: Run::new(optimizer, L::default(), seed),
            memory: Memory::zeroed_on_stack(),
            metrics: PhantomData,
        };
        trainer.initialize();
        trainer
    }

    /// Creates a trainer of any size in `place`: in a `static`, or on the stack if [`new`](Self::new) might make a
    /// temporary copy.
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// use shiplap::prelude::*;
    ///
    /// type Line = Trainer<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 1>;
    /// let mut place = MaybeUninit::uninit();
    /// let trainer = Line::new_at(&mut place, Sgd::new(0.1), 1);
    /// trainer.step(&[[1.0f32]], &[[2.0f32]])?;
    /// # Ok::<(), TrainError>(())
    /// ```
    pub fn new_at(place: &mut MaybeUninit<Self>, optimizer: O, seed: u64) -> &mut Self
    where
        N: AnyNetwork,
    {
        const { Self::assert_trainable() };
        // SAFETY: `memory` is part of the memory of a trainer.
        unsafe { (&raw mut (*place.as_mut_ptr()).memory).write_bytes(0, 1) };
        // SAFETY: `memory` has just been zeroed.
        unsafe { Self::start(place, optimizer, seed) }
    }

    /// Completes a trainer.
    ///
    /// # Safety
    ///
    /// The bytes of `memory` must be zero.
    unsafe fn start(place: &mut MaybeUninit<Self>, optimizer: O, seed: u64) -> &mut Self {
        let pointer = place.as_mut_ptr();
        // SAFETY: `pointer` is to memory for a trainer. `run` is written here. `memory` is zero, as the caller promises,
        // which is valid since it is `Zeroed`. `metrics` has no size.
        let trainer = unsafe {
            (&raw mut (*pointer).run).write(Run::new(optimizer, L::default(), seed));
            place.assume_init_mut()
        };
        trainer.initialize();
        trainer
    }

    /// Creates a trainer of any size in place on the heap. The system zeroes each page of a large
    /// trainer on first use, near the core that uses it.
    #[cfg(feature = "std")]
    pub fn boxed(optimizer: O, seed: u64) -> std::boxed::Box<Self>
    where
        N: AnyNetwork,
    {
        const { Self::assert_trainable() };
        let mut place = MaybeUninit::<Self>::zeroed_box();
        // SAFETY: all bytes are zero, and `start` initializes the trainer.
        unsafe {
            Self::start(&mut place, optimizer, seed);
            place.assume_init()
        }
    }

    /// The fault of a network that reads the padding after the length of a label.
    const READS_PADDING: Option<Message> = match N::OUTLINE.looking_ahead() {
        Some(layer) if L::HAS_LENGTH => {
            let message = Message::naming(layer.kind.as_str()).text("reads later steps, but with `EachStep` those ");
            let message =
                message.text("after the length of a label are padding: use `Causal` windows and attention, and ");
            Some(message.text("recurrent layers in one direction, or a loss without lengths"))
        }
        _ => None,
    };

    /// The fault of a network whose layers need the whole batch, if a step takes it in parts.
    const NEEDS_WHOLE_BATCH: Option<Message> = {
        let splits = <PassesOf<N, O, BATCH> as Passes<N>>::ROWS < BATCH;
        let message = Message::new().text("`MicroBatches` splits the batch, but this network ");
        if splits && N::OUTLINE.has_running_statistics() {
            Some(
                message.text("normalizes with the statistics of the whole batch: use `GroupNorm` or `LayerNorm` in it"),
            )
        } else if splits && N::OUTLINE.is_stateful() {
            Some(message.text("continues with the states of the batch before: remove `Stateful` from its layers"))
        } else {
            None
        }
    };

    const fn assert_trainable() {
        assert!(BATCH > 0, "a trainer's batch holds at least one row");
        assert!(
            learns::<N::Trainable>(),
            "nothing in this network is trainable: its layers are frozen, or have no parameters"
        );
        assert_sound(&Self::READS_PADDING);
        assert_sound(&Self::NEEDS_WHOLE_BATCH);
        assert!(
            <PassesOf<N, O, BATCH> as Passes<N>>::ROWS > 0,
            "`MicroBatches<_, ROWS>` takes at least one row at a time"
        );
        <PassesOf<N, O, BATCH> as Passes<N>>::FITS
    }

    fn initialize(&mut self) {
        initialize(&mut *self.memory.buffers.network, &mut self.run.rng);
    }

    /// A table of the layers like [`Network::summary`](crate::network::Network::summary), with the memory for training.
    pub fn summary() -> Summary<N> {
        Summary::new(Some((Self::BYTES, BATCH)))
    }

    /// The network.
    pub fn network(&self) -> &N {
        &self.memory.buffers.network
    }

    /// The network with write access, to change its weights.
    pub fn network_mut(&mut self) -> &mut N {
        self.run.bound = WeightBound::UNKNOWN;
        &mut self.memory.buffers.network
    }

    /// The optimizer.
    pub fn optimizer(&self) -> &O {
        &self.run.optimizer
    }

    /// The optimizer with write access, to change its settings. The next step checks them.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 1>::new(Sgd::new(0.1), 1);
    /// trainer.step(&[[1.0f32]], &[[2.0f32]])?;
    /// trainer.optimizer_mut().settings.learning_rate = Schedule::Constant(0.01);
    /// trainer.step(&[[1.0f32]], &[[2.0f32]])?;
    /// # Ok::<(), TrainError>(())
    /// ```
    pub fn optimizer_mut(&mut self) -> &mut O {
        self.run.bound = WeightBound::UNKNOWN;
        &mut self.run.optimizer
    }

    /// The loss.
    pub fn loss(&self) -> &L {
        &self.run.loss
    }

    /// The loss with write access, to change its values. The next step checks them.
    pub fn loss_mut(&mut self) -> &mut L {
        self.run.bound = WeightBound::UNKNOWN;
        &mut self.run.loss
    }

    /// Replaces the default value of the loss, before training. For a trainer in a box or a `static`, use
    /// [`loss_mut`](Self::loss_mut) instead.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// type Line = Trainer<Dense<1, 1, Linear>, Huber, Sgd, 1>;
    /// let trainer = Line::new(Sgd::new(0.1), 1).with_loss(Huber { delta: 0.5 });
    /// assert_eq!(trainer.loss().delta, 0.5);
    /// ```
    #[must_use]
    pub fn with_loss(mut self, loss: L) -> Self {
        *self.loss_mut() = loss;
        self
    }

    /// The state that a resumed run needs, to save it.
    pub fn state(&self) -> TrainingState<'_, N> {
        let Buffers { network, state, gradient, .. } = &self.memory.buffers;
        let Run { rng, steps, .. } = &self.run;
        TrainingState {
            network,
            optimizer_state: (**state).as_ref(),
            gradient_sum: gradient.sum(),
            rng,
            steps: *steps,
            optimizer: O::NAME,
            check_state: O::check_state,
        }
    }

    /// The same state with write access, to restore a saved one.
    pub fn state_mut(&mut self) -> TrainingStateMut<'_, N> {
        let Buffers { network, state, gradient, .. } = &mut self.memory.buffers;
        let Run { rng, steps, bound, .. } = &mut self.run;
        *bound = WeightBound::UNKNOWN;
        TrainingStateMut {
            network,
            optimizer_state: (**state).as_mut(),
            gradient_sum: gradient.sum_mut(),
            rng,
            steps,
            optimizer: O::NAME,
            check_state: O::check_state,
        }
    }

    /// The prediction for one sample.
    pub fn predict<X: Sample<N>>(&self, sample: &X) -> N::Output {
        predict(&*self.memory.buffers.network, sample)
    }

    /// Trains one step on up to `BATCH` rows. Returns the loss before the step, including penalties.
    ///
    /// # Errors
    ///
    /// See [`TrainError`]. After an error, the network and the optimizer state are unchanged.
    pub fn step<X: Sample<N>, Y: Label<L, N::Output>>(&mut self, x: &[X], y: &[Y]) -> Result<f64, TrainError> {
        // Changes of settings mark the bound as unknown.
        if self.run.bound.is_unknown() {
            self.check_settings()?;
        }
        let (x, y) = (X::rows(x), Y::rows(y));
        let (buffers, run) = (&mut self.memory.buffers, &mut self.run);
        CoresOf::<O>::enter(N::MACS.saturating_mul(x.len()), || {
            check::<N, L>(x, y)?;
            buffers.step(run, x, y)
        })
    }

    /// Lets the next step start new series: layers that are [`Stateful`](crate::layers::Stateful) start it with zero.
    ///
    /// [`fit`](Self::fit) does so at the start of each epoch, and so does a step that fails.
    pub fn reset_states(&mut self) {
        self.memory.buffers.reset_states();
    }

    /// Trains on all data with the options of `fit`. Returns the results of the last epoch.
    ///
    /// # Errors
    ///
    /// See [`TrainError`]. Settings and all data are checked before the first step.
    pub fn fit<X: Sample<N>, Y: Label<L, N::Output>>(
        &mut self,
        x: &[X],
        y: &[Y],
        fit: Fit<'_, X, Y>,
    ) -> Result<Epoch<M>, TrainError> {
        self.fit_with(x, y, fit, ())
    }

    /// Like [`fit`](Self::fit), with a callback that is called at each step and epoch, and may stop training. Its
    /// [`after_fit`](Callback::after_fit) is called even after an error.
    ///
    /// # Errors
    ///
    /// See [`TrainError`]. Settings and all data are checked before the first step.
    pub fn fit_with<X: Sample<N>, Y: Label<L, N::Output>>(
        &mut self,
        x: &[X],
        y: &[Y],
        fit: Fit<'_, X, Y>,
        mut callback: impl Callback<N, M>,
    ) -> Result<Epoch<M>, TrainError> {
        let epochs = fit.numbers()?;
        if N::OUTLINE.is_stateful() && fit.shuffle {
            return Err(TrainError::Settings(
                "the batches of a stateful network continue one another, and must be in order (`Fit::shuffle(false)`)",
            ));
        }
        check::<N, L>(X::rows(x), Y::rows(y))?;
        let (x, y, validation) = fit.split(x, y)?;
        let validation = validation.map(|(x, y)| (X::rows(x), Y::rows(y)));
        if let Some((x, y)) = validation {
            check::<N, L>(x, y).map_err(TrainError::of_validation)?;
        }
        callback.check().map_err(TrainError::Settings)?;
        callback.before_fit(epochs.clone());
        let result = self.run_epochs(epochs, X::rows(x), Y::rows(y), validation, fit.shuffle, &mut callback);
        let end = callback.after_fit(self.network_mut()).map_err(TrainError::CallbackFailed);
        result.and_then(|last| end.map(|()| last))
    }

    fn check_settings(&self) -> Result<(), TrainError> {
        let Run { optimizer, loss, .. } = &self.run;
        optimizer.check().and_then(|()| loss.check()).map_err(TrainError::Settings)
    }

    /// Lets a callback change the settings. If a value is out of range then, they are as before.
    fn change_settings(&mut self, change: impl FnOnce(&mut Settings)) -> Result<(), TrainError> {
        let before = *self.run.optimizer.settings();
        change(self.run.optimizer.settings_mut());
        self.check_settings().inspect_err(|_| *self.run.optimizer.settings_mut() = before)
    }

    fn run_epochs(
        &mut self,
        epochs: RangeInclusive<usize>,
        x: &[N::Input],
        y: &[L::Label],
        validation: Option<Rows<'_, N, L>>,
        shuffle: bool,
        callback: &mut impl Callback<N, M>,
    ) -> Result<Epoch<M>, TrainError> {
        let mut epoch = Epoch::default();
        for number in epochs {
            self.change_settings(|settings| callback.before_epoch(number, settings))?;
            let training = self.run_epoch(x, y, shuffle, callback).map_err(|error| error.in_epoch(number))?;
            let validation =
                validation.map(|(x, y)| self.assess(x, y).map_err(TrainError::of_validation)).transpose()?;
            epoch = Epoch { epoch: number, training, validation };
            let flow = callback.after_epoch(&epoch, self.network_mut());
            self.change_settings(|settings| callback.adjust(&epoch, settings))?;
            if callback.checkpoint(number, &self.state()).is_break() || flow.is_break() {
                break;
            }
        }
        Ok(epoch)
    }

    /// Trains one epoch, batch by batch.
    fn run_epoch(
        &mut self,
        x: &[N::Input],
        y: &[L::Label],
        shuffle: bool,
        callback: &mut impl Callback<N, M>,
    ) -> Result<Report<M>, TrainError> {
        if const { N::OUTLINE.is_stateful() } {
            self.reset_states();
        }
        let augments = callback.changes_inputs();
        let order = shuffle.then(|| Permutation::new(x.len(), &mut self.run.rng));
        let mut report = Report { loss: 0.0, metrics: M::default() };
        let mut seen = 0;
        for (given_x, given_y) in x.chunks(BATCH).zip(y.chunks(BATCH)) {
            let (places, order) = (seen..seen + given_x.len(), order.as_ref());
            seen = places.end;
            let Memory { buffers, inputs, labels } = &mut self.memory;
            let (inputs, labels) = (&mut inputs[..given_x.len()], &mut labels[..given_x.len()]);
            if augments {
                assemble(order, places.clone(), (x, y), inputs, labels);
                callback.before_step(inputs, &mut self.run.rng);
            }
            let run = &mut self.run;
            let loss = CoresOf::<O>::enter(N::MACS.saturating_mul(given_x.len()), || {
                if augments {
                    buffers.step(run, inputs, labels)
                } else if order.is_some() {
                    assemble(order, places, (x, y), inputs, labels);
                    buffers.step(run, inputs, labels)
                } else {
                    buffers.step(run, given_x, given_y)
                }
            })?;
            let batch_y = if augments || order.is_some() { &*labels } else { given_y };
            report.loss += (loss - report.loss) * (given_x.len() as f64 / seen as f64);
            let predictions = &mut buffers.outputs[..given_x.len()];
            dispatch(Finish::<N, L::Ending>(predictions, PhantomData));
            for (prediction, label) in predictions.iter().zip(batch_y) {
                report.metrics.update(prediction, label);
            }
            callback.after_step(seen, x.len(), &report);
            if callback.changes_state() {
                callback.change_state(self.state_mut());
            }
        }
        Ok(report)
    }

    /// Computes the mean loss, without penalties, and the metrics on `x` and `y`.
    ///
    /// Layers that are [`Stateful`](crate::layers::Stateful) start with zero, and then continue from one batch of `BATCH`
    /// rows to the next, as in a [`fit`](Self::fit). The states of training do not change.
    ///
    /// # Errors
    ///
    /// If a value of the loss is out of range, if there are no samples, if the numbers of inputs and labels differ, if
    /// an input or label is invalid, or if an output or its loss is not finite.
    pub fn evaluate<X: Sample<N>, Y: Label<L, N::Output>>(&self, x: &[X], y: &[Y]) -> Result<Report<M>, TrainError> {
        self.run.loss.check().map_err(TrainError::Settings)?;
        let (x, y) = (X::rows(x), Y::rows(y));
        check::<N, L>(x, y)?;
        self.assess(x, y)
    }

    /// Like [`evaluate`](Self::evaluate), for data that have been checked.
    fn assess(&self, x: &[N::Input], y: &[L::Label]) -> Result<Report<M>, TrainError> {
        let report: Report<M> = self.report(x, y);
        if report.loss.is_finite() {
            return Ok(report);
        }
        // A loss that is not finite counts as the largest. Among equal losses, the error names the first.
        let (mut sample, mut largest) = (0, f64::NEG_INFINITY);
        for other in 0..x.len() {
            let loss = self.report::<()>(&x[other..=other], &y[other..=other]).loss;
            let size = if loss.is_finite() { loss } else { f64::INFINITY };
            if size > largest {
                (sample, largest) = (other, size);
            }
        }
        Err(TrainError::Output { data: Data::Given, sample })
    }

    fn report<Q: Metric<N::Output, L::Label>>(&self, x: &[N::Input], y: &[L::Label]) -> Report<Q> {
        let mut report = Report { loss: 0.0, metrics: Q::default() };
        let network = &self.memory.buffers.network;
        let evaluate = Evaluate::<N, L, Q> { network, loss: &self.run.loss, x, y, report: &mut report };
        if const { N::OUTLINE.is_stateful() } {
            dispatch(Continued::<N, L, Q, BATCH>(evaluate));
        } else {
            in_blocks(evaluate);
        }
        report
    }
}

impl<N, L, O, const BATCH: usize, M> Trainer<N, L, O, BATCH, M>
where
    N: Layer,
    L: Loss<N::Output> + Follows<N::Head>,
    O: KeepsAverage,
    M: Metric<N::Output, L::Label>,
{
    /// Exchanges the weights and their [moving average](crate::optim::Averaged), to evaluate, save or copy the average.
    /// Exchange them back before you continue training. Before the first update, which starts the average, the method
    /// does nothing.
    pub fn swap_average(&mut self) {
        let Buffers { network, state, .. } = &mut self.memory.buffers;
        if let [.., average] = (**state).as_mut()
            && self.run.steps >= self.run.optimizer.steps_per_update()
        {
            N::trainable_mut(Some(&mut **network), average, [], Path::ROOT, &mut Swap);
            self.run.bound = WeightBound::UNKNOWN;
        }
    }
}

/// Exchanges parameters with the values passed as their gradient.
struct Swap;

impl<T> VisitTrainable<T, 0> for Swap {
    fn visit(&mut self, _: Parameter<'_>, values: &mut [T], others: &mut [T], []: [&mut [T]; 0]) {
        values.swap_with_slice(others);
    }
}

impl<N, L, O, const BATCH: usize, M> Budgeted for Trainer<N, L, O, BATCH, M>
where
    N: Layer,
    L: Loss<N::Output> + Follows<N::Head>,
    O: Optimizer,
    M: Metric<N::Output, L::Label>,
{
    const COSTS: Costs = Costs::of_training(&N::OUTLINE, Self::BYTES, N::MACS, &Memory::<N, L, O, BATCH>::PARTS);
}

/// Copies the samples in these places of the order to a batch.
fn assemble<X: Copy, Y: Copy>(
    order: Option<&Permutation>,
    places: Range<usize>,
    (x, y): (&[X], &[Y]),
    inputs: &mut [X],
    labels: &mut [Y],
) {
    for (place, (input, label)) in places.zip(inputs.iter_mut().zip(labels)) {
        let sample = order.map_or(place, |order| order.get(place));
        // An assignment may copy a large sample to the stack first.
        slice::from_mut(input).copy_from_slice(&x[sample..=sample]);
        *label = y[sample];
    }
}

/// Inputs with their labels.
type Rows<'a, N, L> = (&'a [<N as Layer>::Input], &'a [<L as Loss<<N as Layer>::Output>>::Label]);

impl<N, L, O, const BATCH: usize, M> fmt::Debug for Trainer<N, L, O, BATCH, M>
where
    N: Layer,
    L: Loss<N::Output> + Follows<N::Head>,
    O: Optimizer,
    M: Metric<N::Output, L::Label>,
{
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Summary::<N>::new(Some((size_of::<Self>(), BATCH))).fmt(formatter)
    }
}
