//! Operators that several branches share. Branches are types of their own, so each would repeat them: instead, the
//! tensors that are read after a shared operator become a pair, from which the branches part.

use super::{
    Join, Layer, Parsed,
    graph::{Graph, Kind, Operator, Tensor},
    tensor::like,
};

impl Graph<'_> {
    /// Finds the tensors at which branches part, and makes pairs of those that branches share.
    pub fn part_branches(&mut self) {
        self.forks = vec![None; self.operators.len()];
        // Each operator is shared once; those of a damaged file could be again and again.
        for _ in 0..self.operators.len() {
            match self.first_shared() {
                Some((join, shared)) if self.pair_at(join, shared) => {}
                _ => return,
            }
        }
    }

    /// Appends an operator; another may have computed its output so far.
    pub fn push(&mut self, operator: Operator) {
        self.sources.resize(self.tensors.len(), None);
        self.sources[operator.output] = Some(self.operators.len());
        self.forks.push(None);
        self.operators.push(operator);
    }

    /// Appends the operators that take the members of a pair of tensors: of the first one, and of a pair of the others.
    pub fn push_members(&mut self, pair: usize, members: &[usize]) {
        let (mut pair, last) = (pair, members.len() - 1);
        for (index, member) in members[..last].iter().enumerate() {
            let rest = if index + 1 == last { members[last] } else { self.push_pair(members) };
            for (index, output) in [*member, rest].into_iter().enumerate() {
                let (name, inputs) = ("member of a pair".into(), vec![Some(pair)]);
                self.push(Operator { number: 0, name, inputs, output, kind: Kind::Member(index) });
            }
            pair = rest;
        }
    }

    /// Adds a tensor for a pair of these.
    pub fn push_pair(&mut self, members: &[usize]) -> usize {
        let element = self.tensors[members[0]].element;
        self.tensors.push(Tensor::constant("a pair", element, Vec::new(), Vec::new()));
        self.sources.push(None);
        self.tensors.len() - 1
    }

    /// The branches of a pair of tensors that follow from `fork`.
    pub fn both(&self, fork: usize, members: &[usize]) -> Parsed<Vec<Layer>> {
        let [first, others @ ..] = members else { return Ok(Vec::new()) };
        let mut first_layers = self.between(fork, *first)?;
        if first_layers.is_empty() {
            first_layers.push(Layer::Identity { shape: self.shape(*first)? });
        }
        if others.is_empty() {
            return Ok(first_layers);
        }
        let second = self.both(fork, others)?;
        Ok(vec![Layer::Branches { first: first_layers, second, join: Join::Both }])
    }

    /// The first join whose branches share operators that compute something, and the last one of those.
    fn first_shared(&mut self) -> Option<(usize, usize)> {
        for number in self.before(self.output) {
            let Operator { kind, inputs, .. } = &self.operators[number];
            if !kind.joins() || self.forks[number].is_some() {
                continue;
            }
            let inputs: Vec<usize> = inputs.iter().flatten().copied().collect();
            let Ok(fork) = self.fork(number) else { continue };
            self.forks[number] = Some(fork);
            let mut readers = vec![0; self.operators.len()];
            let mut shared = None;
            for input in inputs {
                for operator in self.after(fork, input) {
                    readers[operator] += 1;
                }
            }
            for operator in self.after(fork, self.operators[number].output) {
                if readers[operator] > 1 && !self.is_view(operator) {
                    shared = Some(operator);
                }
            }
            if let Some(shared) = shared {
                return Some((number, shared));
            }
        }
        None
    }

    /// Whether an operator only takes numbers out of a tensor.
    fn is_view(&self, number: usize) -> bool {
        matches!(
            self.operators[number].kind,
            Kind::Part(_) | Kind::Slice(_) | Kind::Reshape | Kind::Both | Kind::Member(_)
        )
    }

    /// The tensors that an operator computes its output from.
    fn reads(&self, number: usize) -> Vec<usize> {
        match &self.operators[number].kind {
            kind if kind.joins() => {
                let inputs = self.operators[number].inputs.iter().flatten().copied();
                inputs.filter(|input| self.tensors[*input].data.is_empty()).collect()
            }
            _ => self.activation_of(number).into_iter().collect(),
        }
    }

    /// The operators from the input to a tensor, each after those that it reads.
    fn before(&self, tensor: usize) -> Vec<usize> {
        self.after(self.input, tensor)
    }

    /// The operators from one tensor to another, each after those that it reads.
    fn after(&self, from: usize, to: usize) -> Vec<usize> {
        let (mut order, mut seen) = (Vec::new(), vec![false; self.operators.len()]);
        // An operator is on the stack a second time when those that it reads are in order.
        let mut stack = vec![(to, false)];
        while let Some((tensor, is_done)) = stack.pop() {
            let Some(number) = self.sources[tensor].filter(|_| tensor != from) else { continue };
            if is_done {
                order.push(number);
            } else if !std::mem::replace(&mut seen[number], true) {
                stack.push((tensor, true));
                stack.extend(self.reads(number).into_iter().rev().map(|tensor| (tensor, false)));
            }
        }
        order
    }

    /// Makes a pair of all that the branches of `join` read of what is computed up to the operator `shared`.
    fn pair_at(&mut self, join: usize, shared: usize) -> bool {
        let Some(fork) = self.forks[join] else { return false };
        let mut is_before = vec![false; self.operators.len()];
        for number in self.before(self.operators[shared].output) {
            is_before[number] = true;
        }
        for number in 0..self.operators.len() {
            // The members of a pair are read in its place.
            if let Operator { kind: Kind::Member(_), inputs, .. } = &self.operators[number] {
                let pair = inputs.first().copied().flatten();
                let source = pair.and_then(|pair| self.sources[pair]);
                is_before[number] |= pair == Some(fork) || source.is_none_or(|source| is_before[source]);
            }
        }
        let mut members = vec![self.operators[shared].output];
        for number in self.after(fork, self.operators[join].output) {
            for read in self.reads(number) {
                let is_read = read == fork || self.sources[read].is_some_and(|source| is_before[source]);
                if !is_before[number] && is_read && !members.contains(&read) {
                    members.push(read);
                }
            }
        }
        if members.len() < 2 {
            return false;
        }
        let copies: Vec<usize> = members.iter().map(|member| like(*member, &mut self.tensors)).collect();
        let later = (0..self.operators.len()).filter(|number| !is_before[*number]);
        for number in later {
            self.forks[number] = None;
            for input in self.operators[number].inputs.iter_mut().flatten() {
                if let Some(place) = members.iter().position(|member| member == input) {
                    *input = copies[place];
                }
            }
        }
        let pair = self.push_pair(&members);
        let Operator { number, ref name, .. } = self.operators[shared];
        let (name, inputs) = (name.clone(), members.into_iter().map(Some).collect());
        self.push(Operator { number, name, inputs, output: pair, kind: Kind::Both });
        self.push_members(pair, &copies);
        true
    }
}
