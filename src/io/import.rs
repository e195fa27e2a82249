//! Weights that other libraries have trained.

use std::{collections::BTreeSet, format, path::Path, string::String, vec::Vec};

use super::{
    FileError,
    tensors::{Put, Reader, Wanted, wanted},
    weights::read,
};
use crate::layer::{self, Layer, Role};

/// Loads weights that PyTorch or Keras trained, from a safetensors file.
///
/// In PyTorch, `save_file` makes one of a `state_dict`:
///
/// ```python
/// from safetensors.torch import save_file
/// save_file(model.state_dict(), "model.safetensors")
/// ```
///
/// In Keras, whose own files are HDF5 in a zip, three lines do:
///
/// ```python
/// from safetensors.numpy import save_file
/// layers = enumerate(model.layers)
/// save_file({f"{i}.{w.name}": w.numpy() for i, layer in layers for w in layer.weights}, "model.safetensors")
/// ```
///
/// Layers of the file go to those of the network of the same name if all names are the same; else, if they differ from
/// each other in numbers alone (`0`, `2`, `4`, or `fc1`, `fc2`), in the order of these numbers; else [`layers`](Self::layers)
/// says which is which. All shapes are checked. Preprocessing layers, such as `Standardize`, keep the statistics that they
/// have: files of weights hold none. What a file cannot tell is the activations: those of the network's type have
/// to be the ones that the weights were trained with.
///
/// ```
/// use shiplap::{io::Import, prelude::*};
///
/// // nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
/// let mut network = <(Dense<4, 8, Relu>, Dense<8, 3, Linear>)>::zeroed();
/// let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exchange/torch_sequential.safetensors");
/// Import::pytorch().load(&mut network, path)?;
/// # Ok::<(), shiplap::io::FileError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    source: Source,
    layers: &'a [(&'a str, &'a str)],
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Pytorch,
    Keras,
}

impl<'a> Import<'a> {
    /// From PyTorch: `weight`, of the shape `[OUT, IN]`, and `bias`.
    pub const fn pytorch() -> Self {
        Self { source: Source::Pytorch, layers: &[] }
    }

    /// From Keras: `kernel`, of the shape `[IN, OUT]`, and `bias`.
    pub const fn keras() -> Self {
        Self { source: Source::Keras, layers: &[] }
    }

    /// For each layer of the network that has weights, its path there (as in the summary) and its name in the file:
    /// `&[("0", "encoder.fc"), ("1", "head")]`. Other layers in the file are then left out.
    #[must_use]
    pub const fn layers(self, layers: &'a [(&'a str, &'a str)]) -> Self {
        Self { layers, ..self }
    }

    /// Gives `network` the weights of the file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not whole, when it cannot be told which layer is which, when names or shapes of
    /// tensors differ, or a weight is NaN or infinite. The network is then as it was.
    pub fn load<N: Layer>(&self, network: &mut N, path: impl AsRef<Path>) -> Result<(), FileError> {
        let (file, bytes) = read(path.as_ref())?;
        let reader = Reader::new(&file, &bytes)?;
        let mut wanted = wanted(network);
        wanted.retain(|wanted| is_trained(wanted.role));
        self.rename(&mut wanted, &reader)?;
        let others = |name: &str| {
            let layer = layer_of(name);
            !self.layers.is_empty() && !self.layers.iter().any(|&(_, theirs)| theirs == layer)
        };
        let values = reader.read(&wanted, others)?;
        reader.all_finite(&wanted, &values)?;
        let mut put = Put { values: values.into_iter(), meant: is_trained };
        N::parameters_mut([network], layer::Path::ROOT, &mut put);
        Ok(())
    }

    /// Gives each tensor the name and the shape that it has in the file.
    fn rename(&self, wanted: &mut [Wanted], reader: &Reader<'_>) -> Result<(), FileError> {
        let layers = self.pairs(wanted, reader)?;
        for tensor in wanted {
            let theirs = layers.iter().find(|(own, _)| *own == tensor.layer).map_or("", |(_, theirs)| theirs);
            let parameter = match (self.source, tensor.parameter) {
                (Source::Pytorch, "kernel") => "weight",
                (_, parameter) => parameter,
            };
            tensor.name = if theirs.is_empty() { parameter.into() } else { format!("{theirs}.{parameter}") };
            if matches!(self.source, Source::Pytorch) && tensor.role == Role::Kernel && tensor.shape.len() == 2 {
                tensor.transposed = true;
                tensor.shape.reverse();
            }
        }
        Ok(())
    }

    /// Which layer of the network is which of the file.
    fn pairs(&self, wanted: &[Wanted], reader: &Reader<'_>) -> Result<Vec<(String, String)>, FileError> {
        let mut own: Vec<String> = wanted.iter().map(|wanted| wanted.layer.clone()).collect();
        own.dedup();
        let names = reader.names();
        let mut theirs: Vec<String> =
            names.iter().map(|name| layer_of(name)).collect::<BTreeSet<_>>().into_iter().map(Into::into).collect();
        let unknown = |reason: String| Err(FileError::Layers { file: reader.file.into(), reason });

        if !self.layers.is_empty() {
            let named: BTreeSet<&str> = self.layers.iter().map(|&(own, _)| own).collect();
            if named != own.iter().map(String::as_str).collect() {
                return unknown(format!("the layers with weights are {own:?}, but those named are {named:?}"));
            }
            return Ok(self.layers.iter().map(|&(own, theirs)| (own.into(), theirs.into())).collect());
        }
        if own.iter().collect::<BTreeSet<_>>() == theirs.iter().collect() {
            return Ok(own.iter().cloned().zip(own.iter().cloned()).collect());
        }
        if own.len() != theirs.len() {
            let (found, expected) = (theirs.len(), own.len());
            return unknown(format!("{found} layers with weights, {theirs:?}, for the network's {expected}, {own:?}"));
        }
        if !theirs.windows(2).all(|pair| without_numbers(&pair[0]) == without_numbers(&pair[1])) {
            return unknown(format!("the order of the layers {theirs:?} is not known, for {own:?}"));
        }
        theirs.sort_by_key(|name| numbers(name));
        Ok(own.into_iter().zip(theirs).collect())
    }
}

/// Whether others' files have it: what preprocessing layers are fitted to, they do not.
fn is_trained(role: Role) -> bool {
    role != Role::Statistic
}

/// All of a tensor's name but the last part.
fn layer_of(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(layer, _)| layer)
}

fn without_numbers(name: &str) -> Vec<&str> {
    name.split(|letter: char| letter.is_ascii_digit()).filter(|part| !part.is_empty()).collect()
}

/// The numbers in a name; those too large to be layers' count as the largest.
fn numbers(name: &str) -> Vec<u64> {
    let digits = name.split(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty());
    digits.map(|digits| digits.parse().unwrap_or(u64::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_by_their_numbers() {
        assert_eq!((layer_of("net.10.weight"), layer_of("weight")), ("net.10", ""));
        assert_eq!(without_numbers("net.10.fc2"), without_numbers("net.9.fc11"));
        assert_ne!(without_numbers("features.1"), without_numbers("classifier.1"));
        assert!(numbers("net.9.fc11") < numbers("net.10.fc2"));
    }
}
