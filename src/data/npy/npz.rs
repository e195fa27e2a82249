//! NumPy's NPZ files: zip archives of NPY files.

use std::{
    collections::BTreeMap,
    format,
    io::{self, Cursor, Read, Write},
    path::Path,
    string::String,
    vec::Vec,
};

use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{TooLarge, classes, encode_labels, encode_samples, samples};
use crate::{
    Tensor,
    data::{DataError, file},
    kind::{START, kind},
    short::short,
};

/// The named arrays of an NPZ file.
#[derive(Clone, Debug, Default)]
pub struct Npz {
    file: String,
    /// The archive that was read. Its arrays are decompressed when they are read.
    archive: Vec<u8>,
    arrays: BTreeMap<String, Source>,
}

#[derive(Clone, Debug)]
enum Source {
    /// The index of an entry of the archive.
    Packed(usize),
    /// The contents of an NPY file, or the reason why there are none.
    Npy(Result<Vec<u8>, TooLarge>),
}

const EXTENSION: &str = ".npy";

impl Npz {
    /// Creates an NPZ file without arrays.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file from `np.savez` or `np.savez_compressed`.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, or is not an NPZ file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let (path, mut bytes) = (path.as_ref(), Vec::new());
        let (mut reader, name) = (file::open(path)?, file::name(path));
        // A large file of another kind is not read as a whole.
        reader.by_ref().take(START as u64).read_to_end(&mut bytes).map_err(DataError::io(&name))?;
        if bytes.starts_with(b"PK") {
            reader.read_to_end(&mut bytes).map_err(DataError::io(&name))?;
        }
        Self::from_bytes(bytes, &name)
    }

    /// Like [`open`](Self::open), from the contents of a file. Error messages refer to it as `name`.
    ///
    /// # Errors
    ///
    /// Returns an error if the bytes are not an NPZ file.
    pub fn from_bytes(bytes: Vec<u8>, name: &str) -> Result<Self, DataError> {
        let other = kind(&bytes).filter(|_| !bytes.starts_with(b"PK"));
        let mut archive = open(&bytes, name).map_err(|error| match other {
            Some(kind) => DataError::format(name, format!("{kind}"), "an NPZ file"),
            None => error,
        })?;
        let mut arrays = BTreeMap::new();
        for number in 0..archive.len() {
            let entry = archive.by_index_raw(number).map_err(|error| malformed(name, &error))?;
            let path = entry.name().map_err(|error| malformed(name, &error))?;
            if let Some(array) = path.strip_suffix(EXTENSION)
                && arrays.insert(array.into(), Source::Packed(number)).is_some()
            {
                let found = format!("two arrays `{}`", short(array));
                return Err(DataError::format(name, found, "an NPZ file, in which each array has its own name"));
            }
        }
        if arrays.is_empty()
            && !archive.is_empty()
            && let Some(kind) = kind(&bytes)
        {
            return Err(DataError::format(name, format!("{kind}"), "an NPZ file"));
        }
        Ok(Self { file: name.into(), archive: bytes, arrays })
    }

    /// The names of the arrays.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.arrays.keys().map(String::as_str)
    }

    /// Returns the samples in an array, like [`read`](super::read).
    ///
    /// # Errors
    ///
    /// Returns an error if there is no array with this name, and the errors of [`read`](super::read).
    pub fn read<X: Tensor>(&self, name: &str) -> Result<Vec<X>, DataError> {
        self.with_array(name, |reader, location| samples(reader, location))
    }

    /// Returns the class indices in an array, like [`labels`](super::labels).
    ///
    /// # Errors
    ///
    /// Returns an error if there is no array with this name, and the errors of [`labels`](super::labels).
    pub fn labels(&self, name: &str) -> Result<Vec<usize>, DataError> {
        self.with_array(name, |reader, location| classes(reader, location))
    }

    /// Calls `read` with the contents of an array, and its location for error messages.
    fn with_array<R>(
        &self,
        name: &str,
        read: impl FnOnce(&mut dyn Read, &str) -> Result<R, DataError>,
    ) -> Result<R, DataError> {
        let location = format!("{}, array `{}`", self.file, short(name));
        match self.arrays.get(name) {
            Some(Source::Npy(Ok(bytes))) => read(&mut &bytes[..], &location),
            Some(Source::Npy(Err(label))) => Err(label.error(&location)),
            Some(&Source::Packed(number)) => {
                let mut archive = open(&self.archive, &self.file)?;
                read(&mut archive.by_index(number).map_err(|error| malformed(&location, &error))?, &location)
            }
            None => {
                let found = self.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                Err(DataError::format(&self.file, format!("the arrays {found}"), format!("an array `{name}`")))
            }
        }
    }

    /// Adds an array of samples.
    #[must_use]
    pub fn with<X: Tensor>(mut self, name: &str, samples: &[X]) -> Self {
        self.arrays.insert(name.into(), Source::Npy(Ok(encode_samples(samples))));
        self
    }

    /// Adds an array of class indices below 2⁵³. If one is larger, [`write`](Self::write) returns an error.
    #[must_use]
    pub fn with_labels(mut self, name: &str, labels: &[usize]) -> Self {
        self.arrays.insert(name.into(), Source::Npy(encode_labels(labels)));
        self
    }

    /// Writes an uncompressed NPZ file. The write is atomic.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written, if a class index is not below 2⁵³, or if an array that was read
    /// from another file is damaged.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), DataError> {
        let path = path.as_ref();
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let failed = |error: zip::result::ZipError| DataError::io(&file::name(path))(error.into());
        for (name, source) in &self.arrays {
            let large = |length: u64| u32::try_from(length).is_err();
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            let entry = format!("{name}{EXTENSION}");
            match source {
                Source::Npy(bytes) => {
                    let bytes = bytes
                        .as_ref()
                        .map_err(|label| label.error(&format!("{}, array `{}`", path.display(), short(name))))?;
                    archive.start_file(entry, options.large_file(large(bytes.len() as u64))).map_err(failed)?;
                    archive.write_all(bytes).map_err(DataError::io(&file::name(path)))?;
                }
                &Source::Packed(number) => {
                    let mut packed = open(&self.archive, &self.file)?;
                    let mut reader = packed.by_index(number).map_err(|error| malformed(&self.file, &error))?;
                    archive.start_file(entry, options.large_file(large(reader.size()))).map_err(failed)?;
                    io::copy(&mut reader, &mut archive).map_err(DataError::io(&self.file))?;
                }
            }
        }
        file::write(path, &archive.finish().map_err(failed)?.into_inner())
    }
}

fn open<'a>(bytes: &'a [u8], name: &str) -> Result<ZipArchive<Cursor<&'a [u8]>>, DataError> {
    ZipArchive::new(Cursor::new(bytes)).map_err(|error| malformed(name, &error))
}

fn malformed(name: &str, error: &dyn core::error::Error) -> DataError {
    DataError::format(name, format!("a malformed one: {error}"), "an NPZ file")
}
