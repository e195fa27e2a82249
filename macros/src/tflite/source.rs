//! Layers as Rust source: their types.

use super::graph::{Join, Layer, Window};
use crate::check::MOST;

/// The type of these layers in sequence. `path` writes the name of an item of this crate.
pub fn sequence(layers: &[Layer], path: &dyn Fn(&str) -> String) -> String {
    match layers {
        [layer] => layer.source(path),
        _ if layers.len() <= MOST => {
            let layers: Vec<String> = layers.iter().map(|layer| layer.source(path)).collect();
            format!("({})", layers.join(", "))
        }
        _ => {
            let groups: Vec<String> = groups(layers).map(|group| sequence(group, path)).collect();
            format!("({})", groups.join(", "))
        }
    }
}

/// Layers that are more than a tuple holds, as tuples of about the same length.
pub fn groups(layers: &[Layer]) -> std::slice::Chunks<'_, Layer> {
    layers.chunks(layers.len().div_ceil(layers.len().div_ceil(MOST)))
}

impl Layer {
    fn source(&self, path: &dyn Fn(&str) -> String) -> String {
        let image = |[height, width, channels]: [usize; 3]| format!("{}<{height}, {width}, {channels}>", path("Image"));
        match self {
            Self::Dense { width: [inputs, outputs], constants } => {
                format!("{}<{inputs}, {outputs}, {}>", path("Dense"), path(constants.activation))
            }
            Self::Conv2d { images: [from, to], window, constants } => format!(
                "{}<{}, {}, {}, {}, {}, {}, {}, {}>",
                path("Conv2d"),
                image(*from),
                to[2],
                window.kernel[0],
                path(constants.activation),
                window.source(path),
                path("Bias"),
                window.kernel[1],
                image(*to)
            ),
            Self::DepthwiseConv2d { images: [from, to], window, constants } => format!(
                "{}<{}, {}, {}, {}, {}, {}, {}>",
                path("DepthwiseConv2d"),
                image(*from),
                window.kernel[0],
                path(constants.activation),
                window.source(path),
                path("Bias"),
                window.kernel[1],
                image(*to)
            ),
            Self::Pool { name, images: [from, to], window } => format!(
                "{}<{}, {}, {}, {}, {}>",
                path(name),
                image(*from),
                window.kernel[0],
                window.source(path),
                window.kernel[1],
                image(*to)
            ),
            Self::GlobalAveragePool { image: from } => format!("{}<{}>", path("GlobalAveragePool"), image(*from)),
            Self::Reshape { from, to } => match &to[..] {
                [_] => format!("{}<{}, {}>", path("Flatten"), tensor(from), tensor(to)),
                _ => format!("{}<{}, {}>", path("Reshape"), tensor(from), tensor(to)),
            },
            Self::Activate { activation, shape, .. } => {
                format!("{}<{}, {}>", path("Activate"), path(activation), tensor(shape))
            }
            Self::Identity { shape } => format!("{}<{}>", path("Identity"), tensor(shape)),
            Self::Branches { first, second, join } => {
                let join = match join {
                    Join::Add { activation, .. } => format!("{}<{}>", path("Add"), path(activation)),
                    Join::Concat { shape, .. } => format!("{}<{}>", path("Concat"), tensor(shape)),
                };
                format!("{}<{}, {}, {join}>", path("Branches"), sequence(first, path), sequence(second, path))
            }
        }
    }
}

impl Window {
    fn source(&self, path: &dyn Fn(&str) -> String) -> String {
        let name = path(if self.same { "Same" } else { "Valid" });
        let Self { stride, dilation, .. } = self;
        match (*stride, *dilation) {
            ([1, 1], [1, 1]) => name,
            ([a, b], [1, 1]) if a == b => format!("{name}<{a}>"),
            ([a, b], [c, d]) if a == b && c == d => format!("{name}<{a}, {c}>"),
            ([a, b], [c, d]) => format!("{name}<{a}, {c}, {b}, {d}>"),
        }
    }
}

/// The array of a shape: `[[f32; 3]; 28]`.
fn tensor(shape: &[usize]) -> String {
    shape.iter().rev().fold("f32".into(), |element, length| format!("[{element}; {length}]"))
}
