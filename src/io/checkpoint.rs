//! Checkpoints, from which a training run can be resumed.

use core::ops::{ControlFlow, RangeInclusive};
use std::{
    borrow::ToOwned,
    format,
    path::{Path, PathBuf},
    string::{String, ToString},
    vec::Vec,
};

use super::{
    BYTES, FileError,
    metadata::{check_layers, metadata},
    read,
    tensors::{Assign, ExpectedTensor, OPTIMIZER, Reader, Writer, expected_tensors, is_f32},
    write,
};
use crate::{
    Rng,
    kernel::Element,
    layer::{self, Layer, Parameter, Visit},
    short::short,
    train::{Callback, Epoch, MOST_STEPS, TrainingState, TrainingStateMut},
};

/// Saves the state of a trainer to a safetensors file, so that the training run can be resumed.
///
/// The file contains the weights, the optimizer state (`optimizer/0/1.kernel`), the number of steps, the state of the
/// random number generator, and the number of completed epochs, `epoch`. [`load`](super::load) can read the weights
/// from it. The write is atomic.
///
/// ```
/// use shiplap::{io, prelude::*};
///
/// type NetTrainer = Trainer<Dense<1, 1, Linear>, MeanSquaredError, Adam, 2>;
/// let (x, y) = ([[1.0f32], [2.0], [3.0]], [[2.0f32], [4.0], [6.0]]);
/// let path = std::env::temp_dir().join("shiplap.checkpoint.safetensors");
/// let mut trainer = NetTrainer::new(Adam::new(0.1), 1);
/// trainer.fit(&x, &y, Fit::epochs(30))?;
/// io::save_checkpoint(&trainer.state(), 30, &path)?;
///
/// let mut resumed = NetTrainer::new(Adam::new(0.1), 2);
/// let epoch = io::load_checkpoint(resumed.state_mut(), &path)?;
/// resumed.fit(&x, &y, Fit::epochs(50).from_epoch(epoch))?;
///
/// trainer.fit(&x, &y, Fit::epochs(20))?;
/// assert_eq!(resumed.network().kernel, trainer.network().kernel);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns an error if a weight or a number of the optimizer state is NaN or infinite, if no training run reaches the
/// state ([`Optimizer::check_state`](crate::optim::Optimizer::check_state)), or if the file cannot be written. An
/// existing file is then unchanged.
pub fn save_checkpoint<N: Layer>(
    state: &TrainingState<'_, N>,
    epoch: usize,
    path: impl AsRef<Path>,
) -> Result<(), FileError> {
    let path = path.as_ref();
    write(path, &encode(state, epoch, &path.display().to_string())?)
}

/// Returns the contents of the file that [`save_checkpoint`] writes.
///
/// ```
/// use shiplap::{io, prelude::*};
///
/// type NetTrainer = Trainer<Dense<1, 1, Linear>, MeanSquaredError, Adam, 2>;
/// let (x, y) = ([[1.0f32], [2.0], [3.0]], [[2.0f32], [4.0], [6.0]]);
/// let mut trainer = NetTrainer::new(Adam::new(0.1), 1);
/// trainer.fit(&x, &y, Fit::epochs(30))?;
/// let bytes = io::checkpoint_to_bytes(&trainer.state(), 30)?;
///
/// let mut resumed = NetTrainer::new(Adam::new(0.1), 2);
/// assert_eq!(io::checkpoint_from_bytes(resumed.state_mut(), &bytes)?, 30);
/// assert_eq!(resumed.network().kernel, trainer.network().kernel);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns an error if a weight or a number of the optimizer state is NaN or infinite, or if no training run reaches the
/// state.
pub fn checkpoint_to_bytes<N: Layer>(state: &TrainingState<'_, N>, epoch: usize) -> Result<Vec<u8>, FileError> {
    encode(state, epoch, BYTES)
}

fn encode<N: Layer>(state: &TrainingState<'_, N>, epoch: usize, file: &str) -> Result<Vec<u8>, FileError> {
    let mut writer = Writer::new();
    state.network.parameters(layer::Path::ROOT, &mut writer);
    for (index, part) in state.optimizer_state.iter().chain(state.gradient_sum).enumerate() {
        writer.prefix = format!("{OPTIMIZER}{index}/");
        N::trainable(part, layer::Path::ROOT, &mut writer);
    }
    writer.check(file)?;
    if epoch as u64 > MOST_STEPS {
        return Err(FileError::State { file: file.into(), reason: format!("{epoch} epochs, more than 2^53") });
    }
    if let Some(part) = state.optimizer_state.first() {
        let mut values = Values(Vec::new());
        state.optimizer_state.iter().for_each(|part| N::trainable(part, layer::Path::ROOT, &mut values));
        check_states(&trainable_tensors::<N>(part, ""), &values.0, state.check_state, file)?;
    }
    let mut metadata = metadata::<N>();
    metadata.extend([
        ("epoch", epoch.to_string()),
        ("steps", state.steps.to_string()),
        ("optimizer", state.optimizer.to_owned()),
        ("element", element::<N>().to_owned()),
        ("rng", serde_json::json!(state.rng).to_string()),
    ]);
    Ok(writer.finish(metadata))
}

/// Restores the state of a trainer from a checkpoint, and returns the number of completed epochs.
///
/// With the same data and settings (learning rate, batch size, ...), the resumed run computes bit for bit the same
/// weights as an uninterrupted one, on a processor with the same instruction set. The state of callbacks is not saved:
/// early stopping, for example, restarts its count.
///
/// # Errors
///
/// Returns the errors of [`load`](super::load), and an error if the file is not a checkpoint, belongs to another
/// optimizer or element type, or contains a state that no training run reaches, such as a negative mean of squares. The
/// trainer is then unchanged.
pub fn load_checkpoint<N: Layer>(to: TrainingStateMut<'_, N>, path: impl AsRef<Path>) -> Result<usize, FileError> {
    let (file, bytes) = read(path.as_ref())?;
    decode(to, &file, &bytes)
}

/// Like [`load_checkpoint`], from the bytes of [`checkpoint_to_bytes`].
///
/// # Errors
///
/// Returns the errors of [`load_checkpoint`].
pub fn checkpoint_from_bytes<N: Layer>(to: TrainingStateMut<'_, N>, bytes: &[u8]) -> Result<usize, FileError> {
    decode(to, BYTES, bytes)
}

fn decode<N: Layer>(to: TrainingStateMut<'_, N>, file: &str, bytes: &[u8]) -> Result<usize, FileError> {
    let reader = Reader::new(file, bytes)?;
    let saved = entry(&reader, "optimizer")?;
    if saved != to.optimizer && canonical(saved) != to.optimizer {
        return Err(differs(&reader, "optimizer", saved, to.optimizer));
    }
    check_equal(&reader, "element", element::<N>())?;
    let epoch = parsed(&reader, "epoch", |text| text.parse().ok().filter(|epoch| *epoch as u64 <= MOST_STEPS))?;
    let steps = parsed(&reader, "steps", |text| text.parse().ok().filter(|steps| *steps <= MOST_STEPS))?;
    let rng: Rng = parsed(&reader, "rng", |text| serde_json::from_str(text).ok())?;

    let mut expected = expected_tensors(to.network);
    let first = expected.len();
    for (index, part) in to.optimizer_state.iter().chain(&*to.gradient_sum).enumerate() {
        expected.extend(trainable_tensors::<N>(part, &format!("{OPTIMIZER}{index}/")));
    }
    let values: Vec<Vec<N::Element>> = reader.read(&expected, |_| false)?;
    check_layers::<N>(&reader)?;
    reader.check(&expected, &values)?;
    if let Some(part) = to.optimizer_state.first() {
        let tensors = trainable_tensors::<N>(part, "");
        let state = &values[first..first + tensors.len() * to.optimizer_state.len()];
        check_states(&tensors, state, to.check_state, file)?;
    }

    let mut assign = Assign::all(values.into_iter());
    N::parameters_mut([to.network], layer::Path::ROOT, &mut assign);
    for part in to.optimizer_state.iter_mut().chain(to.gradient_sum) {
        N::trainable_mut(None, part, [], layer::Path::ROOT, &mut assign);
    }
    (*to.rng, *to.steps) = (rng, steps);
    Ok(epoch)
}

/// The tensors of a part of the optimizer state, with this prefix before their names.
fn trainable_tensors<N: Layer>(part: &N::Trainable, prefix: &str) -> Vec<ExpectedTensor> {
    let mut tensors: Vec<ExpectedTensor> = Vec::new();
    N::trainable(part, layer::Path::ROOT, &mut tensors);
    tensors.iter_mut().for_each(|tensor| tensor.name.insert_str(0, prefix));
    tensors
}

/// The values of tensors.
struct Values<T>(Vec<Vec<T>>);

impl<T: Copy> Visit<T> for Values<T> {
    fn visit(&mut self, _: Parameter<'_>, values: &[T]) {
        self.0.push(values.into());
    }
}

/// Checks the optimizer state of each weight. `values` are those of `tensors`, once for each number of state.
fn check_states<T: Element>(
    tensors: &[ExpectedTensor],
    values: &[Vec<T>],
    check: fn(&[f64]) -> Result<(), &'static str>,
    file: &str,
) -> Result<(), FileError> {
    let mut state = Vec::new();
    for (number, tensor) in tensors.iter().enumerate() {
        let parts = || values[number..].iter().step_by(tensors.len());
        for index in 0..values[number].len() {
            state.clear();
            state.extend(parts().map(|part| part[index].to_f64()));
            check(&state).map_err(|what| {
                let reason = format!("the optimizer state of element {index} of `{}`: {what}", short(&tensor.name));
                FileError::State { file: file.into(), reason }
            })?;
        }
    }
    Ok(())
}

fn element<N: Layer>() -> &'static str {
    if is_f32::<N::Element>() { "f32" } else { "f64" }
}

fn entry<'a>(reader: &'a Reader<'_>, key: &str) -> Result<&'a str, FileError> {
    let missing = || checkpoint_error(reader, format!("the metadata have no entry `{key}`"));
    reader.metadata(key).ok_or_else(missing)
}

fn check_equal(reader: &Reader<'_>, key: &str, own: &str) -> Result<(), FileError> {
    match entry(reader, key)? {
        saved if saved == own => Ok(()),
        saved => Err(differs(reader, key, saved, own)),
    }
}

fn differs(reader: &Reader<'_>, key: &str, saved: &str, own: &str) -> FileError {
    let saved = canonical(saved);
    checkpoint_error(reader, format!("its {key} is {saved}, but the trainer's is {own}"))
}

/// The name of an optimizer in a file. Older files contain names with modules, and with const parameters that are all
/// `false`.
fn canonical(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':')) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short.replace("<false, false>", "")
}

fn parsed<V>(reader: &Reader<'_>, key: &str, parse: impl Fn(&str) -> Option<V>) -> Result<V, FileError> {
    let text = entry(reader, key)?;
    parse(text).ok_or_else(|| checkpoint_error(reader, format!("the metadata entry `{key}` is invalid: `{text}`")))
}

fn checkpoint_error(reader: &Reader<'_>, reason: String) -> FileError {
    FileError::Checkpoint { file: reader.file.into(), reason }
}

/// A callback that saves a checkpoint every few epochs and after the last requested one, and overwrites the previous
/// checkpoint. If another callback stops training earlier, the epochs since the last checkpoint are not saved.
///
/// If a checkpoint cannot be written, training stops, `fit` returns an error, and [`finish`](Self::finish) returns the
/// reason.
///
/// ```
/// use shiplap::{io::{self, Checkpoints}, prelude::*};
///
/// # let (x, y) = ([[1.0f32], [2.0], [3.0]], [[2.0f32], [4.0], [6.0]]);
/// # let path = std::env::temp_dir().join("shiplap.checkpoints.safetensors");
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Adam, 2>::new(Adam::new(0.1), 1);
/// let epoch = if path.exists() { io::load_checkpoint(trainer.state_mut(), &path)? } else { 0 };
/// let mut checkpoints = Checkpoints::every(10, &path);
/// let last = trainer.fit_with(&x, &y, Fit::epochs(25).from_epoch(epoch), &mut checkpoints);
/// checkpoints.finish()?;
/// assert_eq!(last?.epoch, 25);
/// assert_eq!(io::load_checkpoint(trainer.state_mut(), &path)?, 25);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "`finish` returns the reason why a checkpoint could not be written"]
pub struct Checkpoints {
    every: usize,
    last: usize,
    path: PathBuf,
    result: Result<(), FileError>,
}

impl Checkpoints {
    /// Saves a checkpoint to `path` after every `epochs` epochs, at least 1: if `epochs` is 10, after epochs 10, 20, 30,
    /// ...
    pub fn every(epochs: usize, path: impl Into<PathBuf>) -> Self {
        Self { every: epochs, last: 0, path: path.into(), result: Ok(()) }
    }

    /// Returns the error if a checkpoint could not be written. `fit` has then returned an error, too.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`save_checkpoint`].
    pub fn finish(self) -> Result<(), FileError> {
        self.result
    }
}

impl<N: Layer, M> Callback<N, M> for &mut Checkpoints {
    fn check(&self) -> Result<(), &'static str> {
        if self.every > 0 { Ok(()) } else { Err("the epochs of `Checkpoints::every` must be at least 1") }
    }

    fn before_fit(&mut self, epochs: RangeInclusive<usize>) {
        (self.last, self.result) = (*epochs.end(), Ok(()));
    }

    fn after_epoch(&mut self, _: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn checkpoint(&mut self, epoch: usize, state: &TrainingState<'_, N>) -> ControlFlow<()> {
        if epoch.is_multiple_of(self.every) || epoch == self.last {
            self.result = save_checkpoint(state, epoch, &self.path);
        }
        if self.result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn after_fit(&mut self, _: &mut N) -> Result<(), &'static str> {
        let failed =
            "training stopped because a checkpoint could not be written: `Checkpoints::finish` returns the reason";
        if self.result.is_ok() { Ok(()) } else { Err(failed) }
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn names_of_optimizers_are_those_of_older_files() {
        assert_eq!(canonical("Adam"), "Adam");
        assert_eq!(canonical("RmsProp<false, false>"), "RmsProp");
        assert_eq!(canonical("InPlace<shiplap::optim::sgd::Sgd>"), "InPlace<Sgd>");
        assert_eq!(
            canonical("InPlace<shiplap::optim::rmsprop::RmsProp<true, false>>"),
            "InPlace<RmsProp<true, false>>"
        );
    }
}
