//! The folder of a search: its journal, the best weights, and the states of trials that may continue.

use std::{
    fs, io,
    path::{Path, PathBuf},
    vec::Vec,
};

use super::{
    SearchError,
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
        let folder = Self { path: path.into(), journal };
        if parts.iter().any(|part| part.best.is_some()) && !folder.best().exists() {
            return Err(SearchError::NoWeights { path: folder.best() });
        }
        Ok((folder, parts))
    }

    pub fn add(&mut self, part: &Part) -> Result<(), SearchError> {
        self.journal.add(part)
    }

    pub fn read_best(&self) -> Result<Vec<u8>, SearchError> {
        fs::read(self.best()).map_err(|error| SearchError::Read { path: self.best(), error })
    }

    pub fn write_best(&self, weights: &[u8]) -> Result<(), SearchError> {
        write(self.best(), weights)
    }

    /// The state of a trial after this epoch, if there is one.
    pub fn read_state(&self, trial: usize, epoch: usize) -> Result<Option<Vec<u8>>, SearchError> {
        let path = self.state(trial, epoch);
        match fs::read(&path) {
            Ok(state) => Ok(Some(state)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(SearchError::Read { path, error }),
        }
    }

    pub fn write_state(&self, trial: usize, epoch: usize, state: &[u8]) -> Result<(), SearchError> {
        write(self.state(trial, epoch), state)
    }

    /// Removes the state of a trial after this epoch. One that cannot be removed does no harm.
    pub fn remove_state(&self, trial: usize, epoch: usize) {
        let _ = fs::remove_file(self.state(trial, epoch));
    }

    fn best(&self) -> PathBuf {
        self.path.join("best.safetensors")
    }

    fn state(&self, trial: usize, epoch: usize) -> PathBuf {
        self.path.join(std::format!("trial-{trial}.epoch-{epoch}.safetensors"))
    }
}

fn write(path: PathBuf, bytes: &[u8]) -> Result<(), SearchError> {
    crate::file::write(&path, bytes).map_err(|error| SearchError::Write { path, error })
}
