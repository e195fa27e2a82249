//! Training on several cores.

use core::marker::PhantomData;

use crate::{
    Rng, Zeroed,
    kernel::{ElementwiseKernel, Plus, Real, Simd, Work},
    layer::{
        Description, Ending, Invalid, Layer, Operations, Outline, Parameters, Path, Visit, VisitGradient, VisitMut,
        VisitTrainable,
    },
    layers::combine::Combine,
    message::Message,
    network::Network,
    stream::{Streaming, by_layer},
    zeroed::Aligned,
};

/// The network `N`, trained on batches of up to `SHARDS·ROWS` samples by as many threads as `rayon` has.
///
/// Each shard of `ROWS` rows passes through the network by itself, with its own tape and gradient. The gradients are
/// added in the order of the shards, so the result depends on `SHARDS` and `ROWS`, but not on the number of threads. It
/// pays off for steps of a millisecond or more. Each shard adds the memory of one gradient. A trainer with a batch of
/// more than `SHARDS·ROWS` does not compile.
///
/// The layer does not allocate. `rayon` does, about once in 100 steps: for the queues from which threads steal work,
/// and for handing work over to the pool, unless training already runs inside a pool
/// (`pool.install(|| trainer.fit(..))`).
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

/// The memory of one shard.
pub struct Shard<N: Layer, const ROWS: usize> {
    seed: u32,
    /// The number of rows of the last batch that passed through it.
    rows: usize,
    tape: Aligned<N::Tape<ROWS>>,
    gradient: Aligned<N::Trainable>,
}

// SAFETY: each field is `Zeroed`.
unsafe impl<N: Layer, const ROWS: usize> Zeroed for Shard<N, ROWS> {}

impl<N: Layer, const SHARDS: usize, const ROWS: usize> Parameters for Parallel<N, SHARDS, ROWS> {
    type Element = N::Element;
    type Trainable = N::Trainable;

    const PARAMS: usize = N::PARAMS;
    const KIND: Message<64> = N::KIND;

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

    #[inline(always)]
    fn trainable<V: Visit<N::Element>>(trainable: &N::Trainable, path: Path<'_>, visitor: &mut V) {
        N::trainable(trainable, path, visitor);
    }

    #[inline(always)]
    fn trainable_mut<V: VisitTrainable<N::Element, M>, const M: usize>(
        layer: Option<&mut Self>,
        gradient: &mut N::Trainable,
        state: [&mut N::Trainable; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        N::trainable_mut(layer.map(|layer| &mut layer.network), gradient, state, path, visitor);
    }
}

impl<N, const SHARDS: usize, const ROWS: usize> Layer for Parallel<N, SHARDS, ROWS>
where
    N: Layer + Send + Sync,
    N::Tape<ROWS>: Send,
{
    type Input = N::Input;
    type Output = N::Output;
    type Tape<const B: usize> = [Shard<N, ROWS>; SHARDS];
    type Head = N::Head;

    const MACS: usize = N::MACS;
    const FAULT: Option<Message> = if SHARDS == 0 || ROWS == 0 {
        Some(Message::new().text("`Parallel` needs at least one shard of at least one row"))
    } else {
        N::FAULT
    };
    const TAKES_MISSING: bool = N::TAKES_MISSING;
    const TAKES_WHOLE: bool = N::TAKES_WHOLE;
    const KEEPS_WHOLE: bool = N::KEEPS_WHOLE;
    const OUTLINE: Outline = N::OUTLINE;

    #[inline(always)]
    fn invalid(x: &N::Input) -> Option<Invalid> {
        N::invalid(x)
    }

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[N::Input], y: &mut [N::Output]) {
        self.network.forward_batch::<S, E, B>(simd, x, y);
    }

    #[inline(always)]
    fn forward_padded<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        lengths: &[usize],
        x: &[N::Input],
        y: &mut [N::Output],
    ) {
        self.network.forward_padded::<S, E, B>(simd, lengths, x, y);
    }

    #[inline(always)]
    fn set_lengths<const B: usize>(tape: &mut Self::Tape<B>, lengths: &[usize]) {
        for (shard, lengths) in tape.iter_mut().zip(lengths.chunks(ROWS)) {
            N::set_lengths::<ROWS>(&mut shard.tape, lengths);
        }
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        rng: Option<&mut Rng>,
        x: &[N::Input],
        tape: &mut Self::Tape<B>,
        y: &mut [N::Output],
    ) {
        const { assert!(B <= SHARDS * ROWS, "the trainer's batch is larger than all shards of `Parallel`") };
        tape.iter_mut().for_each(|shard| shard.rows = 0);
        let training = rng.is_some();
        if let Some(rng) = rng {
            tape.iter_mut().for_each(|shard| shard.seed = rng.bits());
        }
        each(simd, &self.network, Record::<N, E> { training, x, y, ending: PhantomData }, tape);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[N::Input],
        tape: &mut Self::Tape<B>,
        y: &[N::Output],
        dy: &mut [N::Output],
        dx: Option<&mut [N::Input]>,
    ) {
        each(simd, &self.network, Backward::<N, E> { x, y, dy, dx, ending: PhantomData }, tape);
        if let Some((sum, others)) = tape[..x.len().div_ceil(ROWS)].split_first_mut() {
            for shard in others {
                let state = [&mut *shard.gradient];
                N::trainable_mut(None, &mut sum.gradient, state, Path::ROOT, &mut Combine(simd, Plus));
            }
        }
    }

    /// `backward_batch` has left the sum of the shards' gradients in the first shard.
    #[inline(always)]
    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        simd: S,
        _: &[N::Input],
        tape: &mut Self::Tape<B>,
        _: &[N::Output],
        gradient: &mut N::Trainable,
    ) {
        N::trainable_mut(None, gradient, [&mut *tape[0].gradient], Path::ROOT, &mut Combine(simd, Take));
    }

    #[inline(always)]
    fn visit_gradient<S: Simd, V: VisitGradient<N::Element, M>, const M: usize, const B: usize>(
        &mut self,
        _: S,
        _: &[N::Input],
        tape: &mut Self::Tape<B>,
        _: &[N::Output],
        state: [&mut N::Trainable; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        N::trainable_mut(Some(&mut self.network), &mut tape[0].gradient, state, path, visitor);
    }

    /// Each shard has normalized its rows with its own statistics.
    #[inline(always)]
    fn update_statistics<S: Simd, const B: usize>(&mut self, simd: S, tape: &Self::Tape<B>, share: f64) {
        let rows: usize = tape.iter().map(|shard| shard.rows).sum();
        for shard in tape.iter().filter(|shard| shard.rows > 0) {
            let share = share * shard.rows as f64 / rows as f64;
            self.network.update_statistics(simd, &shard.tape, share);
        }
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        N::describe(path, show);
    }

    fn operations<V: Operations<N::Element>>(&self, path: Path<'_>, operations: &mut V) {
        self.network.operations(path, operations);
    }
}

impl<N: Streaming, const SHARDS: usize, const ROWS: usize> Streaming for Parallel<N, SHARDS, ROWS> {
    const PADDED_FAULT: Option<Message> = N::PADDED_FAULT;
    by_layer!(N, |this| &this.network);
}

impl<N: Network, const SHARDS: usize, const ROWS: usize> Network for Parallel<N, SHARDS, ROWS>
where
    N: Send + Sync,
    N::Tape<ROWS>: Send,
{
}

/// Work on rows that can be split at any row.
trait Task<N: Layer, const ROWS: usize>: Send + Sized {
    /// The number of rows.
    fn rows(&self) -> usize;
    /// Splits it into the first `rows` and the others.
    fn split_at(self, rows: usize) -> (Self, Self);
    /// Does the work for the rows of one shard. Mark it `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S, network: &N, shard: &mut Shard<N, ROWS>);
}

/// Halves the shards until one is left. `rayon::join` keeps its jobs on the stack.
fn each<S: Simd, T: Task<N, ROWS>, N: Layer + Sync + Send, const ROWS: usize>(
    simd: S,
    network: &N,
    task: T,
    shards: &mut [Shard<N, ROWS>],
) where
    N::Tape<ROWS>: Send,
{
    if task.rows() == 0 {
        return;
    }
    if let [shard] = shards {
        simd.run(Alone(task, network, shard));
        return;
    }
    let half = shards.len() / 2;
    let rows = task.rows().min(half * ROWS);
    let ((task, more), (shards, more_shards)) = (task.split_at(rows), shards.split_at_mut(half));
    rayon::join(|| each(simd, network, task, shards), || each(simd, network, more, more_shards));
}

/// A task for one shard, compiled for the instruction set.
struct Alone<'a, T, N: Layer, const ROWS: usize>(T, &'a N, &'a mut Shard<N, ROWS>);

impl<T: Task<N, ROWS>, N: Layer, const ROWS: usize> Work for Alone<'_, T, N, ROWS> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.0.run(simd, self.1, self.2);
    }
}

struct Record<'a, N: Layer, E> {
    training: bool,
    x: &'a [N::Input],
    y: &'a mut [N::Output],
    ending: PhantomData<fn() -> E>,
}

impl<N: Layer, E: Ending, const ROWS: usize> Task<N, ROWS> for Record<'_, N, E> {
    fn rows(&self) -> usize {
        self.x.len()
    }

    fn split_at(self, rows: usize) -> (Self, Self) {
        let Self { x, y, .. } = self;
        let ((x, more_x), (y, more_y)) = (x.split_at(rows), y.split_at_mut(rows));
        (Self { x, y, ..self }, Self { x: more_x, y: more_y, ..self })
    }

    #[inline(always)]
    fn run<S: Simd>(self, simd: S, network: &N, shard: &mut Shard<N, ROWS>) {
        shard.rows = self.x.len();
        let mut rng = Rng::new(shard.seed.into());
        network.record_batch::<S, E, ROWS>(simd, self.training.then_some(&mut rng), self.x, &mut shard.tape, self.y);
    }
}

struct Backward<'a, N: Layer, E> {
    x: &'a [N::Input],
    y: &'a [N::Output],
    dy: &'a mut [N::Output],
    dx: Option<&'a mut [N::Input]>,
    ending: PhantomData<fn() -> E>,
}

impl<N: Layer, E: Ending, const ROWS: usize> Task<N, ROWS> for Backward<'_, N, E> {
    fn rows(&self) -> usize {
        self.x.len()
    }

    fn split_at(self, rows: usize) -> (Self, Self) {
        let Self { x, y, dy, dx, ending } = self;
        let ((x, more_x), (y, more_y), (dy, more_dy)) = (x.split_at(rows), y.split_at(rows), dy.split_at_mut(rows));
        let (dx, more_dx) = dx.map(|dx| dx.split_at_mut(rows)).unzip();
        (Self { x, y, dy, dx, ending }, Self { x: more_x, y: more_y, dy: more_dy, dx: more_dx, ending })
    }

    #[inline(always)]
    fn run<S: Simd>(self, simd: S, network: &N, shard: &mut Shard<N, ROWS>) {
        let Self { x, y, dy, dx, .. } = self;
        network.backward_batch::<S, E, ROWS>(simd, x, &mut shard.tape, y, dy, dx);
        network.gradient_batch(simd, x, &mut shard.tape, dy, &mut shard.gradient);
    }
}

#[derive(Clone, Copy)]
struct Take;

impl ElementwiseKernel<1, 1> for Take {
    #[inline(always)]
    fn apply<V: Real>(&self, a: [V; 1], _: [V; 1]) -> [V; 1] {
        a
    }
}
