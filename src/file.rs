//! Files that are there whole or not at all.

use std::{ffi::OsStr, format, fs::File, io, io::Write, path::Path};

/// Writes `bytes` to a new file in the same folder, to the disk, and then moves it to `path`: whenever the program or the
/// machine stops, there is the old file or the new one. What a killed program may leave behind is a `.tmp` file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name =
        path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "this is not a file's name"))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        let message = format!("there is no folder {}", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    let prefix = format!(".{}.", name.display());
    let mut builder = tempfile::Builder::new();
    builder.prefix(OsStr::new(&prefix)).suffix(".tmp");
    // Without this, others could not read it, whatever the user's mask says.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    // The new name, too, is on the disk once the folder is. A folder that cannot be opened is an error while there is still
    // the old file.
    let folder = if cfg!(unix) { Some(File::open(folder)?) } else { None };
    file.persist(path)?;
    folder.map_or(Ok(()), |folder| folder.sync_all())
}
