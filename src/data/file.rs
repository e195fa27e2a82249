//! Opening plain and gzip-compressed files, and writing files.

use std::{
    boxed::Box,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    string::{String, ToString},
};

use super::DataError;

/// The name of the file in error messages.
pub(super) fn name(path: &Path) -> String {
    path.display().to_string()
}

/// Opens a file, and decompresses it if it is gzip-compressed.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>, DataError> {
    let file = name(path);
    let mut reader = BufReader::new(File::open(path).map_err(DataError::io(&file))?);
    let gzip = reader.fill_buf().map_err(DataError::io(&file))?.starts_with(&[0x1f, 0x8b]);
    if !gzip {
        return Ok(Box::new(reader));
    }
    #[cfg(feature = "gzip")]
    return Ok(Box::new(super::gzip::Gunzip::new(reader)));
    #[cfg(not(feature = "gzip"))]
    Err(DataError::format(&file, "a gzip-compressed file (enable the feature `gzip`)", "an uncompressed file"))
}

/// Writes a file atomically.
#[cfg(feature = "npy")]
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    crate::file::write(path, bytes).map_err(DataError::io(&name(path)))
}
