//! The structure of a network at compile time.

use super::{Parameter, Role};
use crate::message::Message;

/// The layers of a network, their tensors and their costs. Files that are [read at compile time](crate::flash) are
/// compared with it.
///
/// ```
/// use shiplap::{layer::Outline, prelude::*};
///
/// type Net = (Dense<10, 4, Relu>, Dense<4, 1, Sigmoid>);
/// const OUTLINE: Outline = Net::OUTLINE;
/// const PEAK: usize = OUTLINE.peak();
///
/// assert_eq!(PEAK, size_of::<[f32; 4]>() + size_of::<[f32; 1]>());
/// assert_eq!(OUTLINE.activations().collect::<Vec<_>>(), ["Relu", "Sigmoid"]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Outline {
    /// The layer itself; `None` for a sequence, which consists only of its layers.
    pub layer: Option<Leaf>,
    /// The nested layers with their names.
    pub children: &'static [(&'static str, Outline)],
    /// Whether the numbers are stored outside the layer, in read-only memory.
    pub in_flash: bool,
    /// Whether training leaves the layer as it is, as in [`Frozen`](crate::layers::Frozen).
    pub frozen: bool,
}

/// A single layer.
#[derive(Clone, Copy, Debug)]
pub struct Leaf {
    /// The name of the type: `Dense<10, 1, Sigmoid>`.
    pub kind: Message<64>,
    /// The parameters and statistics, without those of nested layers.
    pub tensors: &'static [Parameter<'static>],
    /// The activation in the type, if there is one.
    pub activation: Option<&'static str>,
    /// Whether training continues with the state of the batch before.
    pub stateful: bool,
    /// Whether a step of the output depends on later steps of the input; if `None`, that of nested layers.
    pub looks_ahead: Option<bool>,
    /// The bytes of the parameters and statistics, without those of nested layers.
    pub bytes: usize,
    /// The bytes of the output for one sample.
    pub output: usize,
    /// The bytes of the memory inside the layer at inference, for one sample, without that of nested layers.
    pub inside: usize,
    /// The number of multiply-accumulates for one sample, without those of nested layers.
    pub macs: usize,
}

impl Outline {
    /// The outline of a single layer.
    pub const fn of_layer(layer: Leaf) -> Self {
        Self { layer: Some(layer), children: &[], in_flash: false, frozen: false }
    }

    /// The outline of layers that run one after another, each with its name.
    pub const fn of_sequence(layers: &'static [(&'static str, Outline)]) -> Self {
        Self { layer: None, children: layers, in_flash: false, frozen: false }
    }

    /// The outline of a layer with nested layers.
    #[must_use]
    pub const fn with_children(self, children: &'static [(&'static str, Outline)]) -> Self {
        Self { children, ..self }
    }

    /// Whether a layer normalizes with the statistics of the batch in training.
    pub(crate) const fn has_running_statistics(&self) -> bool {
        if self.frozen || self.in_flash {
            return false;
        }
        if let Some(layer) = &self.layer {
            let mut tensor = 0;
            while tensor < layer.tensors.len() {
                if matches!(layer.tensors[tensor].role, Role::Running) {
                    return true;
                }
                tensor += 1;
            }
        }
        let mut index = 0;
        while index < self.children.len() {
            if self.children[index].1.has_running_statistics() {
                return true;
            }
            index += 1;
        }
        false
    }

    /// The first layer in which a step depends on later ones.
    pub(crate) const fn looking_ahead(&self) -> Option<&Leaf> {
        if let Some(layer) = &self.layer
            && let Some(ahead) = layer.looks_ahead
        {
            return if ahead { Some(layer) } else { None };
        }
        let mut index = 0;
        while index < self.children.len() {
            if let Some(layer) = self.children[index].1.looking_ahead() {
                return Some(layer);
            }
            index += 1;
        }
        None
    }

    /// Whether a layer continues with the state of the batch before.
    pub(crate) const fn is_stateful(&self) -> bool {
        let mut number = 0;
        while let Some(layer) = self.layer(number) {
            if layer.stateful {
                return true;
            }
            number += 1;
        }
        false
    }

    /// The fault of the layer `name`, which does not pass the states of nested layers from batch to batch.
    pub(crate) const fn stateful_fault(&self, name: &str) -> Option<Message> {
        if !self.is_stateful() {
            return None;
        }
        Some(Message::naming(name).text("keeps no states between batches: remove `Stateful` from its layers"))
    }

    /// This outline with its numbers in read-only memory.
    #[must_use]
    pub const fn in_flash(self) -> Self {
        Self { in_flash: true, ..self }
    }

    /// This outline of a layer that training leaves as it is.
    #[must_use]
    pub const fn frozen(self) -> Self {
        Self { frozen: true, ..self }
    }

    /// The bytes of the activations that exist at once at inference, for one sample, including the output.
    pub const fn peak(&self) -> usize {
        self.inside() + self.output()
    }

    /// The bytes of the activations inside. The layers of a sequence write to two buffers in turn, except for the last,
    /// which writes the output. The layers of branches have a buffer each.
    const fn inside(&self) -> usize {
        let (mut buffers, mut deepest, mut index) = ([0; 2], 0, 0);
        while index < self.children.len() {
            let child = &self.children[index].1;
            let buffer = &mut buffers[index % 2];
            if self.layer.is_some() {
                *buffer += child.output();
            } else if index + 1 < self.children.len() {
                *buffer = most(*buffer, child.output());
            }
            deepest = most(deepest, child.inside());
            index += 1;
        }
        let own = match &self.layer {
            Some(layer) => layer.inside,
            None => 0,
        };
        own + buffers[0] + buffers[1] + deepest
    }

    /// The bytes of the outputs of all layers and of the memory inside them for one sample, as if each had its own.
    pub(crate) const fn outputs(&self) -> usize {
        let (mut sum, mut number) = (0, 0);
        while let Some(layer) = self.layer(number) {
            sum += layer.output + layer.inside;
            number += 1;
        }
        sum
    }

    /// The bytes of the output for one sample.
    const fn output(&self) -> usize {
        match (&self.layer, self.children) {
            (Some(layer), _) => layer.output,
            (None, [.., (_, last)]) => last.output(),
            (None, []) => 0,
        }
    }

    /// The bytes of all numbers, including those in read-only memory.
    pub const fn bytes(&self) -> usize {
        let (mut sum, mut number) = (0, 0);
        while let Some(layer) = self.layer(number) {
            sum += layer.bytes;
            number += 1;
        }
        sum
    }

    /// The number of multiply-accumulates for one sample.
    pub const fn macs(&self) -> usize {
        let (mut sum, mut number) = (0, 0);
        while let Some(layer) = self.layer(number) {
            sum += layer.macs;
            number += 1;
        }
        sum
    }

    /// The bytes of the numbers in read-only memory.
    pub const fn bytes_in_flash(&self) -> usize {
        if self.in_flash {
            return self.bytes();
        }
        let (mut sum, mut index) = (0, 0);
        while index < self.children.len() {
            sum += self.children[index].1.bytes_in_flash();
            index += 1;
        }
        sum
    }

    /// The number of layers, including nested ones.
    pub const fn layers(&self) -> usize {
        let (mut sum, mut index) = (self.layer.is_some() as usize, 0);
        while index < self.children.len() {
            sum += self.children[index].1.layers();
            index += 1;
        }
        sum
    }

    /// Layer `number`, counted from 0, or `None` if there are fewer layers. A layer precedes the layers nested in it.
    pub const fn layer(&self, mut number: usize) -> Option<&Leaf> {
        if let Some(layer) = &self.layer {
            if number == 0 {
                return Some(layer);
            }
            number -= 1;
        }
        let mut index = 0;
        while index < self.children.len() {
            let child = &self.children[index].1;
            let count = child.layers();
            if number < count {
                return child.layer(number);
            }
            number -= count;
            index += 1;
        }
        None
    }

    /// The activations, in order.
    pub fn activations(&self) -> impl Iterator<Item = &'static str> {
        (0..self.layers()).filter_map(|number| self.layer(number)?.activation)
    }
}

const fn most(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use crate::{
        layers::{Branches, Concat},
        prelude::*,
    };

    /// In bytes of `f32`, for layers of 3, 5, ... numbers.
    #[test]
    fn the_peak_counts_what_exists_at_once() {
        type Four = (Dense<1, 3>, Dense<3, 5>, Dense<5, 7>, Dense<7, 2>);
        assert_eq!(Four::ACTIVATIONS, 4 * (7 + 5 + 2));
        // The inner sequence has buffers of its own, beside those of the outer one.
        type Nested = (Four, Dense<2, 11>, (Dense<11, 13>, Dense<13, 1>), Dense<1, 6>);
        assert_eq!(Nested::ACTIVATIONS, 4 * ((2 + 11) + 13 + 6));
        // Both branches and their joint output.
        type Fork = (Branches<Four, (Dense<1, 9>, Dense<9, 4>), Concat<[f32; 6]>>, Dense<6, 1>);
        assert_eq!(Fork::ACTIVATIONS, 4 * (6 + (2 + 4) + (7 + 5) + 1));
        assert_eq!(Dense::<1, 3>::ACTIVATIONS, 4 * 3);
    }
}
