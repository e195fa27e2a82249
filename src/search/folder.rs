//! The folder of a search: its journal, the best weights, and the states of trials that may continue.

use std::{
    fs, io,
    path::{Path, PathBuf},
    vec::Vec,
};

use super::{
    SearchError,
    hash::Hash,
    journal::{Journal, Settings},
    part::Part,
};

/// The folder of a search. All files except the journal are written atomically.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    journal: Journal,
}

impl Folder {
    /// Opens the folder of the search with these settings, or makes it. Returns the parts of its journal.
    pub fn open(path: &Path, settings: Settings) -> Result<(Self, Vec<Part>), SearchError> {
        fs::create_dir_all(path).map_err(|error| SearchError::Write { path: path.into(), error })?;
        let (journal, parts) = Journal::open(path.join("journal.jsonl"), settings)?;
        Ok((Self { path: path.into(), journal }, parts))
    }

    pub fn add(&mut self, part: &Part) -> Result<(), SearchError> {
        self.journal.add(part)
    }

    /// Writes weights that are the best once the journal has their part. A kill before that leaves the others.
    pub fn write_next_best(&self, weights: &[u8]) -> Result<(), SearchError> {
        write(self.next_best(), weights)
    }

    /// Puts the written weights in the place of the best.
    pub fn put_next_best(&self) -> Result<(), SearchError> {
        fs::rename(self.next_best(), self.best()).map_err(|error| SearchError::Write { path: self.best(), error })
    }

    /// The weights with this hash, the best of the journal, or `None` if they are lost. Completes what a process that was
    /// killed has left.
    pub fn read_best(&self, hash: u64) -> Result<Option<Vec<u8>>, SearchError> {
        for (path, is_next) in [(self.next_best(), true), (self.best(), false)] {
            if let Some(weights) = read(path)?.filter(|weights| Hash::of(weights) == hash) {
                if is_next {
                    self.put_next_best()?;
                }
                return Ok(Some(weights));
            }
        }
        Ok(None)
    }

    /// Removes weights that a process that was killed has left.
    pub fn remove_next_best(&self) {
        let _ = fs::remove_file(self.next_best());
    }

    /// The state of a trial after this epoch, if there is one.
    pub fn read_state(&self, trial: usize, epoch: usize) -> Result<Option<Vec<u8>>, SearchError> {
        read(self.state(trial, epoch))
    }

    pub fn write_state(&self, trial: usize, epoch: usize, state: &[u8]) -> Result<(), SearchError> {
        write(self.state(trial, epoch), state)
    }

    /// Removes the state of a trial after this epoch. One that cannot be removed does no harm.
    pub fn remove_state(&self, trial: usize, epoch: usize) {
        let _ = fs::remove_file(self.state(trial, epoch));
    }

    pub fn best(&self) -> PathBuf {
        self.path.join("best.safetensors")
    }

    fn next_best(&self) -> PathBuf {
        self.path.join("next-best.safetensors")
    }

    fn state(&self, trial: usize, epoch: usize) -> PathBuf {
        self.path.join(std::format!("trial-{trial}.epoch-{epoch}.safetensors"))
    }
}

fn read(path: PathBuf) -> Result<Option<Vec<u8>>, SearchError> {
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SearchError::Read { path, error }),
    }
}

fn write(path: PathBuf, bytes: &[u8]) -> Result<(), SearchError> {
    crate::file::write(&path, bytes).map_err(|error| SearchError::Write { path, error })
}
