//! Files beside the source of a program.

use std::{
    io,
    path::{self, Path, PathBuf},
};

use proc_macro2::Span;

/// Resolves a path relative to the source file at `place`.
pub fn resolve(file: &Path, place: Span) -> io::Result<PathBuf> {
    match place.unwrap().local_file() {
        Some(source) => path::absolute(source.with_file_name("").join(file)),
        None if file.is_absolute() => Ok(file.into()),
        None => Err(io::Error::other("the compiler does not say beside which file: write an absolute path")),
    }
}
