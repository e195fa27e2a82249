//! The journal of a search: one line of JSON for each part of a trial.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::PathBuf,
    string::String,
    vec::Vec,
};

use super::{SearchError, part::Part};

/// The settings of a search by name, which its journal records.
pub(super) type Settings = Vec<(String, String)>;

/// The first line.
#[derive(serde::Serialize, serde::Deserialize)]
struct Header {
    shiplap_search: Settings,
}

/// A journal that is open for more lines. It is locked: no other process writes to it.
///
/// A line counts once it ends. The process may be killed while it writes one: the next one removes that line, and the
/// part of the trial is repeated.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the journal of the search with these settings, or begins it. Returns the parts that it has.
    pub fn open(path: PathBuf, settings: Settings) -> Result<(Self, Vec<Part>), SearchError> {
        let read = |error| SearchError::Read { path: path.clone(), error };
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = options.map_err(|error| SearchError::Write { path: path.clone(), error })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SearchError::Busy { path }),
            Err(TryLockError::Error(error)) => return Err(read(error)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(read)?;
        let header = line(&Header { shiplap_search: settings.clone() });
        let mut journal = Self { path, file };
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        if end == 0 {
            if !header.starts_with(&bytes) {
                return Err(journal.malformed(1, "it is not the journal of a search: choose another folder"));
            }
            journal.cut(0)?;
            journal.write(&header)?;
            journal.sync_folder()?;
            return Ok((journal, Vec::new()));
        }
        let mut lines = bytes[..end - 1].split(|byte| *byte == b'\n');
        let check = journal.check(lines.next().unwrap_or_default(), &settings);
        if matches!(check, Err(SearchError::OtherSearch { .. })) && lines.clone().next().is_none() {
            // Nothing was trained with the settings of the header.
            journal.cut(0)?;
            journal.write(&header)?;
            return Ok((journal, Vec::new()));
        }
        check?;
        let parts = lines.enumerate().map(|(index, text)| {
            serde_json::from_slice(text).map_err(|error| {
                let reason = std::format!("{error}: remove this line and all after it, and their trials are repeated");
                journal.malformed(index + 2, &reason)
            })
        });
        let parts = parts.collect::<Result<_, _>>()?;
        journal.cut(end as u64)?;
        Ok((journal, parts))
    }

    /// Adds a part. It is on disk when the method returns.
    pub fn add(&mut self, part: &Part) -> Result<(), SearchError> {
        self.write(&line(part))
    }

    /// Checks that the first line is that of the search with these settings.
    fn check(&self, header: &[u8], settings: &Settings) -> Result<(), SearchError> {
        let Ok(Header { shiplap_search: saved }) = serde_json::from_slice(header) else {
            return Err(self.malformed(1, "it is not the journal of a search: choose another folder"));
        };
        let none = || String::from("none");
        let names = settings.iter().chain(&saved).map(|(name, _)| name);
        for name in names {
            let get = |list: &Settings| list.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
            let (recorded, requested) = (get(&saved), get(settings));
            if recorded != requested {
                let [recorded, requested] = [recorded, requested].map(|value| value.unwrap_or_else(none));
                let (path, setting) = (self.path.clone(), name.clone());
                return Err(SearchError::OtherSearch { path, setting, recorded, requested });
            }
        }
        Ok(())
    }

    fn malformed(&self, line: usize, reason: &str) -> SearchError {
        SearchError::Journal { path: self.path.clone(), line, reason: reason.into() }
    }

    /// Removes what follows the first `length` bytes.
    fn cut(&mut self, length: u64) -> Result<(), SearchError> {
        let result = self.file.set_len(length).and_then(|()| self.file.seek(SeekFrom::End(0)));
        result.map(drop).map_err(|error| self.failed(error))
    }

    fn write(&mut self, line: &[u8]) -> Result<(), SearchError> {
        let result = self.file.write_all(line).and_then(|()| self.file.sync_all());
        result.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: std::io::Error) -> SearchError {
        SearchError::Write { path: self.path.clone(), error }
    }

    /// Makes the file itself durable, not only its content.
    fn sync_folder(&self) -> Result<(), SearchError> {
        let folder = self.path.parent().filter(|_| cfg!(unix)).map(|folder| File::open(folder)?.sync_all());
        folder.unwrap_or(Ok(())).map_err(|error| self.failed(error))
    }
}

/// A line, with its end.
fn line(content: &impl serde::Serialize) -> Vec<u8> {
    // Text and numbers are always JSON.
    let mut line = serde_json::to_vec(content).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, string::ToString as _, vec};

    use super::*;
    use crate::{
        report::Table,
        search::part::{Best, End},
    };

    fn part(trial: usize, value: f64, end: End) -> Part {
        let mut history = Table::default();
        history.push(1, &[("loss".into(), value)]);
        history.push(2, &[("loss".into(), 0.1 + 0.2), ("val_loss".into(), value)]);
        Part { trial, last: 2, history, best: Some(Best { epoch: 1, value }), weights: Some(u64::MAX), end }
    }

    fn settings(epochs: &str) -> Settings {
        vec![("epochs".into(), epochs.into()), ("seeds".into(), "[0]".into())]
    }

    fn open(path: &Path) -> Result<(Journal, Vec<Part>), SearchError> {
        Journal::open(path.into(), settings("2"))
    }

    /// A path in a folder of its own, which is removed with the value.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(std::format!("shiplap.journal.{name}.{}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir(&folder).unwrap();
            Self(folder.join("journal.jsonl"))
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(self.0.parent().unwrap());
        }
    }

    /// Whatever byte is the last that a killed process has written.
    #[test]
    fn a_torn_line_is_removed() {
        let place = Place::new("torn");
        let parts = [
            part(0, 1.0 / 3.0, End::Trained),
            part(1, f64::INFINITY, End::Stopped),
            part(2, -0.0, End::Failed("\"\n\u{1f600}".into())),
        ];
        let (mut journal, none) = open(&place.0).unwrap();
        assert_eq!(none, []);
        let mut ends = vec![fs::metadata(&place.0).unwrap().len() as usize];
        for part in &parts {
            journal.add(part).unwrap();
            ends.push(fs::metadata(&place.0).unwrap().len() as usize);
        }
        drop(journal);
        let bytes = fs::read(&place.0).unwrap();
        for length in 0..=bytes.len() {
            fs::write(&place.0, &bytes[..length]).unwrap();
            let (mut journal, read) = open(&place.0).unwrap();
            let whole = ends.iter().filter(|end| **end <= length).count().saturating_sub(1);
            assert_eq!(read, parts[..whole], "{length}");
            for part in &parts[whole..] {
                journal.add(part).unwrap();
            }
            drop(journal);
            assert_eq!(fs::read(&place.0).unwrap(), bytes, "{length}");
        }
    }

    #[test]
    fn errors_name_the_journal_and_the_reason() {
        let place = Place::new("errors");
        let text = |settings: Settings| Journal::open(place.0.clone(), settings).unwrap_err().to_string();
        let (mut journal, _) = open(&place.0).unwrap();
        journal.add(&part(0, 0.5, End::Trained)).unwrap();
        assert!(text(settings("2")).contains("another process"));
        drop(journal);
        assert!(text(settings("3")).contains("`epochs` is 2 there, but 3 here"), "{}", text(settings("3")));
        assert!(text(settings("2")[..1].to_vec()).contains("`seeds` is [0] there, but none here"));

        let bytes = fs::read(&place.0).unwrap();
        fs::write(&place.0, [&bytes[..], b"{}\n"].concat()).unwrap();
        assert!(text(settings("2")).contains("line 3") && text(settings("2")).contains("remove this line"));
        for other in ["a,b\n1,2\n", "notes", "{}\n"] {
            fs::write(&place.0, other).unwrap();
            assert!(text(settings("2")).contains("not the journal of a search"), "{other}");
            assert_eq!(fs::read(&place.0).unwrap(), other.as_bytes());
        }
    }
}
