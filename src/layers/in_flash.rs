//! A network that stays in read-only memory.

use core::{fmt, marker::PhantomData};

use super::without_tape::{backward_without_tape, forward_without_tape, not_trainable, without_lengths};
use crate::{
    Rng, Zeroed,
    flash::{Flash, Stored},
    kernel::Simd,
    layer::{Description, Ending, Invalid, Layer, Operations, Outline, Parameters, Path, Visit, VisitMut, first_fault},
    message::Message,
    network::Network,
    stream::{Streaming, by_layer},
};

/// The network that `F` stands for, read directly from read-only memory: on a microcontroller, from flash. The layer
/// itself has no bytes, so a trainer holds only the layers around it. As for [`Frozen`](crate::layers::Frozen),
/// training keeps no gradient, optimizer state or tape for it.
///
/// Saved files of a network do not include the weights of this layer.
///
/// ```standalone_crate
/// use shiplap::prelude::*;
///
/// /// Trained on a computer.
/// type FeatureNet = (Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>);
/// static FEATURES: FeatureNet = include_weights!("../../tests/flash/xor.safetensors");
///
/// struct Features;
///
/// impl Flash for Features {
///     type Network = FeatureNet;
///     const NETWORK: &'static FeatureNet = &FEATURES;
/// }
///
/// /// Its last layer learns on the chip.
/// type Net = (InFlash<Features>, Dense<1, 1, Linear>);
/// assert_eq!((Net::PARAMS, Net::BYTES), (2, 8));
///
/// let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, 2>::new(Sgd::new(0.1), 1);
/// trainer.fit(&[[0.0f32, 1.0], [1.0, 1.0]], &[[-3.0f32], [3.0]], Fit::epochs(200))?;
/// assert!(trainer.predict(&[0.0, 1.0])[0] < -2.9);
/// # Ok::<(), TrainError>(())
/// ```
pub struct InFlash<F>(PhantomData<fn() -> F>);

// SAFETY: it has no bytes.
unsafe impl<F> Zeroed for InFlash<F> {}

impl<F> Clone for InFlash<F> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<F> fmt::Debug for InFlash<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InFlash")
    }
}

impl<F: Flash> Parameters for InFlash<F> {
    type Element = <F::Network as Parameters>::Element;
    type Trainable = ();

    const PARAMS: usize = 0;
    const KIND: Message<64> = F::Network::KIND;

    #[inline(always)]
    fn parameters<V: Visit<Self::Element>>(&self, _: Path<'_>, _: &mut V) {}

    #[inline(always)]
    fn parameters_mut<V: VisitMut<Self::Element, M>, const M: usize>(_: [&mut Self; M], _: Path<'_>, _: &mut V) {}

    not_trainable!();
}

impl<F: Flash> Layer for InFlash<F> {
    type Input = <F::Network as Layer>::Input;
    type Output = <F::Network as Layer>::Output;
    type Tape<const B: usize> = ();
    type Head = <F::Network as Layer>::Head;

    const MACS: usize = F::Network::MACS;
    const FAULT: Option<Message> = first_fault(&[F::Network::FAULT, F::Network::OUTLINE.stateful_fault("InFlash")]);
    const TAKES_MISSING: bool = F::Network::TAKES_MISSING;
    const TAKES_WHOLE: bool = F::Network::TAKES_WHOLE;
    const KEEPS_WHOLE: bool = F::Network::KEEPS_WHOLE;
    const OUTLINE: Outline = F::Network::OUTLINE.in_flash();

    #[inline(always)]
    fn invalid(x: &Self::Input) -> Option<Invalid> {
        F::Network::invalid(x)
    }

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[Self::Input], y: &mut [Self::Output]) {
        F::NETWORK.forward_batch::<S, E, B>(simd, x, y);
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: Option<&mut Rng>,
        x: &[Self::Input],
        (): &mut (),
        y: &mut [Self::Output],
    ) {
        forward_without_tape::<S, E, F::Network, B>(simd, F::NETWORK, x, y);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[Self::Input],
        (): &mut (),
        _: &[Self::Output],
        dy: &mut [Self::Output],
        dx: Option<&mut [Self::Input]>,
    ) {
        backward_without_tape::<S, E, F::Network, B>(simd, F::NETWORK, x, dy, dx);
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        F::Network::describe(path, &mut |line| {
            show(&Description { kind: format_args!("{} + InFlash", line.kind), params: 0, ..*line });
        });
    }

    fn operations<V: Operations<Self::Element>>(&self, path: Path<'_>, operations: &mut V) {
        F::NETWORK.operations(path, operations);
    }
}

impl<F: Flash> Network for InFlash<F> where F::Network: Network {}

impl<W, P, F: Flash> Stored<W, P> for InFlash<F> {
    const STORED: Self = Self(PhantomData);
}

impl<F: Flash<Network: Streaming>> Streaming for InFlash<F> {
    const PADDED_FAULT: Option<Message> = without_lengths::<F::Network>("InFlash");
    by_layer!(F::Network, |_this| F::NETWORK);
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::{
        budget::Budgeted,
        layers::{Dense, Frozen},
        prelude::*,
    };

    type Inner = (Dense<2, 3, Tanh>, Dense<3, 2, Gelu>);
    const INNER: Inner = (
        Dense::from_parts([[0.5, -0.25, 1.0], [-1.0, 0.75, 0.125]], [0.1, 0.2, -0.3]),
        Dense::from_parts([[1.0, -0.5], [0.25, 0.5], [-0.75, 2.0]], [0.0, 0.5]),
    );
    static IN_FLASH: Inner = INNER;

    struct Middle;

    impl Flash for Middle {
        type Network = Inner;
        const NETWORK: &'static Inner = &IN_FLASH;
    }

    type Before = Dense<3, 2, Tanh>;
    type After = Dense<2, 1, Linear>;
    type Net = (Before, InFlash<Middle>, After);
    type Same = (Before, Frozen<Inner>, After);

    #[test]
    fn learns_around_it_as_around_a_frozen_one() {
        let (x, y) = ([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5]], [[1.0], [-1.0]]);
        let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 2>::new(Adam::new(0.05), 1);
        let mut same = Trainer::<Same, MeanSquaredError, Adam, 2>::new(Adam::new(0.05), 1);
        *same.network_mut() = (trainer.network().0.clone(), Frozen { layer: INNER }, trainer.network().2.clone());
        for _ in 0..20 {
            assert_eq!(trainer.step(&x, &y), same.step(&x, &y));
        }
        assert_eq!(trainer.network().0, same.network().0);
        assert_eq!(trainer.predict(&x[0]), same.predict(&x[0]));
    }

    #[test]
    fn costs_flash_and_no_ram() {
        type Training = Trainer<Net, MeanSquaredError, Sgd, 1>;
        assert_eq!(Net::BYTES, Before::BYTES + After::BYTES);
        assert_eq!((Net::COSTS.flash, Training::COSTS.flash), (Net::BYTES + Inner::BYTES, Inner::BYTES));
        assert_eq!(Training::COSTS.ram, Training::BYTES);
        assert!(Net::summary().to_string().contains("1.1    Dense<3, 2, Gelu> + InFlash"));
    }
}
