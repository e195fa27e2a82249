//! Writing a file whole or not at all.

use std::{
    io::{self, Write as _},
    path::Path,
    string::String,
};

use super::ReportError;

/// Writes beside the place and moves it there: a crash leaves the old file or the new one, never half of it.
pub(super) fn save(path: &Path, content: &[u8]) -> Result<(), ReportError> {
    let write = || -> io::Result<()> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|error| ReportError::File { path: path.into(), error })
}

/// How the name of the file ends, in small letters.
pub(super) fn ending(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}
