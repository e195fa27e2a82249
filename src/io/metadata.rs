//! The metadata of weight files and checkpoints: the version of the crate, the layers and their activations.

use core::fmt::Write;
use std::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

use super::{FileError, tensors::Reader};
use crate::layer::{Layer, Path};

const ACTIVATIONS: &str = "activations";

/// The metadata of a network.
pub(super) fn metadata<N: Layer>() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("shiplap", env!("CARGO_PKG_VERSION").into()),
        ("network", layers::<N>()),
        (ACTIVATIONS, activations::<N>()),
    ])
}

/// Returns an error if the metadata list other activations than the network has.
pub(super) fn check_activations<N: Layer>(reader: &Reader<'_>) -> Result<(), FileError> {
    let network = activations::<N>();
    match reader.metadata(ACTIVATIONS) {
        Some(saved) if saved != network => {
            Err(FileError::Activations { file: reader.file.into(), saved: saved.into(), network })
        }
        _ => Ok(()),
    }
}

/// `0: Dense<10, 10, Relu>, 1: Dense<10, 1, Sigmoid>`
fn layers<N: Layer>() -> String {
    let mut text = String::new();
    N::describe(Path::ROOT, &mut |line| {
        let (comma, path) = (if text.is_empty() { "" } else { ", " }, line.path.to_string());
        let colon = if path.is_empty() { "" } else { ": " };
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}{path}{colon}{}", line.kind);
    });
    text
}

/// `Relu, Sigmoid`. The tensors do not determine the activations, so a mismatch would otherwise go unnoticed.
fn activations<N: Layer>() -> String {
    N::OUTLINE.activations().collect::<Vec<_>>().join(", ")
}
