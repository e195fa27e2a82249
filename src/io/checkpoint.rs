//! Trainings that go on another time.

use core::ops::{ControlFlow, RangeInclusive};
use std::{
    borrow::ToOwned,
    format,
    path::{Path, PathBuf},
    string::{String, ToString},
    vec::Vec,
};

use super::{
    FileError,
    tensors::{Put, Reader, Wanted, Writer, is_f32, wanted},
    weights::{finite, notes, read, same_activations},
    write,
};
use crate::{
    Rng,
    layer::{self, Layer},
    train::{Callback, Epoch, TrainingState, TrainingStateMut},
};

/// What the names of the optimiser's tensors begin with. No layer's does: a `/` is in no Rust name.
pub(super) const OPTIMIZER: &str = "optimizer/";

/// Writes all that a training goes on from to a safetensors file: weights, moments (`optimizer/0/1.kernel`), steps, random
/// numbers, and that `epoch` epochs are done. [`load`](super::load) takes the weights out of it.
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
/// let mut another = NetTrainer::new(Adam::new(0.1), 2);
/// let done = io::load_checkpoint(another.state_mut(), &path)?;
/// another.fit(&x, &y, Fit::epochs(50).from_epoch(done))?;
///
/// trainer.fit(&x, &y, Fit::epochs(20))?;
/// assert_eq!(another.network().kernel, trainer.network().kernel);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// When a weight is NaN or infinite, or the file cannot be written. An older file of that name is then as it was.
pub fn save_checkpoint<N: Layer>(
    state: &TrainingState<'_, N>,
    epoch: usize,
    path: impl AsRef<Path>,
) -> Result<(), FileError> {
    let path = path.as_ref();
    let mut writer = Writer::new();
    state.network.parameters(layer::Path::ROOT, &mut writer);
    // Moments may be what they like: a training goes on with them as it would have.
    finite(&writer, &path.display().to_string())?;
    let copies = state.optimizer_state.iter().chain(state.gradient_sum);
    for (index, copy) in copies.enumerate() {
        writer.prefix = format!("{OPTIMIZER}{index}/");
        N::trainable(copy, layer::Path::ROOT, &mut writer);
    }
    let mut notes = notes::<N>();
    notes.extend([
        ("epoch", epoch.to_string()),
        ("steps", state.steps.to_string()),
        ("optimizer", canonical(state.optimizer)),
        ("element", element::<N>().to_owned()),
        ("rng", serde_json::json!(state.rng).to_string()),
    ]);
    write(path, &writer.finish(notes))
}

/// Puts a trainer where [`save_checkpoint`] found it, and gives the number of epochs done. With the same data and settings
/// (learning rate, batch, ...) it then goes on bit for bit as that one would have, on a processor with the same instruction
/// set. What callbacks remember, such as the patience of early stopping, starts anew.
///
/// # Errors
///
/// Those of [`load`](super::load); and when the file is not a checkpoint, or one of another optimiser or type of number. The
/// trainer is then as it was.
pub fn load_checkpoint<N: Layer>(to: TrainingStateMut<'_, N>, path: impl AsRef<Path>) -> Result<usize, FileError> {
    let (file, bytes) = read(path.as_ref())?;
    let reader = Reader::new(&file, &bytes)?;
    let saved = note(&reader, "optimizer")?;
    if canonical(saved) != canonical(to.optimizer) {
        return Err(differs(&reader, "optimizer", saved, to.optimizer));
    }
    same(&reader, "element", element::<N>())?;
    let epoch = parsed(&reader, "epoch", |text| text.parse().ok())?;
    let steps = parsed(&reader, "steps", |text| text.parse().ok())?;
    let rng: Rng = parsed(&reader, "rng", |text| serde_json::from_str(text).ok())?;

    let weights = wanted(to.network);
    let count = weights.len();
    let mut all = weights;
    for (index, copy) in to.optimizer_state.iter().chain(&*to.gradient_sum).enumerate() {
        let named = |wanted: Wanted| Wanted { name: format!("{OPTIMIZER}{index}/{}", wanted.name), ..wanted };
        let mut trainable = Vec::new();
        N::trainable(copy, layer::Path::ROOT, &mut trainable);
        all.extend(trainable.into_iter().map(named));
    }
    let values: Vec<Vec<N::Element>> = reader.read(&all, |_| false)?;
    same_activations::<N>(&reader)?;
    reader.all_finite(&all[..count], &values)?;

    let mut put = Put::all(values.into_iter());
    N::parameters_mut([to.network], layer::Path::ROOT, &mut put);
    for copy in to.optimizer_state.iter_mut().chain(to.gradient_sum) {
        N::trainable_mut(None, copy, [], layer::Path::ROOT, &mut put);
    }
    (*to.rng, *to.steps) = (rng, steps);
    Ok(epoch)
}

fn element<N: Layer>() -> &'static str {
    if is_f32::<N::Element>() { "f32" } else { "f64" }
}

fn note<'a>(reader: &'a Reader<'_>, key: &str) -> Result<&'a str, FileError> {
    reader.note(key).ok_or_else(|| no_checkpoint(reader, format!("it does not tell its `{key}`")))
}

fn same(reader: &Reader<'_>, key: &str, own: &str) -> Result<(), FileError> {
    match note(reader, key)? {
        saved if saved == own => Ok(()),
        saved => Err(differs(reader, key, saved, own)),
    }
}

fn differs(reader: &Reader<'_>, key: &str, saved: &str, own: &str) -> FileError {
    let (saved, own) = (canonical(saved), canonical(own));
    no_checkpoint(reader, format!("its {key} is {saved}, and the trainer's is {own}"))
}

/// The name of an optimizer without modules, and without settings in its type that are off.
fn canonical(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':')) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short.replace("<false, false>", "")
}

fn parsed<V>(reader: &Reader<'_>, key: &str, parse: impl Fn(&str) -> Option<V>) -> Result<V, FileError> {
    let text = note(reader, key)?;
    parse(text).ok_or_else(|| no_checkpoint(reader, format!("its `{key}` is `{text}`")))
}

fn no_checkpoint(reader: &Reader<'_>, reason: String) -> FileError {
    FileError::Checkpoint { file: reader.file.into(), reason }
}

/// Writes a checkpoint every few epochs and after the last, over the one before. If that fails, it ends the training, and
/// [`finish`](Self::finish) says why.
///
/// ```
/// use shiplap::{io::{self, Checkpoints}, prelude::*};
///
/// # let (x, y) = ([[1.0f32], [2.0], [3.0]], [[2.0f32], [4.0], [6.0]]);
/// # let path = std::env::temp_dir().join("shiplap.checkpoints.safetensors");
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Adam, 2>::new(Adam::new(0.1), 1);
/// let done = if path.exists() { io::load_checkpoint(trainer.state_mut(), &path)? } else { 0 };
/// let mut checkpoints = Checkpoints::every(10, &path);
/// trainer.fit_with(&x, &y, Fit::epochs(25).from_epoch(done), &mut checkpoints)?;
/// checkpoints.finish()?;
/// assert_eq!(io::load_checkpoint(trainer.state_mut(), &path)?, 25);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Checkpoints {
    every: usize,
    last: usize,
    path: PathBuf,
    result: Result<(), FileError>,
}

impl Checkpoints {
    /// After each epoch whose number `epochs` divides, to the file `path`.
    pub fn every(epochs: usize, path: impl Into<PathBuf>) -> Self {
        Self { every: epochs.max(1), last: 0, path: path.into(), result: Ok(()) }
    }

    /// Whether all were written.
    ///
    /// # Errors
    ///
    /// Those of [`save_checkpoint`].
    pub fn finish(self) -> Result<(), FileError> {
        self.result
    }
}

impl<N: Layer, M> Callback<N, M> for &mut Checkpoints {
    fn before_fit(&mut self, epochs: RangeInclusive<usize>) {
        self.last = *epochs.end();
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
}
