//! What the operations of a network tell about its layers, for files of other libraries.

use core::{fmt, mem};
use std::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use crate::{
    kernel::ElementwiseKernel,
    layer::{self, Attention, Layer, Operations, Recurrence, Sliding},
};

/// The layers whose parameters depend on their place or kind.
#[derive(Default)]
pub(super) struct Kinds {
    /// The numbers of the current vector, part by part.
    current: Vec<Part>,
    /// The numbers before each open fork, and those after its first branch; and whether a module by steps is before it.
    forks: Vec<([Vec<Part>; 2], bool)>,
    /// Whether the module of PyTorch before it has the channels of a step side by side, unlike those of images and
    /// convolutions.
    by_steps: bool,
    /// The layers whose input contains a flattened image or series, with the places of their channels in PyTorch: the
    /// inputs of products, and the parameters of others. `None` if they are unknown.
    pub flattened: BTreeMap<String, Option<Vec<usize>>>,
    /// The normalization layers.
    pub norms: BTreeSet<String>,
    /// Those that normalize by the root mean square, whose factors have the same name in Keras.
    pub rms_norms: BTreeSet<String>,
    /// The parametric rectifiers, whose factors are the `weight` of PyTorch.
    pub p_relus: BTreeSet<String>,
    /// The recurrent layers.
    pub recurrent: BTreeMap<String, Recurrence>,
    /// For each layer of a pair of branches of which the second reads backwards, the path of both, and whether it is the
    /// second.
    pub directions: BTreeMap<String, (String, bool)>,
    /// The layer that reverses its input, if it was the last operation.
    reversed: Option<String>,
    /// The depthwise convolutions.
    pub depthwise: BTreeSet<String>,
    /// The embeddings.
    pub embeddings: BTreeSet<String>,
    /// The layers of attention.
    pub attention: BTreeMap<String, Attention>,
}

/// A part of a vector.
#[derive(Clone, PartialEq, Eq)]
enum Part {
    /// So many numbers in the same order as in PyTorch, or the rest.
    Same(Option<usize>),
    /// A flattened image or series, with the place of each number in PyTorch.
    Planes(Vec<usize>),
    /// Numbers of which some are those of a flattened image or series.
    Unknown,
}

/// Whether PyTorch has the numbers of these parts in the same order.
fn is_same(parts: &[Part]) -> bool {
    parts.iter().all(|part| matches!(part, Part::Same(_)))
}

/// The parts with neighbors in the same order as one.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Part::Same(length)), Part::Same(more)) => {
                *length = length.zip(more).map(|(length, more)| length + more)
            }
            (_, part) => joined.push(part),
        }
    }
    joined
}

impl Part {
    /// The length, or 0 if it is the rest.
    fn length(&self) -> usize {
        match self {
            Self::Same(length) => length.unwrap_or(0),
            Self::Planes(places) => places.len(),
            Self::Unknown => 0,
        }
    }

    /// The numbers of PyTorch are plane by plane, one for each channel.
    fn flattened(shape: &[usize]) -> Self {
        let [pixels @ .., channels] = shape else { return Self::Same(None) };
        let pixels: usize = pixels.iter().product();
        Self::Planes((0..pixels * channels).map(|number| number % channels * pixels + number / channels).collect())
    }
}

impl Kinds {
    /// Notes where PyTorch has the `numbers` of the current vector, which the layer at `path` takes.
    fn note(&mut self, path: layer::Path<'_>, numbers: usize) {
        if is_same(&self.current) {
            return;
        }
        let known: usize = self.current.iter().map(Part::length).sum();
        let count = |kind: Part| self.current.iter().filter(|part| **part == kind).count();
        let rest = numbers.checked_sub(known).filter(|rest| match [count(Part::Same(None)), count(Part::Unknown)] {
            [0, 0] => *rest == 0,
            unknown => unknown == [1, 0],
        });
        let places = rest.map(|rest| {
            let mut places = Vec::new();
            for part in &self.current {
                let start = places.len();
                match part {
                    Part::Same(length) => places.extend(start..start + length.unwrap_or(rest)),
                    Part::Planes(planes) => places.extend(planes.iter().map(|place| start + place)),
                    Part::Unknown => {}
                }
            }
            places
        });
        self.flattened.insert(path.to_string(), places);
    }

    pub(super) fn of<N: Layer>(network: &N) -> Self {
        let mut kinds = Self::default();
        network.operations(layer::Path::ROOT, &mut kinds);
        kinds
    }
}

impl<T> Operations<T> for Kinds {
    fn flatten(&mut self, _: layer::Path<'_>, shape: &'static [usize]) {
        let is_turned = shape.len() != 2 || !self.by_steps;
        self.current = if is_turned { vec![Part::flattened(shape)] } else { Vec::new() };
    }

    fn convolution(&mut self, _: layer::Path<'_>, _: &'static str, _: Sliding, _: [usize; 4], _: &[T]) {
        self.current.clear();
        self.by_steps = false;
    }

    fn pool(&mut self, _: layer::Path<'_>, _: layer::Pool, _: Sliding) {
        self.by_steps = false;
    }

    fn depthwise(&mut self, path: layer::Path<'_>, _: &'static str, _: Sliding, _: [usize; 3], _: &[T]) {
        self.current.clear();
        self.by_steps = false;
        self.depthwise.insert(path.to_string());
    }

    fn global_pool(&mut self, _: layer::Path<'_>, _: layer::Pool, shape: &'static [usize]) {
        self.current = vec![Part::Same(shape.last().copied())];
    }

    fn product(&mut self, path: layer::Path<'_>, _: &'static str, [inputs, outputs]: [usize; 2], _: &[T]) {
        self.note(path, inputs);
        self.current = vec![Part::Same(Some(outputs))];
    }

    fn p_relu(&mut self, path: layer::Path<'_>, _: &'static str, alpha: &[T]) {
        self.note(path, alpha.len());
        self.p_relus.insert(path.to_string());
    }

    fn reshape(&mut self, _: layer::Path<'_>, _: &'static [usize], _: &'static [usize]) {
        self.current.clear();
    }

    fn fork(&mut self, _: layer::Path<'_>) {
        self.forks.push(([self.current.clone(), Vec::new()], self.by_steps));
    }

    fn next_branch(&mut self, _: layer::Path<'_>) {
        if let Some(([start, first], by_steps)) = self.forks.last_mut() {
            *first = mem::replace(&mut self.current, start.clone());
            self.by_steps = *by_steps;
        }
    }

    fn join(&mut self, _: layer::Path<'_>, junction: layer::Junction) {
        let Some(([_, first], _)) = self.forks.pop() else { return };
        let second = mem::take(&mut self.current);
        let whole = |parts: Vec<Part>| if parts.is_empty() { vec![Part::Same(None)] } else { parts };
        self.current = match junction {
            layer::Junction::Concat => joined([whole(first), whole(second)].concat()),
            layer::Junction::Both if is_same(&first) && is_same(&second) => Vec::new(),
            layer::Junction::Both | layer::Junction::MatMul => vec![Part::Unknown],
            _ if first == second || is_same(&first) && is_same(&second) => first,
            _ => vec![Part::Unknown],
        };
    }

    fn add(&mut self, _: layer::Path<'_>, _: &'static str, _: &[T]) {}

    fn elementwise(&mut self, _: layer::Path<'_>, _: &'static str, _: &impl ElementwiseKernel<0, 1>) {}

    fn columnwise<const READ: usize>(
        &mut self,
        _: layer::Path<'_>,
        _: &'static str,
        _: &[(&'static str, &[T])],
        _: &impl ElementwiseKernel<READ, 1>,
    ) {
    }

    fn softmax(&mut self, _: layer::Path<'_>) {}

    fn log_softmax(&mut self, _: layer::Path<'_>) {}

    fn unit_length(&mut self, _: layer::Path<'_>, _: f64) {}

    fn batch_norm(&mut self, path: layer::Path<'_>, shape: &'static [usize], _: [(&'static str, &[T]); 4], _: f64) {
        self.note(path, shape.last().copied().unwrap_or(1));
        self.norms.insert(path.to_string());
    }

    fn normalize(
        &mut self,
        path: layer::Path<'_>,
        shape: &'static [usize],
        groups: Option<usize>,
        _: [(&'static str, &[T]); 2],
        _: f64,
    ) {
        self.note(path, shape.last().copied().unwrap_or(1));
        // In another order, PyTorch has other numbers in a group.
        if groups.is_some_and(|groups| groups > 1) && !is_same(&self.current) {
            self.flattened.insert(path.to_string(), None);
        }
        self.norms.insert(path.to_string());
    }

    fn rms_norm(&mut self, path: layer::Path<'_>, (_, scale): (&'static str, &[T]), _: f64) {
        self.note(path, scale.len());
        self.rms_norms.insert(path.to_string());
    }

    fn look_up(&mut self, path: layer::Path<'_>, _: &'static str, _: [usize; 2], _: &[T]) {
        self.current.clear();
        self.by_steps = true;
        self.embeddings.insert(path.to_string());
    }

    fn add_positions(&mut self, path: layer::Path<'_>, _: &'static str, _: &'static [usize], _: &[T]) {
        self.embeddings.insert(path.to_string());
    }

    fn attention(&mut self, path: layer::Path<'_>, attention: Attention, _: [(&'static str, &[T]); 4]) {
        self.current.clear();
        self.by_steps = true;
        self.attention.insert(path.to_string(), attention);
    }

    fn recurrent(&mut self, path: layer::Path<'_>, recurrence: Recurrence, _: [(&'static str, &[T]); 4]) {
        self.current.clear();
        self.by_steps = true;
        let path = path.to_string();
        let both = self.reversed.take().and_then(|reversed| {
            let both = path.strip_suffix(".layer").filter(|inside| *inside == reversed)?;
            both.strip_suffix("second").map(|both| both.to_string())
        });
        if let Some(both) = both
            && self.recurrent.contains_key(&format!("{both}first"))
        {
            let pair = both.strip_suffix('.').unwrap_or(&both).to_string();
            self.directions.insert(format!("{both}first"), (pair.clone(), false));
            self.directions.insert(path.clone(), (pair, true));
        }
        self.recurrent.insert(path, recurrence);
    }

    fn reverse(&mut self, path: layer::Path<'_>) {
        self.reversed = Some(path.to_string());
    }

    fn other(&mut self, _: layer::Path<'_>, _: &'static str, _: fmt::Arguments<'_>, _: &[(&'static str, &[T])]) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        layers::{AllStates, Branches, Concat, GroupNorm},
        prelude::*,
    };

    /// PyTorch flattens the output of a convolution by channels, and that of a recurrent layer by steps.
    #[test]
    fn flattened_series_are_in_the_order_of_the_module_before_them() {
        type Series = [[f32; 3]; 4];
        type Tail = (Flatten<Series, [f32; 12]>, Dense<12, 2>);
        let flattened = |kinds: Kinds| kinds.flattened;
        let convolution: (Conv1d<Series, 3, 1, Linear, Valid, Bias, Series>, Tail) = Network::new(1);
        let places = vec![0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11];
        assert_eq!(flattened(Kinds::of(&convolution)), [("1.1".to_string(), Some(places))].into());
        assert!(flattened(Kinds::of(&<(Gru<Series, 3, AllStates>, Tail) as Network>::new(1))).is_empty());
        type Texts = (Embedding<[f32; 4], 9, 3>, Tail);
        assert!(flattened(Kinds::of(&Texts::new(1))).is_empty());
    }

    /// Each branch begins in the order before the fork.
    #[test]
    fn recurrent_layers_of_a_branch_do_not_change_the_order_of_the_other() {
        type Series = [[f32; 3]; 4];
        type Steps = Gru<Series, 2>;
        type Flat = Flatten<Series, [f32; 12]>;
        type Convolution = Conv1d<Series, 3, 1, Linear, Valid, Bias, Series>;
        type Tail<A, B, const N: usize = 14> = (Branches<A, B, Concat<[f32; N]>>, Dense<N, 2>);
        let planes = |start: usize| [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11].map(|place| start + place);
        let first = Kinds::of(&<(Convolution, Tail<Steps, Flat>) as Network>::new(1)).flattened;
        assert_eq!(first["1.1"], Some([&[0, 1][..], &planes(2)].concat()));
        let second = Kinds::of(&<(Convolution, Tail<Flat, Steps>) as Network>::new(1)).flattened;
        assert_eq!(second["1.1"], Some([&planes(0)[..], &[12, 13]].concat()));
        let both =
            Kinds::of(&<(Convolution, Tail<Bidirectional<Steps, [f32; 4]>, Flat, 16>) as Network>::new(1)).flattened;
        assert_eq!(both["1.1"], Some([&[0, 1, 2, 3][..], &planes(4)].concat()));
    }

    /// A sum of a flattened image and of a product has no order: the outputs of the product are in that of PyTorch.
    #[test]
    fn orders_that_no_reordering_of_inputs_achieves_are_unknown() {
        #[network(input = Image<2, 2, 3>)]
        type Sum = (Conv2d<_, 3, 1>, Flatten<_>, Residual<Dense<_, 12>>, Dense<_, 2>);
        let flattened = Kinds::of(&Sum::new(1)).flattened;
        assert_eq!(flattened["2.first"].as_deref(), Some(&[0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11][..]));
        assert_eq!(flattened["3"], None);
        #[network(input = Image<2, 2, 3>)]
        type Groups = (Conv2d<_, 3, 1>, Flatten<_>, GroupNorm<_, 2>);
        assert_eq!(Kinds::of(&Groups::new(1)).flattened["2"], None);
    }
}
