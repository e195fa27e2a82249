//! The metadata of weight files and checkpoints: the version of the crate, the layers and their activations.

use core::fmt::Write;
use std::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{FileError, tensors::Reader};
use crate::{
    layer::{Layer, Outline, Path, listing},
    short::short,
};

const ACTIVATIONS: &str = "activations";
const NETWORK: &str = "network";

/// The metadata of a network.
pub(super) fn metadata<N: Layer>() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("shiplap", env!("CARGO_PKG_VERSION").into()),
        (NETWORK, layers::<N>()),
        (ACTIVATIONS, activations::<N>()),
    ])
}

/// Returns an error if the metadata list other activations or other layers than the network has. The tensors determine
/// neither the activations nor the layers without weights, so a mismatch would otherwise go unnoticed.
pub(super) fn check_layers<N: Layer>(reader: &Reader<'_>) -> Result<(), FileError> {
    let network = activations::<N>();
    if let Some(saved) = reader.metadata(ACTIVATIONS)
        && saved != network
    {
        return Err(FileError::Activations { file: reader.file.into(), saved: saved.into(), network });
    }
    let network = layers::<N>();
    let (Some(mut saved), mut own) = (reader.metadata(NETWORK), &network[..]) else { return Ok(()) };
    loop {
        let reason = match (listing::next(saved), listing::next(own)) {
            (None, None) => return Ok(()),
            (Some(theirs), Some(ours)) if listing::is_same(theirs.kind, ours.kind) => {
                (saved, own) = (theirs.rest, ours.rest);
                continue;
            }
            (Some(theirs), Some(ours)) => format!(
                "{} is {} in the file, but {} in the network: use the layers of the file",
                named(ours.path),
                short(theirs.kind),
                ours.kind
            ),
            (Some(theirs), None) => {
                format!("{}, {}, is not in the network: add it", named(theirs.path), short(theirs.kind))
            }
            (None, Some(ours)) => format!("{}, {}, is not in the file: remove it", named(ours.path), ours.kind),
        };
        return Err(FileError::Layers { file: reader.file.into(), reason });
    }
}

fn named(path: &str) -> String {
    if path.is_empty() { "the layer".into() } else { format!("the layer `{}`", short(path)) }
}

/// `0: Dense<10, 10, Relu>, 1: Dense<10, 1, Sigmoid>`
pub(crate) fn layers<N: Layer>() -> String {
    let mut list = String::new();
    add_layers(&N::OUTLINE, Path::ROOT, &mut list);
    list
}

fn add_layers(outline: &Outline, path: Path<'_>, list: &mut String) {
    if let Some(layer) = &outline.layer {
        let (comma, path) = (if list.is_empty() { "" } else { ", " }, path.to_string());
        let colon = if path.is_empty() { "" } else { ": " };
        // Writing to a string does not fail.
        let _ = write!(list, "{comma}{path}{colon}{}", layer.kind.as_str());
    }
    for (name, layer) in outline.children {
        add_layers(layer, path.join(name), list);
    }
}

/// `Relu, Sigmoid`
fn activations<N: Layer>() -> String {
    N::OUTLINE.activations().collect::<Vec<_>>().join(", ")
}
