//! What the operations of a network tell about its layers, for files of other libraries.

use core::fmt;
use std::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    kernel::ElementwiseKernel,
    layer::{self, Attention, Layer, Operations, Recurrence, Sliding},
};

/// The layers whose parameters depend on their place or kind.
#[derive(Default)]
pub(super) struct Kinds {
    /// The shape of the last image or series that was flattened.
    current: Option<&'static [usize]>,
    /// Whether the module of PyTorch before it has the channels of a step side by side, unlike those of images and
    /// convolutions.
    by_steps: bool,
    /// The layers whose input is a flattened image or series, with its shape.
    pub flattened: Vec<(String, &'static [usize])>,
    /// The normalization layers.
    pub norms: BTreeSet<String>,
    /// Those that normalize by the root mean square, whose factors have the same name in Keras.
    pub rms_norms: BTreeSet<String>,
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

impl Kinds {
    pub(super) fn of<N: Layer>(network: &N) -> Self {
        let mut kinds = Self::default();
        network.operations(layer::Path::ROOT, &mut kinds);
        kinds
    }
}

impl<T> Operations<T> for Kinds {
    fn flatten(&mut self, _: layer::Path<'_>, shape: &'static [usize]) {
        let is_turned = shape.len() != 2 || !self.by_steps;
        self.current = is_turned.then_some(shape);
    }

    fn convolution(&mut self, _: layer::Path<'_>, _: &'static str, _: Sliding, _: [usize; 4], _: &[T]) {
        self.by_steps = false;
    }

    fn pool(&mut self, _: layer::Path<'_>, _: layer::Pool, _: Sliding) {
        self.by_steps = false;
    }

    fn depthwise(&mut self, path: layer::Path<'_>, _: &'static str, _: Sliding, _: [usize; 3], _: &[T]) {
        self.by_steps = false;
        self.depthwise.insert(path.to_string());
    }

    fn product(&mut self, path: layer::Path<'_>, _: &'static str, _: [usize; 2], _: &[T]) {
        self.flattened.extend(self.current.take().map(|image| (path.to_string(), image)));
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

    fn batch_norm(&mut self, path: layer::Path<'_>, _: &'static [usize], _: [(&'static str, &[T]); 4], _: f64) {
        self.norms.insert(path.to_string());
    }

    fn normalize(
        &mut self,
        path: layer::Path<'_>,
        _: &'static [usize],
        _: Option<usize>,
        _: [(&'static str, &[T]); 2],
        _: f64,
    ) {
        self.norms.insert(path.to_string());
    }

    fn rms_norm(&mut self, path: layer::Path<'_>, _: (&'static str, &[T]), _: f64) {
        self.rms_norms.insert(path.to_string());
    }

    fn look_up(&mut self, path: layer::Path<'_>, _: &'static str, _: [usize; 2], _: &[T]) {
        self.by_steps = true;
        self.embeddings.insert(path.to_string());
    }

    fn add_positions(&mut self, path: layer::Path<'_>, _: &'static str, _: &'static [usize], _: &[T]) {
        self.embeddings.insert(path.to_string());
    }

    fn attention(&mut self, path: layer::Path<'_>, attention: Attention, _: [(&'static str, &[T]); 4]) {
        self.by_steps = true;
        self.attention.insert(path.to_string(), attention);
    }

    fn recurrent(&mut self, path: layer::Path<'_>, recurrence: Recurrence, _: [(&'static str, &[T]); 4]) {
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
    use crate::{layers::AllStates, prelude::*};

    /// PyTorch flattens the output of a convolution by channels, and that of a recurrent layer by steps.
    #[test]
    fn flattened_series_are_in_the_order_of_the_module_before_them() {
        type Series = [[f32; 3]; 4];
        type Tail = (Flatten<Series, [f32; 12]>, Dense<12, 2>);
        let flattened = |kinds: Kinds| kinds.flattened;
        let convolution: (Conv1d<Series, 3, 1, Linear, Valid, Bias, Series>, Tail) = Network::new(1);
        assert_eq!(flattened(Kinds::of(&convolution)), [("1.1".to_string(), &[4, 3][..])]);
        assert!(flattened(Kinds::of(&<(Gru<Series, 3, AllStates>, Tail) as Network>::new(1))).is_empty());
        type Texts = (Embedding<[f32; 4], 9, 3>, Tail);
        assert!(flattened(Kinds::of(&Texts::new(1))).is_empty());
    }
}
