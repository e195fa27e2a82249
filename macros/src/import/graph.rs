//! The operators of a model in sequence and in branches.

use std::cell::Cell;

use super::{
    Join, Layer, Parsed, Scale,
    elementwise::{check_scales, is_joined, is_symmetric},
    expand::expand,
};
pub use super::{
    kind::{Kind, Operator, States},
    tensor::{Element, Tensor},
};

pub struct Graph<'a> {
    pub tensors: Vec<Tensor<'a>>,
    pub operators: Vec<Operator>,
    /// The operator that computes each tensor.
    pub sources: Vec<Option<usize>>,
    /// For each operator of several branches, the tensor at which they part.
    pub forks: Vec<Option<usize>>,
    /// The ends of the model, in the order of the file.
    pub inputs: Vec<usize>,
    pub outputs: Vec<usize>,
    /// The input: the only one, or a pair of all.
    pub input: usize,
    /// The output, likewise.
    pub output: usize,
    /// The number of layers so far.
    layers: Cell<usize>,
}

/// The most operators of a model, and the most layers.
const MOST_OPERATORS: usize = 1000;
const MOST_LAYERS: usize = 4 * MOST_OPERATORS;

impl<'a> Graph<'a> {
    /// Connects operators, whose tensors exist. There is an input and an output, or several.
    pub fn new(mut tensors: Vec<Tensor<'a>>, mut operators: Vec<Operator>, ends: [Vec<usize>; 2]) -> Parsed<Self> {
        let [inputs, outputs] = ends;
        expand(&mut tensors, &mut operators);
        if operators.len() > MOST_OPERATORS {
            return Err(format!("has {} operators, and {MOST_OPERATORS} are supported", operators.len()));
        }
        for operator in &mut operators {
            // A constant comes second.
            if let (Kind::Combine { arithmetic, .. }, [Some(first), _]) = (&operator.kind, &operator.inputs[..])
                && is_symmetric(arithmetic)
                && !tensors[*first].data.is_empty()
            {
                operator.inputs.swap(0, 1);
            }
        }
        let (mut sources, mut forks) = (vec![None; tensors.len()], Vec::new());
        for (number, operator) in operators.iter().enumerate() {
            // An operator reads the input, constants, and outputs of operators before it.
            let is_known = |tensor: &usize| {
                !tensors[*tensor].data.is_empty() || inputs.contains(tensor) || sources[*tensor].is_some()
            };
            if !operator.inputs.iter().flatten().all(is_known) {
                return Err(refused(operator, "an input is computed after it, or not at all"));
            }
            if sources[operator.output].is_some() || inputs.contains(&operator.output) {
                return Err(refused(operator, "another operator computes its output"));
            }
            sources[operator.output] = Some(number);
            forks.push(None);
        }
        let input = inputs.first().copied().ok_or("has no input")?;
        let output = outputs.first().copied().ok_or("has no output")?;
        let mut graph =
            Self { tensors, operators, sources, forks, inputs, outputs, input, output, layers: Cell::new(0) };
        graph.enter()?;
        graph.read_constants();
        graph.pair_ends();
        graph.part_branches();
        Ok(graph)
    }

    /// The layers from tensor `from` to tensor `to`.
    pub fn between(&self, from: usize, to: usize) -> Parsed<Vec<Layer>> {
        let (mut groups, mut at) = (Vec::new(), to);
        while at != from {
            // Branches that share operators repeat them.
            self.layers.set(self.layers.get() + 1);
            if self.layers.get() > MOST_LAYERS {
                return Err("has branches that share too many operators".into());
            }
            let number = self.source(at)?;
            if let Some(fork) = self.forks[number] {
                groups.push(self.branches(number, fork)?);
                at = fork;
            } else {
                groups.push(self.layers_of(number)?);
                at = self.activation_of(number)?;
            }
        }
        Ok(groups.into_iter().rev().flatten().collect())
    }

    /// The operator that computes a tensor.
    fn source(&self, tensor: usize) -> Parsed<usize> {
        self.sources[tensor].ok_or_else(|| {
            format!("has tensor `{}`, which no operator computes from the input", self.tensors[tensor].name)
        })
    }

    pub fn input_of(&self, number: usize, index: usize) -> Parsed<usize> {
        let input = self.operators[number].inputs.get(index).copied().flatten();
        input.ok_or_else(|| self.refuse(number, &format!("input {index} is missing")))
    }

    /// The input of an operator of one, that a constant may come before.
    pub fn activation_of(&self, number: usize) -> Parsed<usize> {
        let comes_second = matches!(self.operators[number].kind, Kind::Combine { .. }) && self.is_constant(number, 0);
        self.input_of(number, usize::from(comes_second))
    }

    /// The tensors from which a tensor follows through one operator after another, latest first.
    fn ancestors(&self, tensor: usize) -> Parsed<Vec<usize>> {
        let (mut ancestors, mut at) = (vec![tensor], tensor);
        while at != self.input {
            let number = self.source(at)?;
            if let Kind::Unsupported(reason) = &self.operators[number].kind {
                return Err(self.refuse(number, reason));
            }
            at = self.forks[number].map_or_else(|| self.activation_of(number), Ok)?;
            ancestors.push(at);
        }
        Ok(ancestors)
    }

    /// The tensor at which the branches of an operator of several inputs part.
    pub fn fork(&self, number: usize) -> Parsed<usize> {
        let inputs = &self.operators[number].inputs;
        if inputs.len() < 2 {
            return Err("it has one input, and needs two".into());
        }
        let mut ends = Vec::new();
        for index in 0..inputs.len() {
            let input = self.input_of(number, index)?;
            let Tensor { name, data, .. } = &self.tensors[input];
            if !data.is_empty() {
                return Err(format!("its input `{name}` is a constant"));
            }
            ends.push(input);
        }
        self.common(&ends)
    }

    /// The last tensor from which all of these follow.
    fn common(&self, ends: &[usize]) -> Parsed<usize> {
        let mut common: Option<Vec<usize>> = None;
        for end in ends {
            let ancestors = self.ancestors(*end)?;
            common = Some(match common {
                None => ancestors,
                Some(common) => common.into_iter().filter(|tensor| ancestors.contains(tensor)).collect(),
            });
        }
        common.and_then(|common| common.first().copied()).ok_or("its inputs do not follow from one tensor".into())
    }

    /// Branches from `fork` that an operator joins. More than two are nested.
    fn branches(&self, number: usize, fork: usize) -> Parsed<Vec<Layer>> {
        let Operator { inputs, output, kind, .. } = &self.operators[number];
        let ends: Vec<usize> = inputs.iter().flatten().copied().collect();
        if matches!(kind, Kind::Both) {
            return self.both(fork, &ends);
        }
        let output_scale = self.scale(*output)?;
        let branch = |end: usize, after: Vec<Layer>| -> Parsed<Vec<Layer>> {
            let mut layers = self.between(fork, end)?;
            layers.extend(after);
            Ok(if layers.is_empty() { vec![Layer::Identity { shape: self.shape(end)? }] } else { layers })
        };
        match kind {
            Kind::Combine { arithmetic, activation } => {
                let [mut first, mut second] = ends[..] else {
                    return Err(self.refuse(number, &format!("it has {} inputs, and 2 are supported", ends.len())));
                };
                let (shape, of_first, of_second) = (self.shape(*output)?, self.shape(first)?, self.shape(second)?);
                // The identity comes second. Only a difference depends on the order.
                if is_symmetric(arithmetic) && (of_first != shape || first == fork && of_second == shape) {
                    std::mem::swap(&mut first, &mut second);
                }
                let refuse = |_| self.refuse(number, &format!("it joins the shapes {of_first:?} and {of_second:?}"));
                let (of_first, of_second) = (self.shape(first)?, self.shape(second)?);
                let mut repeats = [self.repeat(&of_first, &shape).map_err(refuse)?, Vec::new()];
                if !is_joined(&shape, &of_second) {
                    repeats[1] = self.repeat(&of_second, &shape).map_err(refuse)?;
                }
                let [repeat_first, repeat_second] = repeats;
                let inputs = [self.scale(first)?, self.scale(second)?];
                check_scales(arithmetic, inputs, output_scale).map_err(|reason| self.refuse(number, &reason))?;
                let join = Join::Combine { arithmetic, activation, inputs, output: output_scale };
                let (first, second) = (branch(first, repeat_first)?, branch(second, repeat_second)?);
                Ok(vec![Layer::Branches { first, second, join }])
            }
            Kind::Concat { axis, packs } => {
                let shape = self.shape(*output)?;
                let rank = self.tensors[*output].shape.len();
                let axis = if *axis < 0 { axis.wrapping_add(rank as i32) } else { *axis };
                let place = usize::try_from(axis).ok().and_then(|axis| axis.checked_sub(rank - shape.len()));
                let Some(place) = place.filter(|place| *place < shape.len()) else {
                    return Err(self.refuse(number, &format!("it joins axis {axis}, which is that of the batch")));
                };
                // All that is inside the axis counts as channels.
                let rows = &shape[..place];
                let of_channels = |channels: usize| match rows {
                    _ if place + 1 == shape.len() && !packs => [rows, &[channels]].concat(),
                    [] => vec![channels],
                    _ => vec![rows.iter().product(), channels],
                };
                let mut joined: Option<(Vec<Layer>, usize, Scale)> = None;
                for end in ends {
                    // A change of the scale before it is part of the layer.
                    let end = match self.sources[end].map(|source| &self.operators[source]) {
                        Some(Operator { kind: Kind::Quantize, inputs, .. }) if end != fork => {
                            inputs.first().copied().flatten().unwrap_or(end)
                        }
                        _ => end,
                    };
                    let of_end = self.shape(end)?;
                    let channels = of_end.get(place..).map_or(0, |inside| inside.iter().product());
                    if of_end.get(..place) != Some(rows) {
                        return Err(self.refuse(number, "its inputs have different shapes"));
                    }
                    let after = self.reshape(&of_end, &of_channels(channels))?;
                    let (second, scale) = (branch(end, after)?, self.scale(end)?);
                    joined = Some(match joined {
                        None => (second, channels, scale),
                        Some((first, before, scale_of_first)) => {
                            let channels = before + channels;
                            let join = Join::Concat {
                                shape: of_channels(channels),
                                inputs: [scale_of_first, scale],
                                output: output_scale,
                            };
                            (vec![Layer::Branches { first, second, join }], channels, output_scale)
                        }
                    });
                }
                let Some((mut layers, channels, _)) = joined else { return Ok(Vec::new()) };
                let back = self.reshape(&of_channels(channels), &shape);
                layers.extend(back.map_err(|reason| self.refuse(number, &reason))?);
                Ok(layers)
            }
            Kind::MatMul { transposed } => {
                let [first, second] = ends[..] else {
                    return Err(self.refuse(number, &format!("it has {} inputs, and 2 are supported", ends.len())));
                };
                self.mat_mul(number, [first, second], *transposed, branch)
                    .map_err(|reason| self.refuse(number, &reason))
            }
            _ => Err(self.refuse(number, "it joins no branches")),
        }
    }

    /// The reason to refuse a model for an operator, unless it names one.
    pub fn refuse(&self, number: usize, reason: &str) -> String {
        match reason.starts_with("has operator ") {
            true => reason.into(),
            false => refused(&self.operators[number], reason),
        }
    }
}

fn refused(Operator { number, name, .. }: &Operator, reason: &str) -> String {
    format!("has operator {number}, {name}, that is not supported: {reason}")
}
