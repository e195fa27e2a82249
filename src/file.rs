//! Atomic file writes.

use std::{ffi::OsStr, format, fs::File, io, io::Write, path::Path};

/// Writes `bytes` to a temporary file in the same folder, syncs it to disk, and renames it to `path`.
///
/// If the program or the machine stops, either the old file or the new one exists. A killed program may leave a `.tmp`
/// file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path does not end in a file name"))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        let message = format!("the folder {} does not exist", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    let prefix = format!(".{}.", name.display());
    let mut builder = tempfile::Builder::new();
    builder.prefix(OsStr::new(&prefix)).suffix(".tmp");
    // Temporary files are private by default. Other users get the permissions that the umask allows, as for any new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    // Syncing the folder makes the rename durable. The folder is opened first, so that a failure leaves the old file.
    let folder = if cfg!(unix) { Some(File::open(folder)?) } else { None };
    file.persist(path)?;
    folder.map_or(Ok(()), |folder| folder.sync_all())
}
