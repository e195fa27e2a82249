//! The parts of an ONNX file.

use super::super::graph::Element;
use super::{
    Parsed,
    protobuf::{Message, Value},
};

/// The graph of a model.
#[derive(Default)]
pub struct Parts {
    pub nodes: Vec<Node>,
    pub constants: Vec<Constant>,
    /// The inputs that are no constants, with their shapes.
    pub inputs: Vec<(String, Vec<usize>)>,
    pub outputs: Vec<String>,
}

#[derive(Default)]
pub struct Node {
    pub operator: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    attributes: Vec<(String, Attribute)>,
}

#[derive(Default)]
struct Attribute {
    float: Option<f32>,
    integers: Vec<i64>,
    text: String,
    tensor: Option<Constant>,
}

/// A tensor in the file, with its numbers as bytes; integers of 64 bits are stored in 32.
#[derive(Clone)]
pub struct Constant {
    pub name: String,
    pub shape: Vec<usize>,
    pub element: Element,
    pub data: Vec<u8>,
}

impl Node {
    pub fn integers(&self, name: &str) -> Option<&[i64]> {
        let attribute = self.attributes.iter().find(|attribute| attribute.0 == name)?;
        Some(&attribute.1.integers)
    }

    pub fn integer(&self, name: &str, default: i64) -> i64 {
        self.integers(name).and_then(|integers| integers.first().copied()).unwrap_or(default)
    }

    pub fn float(&self, name: &str, default: f32) -> f32 {
        let attribute = self.attributes.iter().find(|attribute| attribute.0 == name);
        attribute.and_then(|attribute| attribute.1.float).unwrap_or(default)
    }

    pub fn text(&self, name: &str) -> &str {
        let attribute = self.attributes.iter().find(|attribute| attribute.0 == name);
        attribute.map_or("", |attribute| &attribute.1.text)
    }

    /// The tensor of a node `Constant`.
    pub fn tensor(&self) -> Option<&Constant> {
        self.attributes.iter().find_map(|attribute| attribute.1.tensor.as_ref())
    }
}

/// Reads a file.
pub fn parts(file: &[u8]) -> Parsed<Parts> {
    let mut parts = Parts::default();
    let Some(graph) = Message(file).fields()?.into_iter().find(|field| field.0 == 7) else {
        return Err("has no graph".into());
    };
    for (field, value) in graph.1.message().fields()? {
        match field {
            1 => parts.nodes.push(node(value.message())?),
            5 => parts.constants.push(constant(value.message())?),
            11 => parts.inputs.push(input(value.message())?),
            12 => parts.outputs.push(input(value.message())?.0),
            _ => {}
        }
    }
    // Old files list constants among the inputs.
    parts.inputs.retain(|input| parts.constants.iter().all(|constant| constant.name != input.0));
    Ok(parts)
}

fn node(message: Message<'_>) -> Parsed<Node> {
    let mut node = Node::default();
    for (field, value) in message.fields()? {
        match field {
            1 => node.inputs.push(value.text()),
            2 => node.outputs.push(value.text()),
            4 => node.operator = value.text(),
            5 => node.attributes.push(attribute(value.message())?),
            _ => {}
        }
    }
    Ok(node)
}

fn attribute(message: Message<'_>) -> Parsed<(String, Attribute)> {
    let (mut name, mut attribute) = (String::new(), Attribute::default());
    for (field, value) in message.fields()? {
        match (field, value) {
            (1, _) => name = value.text(),
            (2, Value::Fixed32(bytes)) => attribute.float = Some(f32::from_le_bytes(bytes)),
            (3 | 8, _) => attribute.integers.extend(value.integers()?),
            (4, _) => attribute.text = value.text(),
            (5, _) => attribute.tensor = Some(constant(value.message())?),
            _ => {}
        }
    }
    Ok((name, attribute))
}

fn constant(message: Message<'_>) -> Parsed<Constant> {
    let (mut name, mut shape, mut kind) = (String::new(), Vec::new(), 0);
    let (mut data, mut integers, mut is_outside) = (Vec::new(), Vec::new(), false);
    for (field, value) in message.fields()? {
        match (field, value) {
            (1, _) => shape.extend(value.integers()?),
            (2, _) => kind = value.integer(),
            (4, Value::Fixed32(bytes)) => data.extend(bytes),
            (4 | 9, _) => data.extend(value.bytes()),
            (5 | 7, _) => integers.extend(value.integers()?),
            (8, _) => name = value.text(),
            (14, _) => is_outside = value.integer() == 1,
            _ => {}
        }
    }
    if is_outside {
        return Err(format!("has the numbers of tensor `{name}` in another file"));
    }
    let element = match kind {
        1 => Element::F32,
        2 => Element::U8,
        3 => Element::I8,
        6 | 7 => Element::I32,
        10 => Element::Other("float16"),
        11 => Element::Other("float64"),
        _ => Element::Other("another"),
    };
    if kind == 7 {
        integers.extend(data.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)));
        data.clear();
    }
    for integer in integers {
        match element {
            Element::I8 | Element::U8 => data.push(integer as u8),
            _ => data.extend((integer.clamp(i32::MIN.into(), i32::MAX.into()) as i32).to_le_bytes()),
        }
    }
    let shape = shape.into_iter().map(|length| usize::try_from(length).unwrap_or(usize::MAX)).collect();
    Ok(Constant { name, shape, element, data })
}

/// The name and the shape of an input; an unknown length, such as that of the batch, is 1.
fn input(message: Message<'_>) -> Parsed<(String, Vec<usize>)> {
    let (mut name, mut shape) = (String::new(), Vec::new());
    for (field, value) in message.fields()? {
        if field == 1 {
            name = value.text();
        }
        // The type contains that of a tensor (1), which contains the shape (2) of axes (1).
        for (_, tensor) in message_fields(field == 2, value, 1)? {
            for (_, axes) in message_fields(true, tensor, 2)? {
                for (_, axis) in message_fields(true, axes, 1)? {
                    let length = message_fields(true, axis, 1)?.first().map_or(1, |length| length.1.integer());
                    shape.push(usize::try_from(length).unwrap_or(0).max(1));
                }
            }
        }
    }
    Ok((name, shape))
}

/// The fields of a message that have this number.
fn message_fields(is_one: bool, value: Value<'_>, number: u64) -> Parsed<Vec<(u64, Value<'_>)>> {
    let mut fields = if is_one { value.message().fields()? } else { Vec::new() };
    fields.retain(|field| field.0 == number);
    Ok(fields)
}
