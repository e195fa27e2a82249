//! TensorFlow Lite files.

mod dilation;
mod flatbuffer;
mod islands;
mod lstm;
mod names;
mod options;
mod shapes;
mod split;

use std::borrow::Cow;

use super::{
    Parsed,
    graph::{Element, Graph, Kind, Operator, Tensor},
    tensor::BOOL,
};
use flatbuffer::{Bytes, TRUNCATED, Table};

/// Reads the tensors and operators of a file.
pub fn read(file: &[u8]) -> Parsed<Graph<'_>> {
    let model = Bytes(file).root()?;
    let [graph] = model.tables(2)?[..] else {
        let count = model.tables(2)?.len();
        return Err(format!("has {count} subgraphs, and one is supported: {}", names::reason(WHILE)));
    };
    let buffers = model.tables(4)?;
    let (mut tensors, mut open) = (Vec::new(), Vec::new());
    for table in graph.tables(0)? {
        tensors.push(tensor(table, &buffers)?);
        // Negative lengths of the signature are open.
        open.push(table.ints(7)?.iter().any(|length| *length < 0));
    }
    let codes = model.tables(1)?;
    let mut operators = Vec::new();
    for (number, table) in graph.tables(3)?.into_iter().enumerate() {
        operators.extend(operator(number, table, &codes, &tensors)?);
    }
    let ends = [graph.ints(1)?, graph.ints(2)?];
    let ends = ends.map(|ends| ends.into_iter().map(|tensor| usize::try_from(tensor).unwrap_or(usize::MAX)).collect());
    if ends.iter().flatten().any(|end: &usize| *end >= tensors.len()) {
        return Err(TRUNCATED.into());
    }
    for Operator { kind, inputs, output, .. } in &operators {
        // Weights in float16, which are converted at run time.
        if let (Kind::Dequantize, [Some(half)]) = (kind, &inputs[..])
            && tensors[*half].element == HALF
            && !tensors[*half].data.is_empty()
        {
            let floats: Vec<u8> = tensors[*half].data.as_chunks().0.iter().flat_map(|half| float(*half)).collect();
            (tensors[*output].element, tensors[*output].data) = (Element::F32, Cow::Owned(floats));
        }
    }
    shapes::infer(&mut tensors, &mut operators, &open);
    islands::join(&tensors, &mut operators);
    dilation::dilate(&mut tensors, &mut operators);
    Graph::new(tensors, operators, ends)
}

const TRANSPOSE_CONV: i32 = 67;
const WHILE: i32 = 119;

const HALF: Element = Element::Other("float16");

/// The float32 of a float16.
fn float(half: [u8; 2]) -> [u8; 4] {
    let bits = u32::from(u16::from_le_bytes(half));
    let (exponent, digits) = (bits >> 10 & 31, bits & 1023);
    let size = match exponent {
        0 => digits as f32 / (1 << 24) as f32,
        31 if digits == 0 => f32::INFINITY,
        31 => f32::NAN,
        _ => f32::from_bits((exponent + 112) << 23 | digits << 13),
    };
    (if bits >> 15 == 1 { -size } else { size }).to_le_bytes()
}

fn tensor<'a>(table: Table<'a>, buffers: &[Table<'a>]) -> Parsed<Tensor<'a>> {
    let buffer = buffers.get(u32::from_le_bytes(table.number(2)?) as usize).ok_or(TRUNCATED)?;
    let mut shape = Vec::new();
    for length in table.ints(0)? {
        shape.push(usize::try_from(length).map_err(|_| "has an axis of negative length")?);
    }
    let (mut scales, mut zeros, mut axis) = (Vec::new(), Vec::new(), 0);
    if let Some(quantization) = table.table(4)? {
        scales = quantization.vector(2)?.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        zeros = quantization.vector(3)?.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
        axis = usize::try_from(quantization.int(6, 0)?).unwrap_or(usize::MAX);
    }
    let element = match table.byte(1)? {
        0 => Element::F32,
        1 => HALF,
        2 => Element::I32,
        3 => Element::U8,
        4 => Element::Other("int64"),
        6 => BOOL,
        7 => Element::Other("int16"),
        9 => Element::I8,
        _ => Element::Other("another"),
    };
    let data = Cow::Borrowed(buffer.vector::<1>(0)?.as_flattened());
    Ok(Tensor { name: table.text(3)?, shape, element, scales, zeros, axis, data })
}

/// The tensors of these numbers, of which −1 is none.
fn indices(numbers: Vec<i32>, tensors: &[Tensor<'_>]) -> Parsed<Vec<Option<usize>>> {
    let index = |number: i32| match usize::try_from(number) {
        Ok(index) if index < tensors.len() => Ok(Some(index)),
        Err(_) if number == -1 => Ok(None),
        _ => Err(TRUNCATED.into()),
    };
    numbers.into_iter().map(index).collect()
}

fn operator(number: usize, table: Table<'_>, codes: &[Table<'_>], tensors: &[Tensor<'_>]) -> Parsed<Vec<Operator>> {
    let code = codes.get(u32::from_le_bytes(table.number(0)?) as usize).ok_or(TRUNCATED)?;
    // Old files have the number in a byte.
    let code = code.int(3, 0)?.max(i32::from(code.byte(0)?));
    let name = names::name(code);
    let mut outputs = Vec::new();
    for output in table.ints(2)? {
        outputs.push(usize::try_from(output).ok().filter(|output| *output < tensors.len()).ok_or(TRUNCATED)?);
    }
    let mut inputs = indices(table.ints(1)?, tensors)?;
    if code == TRANSPOSE_CONV && inputs.len() > 2 {
        // The shape of the output comes first.
        let shape = inputs.remove(0);
        inputs.swap(0, 1);
        inputs.resize(3, None);
        inputs.push(shape);
    }
    let weights = inputs.get(1).copied().flatten().map_or(&[][..], |weights| &tensors[weights].shape);
    let options = table.table(4)?;
    if let Some(parts) = split::parts(code, options, &inputs, outputs.len(), tensors)? {
        // Each output is an operator of its own.
        let input = inputs.get(usize::from(code == split::SPLIT)).copied().flatten();
        let operators = outputs.into_iter().zip(parts).map(|(output, kind)| {
            let (name, inputs) = (name.clone(), vec![input]);
            Operator { number, name, inputs, output, kind }
        });
        return Ok(operators.collect());
    }
    let [output] = outputs[..] else {
        let (count, reason) = (outputs.len(), names::reason(code));
        return Err(format!("has operator {number}, {name}, that has {count} outputs and is not supported: {reason}"));
    };
    let kind = match code {
        lstm::UNIDIRECTIONAL_SEQUENCE_LSTM => lstm::kind(options, &mut inputs, &indices(table.ints(8)?, tensors)?),
        _ => options::kind(code, options, weights),
    };
    let kind = kind.unwrap_or_else(Kind::Unsupported);
    Ok(vec![Operator { number, name, inputs, output, kind }])
}
