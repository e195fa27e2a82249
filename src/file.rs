//! Atomic file writes.

use std::{
    format,
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, Write},
    path::{Path, PathBuf},
    string::String,
};

/// Writes `bytes` to a temporary file in the same folder, syncs it to disk, and renames it to `path`.
///
/// If the program or the machine stops, either the old file or the new one exists. The new file has the permissions of
/// the old one, or those that the umask allows. If `path` is a symbolic link, the link stays and its target is replaced.
///
/// A writer locks its temporary file, and the lock ends with the process. The next write to the same path therefore
/// removes the temporary files that it can lock: their writers were killed.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = &target(path)?;
    let name = path.file_name().ok_or_else(|| invalid("the path does not end in a file name"))?;
    let folder = folder(path);
    if !folder.is_dir() {
        let message = format!("the folder {} does not exist", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    let old = replaceable(path)?;
    // The name of the temporary file has to be short enough for the file system, too.
    let prefix = format!(".{}.", name.to_string_lossy().chars().take(40).collect::<String>());
    remove_left_overs(folder, &prefix);
    let mut temporary = Temporary::create(folder, &prefix, old.as_ref())?;
    temporary.file.write_all(bytes)?;
    temporary.file.sync_all()?;
    // Syncing the folder makes the rename durable. The folder is opened first, so that a failure leaves the old file.
    let folder = if cfg!(unix) { Some(File::open(folder)?) } else { None };
    fs::rename(&temporary.path, path)?;
    folder.map_or(Ok(()), |folder| folder.sync_all())
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Follows symbolic links, also to a file that does not exist yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    const MOST_LINKS: usize = 40;
    let mut path = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => path = folder(&path).join(fs::read_link(&path)?),
            _ => return Ok(path),
        }
    }
    Err(invalid("too many symbolic links"))
}

/// The metadata of the file that will be replaced, if there is one.
fn replaceable(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(invalid("it is a folder: append the name of a file")),
        Ok(metadata) if !metadata.is_file() => Err(invalid("it is a pipe or a device: choose the path of a file")),
        Ok(metadata) if metadata.permissions().readonly() => {
            let message = "the file is read-only: make it writable, or choose another path";
            Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
        }
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A temporary file that is locked, and removed when dropped, unless it was renamed.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn create(folder: &Path, prefix: &str, old: Option<&Metadata>) -> io::Result<Self> {
        const ATTEMPTS: usize = 1000;
        for _ in 0..ATTEMPTS {
            let path = folder.join(format!("{prefix}{:016x}{SUFFIX}", RandomState::new().build_hasher().finish()));
            let file = match create_private_as(&path, old) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => file?,
            };
            let temporary = Self { path, file };
            // Another writer may have taken the file for a left-over before it was locked.
            let taken = matches!(temporary.file.try_lock(), Err(TryLockError::WouldBlock));
            if taken || !temporary.path.exists() {
                continue;
            }
            keep_permissions(&temporary.file, old)?;
            return Ok(temporary);
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "cannot create a temporary file in the folder"))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the rename, there is no file of this name.
        let _ = fs::remove_file(&self.path);
    }
}

/// Creates a file that nobody can read who could not read the old one.
fn create_private_as(path: &Path, old: Option<&Metadata>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if let Some(old) = old {
        use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
        options.mode(old.mode() & 0o700);
    }
    #[cfg(not(unix))]
    let _ = old;
    options.open(path)
}

/// Gives the file the mode of the old one, and its owner and group if the system permits it.
fn keep_permissions(file: &File, old: Option<&Metadata>) -> io::Result<()> {
    let Some(old) = old else { return Ok(()) };
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let new = file.metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            let _ = fchown(file, Some(old.uid()), Some(old.gid())).or_else(|_| fchown(file, None, Some(old.gid())));
        }
    }
    file.set_permissions(old.permissions())
}

const SUFFIX: &str = ".tmp";

/// Removes the temporary files of writers that were killed. Files that cannot be removed do no harm.
fn remove_left_overs(folder: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let id = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(SUFFIX));
        let is_temporary = id.is_some_and(|id| id.len() == 16 && id.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if is_temporary
            && entry.file_type().is_ok_and(|kind| kind.is_file())
            && let Ok(file) = OpenOptions::new().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}
