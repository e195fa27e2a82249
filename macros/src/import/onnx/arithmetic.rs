//! Sums and products of ONNX, and batch normalization.

use super::{
    super::constants::size_of_shape, Element, Kind, Named, Node, Operator, Order, Parsed, Reader, Tensor,
    constant::reals, node::output,
};

impl Reader {
    /// A sum of two tensors, or the bias of a product before it.
    pub fn sum(&mut self, node: &Node) -> Parsed<()> {
        for (input, constant) in [(0, 1), (1, 0)] {
            let (Ok(named), Ok(Some(bias))) = (self.input(node, input), self.constant(node, constant)) else {
                continue;
            };
            let product = self.operators.iter_mut().rev().find(|operator| operator.output == named.tensor);
            if let Some(Operator { kind: Kind::Dense { activation: "Linear" }, inputs, .. }) = product
                && let [Some(before), Some(weights), None] = inputs[..]
                && self.readers.get(&node.inputs[input]) == Some(&1)
                && self.tensors[named.tensor].element == Element::F32
            {
                let bias = self.bias(bias, before, weights)?;
                let product = self.operators.iter_mut().rev().find(|operator| operator.output == named.tensor);
                product.into_iter().for_each(|product| product.inputs[2] = Some(bias));
                return self.rename(node, named);
            }
            return self.with_constant(node, "Add", named, bias);
        }
        let [a, b] = [self.input(node, 0)?, self.input(node, 1)?];
        if a.order != b.order || a.order == Order::Rows {
            return Err("its inputs have their numbers in different orders".into());
        }
        let shape = self.tensors[a.tensor].shape.clone();
        let kind = Kind::Combine { arithmetic: "Add", activation: "Linear" };
        self.operator(node, kind, vec![Some(a.tensor), Some(b.tensor)], (output(node)?, shape, a.order));
        Ok(())
    }

    /// A product with a constant.
    pub fn scaled(&mut self, node: &Node) -> Parsed<()> {
        for (input, constant) in [(0, 1), (1, 0)] {
            if let (Ok(named), Ok(Some(factor))) = (self.input(node, input), self.constant(node, constant)) {
                return self.with_constant(node, "Multiply", named, factor);
            }
        }
        Err("no layer multiplies two tensors".into())
    }

    /// An operator of a tensor and a constant with a number for each channel.
    fn with_constant(
        &mut self,
        node: &Node,
        arithmetic: &'static str,
        named: Named,
        constant: Tensor<'static>,
    ) -> Parsed<()> {
        let rank = self.tensors[named.tensor].shape.len();
        let count = size_of_shape(&constant.shape).unwrap_or(0);
        let by_channel = match (&constant.shape[..], rank) {
            ([channels, 1] | [1, channels, 1], 4) if named.order == Order::Series => *channels == count,
            ([channels, 1, 1] | [1, channels, 1, 1], 4) | ([channels] | [1, channels], 2) => *channels == count,
            _ => count == 1,
        };
        if !by_channel || !matches!(named.order, Order::Channels | Order::Series) && count != 1 {
            return Err(format!("its constant of shape {:?} is not a number for each channel", constant.shape));
        }
        self.combine(node, arithmetic, named, Tensor { shape: vec![count], ..constant }, output(node)?);
        Ok(())
    }

    /// Adds an operator of a tensor and a constant, with the output `name`.
    fn combine(
        &mut self,
        node: &Node,
        arithmetic: &'static str,
        Named { tensor, order }: Named,
        constant: Tensor<'static>,
        name: &str,
    ) -> usize {
        let place = self.hold(constant);
        let shape = self.tensors[tensor].shape.clone();
        let kind = Kind::Combine { arithmetic, activation: "Linear" };
        self.operator(node, kind, vec![Some(tensor), Some(place)], (name, shape, order))
    }

    /// A batch normalization that is not part of a layer before it: a product and a sum with constants.
    pub fn batch_norm(&mut self, node: &Node) -> Parsed<()> {
        let named = self.input(node, 0)?;
        let (Order::Channels | Order::Series) = named.order else {
            return Err("its input is a flattened image".into());
        };
        if node.integer("training_mode", 0) != 0 {
            return Err("it is in training mode".into());
        }
        let mut numbers = [const { Vec::new() }; 4];
        for (index, numbers) in numbers.iter_mut().enumerate() {
            *numbers = reals(&self.constant(node, index + 1)?.ok_or("a constant is missing")?)?;
        }
        let [scale, shift, mean, variance] = numbers;
        let channels = self.tensors[named.tensor].shape.last().copied().unwrap_or(0);
        if [&scale, &shift, &mean, &variance].iter().any(|numbers| numbers.len() != channels) {
            return Err(format!("its constants are not {channels} numbers each, one for each channel"));
        }
        let epsilon = f64::from(node.float("epsilon", 1e-5));
        let factors: Vec<f64> = (0..channels)
            .map(|channel| f64::from(scale[channel]) / (f64::from(variance[channel]) + epsilon).sqrt())
            .collect();
        let terms =
            (0..channels).map(|channel| f64::from(shift[channel]) - f64::from(mean[channel]) * factors[channel]);
        let [terms, factors] = [constant(terms), constant(factors.iter().copied())];
        let tensor = self.combine(node, "Multiply", named, factors, &format!("{} before its shift", output(node)?));
        self.combine(node, "Add", Named { tensor, ..named }, terms, output(node)?);
        Ok(())
    }
}

/// A constant of real numbers.
fn constant(numbers: impl Iterator<Item = f64>) -> Tensor<'static> {
    let data: Vec<[u8; 4]> = numbers.map(|number| (number as f32).to_le_bytes()).collect();
    Tensor::constant("", Element::F32, vec![data.len()], data.into_flattened())
}
