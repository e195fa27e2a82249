//! Weights from other libraries.

mod attention;
mod recurrent;

use std::{collections::BTreeSet, format, iter::repeat_n, path::Path, string::String, vec, vec::Vec};

use self::attention::{of_keras, of_pytorch, parts_in_keras};
use super::{
    FileError,
    kinds::Kinds,
    read,
    tensors::{Assign, Axes, ExpectedTensor, Reader, expected_tensors},
};
use crate::{
    layer::{self, Layer, Role},
    short::short,
};

/// Loads weights that were trained in PyTorch or Keras, from a safetensors file.
///
/// In PyTorch, `save_file` writes a `state_dict`:
///
/// ```python
/// from safetensors.torch import save_file
/// save_file(model.state_dict(), "model.safetensors")
/// ```
///
/// In Keras, whose own format is not supported, write the weights like this:
///
/// ```python
#[doc = include_str!("../keras_weights.py")]
/// ```
///
/// It numbers the layers that have weights, also inside other models, and counts what it writes. A layer that the model
/// uses twice is in the file once: name it twice with [`layers`](Self::layers).
///
/// The layers of the file are matched with the layers of the network as follows:
///
/// 1. by name, if both have the same names;
/// 2. in numerical order, if the names in the file differ only in numbers (`0`, `2`, `4`, or `fc1`, `fc2`);
/// 3. otherwise as specified with [`layers`](Self::layers).
///
/// For `include_weights!`, which reads files of this crate, write the loaded network with [`save`](super::save).
///
/// Shapes are checked, but activations are not, because the file does not contain them: the network must have the
/// activations that the weights were trained with. Preprocessing layers, such as `Standardize`, keep their statistics.
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
    /// Expects the parameters of PyTorch: `weight` with shape `[OUT, IN]`, or `[FILTERS, CHANNELS, ROWS, COLUMNS]` for a
    /// convolution (`[CHANNELS, 1, ROWS, COLUMNS]` if it is depthwise, without `ROWS` for a series), and `bias`.
    /// `nn.Flatten` flattens the planes of the channels one after another: the weights of the layers after it are
    /// reordered, also if there is a normalization or a branch in between. Those before an `nn.Unflatten` are not. A
    /// normalization has `weight`, `bias`, `running_mean` and `running_var`; a recurrent layer has `weight_ih_l0`,
    /// `weight_hh_l0`, `bias_ih_l0` and `bias_hh_l0`. One in both directions has the same with the suffix `_reverse`,
    /// too: it is one layer of the file, whose path in the network is that of `Bidirectional`. A module with several
    /// layers (`num_layers=2`, with `weight_ih_l1` and so on) counts as several layers of the same name: with
    /// [`layers`](Self::layers), name it for each of them, as in `&[("0", "lstm"), ("1", "lstm")]`. A cell, such as
    /// `nn.GRUCell`, has the same parameters without a suffix. `nn.MultiheadAttention` has `in_proj_weight`,
    /// `in_proj_bias`, `out_proj.weight` and `out_proj.bias`. A convolution of one step may be an `nn.Linear`. If a
    /// recurrent layer or attention has no bias in the file at all (`bias=False`), its biases are 0.
    pub const fn pytorch() -> Self {
        Self { source: Source::Pytorch, layers: &[] }
    }

    /// Expects the parameters of Keras: `kernel` with shape `[IN, OUT]`, or `[ROWS, COLUMNS, CHANNELS, FILTERS]` for a
    /// convolution (`[ROWS, COLUMNS, CHANNELS, 1]` if it is depthwise), and `bias`; for a normalization, `gamma`, `beta`,
    /// `moving_mean` and `moving_variance`; for a recurrent layer, also `recurrent_kernel`; for an embedding, `embeddings`.
    /// The two directions of a bidirectional layer are two layers of the file. Attention is four: `query`, `key`, `value`
    /// and `attention_output`. A convolution of one step may be a `Dense` layer. If a recurrent layer or attention has no
    /// bias in the file (`use_bias=False`), its biases are 0. A `GRU` must have `reset_after=True`, which is the default:
    /// without biases, the shapes do not reveal it.
    pub const fn keras() -> Self {
        Self { source: Source::Keras, layers: &[] }
    }

    /// Specifies the name in the file of each layer with weights, as pairs of the path in the network (as in the
    /// summary) and the name in the file, such as `&[("0", "encoder.fc"), ("1", "head")]`. Other layers in the file are
    /// ignored.
    #[must_use]
    pub const fn layers(self, layers: &'a [(&'a str, &'a str)]) -> Self {
        Self { layers, ..self }
    }

    /// Loads the weights of `network` from a safetensors file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or is truncated, if the layers cannot be matched, if names or shapes
    /// of tensors differ, or if a weight is NaN or infinite. The network is then unchanged.
    pub fn load<N: Layer>(&self, network: &mut N, path: impl AsRef<Path>) -> Result<(), FileError> {
        let (file, bytes) = read(path.as_ref())?;
        let reader = Reader::new(&file, &bytes)?;
        let mut expected = expected_tensors(network);
        expected.retain(|tensor| is_weight(tensor.role));
        self.rename(&mut expected, &Kinds::of(network), &reader)?;
        let ignored = |name: &str| {
            let layer = layer_in(&reader, name);
            // PyTorch counts the batches of a batch norm.
            name.ends_with(".num_batches_tracked")
                || !self.layers.is_empty() && !self.layers.iter().any(|&(_, theirs)| theirs == layer)
        };
        let values = reader.read(&expected, ignored)?;
        reader.check(&expected, &values)?;
        let mut assign = Assign { values: values.into_iter(), selected: is_weight };
        N::parameters_mut([network], layer::Path::ROOT, &mut assign);
        Ok(())
    }

    /// Sets the name and the shape that each tensor has in the file.
    fn rename(&self, tensors: &mut [ExpectedTensor], kinds: &Kinds, reader: &Reader<'_>) -> Result<(), FileError> {
        let layers = self.match_layers(tensors, kinds, reader)?;
        let theirs_of = |layer: &str| layers.iter().find(|(own, _)| own == layer).map_or("", |(_, theirs)| theirs);
        for tensor in tensors {
            let module = self.module(&tensor.layer, kinds);
            let theirs = theirs_of(module);
            if let Some(attention) = kinds.attention.get(&tensor.layer) {
                match self.source {
                    Source::Pytorch => of_pytorch(tensor, attention, theirs),
                    Source::Keras => {
                        let parts = parts_in_keras(&tensor.layer).map(|part| theirs_of(&part));
                        of_keras(tensor, attention, parts);
                    }
                }
                tensor.is_zero = lacks_bias(tensor, reader);
                continue;
            }
            if let Some(recurrence) = kinds.recurrent.get(&tensor.layer) {
                match self.source {
                    Source::Pytorch => {
                        let before = layers.iter().take_while(|(own, _)| own != module);
                        let level = before.filter(|(_, other)| other == theirs).count();
                        let reverse = kinds.directions.get(&tensor.layer).is_some_and(|&(_, second)| second);
                        let suffix = recurrent::suffix_in_pytorch(reader, theirs, level, reverse);
                        recurrent::of_pytorch(tensor, recurrence, theirs, &suffix);
                    }
                    Source::Keras => recurrent::of_keras(tensor, recurrence, theirs),
                }
                tensor.is_zero = lacks_bias(tensor, reader);
                continue;
            }
            let parameter = match self.source {
                source if kinds.norms.contains(&tensor.layer) => of_norm(source, tensor.parameter),
                Source::Pytorch if kinds.rms_norms.contains(&tensor.layer) => "weight",
                Source::Pytorch if kinds.p_relus.contains(&tensor.layer) => "weight",
                Source::Pytorch if matches!(tensor.parameter, "kernel" | "table") => "weight",
                Source::Keras if tensor.parameter == "table" => "embeddings",
                _ => tensor.parameter,
            };
            tensor.name = name_in(theirs, parameter);
            if let [1, inputs, outputs] = tensor.shape[..]
                && reader.rank(&tensor.name) == Some(2)
            {
                // A dense layer that applies to each step.
                tensor.shape = vec![inputs, outputs];
            }
            if let (Source::Pytorch, Some(places)) = (self.source, kinds.flattened.get(&tensor.layer)) {
                let Some(places) = places else {
                    let reason = format!(
                        "the inputs of layer {} contain a flattened image, joined with vectors so that their order in PyTorch \
                         is unknown: pool the image instead",
                        tensor.layer
                    );
                    return Err(FileError::Layers { file: reader.file.into(), reason });
                };
                if let [numbers] = tensor.shape[..]
                    && (numbers == places.len() && tensor.parameter != "bias")
                {
                    tensor.places = Some(places.clone());
                }
            }
            if tensor.role == Role::Kernel && !kinds.embeddings.contains(&tensor.layer) {
                match self.source {
                    Source::Pytorch => as_in_pytorch(tensor, kinds),
                    Source::Keras if kinds.depthwise.contains(&tensor.layer) => tensor.shape.push(1),
                    Source::Keras => {}
                }
            }
        }
        Ok(())
    }

    /// The path of the layer that has a name in the file. PyTorch has both directions of a recurrent layer in one.
    fn module<'k>(&self, layer: &'k str, kinds: &'k Kinds) -> &'k str {
        match (self.source, kinds.directions.get(layer)) {
            (Source::Pytorch, Some((both, _))) => both,
            _ => layer,
        }
    }

    /// Matches the layers of the network with those of the file, as described for [`Import`].
    fn match_layers(
        &self,
        tensors: &[ExpectedTensor],
        kinds: &Kinds,
        reader: &Reader<'_>,
    ) -> Result<Vec<(String, String)>, FileError> {
        let parts = |tensor: &ExpectedTensor| match self.source {
            Source::Keras if kinds.attention.contains_key(&tensor.layer) => parts_in_keras(&tensor.layer).into(),
            _ => vec![self.module(&tensor.layer, kinds).into()],
        };
        let mut own: Vec<String> = Vec::new();
        for part in tensors.iter().flat_map(parts) {
            if !own.contains(&part) {
                own.push(part);
            }
        }
        let names = reader.names();
        let mut theirs: Vec<String> = names
            .iter()
            .map(|name| layer_in(reader, name))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .flat_map(|layer| repeat_n(layer.into(), recurrent::layers_in_pytorch(reader, layer)))
            .collect();
        let shown = short(format!("{theirs:?}"));
        let ambiguous = |reason: String| Err(FileError::Layers { file: reader.file.into(), reason });
        const NAME_THEM: &str = "specify the name in the file of each layer with `Import::layers`";

        if !self.layers.is_empty() {
            let named: BTreeSet<&str> = self.layers.iter().map(|&(own, _)| own).collect();
            if named.len() < self.layers.len() || named != own.iter().map(String::as_str).collect() {
                let named: Vec<&str> = self.layers.iter().map(|&(own, _)| own).collect();
                return ambiguous(format!(
                    "names are specified for {named:?}, but the layers with weights are {own:?}: name each of them once"
                ));
            }
            let theirs_of =
                |own: &str| self.layers.iter().find(|&&(named, _)| named == own).map_or("", |&(_, theirs)| theirs);
            return Ok(own.into_iter().map(|own| (own.clone(), theirs_of(&own).into())).collect());
        }
        if own.iter().collect::<BTreeSet<_>>() == theirs.iter().collect() {
            return Ok(own.iter().cloned().zip(own.iter().cloned()).collect());
        }
        if own.len() != theirs.len() {
            let (found, expected) = (theirs.len(), own.len());
            return ambiguous(format!(
                "the file has {found} layers with weights, {shown}, but the network has {expected}, {own:?}: if the \
                 file lacks weights of the model, write it as the documentation of `Import` shows; otherwise {NAME_THEM}"
            ));
        }
        if !theirs.windows(2).all(|pair| without_numbers(&pair[0]) == without_numbers(&pair[1])) {
            return ambiguous(format!(
                "the order of the layers {shown} is unknown; the network has {own:?}: {NAME_THEM}"
            ));
        }
        theirs.sort_by_key(|name| numbers(name));
        Ok(own.into_iter().zip(theirs).collect())
    }
}

/// The name of a parameter of the layer `theirs` in the file.
fn name_in(theirs: &str, parameter: &str) -> String {
    if theirs.is_empty() { parameter.into() } else { format!("{theirs}.{parameter}") }
}

/// The layer of a tensor. That of the output of PyTorch's attention is a part of it.
fn layer_in<'a>(reader: &Reader<'_>, name: &'a str) -> &'a str {
    let layer = layer_of(name);
    let around = if layer == "out_proj" { Some("") } else { layer.strip_suffix(".out_proj") };
    around.filter(|around| reader.rank(&name_in(around, "in_proj_weight")).is_some()).unwrap_or(layer)
}

/// Whether it is a bias of a layer without any in the file, as with `bias=False`.
fn lacks_bias(tensor: &ExpectedTensor, reader: &Reader<'_>) -> bool {
    let layer = layer_in(reader, &tensor.name);
    let is_bias = |name: &String| layer_in(reader, name) == layer && name[layer.len()..].contains("bias");
    tensor.role == Role::Bias && !reader.names().iter().any(is_bias)
}

/// The name of a parameter of a normalization layer.
fn of_norm(source: Source, parameter: &'static str) -> &'static str {
    match (source, parameter) {
        (Source::Pytorch, "scale") => "weight",
        (Source::Pytorch, "shift") => "bias",
        (Source::Pytorch, "mean") => "running_mean",
        (Source::Pytorch, "variance") => "running_var",
        (Source::Keras, "scale") => "gamma",
        (Source::Keras, "shift") => "beta",
        (Source::Keras, "mean") => "moving_mean",
        (Source::Keras, "variance") => "moving_variance",
        (_, parameter) => parameter,
    }
}

/// Sets the shape and the order of axes of a kernel in PyTorch: `[OUT, IN]`, or `[FILTERS, CHANNELS, ROWS, COLUMNS]`
/// (transposed, `[CHANNELS, FILTERS, ROWS, COLUMNS]`). The inputs of a layer after `nn.Flatten` are the planes of an
/// image, one for each channel.
fn as_in_pytorch(tensor: &mut ExpectedTensor, kinds: &Kinds) {
    let flattened = kinds.flattened.get(&tensor.layer).and_then(Option::as_ref);
    let (lengths, order): (_, &[usize]) = match (&tensor.shape[..], flattened) {
        (&[steps, channels], _) if kinds.depthwise.contains(&tensor.layer) => (vec![channels, 1, steps], &[2, 0]),
        (&[inputs, outputs], None) => (vec![outputs, inputs], &[1, 0]),
        (&[inputs, outputs], Some(places)) => {
            tensor.shape = vec![outputs, inputs];
            let of_input = |&place: &usize| (0..outputs).map(move |output| output * inputs + place);
            tensor.places = Some(places.iter().flat_map(of_input).collect());
            return;
        }
        (&[rows, columns, channels], _) if kinds.depthwise.contains(&tensor.layer) => {
            (vec![channels, 1, rows, columns], &[2, 3, 0])
        }
        (&[steps, channels, filters], _) => (vec![filters, channels, steps], &[2, 1, 0]),
        (&[rows, columns, channels, filters], _) => (vec![filters, channels, rows, columns], &[2, 3, 1, 0]),
        _ => return,
    };
    tensor.shape.clone_from(&lengths);
    tensor.axes = Some(Axes { lengths, order });
}

/// Whether a parameter is trainable. Files of other libraries contain no statistics of preprocessing layers.
fn is_weight(role: Role) -> bool {
    role != Role::Statistic
}

/// The name of a tensor without its last component: the layer.
fn layer_of(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(layer, _)| layer)
}

fn without_numbers(name: &str) -> Vec<&str> {
    name.split(|letter: char| letter.is_ascii_digit()).filter(|part| !part.is_empty()).collect()
}

/// The numbers in a name, saturating at `u64::MAX`.
fn numbers(name: &str) -> Vec<u64> {
    let digits = name.split(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty());
    digits.map(|digits| digits.parse().unwrap_or(u64::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_ordered_by_the_numbers_in_their_names() {
        assert_eq!((layer_of("net.10.weight"), layer_of("weight")), ("net.10", ""));
        assert_eq!(without_numbers("net.10.fc2"), without_numbers("net.9.fc11"));
        assert_ne!(without_numbers("features.1"), without_numbers("classifier.1"));
        assert!(numbers("net.9.fc11") < numbers("net.10.fc2"));
    }
}
