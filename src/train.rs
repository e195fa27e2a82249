//! Training: the trainer and what it reports.

use core::{fmt, marker::PhantomData};

#[cfg(feature = "std")]
pub use crate::callback::History;
pub use crate::callback::{Callback, EarlyStopping, Epoch, Report};
use crate::{
    Permutation, Rng, Tensor, Zeroed, init,
    kernel::{Simd, Work, dispatch},
    layer::{Accepts, Ending, Layer, Path},
    loss::{Compares, Follows, Loss},
    metric::Metric,
    network::{BLOCK, Network},
    optim::{Clipping, Optimizer, Penalise, SquareLength},
    tensor::first_not_finite,
};

/// A network with all that training it takes: gradient, moments, tape, and one batch of data.
///
/// `N` is the network, `L` the [loss](crate::loss), `O` the [optimiser](crate::optim), `BATCH` the most
/// rows of a step, `M` the [metrics](crate::metric) reported. Nothing is allocated after it is made.
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
    M = <L as Loss<<N as Layer>::Output>>::Metric,
> {
    optimizer: O,
    loss: L,
    rng: Rng,
    steps: u64,
    memory: Memory<N, L, O, BATCH>,
    metrics: PhantomData<fn() -> M>,
}

struct Memory<N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> {
    network: N,
    gradient: N,
    moments: O::Moments<N>,
    tape: N::Tape<BATCH>,
    inputs: [N::Input; BATCH],
    labels: [L::Label; BATCH],
    outputs: [N::Output; BATCH],
    slopes: [N::Output; BATCH],
}

// SAFETY: each field is `Zeroed`.
unsafe impl<N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> Zeroed for Memory<N, L, O, BATCH> {}

/// How long and with what to fit.
#[derive(Clone, Copy, Debug)]
pub struct Fit<'a, X, Y> {
    epochs: usize,
    shuffle: bool,
    validation: Option<(&'a [X], &'a [Y])>,
    held_out: f64,
}

impl<'a, X, Y> Fit<'a, X, Y> {
    /// Goes over the data `epochs` times, in a new random order each time.
    pub const fn epochs(epochs: usize) -> Self {
        Self { epochs, shuffle: true, validation: None, held_out: 0.0 }
    }

    /// Evaluates these samples after each epoch.
    #[must_use]
    pub const fn validation(self, x: &'a [X], y: &'a [Y]) -> Self {
        Self { validation: Some((x, y)), ..self }
    }

    /// Holds out the last `share` of the data, in [0, 1), to evaluate after each epoch.
    #[must_use]
    pub const fn validation_split(self, share: f64) -> Self {
        Self { held_out: share, ..self }
    }

    /// Whether the order is random (as it is by default).
    #[must_use]
    pub const fn shuffle(self, shuffle: bool) -> Self {
        Self { shuffle, ..self }
    }
}

/// Inputs and labels to train on, and those to evaluate.
type Split<'a, X, Y> = (&'a [X], &'a [Y], Option<(&'a [X], &'a [Y])>);

impl<'a, X, Y> Fit<'a, X, Y> {
    fn split(&self, x: &'a [X], y: &'a [Y]) -> Result<Split<'a, X, Y>, TrainError> {
        if !(0.0..1.0).contains(&self.held_out) {
            return Err(TrainError::Split);
        }
        let held_out = (self.held_out * x.len() as f64) as usize;
        if self.validation.is_some() || held_out == 0 {
            return Ok((x, y, self.validation));
        }
        let ((x, held_x), (y, held_y)) = (x.split_at(x.len() - held_out), y.split_at(y.len() - held_out));
        Ok((x, y, Some((held_x, held_y))))
    }
}

/// Why training stopped. The network is as it was before the step that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrainError {
    /// There are no samples.
    Empty,
    /// There are not as many labels as inputs.
    Lengths {
        /// How many inputs.
        inputs: usize,
        /// How many labels.
        labels: usize,
    },
    /// More rows than a batch holds were given to `step`.
    BatchTooLarge {
        /// How many rows.
        rows: usize,
        /// How many it holds.
        batch: usize,
    },
    /// An input is NaN or infinite.
    Input {
        /// Which sample, from 0.
        sample: usize,
    },
    /// A label is not one for this loss.
    Label {
        /// Which sample, from 0.
        sample: usize,
        /// What it should be.
        expected: &'static str,
    },
    /// The share of held out data is not in [0, 1).
    Split,
    /// Loss or gradient became NaN or infinite.
    Diverged {
        /// In which step of the trainer, from 0.
        step: u64,
    },
}

impl fmt::Display for TrainError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => write!(formatter, "there are no samples: give at least one"),
            Self::Lengths { inputs, labels } => {
                write!(formatter, "{inputs} inputs, but {labels} labels: give one label for each input")
            }
            Self::BatchTooLarge { rows, batch } => {
                write!(
                    formatter,
                    "{rows} rows in a step, but the trainer's batch holds {batch}: give fewer, or call `fit`"
                )
            }
            Self::Input { sample } => {
                write!(formatter, "the input of sample {sample} is NaN or infinite: clean or drop it")
            }
            Self::Label { sample, expected } => {
                write!(formatter, "the label of sample {sample} is out of range: this loss takes {expected}")
            }
            Self::Split => write!(formatter, "the share of data held out for validation must be in [0, 1)"),
            Self::Diverged { step } => write!(
                formatter,
                "loss or gradient became NaN or infinite in step {step}; the network is as before it: \
                 lower the learning rate, or clip gradients"
            ),
        }
    }
}

impl core::error::Error for TrainError {}

impl<N, L, O, const BATCH: usize, M> Trainer<N, L, O, BATCH, M>
where
    N: Layer,
    L: Loss<N::Output> + Follows<N::Head>,
    O: Optimizer,
    M: Metric<N::Output, L::Label>,
{
    /// The bytes of the trainer: all the memory that training takes, but for the stack.
    pub const BYTES: usize = size_of::<Self>();

    const ON_THE_STACK: usize = 256 * 1024;

    /// A trainer whose network starts from `seed`, made on the stack. Above 256 KiB it does not compile:
    /// use [`boxed`](Self::boxed).
    pub fn new(optimizer: O, seed: u64) -> Self {
        const {
            assert!(BATCH > 0, "a trainer's batch holds at least one row");
            assert!(
                Self::BYTES <= Self::ON_THE_STACK,
                "this trainer is too large for the stack (over 256 KiB): make it with `Trainer::boxed`"
            );
        }
        let mut trainer = Self {
            optimizer,
            loss: L::default(),
            rng: Rng::new(seed),
            steps: 0,
            memory: Memory::zeroed(),
            metrics: PhantomData,
        };
        init::initialize(&mut trainer.memory.network, &mut trainer.rng);
        trainer
    }

    /// A trainer on the heap, made there in place, whatever its size.
    #[cfg(feature = "std")]
    pub fn boxed(optimizer: O, seed: u64) -> std::boxed::Box<Self> {
        const { assert!(BATCH > 0, "a trainer's batch holds at least one row") };
        let mut place = std::boxed::Box::<Self>::new_uninit();
        let pointer = place.as_mut_ptr();
        // SAFETY: `pointer` is to memory for a trainer; each of its fields with bytes is written here,
        // `memory` with zero bytes, which its `Zeroed` allows. `metrics` has no bytes.
        let mut trainer = unsafe {
            (&raw mut (*pointer).optimizer).write(optimizer);
            (&raw mut (*pointer).loss).write(L::default());
            (&raw mut (*pointer).rng).write(Rng::new(seed));
            (&raw mut (*pointer).steps).write(0);
            (&raw mut (*pointer).memory).write_bytes(0, 1);
            place.assume_init()
        };
        let Self { memory, rng, .. } = &mut *trainer;
        init::initialize(&mut memory.network, rng);
        trainer
    }

    /// The network.
    pub fn network(&self) -> &N {
        &self.memory.network
    }

    /// The network, to change its weights.
    pub fn network_mut(&mut self) -> &mut N {
        &mut self.memory.network
    }

    /// The prediction for one sample.
    pub fn predict<X: Tensor>(&self, sample: &X) -> N::Output
    where
        N: Accepts<X>,
    {
        self.memory.network.predict(sample)
    }

    /// One step of the optimiser on up to `BATCH` rows. Gives the loss before the step, penalties included.
    ///
    /// # Errors
    ///
    /// Those of [`TrainError`]; the network is then as it was.
    pub fn step<X: Tensor, Y: Copy>(&mut self, x: &[X], y: &[Y]) -> Result<f64, TrainError>
    where
        N: Accepts<X>,
        L: Compares<N::Output, Y>,
    {
        if x.len() > BATCH {
            return Err(TrainError::BatchTooLarge { rows: x.len(), batch: BATCH });
        }
        if x.len() != y.len() {
            return Err(TrainError::Lengths { inputs: x.len(), labels: y.len() });
        }
        if x.is_empty() {
            return Err(TrainError::Empty);
        }
        if let Some(sample) = y.iter().position(|label| !L::is_label(label)) {
            return Err(TrainError::Label { sample, expected: L::EXPECTS });
        }
        self.memory.inputs[..x.len()].copy_from_slice(x);
        self.memory.labels[..y.len()].copy_from_slice(y);
        let rows = x.len();
        self.step_on_batch(rows).map_err(|error| match first_not_finite(x) {
            Some(sample) => TrainError::Input { sample },
            None => error,
        })
    }

    fn step_on_batch(&mut self, rows: usize) -> Result<f64, TrainError> {
        let Self { optimizer, loss, rng, steps, memory, .. } = self;
        let result = dispatch(Step { optimizer, loss, rng, step: *steps, memory, rows });
        *steps += u64::from(result.is_ok());
        result
    }

    /// Trains on all the data, as `fit` says.
    ///
    /// # Errors
    ///
    /// Those of [`TrainError`]. All data are checked before the first step.
    pub fn fit<X: Tensor, Y: Copy>(&mut self, x: &[X], y: &[Y], fit: Fit<'_, X, Y>) -> Result<Epoch<M>, TrainError>
    where
        N: Accepts<X>,
        L: Compares<N::Output, Y>,
    {
        self.fit_with(x, y, fit, ())
    }

    /// Like [`fit`](Self::fit), telling `callback` of each step and epoch; it may stop the training.
    ///
    /// # Errors
    ///
    /// Those of [`TrainError`]. All data are checked before the first step.
    pub fn fit_with<X: Tensor, Y: Copy>(
        &mut self,
        x: &[X],
        y: &[Y],
        fit: Fit<'_, X, Y>,
        mut callback: impl Callback<N, M>,
    ) -> Result<Epoch<M>, TrainError>
    where
        N: Accepts<X>,
        L: Compares<N::Output, Y>,
    {
        Self::check(x, y)?;
        let (x, y, validation) = fit.split(x, y)?;
        if let Some((x, y)) = validation {
            Self::check(x, y)?;
        }
        let mut epoch = Epoch::default();
        callback.before_fit(fit.epochs);
        for number in 1..=fit.epochs {
            let order = fit.shuffle.then(|| Permutation::new(x.len(), &mut self.rng));
            let mut training = Report { loss: 0.0, metrics: M::default() };
            let mut start = 0;
            while start < x.len() {
                let rows = BATCH.min(x.len() - start);
                for row in 0..rows {
                    let sample = order.as_ref().map_or(start + row, |order| order.get(start + row));
                    self.memory.inputs[row] = x[sample];
                    self.memory.labels[row] = y[sample];
                }
                training.loss += self.step_on_batch(rows)? * rows as f64 / x.len() as f64;
                self.count_metrics(rows, &mut training.metrics);
                start += rows;
                callback.after_step(start, x.len());
            }
            let validation = validation.map(|(x, y)| self.evaluate(x, y)).transpose()?;
            epoch = Epoch { epoch: number, training, validation };
            if callback.after_epoch(&epoch, &mut self.memory.network).is_break() {
                break;
            }
        }
        callback.after_fit(&mut self.memory.network);
        Ok(epoch)
    }

    fn count_metrics(&mut self, rows: usize, metrics: &mut M) {
        if L::Ending::LOGITS {
            dispatch(Activate::<N>(&mut self.memory.outputs[..rows]));
        }
        for (output, label) in self.memory.outputs[..rows].iter().zip(&self.memory.labels) {
            metrics.update(output, label);
        }
    }

    /// Mean loss and metrics on `x` and `y`, without training or penalties.
    ///
    /// # Errors
    ///
    /// When there are no samples, not as many labels as inputs, or one of either is out of range.
    pub fn evaluate<X: Tensor, Y: Copy>(&self, x: &[X], y: &[Y]) -> Result<Report<M>, TrainError>
    where
        N: Accepts<X>,
        L: Compares<N::Output, Y>,
    {
        Self::check(x, y)?;
        let mut report = Report { loss: 0.0, metrics: M::default() };
        dispatch(Evaluate::<N, L, M> { network: &self.memory.network, loss: &self.loss, x, y, report: &mut report });
        if report.loss.is_finite() { Ok(report) } else { Err(TrainError::Diverged { step: self.steps }) }
    }

    fn check<X: Tensor, Y: Copy>(x: &[X], y: &[Y]) -> Result<(), TrainError>
    where
        L: Compares<N::Output, Y>,
    {
        if x.len() != y.len() {
            return Err(TrainError::Lengths { inputs: x.len(), labels: y.len() });
        }
        if x.is_empty() {
            return Err(TrainError::Empty);
        }
        if let Some(sample) = first_not_finite(x) {
            return Err(TrainError::Input { sample });
        }
        match y.iter().position(|label| !L::is_label(label)) {
            Some(sample) => Err(TrainError::Label { sample, expected: L::EXPECTS }),
            None => Ok(()),
        }
    }
}

impl<N, L, O, const BATCH: usize, M> fmt::Debug for Trainer<N, L, O, BATCH, M>
where
    N: Layer,
    L: Loss<N::Output> + Follows<N::Head>,
    O: Optimizer,
{
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {} bytes for training in batches of {BATCH}", N::summary(), size_of::<Self>())
    }
}

struct Step<'a, N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> {
    optimizer: &'a O,
    loss: &'a L,
    rng: &'a mut Rng,
    step: u64,
    memory: &'a mut Memory<N, L, O, BATCH>,
    rows: usize,
}

impl<N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> Work for Step<'_, N, L, O, BATCH> {
    type Output = Result<f64, TrainError>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Self { optimizer, loss, rng, step, memory, rows } = self;
        let Memory { network, gradient, moments, tape, inputs, labels, outputs, slopes } = memory;
        let (x, labels) = (&inputs[..rows], &labels[..rows]);
        let (y, dy) = (&mut outputs[..rows], &mut slopes[..rows]);

        network.record::<S, L::Ending, BATCH>(simd, rng, x, tape, y);
        let mean = loss.total(simd, y, labels) / rows as f64;
        loss.gradient(simd, y, labels, dy);
        network.backward::<S, L::Ending, BATCH>(simd, x, tape, y, dy, None, gradient);

        let mut penalise = Penalise { simd, everywhere: optimizer.settings().penalty, cost: 0.0 };
        N::parameters_mut([&mut *gradient, &mut *network], Path::ROOT, &mut penalise);
        let mut length = SquareLength(simd, 0.0);
        N::parameters_mut([&mut *gradient], Path::ROOT, &mut length);
        if !(mean.is_finite() && length.1.is_finite()) {
            return Err(TrainError::Diverged { step });
        }
        if let Some(clip) = optimizer.settings().clip {
            N::parameters_mut([&mut *gradient], Path::ROOT, &mut Clipping::new(simd, clip, length.1));
        }
        optimizer.update(simd, step, network, gradient, moments);
        Ok(mean + penalise.cost)
    }
}

struct Activate<'a, N: Layer>(&'a mut [N::Output]);

impl<N: Layer> Work for Activate<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        N::activate(simd, self.0);
    }
}

struct Evaluate<'a, N: Layer, L: Loss<N::Output>, M> {
    network: &'a N,
    loss: &'a L,
    x: &'a [N::Input],
    y: &'a [L::Label],
    report: &'a mut Report<M>,
}

impl<N: Layer, L: Loss<N::Output>, M: Metric<N::Output, L::Label>> Work for Evaluate<'_, N, L, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let mut outputs = [N::Output::zeroed(); BLOCK];
        for (x, y) in self.x.chunks(BLOCK).zip(self.y.chunks(BLOCK)) {
            let outputs = &mut outputs[..x.len()];
            self.network.forward::<S, L::Ending, BLOCK>(simd, x, outputs);
            self.report.loss += self.loss.total(simd, outputs, y) / self.x.len() as f64;
            if L::Ending::LOGITS {
                N::activate(simd, outputs);
            }
            for (output, label) in outputs.iter().zip(y) {
                self.report.metrics.update(output, label);
            }
        }
    }
}
