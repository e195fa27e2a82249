//! Dilated convolutions, which TensorFlow writes as three operators: `SPACE_TO_BATCH_ND` deals the pixels to several small
//! images, a convolution without dilation reads each, and `BATCH_TO_SPACE_ND` puts the results back together.

use super::super::{
    Padding, Parsed,
    graph::{Element, Kind, Operator, Tensor},
};

/// The operators before the last one of such a convolution.
struct Dilated {
    deal: usize,
    convolution: usize,
}

/// Replaces each such convolution by a dilated one, after zeros around the image. Several may read the same pixels.
pub fn dilate(tensors: &mut Vec<Tensor<'_>>, operators: &mut [Operator]) {
    let inputs: Vec<_> = operators.iter().map(|operator| operator.inputs.clone()).collect();
    for collect in 0..operators.len() {
        if operators[collect].name == "BATCH_TO_SPACE_ND"
            && let Err(reason) = replace(collect, &inputs, tensors, operators)
        {
            operators[collect].kind = Kind::Unsupported(reason);
        }
    }
}

fn replace(
    collect: usize,
    inputs: &[Vec<Option<usize>>],
    tensors: &mut Vec<Tensor<'_>>,
    operators: &mut [Operator],
) -> Parsed<()> {
    let dilated = find(collect, operators).ok_or("it is supported after SPACE_TO_BATCH_ND and one convolution")?;
    let Dilated { deal, convolution } = dilated;
    let [(blocks, zeros), (collected, crops)] = [numbers(&inputs[deal], tensors)?, numbers(&inputs[collect], tensors)?];
    let first_input = |operator: usize| inputs[operator].first().copied().flatten().ok_or("it has no input");
    let (input, first, collected_input) = (first_input(deal)?, first_input(convolution)?, first_input(collect)?);
    let mut shape = tensors[input].shape.clone();
    if blocks != collected || shape.first() != Some(&1) || blocks.len() + 2 > shape.len() {
        return Err("its blocks are not those of BATCH_TO_SPACE_ND".into());
    }
    // The pixels that are cut off at the end depend on zeros alone.
    let mut padding = vec![[0; 2]; shape.len()];
    for (axis, (zeros, crops)) in zeros.iter().zip(&crops).enumerate() {
        let after = zeros[1].checked_sub(crops[1]).filter(|_| crops[0] == 0);
        let after = after.ok_or_else(|| format!("{crops:?} pixels are cut off, with {zeros:?} zeros"))?;
        padding[axis + 1] = [zeros[0], after];
        shape[axis + 1] = shape[axis + 1].saturating_add(zeros[0]).saturating_add(after);
    }
    let is_new = matches!(operators[deal].kind, Kind::Unsupported(_));
    if !is_new && tensors[operators[deal].output].shape != shape {
        return Err("another convolution reads the pixels with other zeros".into());
    }
    let last = operators[convolution].output;
    // A convolution reads a series as an image of one row or of one column.
    let is_row = shape.len() == 3 && tensors[first].shape.get(1) == Some(&1);
    let axes = if is_row { [None, Some(0)] } else { [Some(0), Some(1)] };
    let dilation = axes.map(|axis| axis.and_then(|axis| blocks.get(axis)).copied().unwrap_or(1));
    let (Kind::Conv2d { window, .. } | Kind::DepthwiseConv2d { window, .. }) = &mut operators[convolution].kind else {
        return Err("it is supported before a convolution".into());
    };
    if window.stride != [1, 1] || window.dilation != [1, 1] || window.padding == Padding::Same {
        return Err("its convolution has strides, padding or a dilation of its own".into());
    }
    window.dilation = dilation;

    let image = match shape[..] {
        [1, steps, channels] if is_row => vec![1, 1, steps, channels],
        [1, steps, channels] => vec![1, steps, 1, channels],
        _ => shape.clone(),
    };
    let [_, rows, columns, _] = image[..] else { return Err(format!("its shape {shape:?} is not that of an image")) };
    let [rows, columns] = [window.positions(rows, 0), window.positions(columns, 1)];
    let channels = tensors[last].shape.last().copied().unwrap_or(0);
    tensors[operators[deal].output].shape = shape;
    tensors[first].shape = image;
    tensors[last].shape = vec![1, rows, columns, channels];
    tensors[collected_input].shape = tensors[operators[collect].output].shape.clone();
    operators[collect].kind = Kind::Reshape;
    if !is_new {
        return Ok(());
    }
    if padding.iter().all(|zeros| *zeros == [0; 2]) {
        operators[deal].kind = Kind::Reshape;
        return Ok(());
    }
    let bytes = padding.iter().flatten().flat_map(|zeros| (*zeros as i32).to_le_bytes()).collect();
    let name = "the zeros of a dilated convolution";
    tensors.push(Tensor::constant(name, Element::I32, vec![padding.len(), 2], bytes));
    operators[deal].kind = Kind::Pad;
    operators[deal].inputs = vec![Some(input), Some(tensors.len() - 1)];
    Ok(())
}

/// The operators of a dilated convolution. Between them, an axis may be added and removed.
fn find(collect: usize, operators: &[Operator]) -> Option<Dilated> {
    let source = |operator: usize| {
        let input = operators[operator].inputs.first().copied().flatten()?;
        operators.iter().position(|operator| operator.output == input)
    };
    let before_reshape = |number: usize| match operators[number].kind {
        Kind::Reshape if operators[number].name != "SPACE_TO_BATCH_ND" => source(number),
        _ => Some(number),
    };
    let convolution = before_reshape(source(collect)?)?;
    let deal = before_reshape(source(convolution)?)?;
    (operators[deal].name == "SPACE_TO_BATCH_ND").then_some(Dilated { deal, convolution })
}

/// The blocks of an operator, and its zeros or crops before and after each axis.
fn numbers(inputs: &[Option<usize>], tensors: &[Tensor<'_>]) -> Parsed<(Vec<usize>, Vec<[usize; 2]>)> {
    let constant = |index: usize| {
        let tensor = inputs.get(index).copied().flatten().map(|tensor| &tensors[tensor]);
        let tensor = tensor.filter(|tensor| tensor.element == Element::I32 && !tensor.data.is_empty());
        let numbers = tensor.ok_or("its blocks or zeros are not constants")?.data.as_chunks().0.iter();
        let number = |bytes: &[u8; 4]| usize::try_from(i32::from_le_bytes(*bytes));
        numbers.map(|bytes| number(bytes).map_err(|_| "it has a negative number".into())).collect()
    };
    let (blocks, ends): (Parsed<Vec<usize>>, Parsed<Vec<usize>>) = (constant(1), constant(2));
    let (blocks, ends) = (blocks?, ends?.as_chunks().0.to_vec());
    if blocks.len() != ends.len()
        || blocks.is_empty()
        || blocks.len() > 2
        || blocks.iter().any(|block| !(1..1 << 16).contains(block))
    {
        return Err(format!("its blocks are {blocks:?}"));
    }
    Ok((blocks, ends))
}
