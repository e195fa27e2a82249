//! A layer that is not trained.

use super::without_tape::{backward_without_tape, forward_without_tape, not_trainable, without_lengths};
use crate::{
    Rng, Zeroed,
    flash::Stored,
    kernel::{Simd, map_each},
    layer::{Description, Ending, Invalid, Layer, Operations, Outline, Parameters, Path, Visit, VisitMut, first_fault},
    message::Message,
    network::Network,
    stream::{Streaming, by_layer},
};

/// `L`, a layer or a whole network, with fixed weights: training does not change them, and keeps no gradient, optimizer
/// state or tape for them. Random layers in it are inactive. The weights come from a file or from an earlier training
/// run.
///
/// In front of the first trainable layer, it costs training no more than a prediction. Behind one, backpropagation
/// repeats its forward pass on the stack, for as many rows at a time as fit.
///
/// Penalties, whether in its type or in the optimizer, and weight decay do not apply to it.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Features = (Dense<4, 8, Tanh>, Dense<8, 3, Tanh>);
/// type Net = (Frozen<Features>, Dense<3, 1, Linear>);
/// let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 2>::new(Adam::new(0.1), 1);
/// trainer.network_mut().0.layer = Network::new(2);
/// let before = trainer.network().0.layer.0.kernel;
/// trainer.fit(&[[0.1f32, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]], &[[1.0f32], [2.0]], Fit::epochs(20))?;
/// assert_eq!(trainer.network().0.layer.0.kernel, before);
/// assert_eq!(Net::PARAMS, 4);
/// # Ok::<(), TrainError>(())
/// ```
///
/// A trainer for a network without trainable parameters does not compile:
///
/// ```compile_fail
/// use shiplap::prelude::*;
///
/// Trainer::<Frozen<Dense<4, 1, Linear>>, MeanSquaredError, Adam, 2>::new(Adam::new(0.1), 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Frozen<L> {
    /// The layer.
    pub layer: L,
}

// SAFETY: the field is `Zeroed`.
unsafe impl<L: Zeroed> Zeroed for Frozen<L> {}

impl<L: Layer> Parameters for Frozen<L> {
    type Element = L::Element;
    type Trainable = ();

    const PARAMS: usize = 0;
    const KIND: Message<64> = L::KIND;

    #[inline(always)]
    fn parameters<V: Visit<L::Element>>(&self, path: Path<'_>, visitor: &mut V) {
        self.layer.parameters(path, visitor);
    }

    #[inline(always)]
    fn parameters_mut<V: VisitMut<L::Element, M>, const M: usize>(
        mut layers: [&mut Self; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        L::parameters_mut(map_each(&mut layers, |frozen| &mut frozen.layer), path, visitor);
    }

    not_trainable!();
}

impl<L: Layer> Layer for Frozen<L> {
    type Input = L::Input;
    type Output = L::Output;
    type Tape<const B: usize> = ();
    type Head = L::Head;

    const MACS: usize = L::MACS;
    const FAULT: Option<Message> = first_fault(&[L::FAULT, L::OUTLINE.stateful_fault("Frozen")]);
    const TAKES_MISSING: bool = L::TAKES_MISSING;
    const TAKES_WHOLE: bool = L::TAKES_WHOLE;
    const KEEPS_WHOLE: bool = L::KEEPS_WHOLE;
    const OUTLINE: Outline = L::OUTLINE.frozen();

    #[inline(always)]
    fn invalid(x: &L::Input) -> Option<Invalid> {
        L::invalid(x)
    }

    #[inline(always)]
    fn part(x: &L::Input) -> Option<(usize, &L::Output)> {
        L::part(x)
    }

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[L::Input], y: &mut [L::Output]) {
        self.layer.forward_batch::<S, E, B>(simd, x, y);
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: Option<&mut Rng>,
        x: &[L::Input],
        (): &mut (),
        y: &mut [L::Output],
    ) {
        forward_without_tape::<S, E, L, B>(simd, &self.layer, x, y);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[L::Input],
        (): &mut (),
        _: &[L::Output],
        dy: &mut [L::Output],
        dx: Option<&mut [L::Input]>,
    ) {
        backward_without_tape::<S, E, L, B>(simd, &self.layer, x, dy, dx);
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        L::describe(path, &mut |line| {
            show(&Description { kind: format_args!("{} + Frozen", line.kind), params: 0, ..*line });
        });
    }

    fn operations<V: Operations<L::Element>>(&self, path: Path<'_>, operations: &mut V) {
        self.layer.operations(path, operations);
    }
}

impl<L: Network> Network for Frozen<L> {}

impl<W, P, L: Stored<W, P>> Stored<W, P> for Frozen<L> {
    const STORED: Self = Self { layer: L::STORED };
}

impl<L: Streaming> Streaming for Frozen<L> {
    const PADDED_FAULT: Option<Message> = without_lengths::<L>("Frozen");
    by_layer!(L, |this| &this.layer);
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::{thread, vec};

    use super::*;
    use crate::prelude::*;

    type Before = Dense<2, 4, Tanh>;
    type Wide = (Dense<4, 2040, Tanh>, Dense<2040, 4, Tanh>);
    type After = Dense<4, 1, Linear>;
    const ROWS: usize = 300;

    /// With all rows at once, the outputs between the two wide layers would take 2.4 MB, and backward more. At this
    /// width the rows of one backward pass fill the allowance almost entirely.
    #[test]
    fn any_batch_is_within_the_stack() {
        type Net = (Before, Frozen<Wide>, After);
        type Whole = (Before, Wide, After);
        let learn = || {
            let x = vec![[0.5, -0.25]; ROWS];
            let y = vec![[1.0]; ROWS];
            let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, ROWS>::boxed(Sgd::new(0.1), 1);
            let mut whole = Trainer::<Whole, MeanSquaredError, Sgd, ROWS>::boxed(Sgd::new(0.1), 1);
            let loss = trainer.step(&x, &y).unwrap();
            assert!((loss - whole.step(&x, &y).unwrap()).abs() < 1e-6);
            // The layer in front of it gets the same gradient either way.
            let layers = [&trainer.network().0, &whole.network().0].map(|layer| layer.kernel.as_flattened());
            assert!(layers[0].iter().zip(layers[1]).all(|(frozen, trained)| (frozen - trained).abs() < 1e-6));
            assert_ne!(layers[0], Net::new(1).0.kernel.as_flattened());
        };
        thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(learn).unwrap().join().unwrap();
    }
}
