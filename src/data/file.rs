//! Opening files, compressed or not.

use std::{
    boxed::Box,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    string::{String, ToString},
};

use super::DataError;

/// How messages name a file.
pub(super) fn name(path: &Path) -> String {
    path.display().to_string()
}

/// Opens a file to read from its start.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>, DataError> {
    let file = name(path);
    let mut reader = BufReader::new(File::open(path).map_err(DataError::io(&file))?);
    let gzip = reader.fill_buf().map_err(DataError::io(&file))?.starts_with(&[0x1f, 0x8b]);
    if !gzip {
        return Ok(Box::new(reader));
    }
    #[cfg(feature = "gzip")]
    return Ok(Box::new(flate2::bufread::MultiGzDecoder::new(reader)));
    #[cfg(not(feature = "gzip"))]
    Err(DataError::format(&file, "a file compressed by gzip", "a plain one, or the crate's feature `gzip` on"))
}

/// Writes a whole file, or nothing: first beside it, then in its place.
#[cfg(feature = "npy")]
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    use std::io::Write;

    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // As for any new file, less what the user's mask takes away.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let whole = builder.tempfile_in(folder).and_then(|mut file| {
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    });
    whole.map(drop).map_err(DataError::io(&name(path)))
}
