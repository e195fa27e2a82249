//! Training on several processor cores.

use crate::{
    Rng, Zeroed,
    kernel::{Element, Real, Simd, Sweep, Work, sweep},
    layer::{Accepts, Description, Ending, Layer, Operations, Parameter, Path, Visit, VisitMut},
    message::Message,
    zeroed::Aligned,
};

/// The network `N`, trained on batches of up to `SHARDS·ROWS` samples by as many threads as `rayon` has.
///
/// Each shard of `ROWS` rows runs through the network by itself, with a tape and a gradient of its own; the
/// gradients are added up in the order of the shards. So the result depends on `SHARDS` and `ROWS`, and not on
/// how many threads there are. It pays for steps of a millisecond and more; memory grows by a gradient for each shard.
///
/// The layer allocates nothing. `rayon` does at times, about once in 100 steps: the memory of the queues that threads
/// steal work from, and, unless the training runs inside a pool (`pool.install(|| trainer.fit(..))`), of the hand-over.
///
/// ```
/// use shiplap::{layers::Parallel, prelude::*};
///
/// type Net = Parallel<(Dense<8, 32, Relu>, Dense<32, 1, Linear>), 4, 16>;
/// let (x, y) = ([[0.5f32; 8]; 64], [[1.0f32]; 64]);
/// let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 64>::boxed(Adam::default(), 1);
/// trainer.fit(&x, &y, Fit::epochs(3))?;
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Parallel<N, const SHARDS: usize, const ROWS: usize> {
    /// The network.
    pub network: N,
}

// SAFETY: the field is `Zeroed`.
unsafe impl<N: Zeroed, const SHARDS: usize, const ROWS: usize> Zeroed for Parallel<N, SHARDS, ROWS> {}

/// What one shard writes.
pub struct Shard<N: Layer, const ROWS: usize> {
    seed: u32,
    tape: Aligned<N::Tape<ROWS>>,
    gradient: Aligned<N>,
}

// SAFETY: each field is `Zeroed`.
unsafe impl<N: Layer, const ROWS: usize> Zeroed for Shard<N, ROWS> {}

impl<N, const SHARDS: usize, const ROWS: usize> Layer for Parallel<N, SHARDS, ROWS>
where
    N: Layer + Send + Sync,
    N::Tape<ROWS>: Send,
{
    type Element = N::Element;
    type Input = N::Input;
    type Output = N::Output;
    type Tape<const B: usize> = [Shard<N, ROWS>; SHARDS];
    type Head = N::Head;

    const PARAMS: usize = N::PARAMS;
    const MACS: usize = N::MACS;
    const FAULT: Option<Message> = if SHARDS == 0 || ROWS == 0 {
        Some(Message::new().text("`Parallel` needs at least one shard of at least one row"))
    } else {
        N::FAULT
    };
    const TAKES_MISSING: bool = N::TAKES_MISSING;

    #[inline(always)]
    fn forward<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[N::Input], y: &mut [N::Output]) {
        self.network.forward::<S, E, B>(simd, x, y);
    }

    #[inline(always)]
    fn record<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        rng: &mut Rng,
        x: &[N::Input],
        tape: &mut Self::Tape<B>,
        y: &mut [N::Output],
    ) {
        const { assert!(B <= SHARDS * ROWS, "the trainer's batch is larger than all shards of `Parallel`") };
        for shard in tape.iter_mut() {
            shard.seed = rng.bits();
        }
        record::<S, E, N, ROWS>(&self.network, simd, x, y, tape);
    }

    #[inline(always)]
    fn backward<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[N::Input],
        tape: &mut Self::Tape<B>,
        y: &[N::Output],
        dy: &mut [N::Output],
        dx: Option<&mut [N::Input]>,
        gradient: &mut Self,
    ) {
        let used = x.len().div_ceil(ROWS);
        backward::<S, E, N, ROWS>(&self.network, simd, (x, y), dy, dx, tape);
        for (number, shard) in tape[..used].iter_mut().enumerate() {
            let networks = [&mut gradient.network, &mut shard.gradient];
            N::parameters_mut(networks, Path::ROOT, &mut AddUp { simd, first: number == 0 });
        }
    }

    #[inline(always)]
    fn activate<S: Simd>(simd: S, logits: &mut [N::Output]) {
        N::activate(simd, logits);
    }

    #[inline(always)]
    fn parameters<V: Visit<N::Element>>(&self, path: Path<'_>, visitor: &mut V) {
        self.network.parameters(path, visitor);
    }

    #[inline(always)]
    fn parameters_mut<V: VisitMut<N::Element, M>, const M: usize>(
        networks: [&mut Self; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        N::parameters_mut(networks.map(|network| &mut network.network), path, visitor);
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        N::describe(path, show);
    }

    fn operations<V: Operations<N::Element>>(&self, path: Path<'_>, operations: &mut V) {
        self.network.operations(path, operations);
    }
}

impl<N, X, const SHARDS: usize, const ROWS: usize> Accepts<X> for Parallel<N, SHARDS, ROWS>
where
    X: crate::Tensor,
    N: Accepts<X> + Send + Sync,
    N::Tape<ROWS>: Send,
{
}

/// Halves the shards until each is alone. `rayon::join` allocates nothing.
fn record<S: Simd, E: Ending, N: Layer + Sync + Send, const ROWS: usize>(
    network: &N,
    simd: S,
    x: &[N::Input],
    y: &mut [N::Output],
    shards: &mut [Shard<N, ROWS>],
) where
    N::Tape<ROWS>: Send,
{
    if x.is_empty() {
        return;
    }
    if let [shard] = shards {
        simd.run(Record::<_, E, ROWS>(network, x, y, shard, core::marker::PhantomData));
        return;
    }
    let half = shards.len() / 2;
    let rows = x.len().min(half * ROWS);
    let ((x, more_x), (y, more_y)) = (x.split_at(rows), y.split_at_mut(rows));
    let (shards, more_shards) = shards.split_at_mut(half);
    rayon::join(
        || record::<S, E, N, ROWS>(network, simd, x, y, shards),
        || record::<S, E, N, ROWS>(network, simd, more_x, more_y, more_shards),
    );
}

struct Record<'a, N: Layer, E, const ROWS: usize>(
    &'a N,
    &'a [N::Input],
    &'a mut [N::Output],
    &'a mut Shard<N, ROWS>,
    core::marker::PhantomData<E>,
);

impl<N: Layer, E: Ending, const ROWS: usize> Work for Record<'_, N, E, ROWS> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self(network, x, y, shard, _) = self;
        let mut rng = Rng::new(shard.seed.into());
        network.record::<S, E, ROWS>(simd, &mut rng, x, &mut shard.tape, y);
    }
}

fn backward<S: Simd, E: Ending, N: Layer + Sync + Send, const ROWS: usize>(
    network: &N,
    simd: S,
    (x, y): (&[N::Input], &[N::Output]),
    dy: &mut [N::Output],
    dx: Option<&mut [N::Input]>,
    shards: &mut [Shard<N, ROWS>],
) where
    N::Tape<ROWS>: Send,
{
    if x.is_empty() {
        return;
    }
    if let [shard] = shards {
        simd.run(Backward::<_, E, ROWS>(network, (x, y), dy, dx, shard, core::marker::PhantomData));
        return;
    }
    let half = shards.len() / 2;
    let rows = x.len().min(half * ROWS);
    let ((x, more_x), (y, more_y)) = (x.split_at(rows), y.split_at(rows));
    let ((dy, more_dy), (shards, more_shards)) = (dy.split_at_mut(rows), shards.split_at_mut(half));
    let (dx, more_dx) = match dx.map(|dx| dx.split_at_mut(rows)) {
        Some((dx, more_dx)) => (Some(dx), Some(more_dx)),
        None => (None, None),
    };
    rayon::join(
        || backward::<S, E, N, ROWS>(network, simd, (x, y), dy, dx, shards),
        || backward::<S, E, N, ROWS>(network, simd, (more_x, more_y), more_dy, more_dx, more_shards),
    );
}

struct Backward<'a, N: Layer, E, const ROWS: usize>(
    &'a N,
    (&'a [N::Input], &'a [N::Output]),
    &'a mut [N::Output],
    Option<&'a mut [N::Input]>,
    &'a mut Shard<N, ROWS>,
    core::marker::PhantomData<E>,
);

impl<N: Layer, E: Ending, const ROWS: usize> Work for Backward<'_, N, E, ROWS> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self(network, (x, y), dy, dx, shard, _) = self;
        network.backward::<S, E, ROWS>(simd, x, &mut shard.tape, y, dy, dx, &mut shard.gradient);
    }
}

/// Adds the second network to the first, or puts it in its place.
struct AddUp<S> {
    simd: S,
    first: bool,
}

impl<S: Simd, T: Element> VisitMut<T, 2> for AddUp<S> {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, [sum, shard]: [&mut [T]; 2]) {
        if self.first {
            sum.copy_from_slice(shard);
        } else {
            sweep(self.simd, &Plus, [&*shard], [sum]);
        }
    }
}

#[derive(Clone, Copy)]
struct Plus;

impl Sweep<1, 1> for Plus {
    #[inline(always)]
    fn apply<V: Real>(&self, [a]: [V; 1], [b]: [V; 1]) -> [V; 1] {
        [a + b]
    }
}
