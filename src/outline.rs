//! What a network is made of, known when compiling.

use crate::message::Message;

/// The parts of a network: what they are, their tensors, and what they cost. Files that are
/// [read when compiling](crate::flash) are compared with it.
///
/// ```
/// use shiplap::{outline::Outline, prelude::*};
///
/// type Net = (Dense<10, 4, Relu>, Dense<4, 1, Sigmoid>);
/// const OUTLINE: Outline = Net::OUTLINE;
/// const OUTPUTS: usize = OUTLINE.outputs();
///
/// assert_eq!(OUTPUTS, size_of::<[f32; 4]>() + size_of::<[f32; 1]>());
/// assert_eq!(OUTLINE.activations().collect::<Vec<_>>(), ["Relu", "Sigmoid"]);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Outline {
    /// One layer.
    Single(Leaf),
    /// Layers that run one after another, each with its name.
    Sequence(&'static [(&'static str, Outline)]),
    /// A network that lies elsewhere, in read-only memory.
    Elsewhere(&'static Outline),
}

/// One layer.
#[derive(Clone, Copy, Debug)]
pub struct Leaf {
    /// What it is: `Dense<10, 1, Sigmoid>`.
    pub kind: Message<64>,
    /// Name and shape of each parameter and statistic.
    pub tensors: &'static [(&'static str, &'static [usize])],
    /// The activation that it ends in, if it can end in several.
    pub activation: Option<&'static str>,
    /// The bytes of its numbers.
    pub bytes: usize,
    /// The bytes of its output for one sample.
    pub output: usize,
    /// Its multiply-accumulates for one sample.
    pub macs: usize,
}

impl Outline {
    /// A layer that does not say what it is.
    pub const fn unnamed(bytes: usize, output: usize, macs: usize) -> Self {
        Self::Single(Leaf { kind: Message::new().text("a layer"), tensors: &[], activation: None, bytes, output, macs })
    }

    /// The bytes of the outputs of all layers for one sample.
    pub const fn outputs(&self) -> usize {
        let (mut sum, mut number) = (0, 0);
        while let Some(layer) = self.layer(number) {
            sum += layer.output;
            number += 1;
        }
        sum
    }

    /// The bytes of all numbers, also of those that lie elsewhere.
    pub const fn bytes(&self) -> usize {
        let (mut sum, mut number) = (0, 0);
        while let Some(layer) = self.layer(number) {
            sum += layer.bytes;
            number += 1;
        }
        sum
    }

    /// The bytes of the numbers that lie elsewhere.
    pub const fn elsewhere(&self) -> usize {
        let (mut sum, mut index) = (0, 0);
        match self {
            Self::Single(_) => {}
            Self::Elsewhere(network) => sum = network.bytes(),
            Self::Sequence(layers) => {
                while index < layers.len() {
                    sum += layers[index].1.elsewhere();
                    index += 1;
                }
            }
        }
        sum
    }

    /// How many layers it has.
    pub const fn layers(&self) -> usize {
        match self {
            Self::Single(_) => 1,
            Self::Elsewhere(network) => network.layers(),
            Self::Sequence(layers) => {
                let (mut sum, mut index) = (0, 0);
                while index < layers.len() {
                    sum += layers[index].1.layers();
                    index += 1;
                }
                sum
            }
        }
    }

    /// Layer `number` of all, counted from 0.
    pub const fn layer(&self, mut number: usize) -> Option<&Leaf> {
        match self {
            Self::Single(layer) if number == 0 => Some(layer),
            Self::Single(_) => None,
            Self::Elsewhere(network) => network.layer(number),
            Self::Sequence(layers) => {
                let mut index = 0;
                while index < layers.len() {
                    let count = layers[index].1.layers();
                    if number < count {
                        return layers[index].1.layer(number);
                    }
                    number -= count;
                    index += 1;
                }
                None
            }
        }
    }

    /// The activations, in order.
    pub fn activations(&self) -> impl Iterator<Item = &'static str> {
        (0..self.layers()).filter_map(|number| self.layer(number)?.activation)
    }
}
