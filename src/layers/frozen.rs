//! A layer that does not learn.

use crate::{
    Rng, Tensor, Zeroed,
    flash::Stored,
    kernel::Simd,
    layer::{Accepts, Description, Ending, InUse, Layer, Operations, Path, Visit, VisitMut},
    message::Message,
    outline::Outline,
};

/// `L`, a layer or a whole network, as it is: training leaves its weights alone, and keeps no gradient, moments or tape for
/// it. Random layers in it are inactive. Weights come from a file, or from where they were trained.
///
/// In front of the first layer that learns it costs training no more than a prediction. Behind one, what it takes to send
/// slopes back through it is computed anew, on the stack.
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
/// A network of which nothing learns has no trainer:
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

impl<L: Layer> Layer for Frozen<L> {
    type Element = L::Element;
    type Input = L::Input;
    type Output = L::Output;
    type Tape<const B: usize> = ();
    type Learnt = ();
    type Head = L::Head;

    const PARAMS: usize = 0;
    const MACS: usize = L::MACS;
    const FAULT: Option<Message> = L::FAULT;
    const TAKES_MISSING: bool = L::TAKES_MISSING;
    const OUTLINE: Outline = L::OUTLINE;

    #[inline(always)]
    fn forward<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[L::Input], y: &mut [L::Output]) {
        self.layer.forward::<S, E, B>(simd, x, y);
    }

    #[inline(always)]
    fn record<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: &mut Rng,
        x: &[L::Input],
        (): &mut (),
        y: &mut [L::Output],
    ) {
        self.layer.forward::<S, E, B>(simd, x, y);
    }

    #[inline(always)]
    fn backward<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[L::Input],
        (): &mut (),
        _: &[L::Output],
        dy: &mut [L::Output],
        dx: Option<&mut [L::Input]>,
    ) {
        slopes_back::<S, E, L, B>(simd, &self.layer, x, dy, dx);
    }

    #[inline(always)]
    fn activate<S: Simd>(simd: S, logits: &mut [L::Output]) {
        L::activate(simd, logits);
    }

    #[inline(always)]
    fn parameters<V: Visit<L::Element>>(&self, path: Path<'_>, visitor: &mut V) {
        self.layer.parameters(path, visitor);
    }

    #[inline(always)]
    fn parameters_mut<V: VisitMut<L::Element, M>, const M: usize>(
        networks: [&mut Self; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        L::parameters_mut(networks.map(|network| &mut network.layer), path, visitor);
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

impl<X: Tensor, L: Accepts<X>> Accepts<X> for Frozen<L> {}

impl<W, P, L: Stored<W, P>> Stored<W, P> for Frozen<L> {
    const STORED: Self = Self { layer: L::STORED };
}

/// [`backward`](Layer::backward) of a layer that nothing has been kept for.
#[inline(always)]
pub(super) fn slopes_back<S: Simd, E: Ending, L: Layer, const B: usize>(
    simd: S,
    layer: &L,
    x: &[L::Input],
    dy: &mut [L::Output],
    dx: Option<&mut [L::Input]>,
) {
    if dx.is_none() {
        return;
    }
    let (mut tape, mut again) = (L::Tape::<B>::zeroed(), <[L::Output; B]>::zeroed());
    let y = &mut again[..x.len()];
    // Nothing in use is random.
    layer.record::<S, InUse<E>, B>(simd, &mut Rng::new(0), x, &mut tape, y);
    layer.backward::<S, InUse<E>, B>(simd, x, &mut tape, y, dy, dx);
}
