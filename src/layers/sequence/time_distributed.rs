//! A layer for each step of a sequence.

use crate::{
    Parameters, Rng, Tensor,
    kernel::{Plus, Simd},
    layer::{Description, Ending, Invalid, Layer, Operations, Path, first_fault, learns},
    layers::combine::Combine,
    message::Message,
    stream::{Streaming, whole_sample},
};

/// The layer `L`, or a sequence of layers in parentheses, applied to each step with the same weights:
/// `y[t] = layer(x[t])`, as in Keras.
///
/// x: `[L::Input; STEPS]`; y: `[L::Output; STEPS]`. In a network whose input is given, omit the steps. Activations,
/// normalizations by the pixel (`LayerNorm`) and pools of images apply to each step by themselves or inside of it.
///
/// ```
/// use shiplap::prelude::*;
///
/// // Eight images, one after another.
/// #[network(input = [Image<6, 6, 1>; 8])]
/// type Net = (
///     TimeDistributed<(Conv2d<_, 4, 3, Relu>, GlobalAveragePool<_>, Dense<_, 5, Tanh>)>,
///     Gru<_, 3>,
/// );
///
/// assert_eq!(Net::new(1).0.predict(&[[[[0.5]; 6]; 6]; 8]).len(), 8);
/// ```
///
/// In full, it has the steps:
///
/// ```
/// use shiplap::prelude::*;
///
/// let layer: TimeDistributed<Dense<2, 3>, 10> = Network::new(1);
/// assert_eq!(layer.predict(&[[1.0, -1.0]; 10])[9], layer.layer.predict(&[1.0, -1.0]));
/// ```
///
/// Each sample is a batch of `STEPS` rows for the layer. For a single dense layer, [`Conv1d<_, UNITS, 1>`] computes the
/// same with one matrix product for all samples and steps, which is faster for a short series.
///
/// A layer that trains with the statistics of the batch, such as `BatchNorm`, is a compile error, unless it is
/// [`Frozen`](crate::layers::Frozen): put it after `TimeDistributed`, where it normalizes the channels of all steps and
/// samples.
///
/// [`Conv1d<_, UNITS, 1>`]: crate::layers::Conv1d
#[derive(Parameters)]
#[parameters(element = L::Element, kind = Message::new().text("TimeDistributed<").number(STEPS as u128).text(">"))]
pub struct TimeDistributed<L: Layer, const STEPS: usize> {
    /// The layer.
    #[layer]
    pub layer: L,
}

impl<L: Layer, const STEPS: usize> TimeDistributed<L, STEPS> {
    const MISUSE: Option<Message> = if STEPS == 0 {
        Some(Message::new().text("`TimeDistributed` needs at least 1 step"))
    } else if L::OUTLINE.has_running_statistics() {
        Some(Message::new().text(
            "`TimeDistributed` applies its layers to each step by itself, and `BatchNorm` needs the statistics of all: \
             put it after `TimeDistributed`",
        ))
    } else {
        None
    };
}

impl<L: Layer, const STEPS: usize> Layer for TimeDistributed<L, STEPS> {
    type Input = [L::Input; STEPS];
    type Output = [L::Output; STEPS];
    /// Those of each sample, and the gradient of a sample.
    type Tape<const B: usize> = ([L::Tape<STEPS>; B], L::Trainable);
    type Head = L::Head;

    const MACS: usize = STEPS * L::MACS;
    const FAULT: Option<Message> = first_fault(&[L::FAULT, Self::MISUSE]);
    /// The axes inside a step are no time.
    const LOOKS_AHEAD: Option<bool> = Some(false);
    const TAKES_MISSING: bool = L::TAKES_MISSING;
    const TAKES_WHOLE: bool = L::TAKES_WHOLE;
    const KEEPS_WHOLE: bool = L::KEEPS_WHOLE;

    #[inline(always)]
    fn invalid(x: &Self::Input) -> Option<Invalid> {
        x.iter().enumerate().find_map(|(step, x)| Some(L::invalid(x)?.at(step * L::Input::LEN)))
    }

    /// As many steps at once as the caller has room for samples.
    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[Self::Input], y: &mut [Self::Output]) {
        for (x, y) in x.iter().zip(y) {
            for (x, y) in x.chunks(B).zip(y.chunks_mut(B)) {
                self.layer.forward_batch::<S, E, B>(simd, x, y);
            }
        }
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        mut rng: Option<&mut Rng>,
        x: &[Self::Input],
        (tapes, _): &mut Self::Tape<B>,
        y: &mut [Self::Output],
    ) {
        for ((x, y), tape) in x.iter().zip(y).zip(tapes) {
            self.layer.record_batch::<S, E, STEPS>(simd, rng.as_deref_mut(), x, tape, y);
        }
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[Self::Input],
        (tapes, _): &mut Self::Tape<B>,
        y: &[Self::Output],
        dy: &mut [Self::Output],
        mut dx: Option<&mut [Self::Input]>,
    ) {
        for (row, ((x, y), (dy, tape))) in x.iter().zip(y).zip(dy.iter_mut().zip(tapes)).enumerate() {
            let dx = dx.as_deref_mut().and_then(|dx| dx.get_mut(row)).map(|dx| &mut dx[..]);
            self.layer.backward_batch::<S, E, STEPS>(simd, x, tape, y, dy, dx);
        }
    }

    #[inline(always)]
    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        simd: S,
        x: &[Self::Input],
        (tapes, of_sample): &mut Self::Tape<B>,
        dy: &[Self::Output],
        gradient: &mut Self::Trainable,
    ) {
        if const { !learns::<L::Trainable>() } {
            return;
        }
        for (row, ((x, dy), tape)) in x.iter().zip(dy).zip(tapes).enumerate() {
            if row == 0 {
                self.layer.gradient_batch::<S, STEPS>(simd, x, tape, dy, &mut gradient.0);
            } else {
                self.layer.gradient_batch::<S, STEPS>(simd, x, tape, dy, of_sample);
                L::trainable_mut(None, &mut gradient.0, [&mut *of_sample], Path::ROOT, &mut Combine(simd, Plus));
            }
        }
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        Description::around::<Self, L>(path, show);
    }

    fn operations<V: Operations<L::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.each_step(path, Self::Input::SHAPE);
        self.layer.operations(path.join("layer"), operations);
        operations.all_steps(path, Self::Output::SHAPE);
    }
}

/// A frame is one input of the layer.
impl<L: Layer, const STEPS: usize> Streaming for TimeDistributed<L, STEPS> {
    whole_sample!(L, |this| &this.layer);
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::{check, prelude::*};

    #[test]
    fn gradients() {
        check::gradients::<TimeDistributed<Dense<3, 2, Tanh, f64>, 4>>().unwrap();
        #[network(input = [Image<3, 3, 1, f64>; 4])]
        type Net = (
            Activate<Tanh, _>,
            TimeDistributed<(Conv2d<_, 2, 2, Tanh>, Flatten<_>, Dense<_, 3, Linear, f64>)>,
            TimeDistributed<Activate<Sigmoid, _>>,
            Gru<_, 2>,
        );
        check::gradients::<Net>().unwrap();
    }

    /// Dropout draws for each step.
    #[test]
    fn steps_of_a_batch_are_steps_of_a_sample() {
        type Each = TimeDistributed<(Dense<3, 4, Tanh>, Dropout<4, 50>, Dense<4, 2>), 5>;
        let (net, mut y) = (Each::new(1), [[[0.0; 2]; 5]; 7]);
        let x: [[[f32; 3]; 5]; 7] = core::array::from_fn(|row| [[row as f32, 1.0, -0.5]; 5]);
        net.predict_batch(&x, &mut y).unwrap();
        for (x, y) in x.iter().zip(&y) {
            let alone = x.map(|x| net.layer.predict(&x));
            assert!(alone.iter().flatten().zip(y.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-6));
        }
    }
}
