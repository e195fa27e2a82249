//! The comparison of a file with a network, at compile time.

use core::marker::PhantomData;

use super::{Entry, File, Root, Stored, Weights, find, is_equal, is_named};
use crate::{
    layer::{Layer, Outline, Parameter, Path, assert_sound, listing},
    message::Message,
};

/// The proof that the file `W` matches the network `N`.
#[doc(hidden)]
pub struct Checked<N, W>(PhantomData<fn() -> (N, W)>);

impl<N: Layer + Stored<W, Root>, W: Weights<N::Element>> Checked<N, W> {
    /// Does not compile if the file does not match the network.
    #[expect(clippy::new_without_default, reason = "it is for generated code, in `const` context")]
    #[track_caller]
    pub const fn new() -> Self {
        assert_sound(&N::FAULT);
        let mut differences = Differences { text: Message::new(), count: 0, types: false };
        differences = differences.with_tensors(&N::OUTLINE, &Path::ROOT, &W::FILE);
        let mut index = 0;
        while index < W::FILE.tensors.len() {
            let Entry { name, shape, .. } = &W::FILE.tensors[index];
            if !has(&N::OUTLINE, &Path::ROOT, name) {
                differences = differences.begin().text(name).shape("` ", shape).text(" is not in the network");
            }
            index += 1;
        }
        differences.assert_none(W::FILE.name);
        assert_activations::<N, W>();
        if let Some(message) = other_layers(&N::OUTLINE, W::FILE.name, W::FILE.network) {
            panic!("{}", message.as_str());
        }
        Self(PhantomData)
    }

    /// The network.
    pub const fn network(self) -> N {
        N::STORED
    }
}

/// Whether the network has the tensor `name`.
const fn has(outline: &Outline, path: &Path<'_>, name: &str) -> bool {
    if outline.in_flash {
        return false;
    }
    let mut index = 0;
    if let Some(layer) = &outline.layer {
        while index < layer.tensors.len() {
            if is_named(path, layer.tensors[index].name, name) {
                return true;
            }
            index += 1;
        }
    }
    index = 0;
    while index < outline.children.len() {
        let (child, outline) = &outline.children[index];
        if has(outline, &path.join(child), name) {
            return true;
        }
        index += 1;
    }
    false
}

/// The maximum number of differences listed.
const SHOWN: usize = 8;

/// The differences between a file and a network.
#[derive(Clone, Copy)]
struct Differences {
    text: Message<2048>,
    count: usize,
    /// Whether one of the differences is a type of number that `io::load` converts.
    types: bool,
}

impl Differences {
    const fn with_tensors<T>(mut self, outline: &Outline, path: &Path<'_>, file: &File<T>) -> Self {
        if outline.in_flash {
            return self;
        }
        let mut index = 0;
        if let Some(layer) = &outline.layer {
            while index < layer.tensors.len() {
                let Parameter { name, .. } = layer.tensors[index];
                self = self.with_tensor(path, &layer.tensors[index], find(file, path, name));
                index += 1;
            }
        }
        index = 0;
        while index < outline.children.len() {
            let (name, outline) = &outline.children[index];
            self = self.with_tensors(outline, &path.join(name), file);
            index += 1;
        }
        self
    }

    const fn with_tensor<T>(self, path: &Path<'_>, parameter: &Parameter<'_>, found: Option<&Entry<T>>) -> Self {
        let Parameter { name, shape, never_negative, .. } = *parameter;
        let Some(tensor) = found else {
            return self.begin().path(&path.join(name)).shape("` ", shape).text(" is missing");
        };
        if !is_shape(tensor.shape, shape) {
            return self.begin().text(tensor.name).shape("` is ", tensor.shape).shape(", and should be ", shape);
        }
        if tensor.values.is_none() {
            let wanted = if size_of::<T>() == size_of::<f32>() { "F32" } else { "F64" };
            let types = self.types || matches!(tensor.element.as_bytes(), b"F32" | b"F64");
            let differences = Self { types, ..self }.begin().text(tensor.name).text("` is of ");
            return differences.text(tensor.element).text(", and should be of ").text(wanted);
        }
        if never_negative && tensor.negative.is_some() {
            return self.begin().text(tensor.name).text("` has a negative number, and should have none");
        }
        self
    }

    /// Starts a difference with the name of a tensor.
    const fn begin(self) -> Self {
        let text = match self.count {
            0 => self.text.text("`"),
            1..SHOWN => self.text.text("; `"),
            _ => self.text,
        };
        Self { text, count: self.count + 1, ..self }
    }

    const fn text(self, text: &str) -> Self {
        if self.count > SHOWN {
            return self;
        }
        Self { text: self.text.text(text), ..self }
    }

    const fn shape(self, before: &str, shape: &[usize]) -> Self {
        if self.count > SHOWN {
            return self;
        }
        Self { text: self.text.text(before).text("[").list(shape).text("]"), ..self }
    }

    const fn path(self, path: &Path<'_>) -> Self {
        if self.count > SHOWN {
            return self;
        }
        Self { text: path.written(self.text), ..self }
    }

    #[track_caller]
    const fn assert_none(self, file: &str) {
        if self.count == 0 {
            return;
        }
        let mut message = Message::<4096>::new().text(file).text(" does not fit the network: ");
        message = message.text(self.text.as_str());
        if self.count > SHOWN {
            message = message.text("; and ").number((self.count - SHOWN) as u128).text(" more");
        }
        if self.types {
            message = message.text(": `io::load` converts it to the network's type of number, `io::save` saves that");
        }
        panic!("{}", message.as_str());
    }
}

const fn is_shape(a: &[usize], b: &[usize]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}

/// Does not compile if the activations of the file differ from those of the network.
#[track_caller]
const fn assert_activations<N: Layer, W: Weights<N::Element>>() {
    let Some(saved) = W::FILE.activations else { return };
    let (mut rest, mut own, mut number) = (Some(saved.as_bytes()), Message::<2048>::new(), 0);
    while number < N::OUTLINE.layers() {
        if let Some(layer) = N::OUTLINE.layer(number)
            && let Some(name) = layer.activation
        {
            rest = match rest {
                Some(rest) => after(rest, if own.is_empty() { "" } else { ", " }, name),
                None => None,
            };
            own = own.text(if own.is_empty() { "" } else { ", " }).text(name);
        }
        number += 1;
    }
    if let Some([]) = rest {
        return;
    }
    let message = Message::<4096>::new()
        .text(W::FILE.name)
        .text(" was trained with the activations ")
        .text(saved)
        .text(", but the network has ")
        .text(own.as_str())
        .text(": give the network those of the file");
    panic!("{}", message.as_str());
}

/// The first difference between the layers of a network and the list in a file, if there is one.
const fn other_layers(network: &Outline, file: &str, list: Option<&str>) -> Option<Message<1024>> {
    let Some(mut list) = list else { return None };
    let message = Message::new().text(file).text(" does not fit the network: ");
    let mut number = 0;
    loop {
        let saved = listing::next(list);
        let mut own = network.layer(number);
        while let Some(layer) = own
            && listing::is_left_out(layer.kind.as_str())
        {
            number += 1;
            own = network.layer(number);
        }
        let (saved, own) = match (saved, own) {
            (None, None) => return None,
            (Some(saved), Some(own)) => (saved, own.kind.as_str()),
            (Some(saved), None) => {
                let message = message.text("layer `").text(saved.path).text("`, ").text(saved.kind);
                return Some(message.text(", is not in the network"));
            }
            (None, Some(own)) => return Some(message.text(own.kind.as_str()).text(" is not in the file")),
        };
        if !listing::is_same(saved.kind, own) {
            let message = message.text("layer `").text(saved.path).text("` is ").text(saved.kind);
            return Some(message.text(" in the file, but ").text(own).text(" in the network"));
        }
        (list, number) = (saved.rest, number + 1);
    }
}

/// `text` without the prefix `comma` and `name`, or `None` if it has another one.
const fn after<'a>(text: &'a [u8], comma: &str, name: &str) -> Option<&'a [u8]> {
    let start = Message::<256>::new().text(comma).text(name);
    if text.len() < start.len() {
        return None;
    }
    let (begin, rest) = text.split_at(start.len());
    if is_equal(begin, start.as_str().as_bytes()) { Some(rest) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_layers_are_named() {
        use crate::prelude::*;

        #[network(input = Image<8, 8, 1>)]
        type Net = (Frozen<Conv2d<_, 2, 3, Relu>>, MaxPool2d<_, 2>, Flatten<_>, Dropout<18, 20>);
        let error = |list| other_layers(&Net::OUTLINE, "f", list).map(|text| std::string::String::from(text.as_str()));
        for list in [
            None,
            Some("0: Conv2d<2, 3, Relu>, 1: MaxPool2d<2>, 2: Flatten, 3: Dropout<18, 50>"),
            Some("0: Conv2d<2, 3, Relu> + L2(0.1), 1: MaxPool2d<2> + Frozen, 2: Flatten"),
        ] {
            assert_eq!(error(list), None);
        }
        for (list, expected) in [
            (
                "0: Conv2d<2, 3, Relu>, 1: AveragePool2d<2>, 2: Flatten",
                "layer `1` is AveragePool2d<2> in the file, but MaxPool2d<2> in the network",
            ),
            ("0: Conv2d<2, 3, Relu>, 1: MaxPool2d<2>", "Flatten is not in the file"),
            (
                "0: Conv2d<2, 3, Relu>, 1: MaxPool2d<2>, 2: Flatten, 3: Own<1, 2>",
                "layer `3`, Own<1, 2>, is not in the network",
            ),
        ] {
            assert_eq!(error(Some(list)).unwrap(), std::format!("f does not fit the network: {expected}"));
        }
    }

    #[test]
    fn a_negative_deviation_is_a_difference() {
        use crate::prelude::*;

        let entry =
            |name, negative| Entry { name, shape: &[2], element: "F32", values: Some(&[1.0f32, 1.0]), negative };
        for (mean, deviation, text) in
            [(Some(0), None, ""), (None, Some(1), "`deviation` has a negative number, and should have none")]
        {
            let tensors =
                std::boxed::Box::leak(std::boxed::Box::new([entry("mean", mean), entry("deviation", deviation)]));
            let file = File { name: "f", activations: None, network: None, tensors };
            let differences = Differences { text: Message::new(), count: 0, types: false };
            let differences = differences.with_tensors(&Standardize::<2>::OUTLINE, &Path::ROOT, &file);
            assert_eq!(differences.text.as_str(), text);
        }
    }
}
