//! Models as Rust source: their types.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use super::{Join, Layer, MOST, Model, Padding, Window, numbers, values};

/// Writes the path of an item: that of its module, and its name.
pub type Paths<'a> = &'a dyn Fn(&'static str, &str) -> String;

impl Model {
    /// The type of the network.
    pub fn network(&self, paths: Paths<'_>) -> String {
        let layers = sequence(&self.layers, paths, 0);
        match self.scales {
            Some(_) => format!("{}<{layers}>", paths("quantized", "Quantized")),
            None => layers,
        }
    }

    /// The value of the network, an expression. Its type is named `network`.
    pub fn value(&self, network: &str, paths: Paths<'_>) -> String {
        match &self.scales {
            Some(scales) => values::quantized(&self.layers, scales, paths),
            None => numbers::network(&self.layers, network, paths),
        }
    }

    /// A module with the network of the file `name`: its type and the static `NET`.
    #[allow(dead_code, reason = "the example `import` calls it")]
    pub fn program(&self, name: &str) -> String {
        let used = RefCell::new(BTreeMap::<_, BTreeSet<String>>::new());
        // Layers and activations have their short names, and the int8 forms of the same names their module.
        let paths = |module: &'static str, name: &str| {
            let mut used = used.borrow_mut();
            let names = used.entry(module).or_default();
            if matches!(module, "layers" | "activation" | "prelude") {
                names.insert(name.to_string());
                name.to_string()
            } else {
                format!("{module}::{name}")
            }
        };
        let (network, value) = (self.network(&paths), self.value("Net", &paths));
        let mut imports = String::new();
        for (module, names) in used.take() {
            let names: Vec<String> = names.into_iter().collect();
            imports += &match &names[..] {
                [] => format!("    {module},\n"),
                [name] => format!("    {module}::{name},\n"),
                names => format!("    {module}::{{{}}},\n", names.join(", ")),
            };
        }
        format!(
            "//! The network of `{name}`.\n\nuse shiplap::{{\n{imports}}};\n\npub type Net = {network};\n\n\
             pub static NET: Net = {value};\n"
        )
    }
}

/// The type of these layers in sequence, each in a line.
pub fn sequence(layers: &[Layer], paths: Paths<'_>, depth: usize) -> String {
    let inner = depth + 1;
    match layers {
        [layer] => layer.source(paths, depth),
        _ if layers.len() <= MOST => tuple(layers.iter().map(|layer| layer.source(paths, inner)), depth),
        _ => tuple(groups(layers).map(|group| sequence(group, paths, inner)), depth),
    }
}

/// The items in parentheses, each in a line.
pub fn tuple(items: impl Iterator<Item = String>, depth: usize) -> String {
    let indent = "    ".repeat(depth);
    let lines: String = items.map(|item| format!("{indent}    {item},\n")).collect();
    format!("(\n{lines}{indent})")
}

/// Layers that are more than a tuple holds, as tuples of about the same length.
pub fn groups(layers: &[Layer]) -> std::slice::Chunks<'_, Layer> {
    layers.chunks(layers.len().div_ceil(layers.len().div_ceil(MOST).max(2)))
}

impl Layer {
    fn source(&self, paths: Paths<'_>, depth: usize) -> String {
        let path = |name: &str| paths("layers", name);
        let image = |[height, width, channels]: [usize; 3]| format!("{}<{height}, {width}, {channels}>", path("Image"));
        match self {
            Self::Dense { width: [inputs, outputs], constants } => {
                format!("{}<{inputs}, {outputs}, {}>", path("Dense"), activation(constants.activation, paths))
            }
            Self::Conv2d { images: [from, to], window, constants }
            | Self::ConvTranspose2d { images: [from, to], window, constants } => format!(
                "{}<{}, {}, {}, {}, {}, {}, {}, {}>",
                path(if matches!(self, Self::Conv2d { .. }) { "Conv2d" } else { "ConvTranspose2d" }),
                image(*from),
                to[2],
                window.kernel[0],
                activation(constants.activation, paths),
                window.source(paths),
                path("Bias"),
                window.kernel[1],
                image(*to)
            ),
            Self::DepthwiseConv2d { images: [from, to], window, constants } => format!(
                "{}<{}, {}, {}, {}, {}, {}, {}>",
                path("DepthwiseConv2d"),
                image(*from),
                window.kernel[0],
                activation(constants.activation, paths),
                window.source(paths),
                path("Bias"),
                window.kernel[1],
                image(*to)
            ),
            Self::Pool { name, images: [from, to], window } => format!(
                "{}<{}, {}, {}, {}, {}>",
                path(name),
                image(*from),
                window.kernel[0],
                window.source(paths),
                window.kernel[1],
                image(*to)
            ),
            Self::GlobalAveragePool { shape, .. } => format!("{}<{}>", path("GlobalAveragePool"), tensor(shape, paths)),
            Self::GlobalMaxPool { shape } => format!("{}<{}>", path("GlobalMaxPool"), tensor(shape, paths)),
            Self::LeakyRelu { shape, .. } => {
                format!("{}<{}, {}>", path("Activate"), activation("LeakyRelu", paths), tensor(shape, paths))
            }
            Self::PRelu { shape, .. } => format!("{}<{}>", path("PRelu"), tensor(shape, paths)),
            Self::LookUp { activation: name, shape, .. } => {
                format!("{}<{}, {}>", path("Activate"), activation(name, paths), tensor(shape, paths))
            }
            Self::ZeroPad { images: [from, to], before: [top, left], .. } => {
                let [_, [bottom, right]] = Self::zeros([*from, *to], [*top, *left]);
                let (from, to) = (image(*from), image(*to));
                format!("{}<{from}, {top}, {bottom}, {left}, {right}, {to}>", path("ZeroPad2d"))
            }
            Self::Crop { images: [from, to], before: [top, left] } => {
                let [_, [bottom, right]] = Self::zeros([*to, *from], [*top, *left]);
                let (from, to) = (image(*from), image(*to));
                format!("{}<{from}, {top}, {bottom}, {left}, {right}, {to}>", path("Crop2d"))
            }
            Self::Transpose { images: [from, to] } => {
                format!("{}<{}, {}>", path("Transpose2d"), image(*from), image(*to))
            }
            Self::EachStep { layer, steps } => {
                format!("{}<{}, {steps}>", path("TimeDistributed"), layer.source(paths, depth))
            }
            Self::Lstm { series, units, all, .. } => {
                let states = if *all { format!(", {}", path("AllStates")) } else { String::new() };
                format!("{}<{}, {units}{states}>", path("Lstm"), tensor(series, paths))
            }
            Self::Resize { images: [from, to], sampling } => {
                let [rows, columns, _] = to;
                let (from, to) = (image(*from), image(*to));
                format!("{}<{from}, {rows}, {columns}, {}, {to}>", path("Resize2d"), path(sampling))
            }
            Self::UpSample { images: [from, to], factors: [rows, columns] } => {
                format!("{}<{}, {rows}, {columns}, {}>", path("UpSample2d"), image(*from), image(*to))
            }
            Self::Reshape { from, to } => {
                // The numbers of a vector.
                let vector = || format!("[f32; {}]", to[0]);
                match &to[..] {
                    [_] => format!("{}<{}, {}>", path("Flatten"), tensor(from, paths), vector()),
                    _ => format!("{}<{}, {}>", path("Reshape"), tensor(from, paths), tensor(to, paths)),
                }
            }
            Self::Activate { activation: name, shape, .. } => {
                format!("{}<{}, {}>", path("Activate"), activation(name, paths), tensor(shape, paths))
            }
            Self::Member { index, of } => {
                let members = of.iter().map(|shape| tensor(shape, paths));
                format!("{}<{}>", path(["First", "Second"][*index]), pair(members.collect(), paths))
            }
            Self::Identity { shape } => format!("{}<{}>", path("Identity"), tensor(shape, paths)),
            Self::Constant { from, to, .. } => {
                format!("{}<{}, {}>", path("Constant"), tensor(from, paths), tensor(to, paths))
            }
            Self::Branches { first, second, join } => {
                let join = match join {
                    Join::Combine { arithmetic, activation: name, .. } => {
                        format!("{}<{}>", path(arithmetic), activation(name, paths))
                    }
                    Join::MatMul { .. } => path("MatMul"),
                    Join::Concat { shape, .. } => format!("{}<{}>", path("Concat"), tensor(shape, paths)),
                    Join::Both => path("Both"),
                };
                let [first, second] = [first, second].map(|branch| sequence(branch, paths, depth + 1));
                let indent = "    ".repeat(depth);
                format!(
                    "{}<\n{indent}    {first},\n{indent}    {second},\n{indent}    {join},\n{indent}>",
                    path("Branches")
                )
            }
        }
    }
}

/// The path of an activation.
pub fn activation(name: &str, paths: Paths<'_>) -> String {
    paths(if name == "Requantize" { "quantized" } else { "activation" }, name)
}

impl Window {
    fn source(&self, paths: Paths<'_>) -> String {
        let Self { stride: [s, cs], dilation: [d, cd], .. } = *self;
        let (name, numbers) = match self.padding {
            Padding::Same => ("Same", vec![s, d, cs, cd]),
            Padding::Valid => ("Valid", vec![s, d, cs, cd]),
            Padding::Explicit([z, cz]) => ("Padded", vec![z, s, d, cz, cs, cd]),
        };
        let mut count = numbers.len();
        // The numbers of columns are those of rows, and steps are 1, unless written.
        let half = count / 2;
        if numbers[..half] == numbers[half..] {
            count = half;
            while count > 0 && numbers[count - 1] == 1 && !(name == "Padded" && count == 1) {
                count -= 1;
            }
        }
        let numbers: Vec<String> = numbers[..count].iter().map(usize::to_string).collect();
        let arguments = if count == 0 { String::new() } else { format!("<{}>", numbers.join(", ")) };
        format!("{}{arguments}", paths("layers", name))
    }
}

/// A pair of the first one of these and of the others, or the only one.
pub fn pair(items: Vec<String>, paths: Paths<'_>) -> String {
    let last = items.len() - 1;
    let open: String = items[..last].iter().map(|item| format!("{}<{item}, ", paths("prelude", "Pair"))).collect();
    format!("{open}{}{}", items[last], ">".repeat(last))
}

/// The array of a shape: an image, or `[[f32; 3]; 28]`.
fn tensor(shape: &[usize], paths: Paths<'_>) -> String {
    match shape {
        [height, width, channels] => format!("{}<{height}, {width}, {channels}>", paths("layers", "Image")),
        _ => shape.iter().rev().fold("f32".into(), |element, length| format!("[{element}; {length}]")),
    }
}
