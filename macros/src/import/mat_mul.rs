//! Matrix products of two activations.

use super::{
    Join, Layer, Parsed,
    constants::{IN_INT8, size_of_shape},
    graph::Graph,
};

/// An operand as it is multiplied: `[matrix, row, column]`.
struct Operand {
    /// The layers that bring a tensor into this shape.
    layers: Vec<Layer>,
    shape: [usize; 3],
}

impl Graph<'_> {
    /// The products of the matrices of two tensors, each of which may be transposed, with the branches that end in them.
    pub fn mat_mul(
        &self,
        number: usize,
        ends: [usize; 2],
        transposed: [bool; 2],
        branch: impl Fn(usize, Vec<Layer>) -> Parsed<Vec<Layer>>,
    ) -> Parsed<Vec<Layer>> {
        let output = self.operators[number].output;
        let [first, second, product] = [ends[0], ends[1], output].map(|tensor| self.tensors[tensor].element);
        if [first, second] != [product; 2] {
            return Err(format!("it multiplies {first} by {second} to {product}: {IN_INT8}"));
        }
        let [first, second] = [0, 1].map(|index| self.operand(ends[index], output, transposed[index]));
        let (first, second) = (first?, second?);
        let ([count, height, inner], [others, rows, width]) = (first.shape, second.shape);
        let shape = self.shape(output)?;
        if inner != rows || count != others || size_of_shape(&shape) != Some(count * height * width) {
            return Err(format!("it multiplies {:?} by {:?}", first.shape, second.shape));
        }
        let join = Join::MatMul { inputs: [self.scale(ends[0])?, self.scale(ends[1])?], output: self.scale(output)? };
        let (first, second) = (branch(ends[0], first.layers)?, branch(ends[1], second.layers)?);
        let mut layers = vec![Layer::Branches { first, second, join }];
        layers.extend(self.reshape(&matrices([count, height, width]), &shape)?);
        Ok(layers)
    }

    /// A tensor as an operand of the product `output`, with as many matrices.
    fn operand(&self, tensor: usize, output: usize, transposed: bool) -> Parsed<Operand> {
        let from = self.shape(tensor)?;
        let ([.., rows, columns], [counts @ .., _, _]) =
            (&self.tensors[tensor].shape[..], &self.tensors[output].shape[..])
        else {
            return Err(format!("it multiplies a tensor of shape {from:?}"));
        };
        let all = [counts, &[*rows, *columns]].concat();
        let mut layers = self.repeat(&from, &all)?;
        let count = size_of_shape(counts).unwrap_or(0);
        let mut shape = [count, *rows, *columns];
        layers.extend(self.reshape(&all, &matrices(shape))?);
        if transposed {
            layers.extend(self.reshape(&matrices(shape), &shape)?);
            layers.extend(self.exchange(&shape, &[0, 2, 1])?);
            shape = [count, *columns, *rows];
            layers.extend(self.reshape(&shape, &matrices(shape))?);
        }
        Ok(Operand { layers, shape })
    }
}

/// The shape of so many matrices: one is no array of them.
fn matrices([count, rows, columns]: [usize; 3]) -> Vec<usize> {
    if count == 1 { vec![rows, columns] } else { vec![count, rows, columns] }
}
