//! Training on several cores.

use core::{marker::PhantomData, ops::Range};

use super::{
    Cores, Passes, Processes,
    rows::{Rows, WORTHWHILE, in_pieces, is_worthwhile},
    slices,
};
use crate::{
    Rng, Zeroed,
    kernel::{self, Element, ElementwiseKernel, Simd, Summand, Work},
    layer::{Ending, Layer, Parameter, Path, Visit},
    zeroed::Aligned,
};

/// The batch passes through the network in up to `SHARDS` shards of `ROWS` rows, on the processes `P` and the threads of
/// `rayon`.
#[derive(Clone, Copy, Debug)]
pub struct Shards<P, const SHARDS: usize, const ROWS: usize>(PhantomData<P>);

impl<P: Processes, const SHARDS: usize, const ROWS: usize> Cores for Shards<P, SHARDS, ROWS> {
    type Passes<N: Layer, const BATCH: usize> = Sharded<N, P, SHARDS, ROWS, BATCH>;

    /// Inside the pool of threads, so that handing over work to them does not allocate.
    #[inline(always)]
    fn enter<R: Send>(macs: usize, work: impl FnOnce() -> R + Send) -> R {
        if is_worthwhile(macs) { rayon::join(work, || ()).0 } else { work() }
    }

    #[inline(always)]
    fn elementwise<S: Simd, T: Element, K: ElementwiseKernel<R, W>, const R: usize, const W: usize>(
        simd: S,
        kernel: &K,
        read: [&[T]; R],
        write: [&mut [T]; W],
    ) {
        slices::in_pieces(read, write, &|read, write| {
            kernel::elementwise(simd, kernel, read, write);
            [0.0; 2]
        });
    }

    #[inline(always)]
    fn sum_of<S: Simd, T: Element, K: Summand<R>, const R: usize>(simd: S, summand: &K, read: [&[T]; R]) -> f64 {
        slices::in_pieces(read, [], &|read, []| [kernel::sum_of(simd, summand, read).to_f64(), 0.0])[0]
    }
}

/// The memory of all shards. A process touches only that of its own.
pub struct Sharded<N: Layer, P, const SHARDS: usize, const ROWS: usize, const BATCH: usize> {
    shards: [Shard<N, ROWS>; SHARDS],
    processes: PhantomData<fn() -> P>,
}

// SAFETY: the first field is `Zeroed`, and the other has no bytes.
unsafe impl<N: Layer, P, const SHARDS: usize, const ROWS: usize, const BATCH: usize> Zeroed
    for Sharded<N, P, SHARDS, ROWS, BATCH>
{
}

/// The memory of one shard.
struct Shard<N: Layer, const ROWS: usize> {
    seed: u32,
    tape: Aligned<N::Tape<ROWS>>,
    gradient: Aligned<N::Trainable>,
}

// SAFETY: each field is `Zeroed`.
unsafe impl<N: Layer, const ROWS: usize> Zeroed for Shard<N, ROWS> {}

impl<N: Layer, P: Processes, const SHARDS: usize, const ROWS: usize, const BATCH: usize>
    Sharded<N, P, SHARDS, ROWS, BATCH>
{
    /// The gradients of the shards of this process that have rows in a batch of `rows`, in order, after `backward`. The
    /// first is always there, even if it has none.
    pub fn gradients(&mut self, rows: usize) -> impl Iterator<Item = &mut N::Trainable> {
        let (shards, own) = (P::own(SHARDS), Self::own(rows));
        let with_rows = own.len().div_ceil(ROWS).max(1);
        self.shards[shards].iter_mut().take(with_rows).map(|shard| &mut *shard.gradient)
    }

    /// The rows of this process, in a batch of `rows`.
    pub fn own(rows: usize) -> Range<usize> {
        let Range { start, end } = P::own(SHARDS);
        rows.min(start * ROWS)..rows.min(end * ROWS)
    }
}

impl<N: Layer, P: Processes, const SHARDS: usize, const ROWS: usize, const BATCH: usize> Passes<N>
    for Sharded<N, P, SHARDS, ROWS, BATCH>
{
    const FITS: () = assert!(
        BATCH <= SHARDS * ROWS,
        "the trainer's batch is larger than all shards of `AllCores<_, SHARDS, ROWS>` or `AllRanks<_, SHARDS, ROWS>` together: raise one of the two, or lower the batch"
    );
    const ROWS: usize = BATCH;

    #[inline(always)]
    fn record<S: Simd, E: Ending>(&mut self, simd: S, network: &N, rng: &mut Rng, x: &[N::Input], y: &mut [N::Output]) {
        let seeds = core::array::from_fn::<_, SHARDS, _>(|_| rng.bits());
        let own = Self::own(x.len());
        let shards = &mut self.shards[P::own(SHARDS)];
        for (shard, seed) in shards.iter_mut().zip(&seeds[P::own(SHARDS)]) {
            shard.seed = *seed;
        }
        let (own_x, own_y) = (&x[own.clone()], &mut y[own.clone()]);
        let record = Record::<N, E, ROWS> { network, shards, x: own_x, y: own_y, ending: PhantomData };
        run_shards::<S, _, N, ROWS, BATCH>(simd, record);
        if P::SEVERAL {
            let mut mark = Mark(seeds.first().copied().unwrap_or_default().into());
            network.parameters(Path::ROOT, &mut mark);
            P::exchange_rows(mark.0, y, own);
        }
    }

    /// Also computes the gradient of each shard.
    #[inline(always)]
    fn backward<S: Simd, E: Ending>(
        &mut self,
        simd: S,
        network: &N,
        x: &[N::Input],
        y: &[N::Output],
        dy: &mut [N::Output],
    ) {
        let own = Self::own(x.len());
        let shards = &mut self.shards[P::own(SHARDS)];
        let (x, y, dy) = (&x[own.clone()], &y[own.clone()], &mut dy[own]);
        let backward = Backward::<N, E, ROWS> { network, shards, x, y, dy, ending: PhantomData };
        run_shards::<S, _, N, ROWS, BATCH>(simd, backward);
    }

    /// Each shard has normalized its rows with its own statistics.
    #[inline(always)]
    fn update_statistics<S: Simd>(&self, simd: S, network: &mut N, rows: usize) {
        let own = Self::own(rows);
        P::in_turn(network, |network| {
            for (shard, start) in self.shards[P::own(SHARDS)].iter().zip(own.clone().step_by(ROWS)) {
                let share = (own.end - start).min(ROWS) as f64 / rows as f64;
                network.update_statistics(simd, &shard.tape, share);
            }
        });
    }
}

/// A hash of the ends of all parameters, which other weights and other steps change.
struct Mark(u64);

impl<T: Element> Visit<T> for Mark {
    fn visit(&mut self, _: Parameter<'_>, values: &[T]) {
        for value in [values.first(), values.last()].into_iter().flatten() {
            self.0 = (self.0 ^ value.to_f64().to_bits()).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
        }
    }
}

/// Runs the work of each shard: inline if the network is so small that one core does it all.
#[inline(always)]
fn run_shards<S: Simd, W: Rows + Work<Output = ()>, N: Layer, const ROWS: usize, const BATCH: usize>(simd: S, work: W) {
    if const { N::MACS.saturating_mul(BATCH) < WORTHWHILE } {
        let mut others = work;
        while others.rows() > 0 {
            let rows = others.rows().min(ROWS);
            let (shard, more) = others.split_at(rows);
            shard.run(simd);
            others = more;
        }
    } else {
        let threads = is_worthwhile(N::MACS.saturating_mul(work.rows()));
        in_pieces(work, ROWS, threads, &|shard: W| simd.run(shard));
    }
}

struct Record<'a, N: Layer, E, const ROWS: usize> {
    network: &'a N,
    shards: &'a mut [Shard<N, ROWS>],
    x: &'a [N::Input],
    y: &'a mut [N::Output],
    ending: PhantomData<fn() -> E>,
}

impl<N: Layer, E, const ROWS: usize> Rows for Record<'_, N, E, ROWS> {
    #[inline(always)]
    fn rows(&self) -> usize {
        self.x.len()
    }

    #[inline(always)]
    fn split_at(self, rows: usize) -> (Self, Self) {
        let Self { network, shards, x, y, ending } = self;
        let (shards, more_shards) = shards.split_at_mut(rows.div_ceil(ROWS));
        let ((x, more_x), (y, more_y)) = (x.split_at(rows), y.split_at_mut(rows));
        (Self { network, shards, x, y, ending }, Self { network, shards: more_shards, x: more_x, y: more_y, ending })
    }
}

impl<N: Layer, E: Ending, const ROWS: usize> Work for Record<'_, N, E, ROWS> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { network, shards, x, y, .. } = self;
        let Some(shard) = shards.first_mut() else { return };
        let mut rng = Rng::new(shard.seed.into());
        network.record_batch::<S, E, ROWS>(simd, Some(&mut rng), x, &mut shard.tape, y);
    }
}

struct Backward<'a, N: Layer, E, const ROWS: usize> {
    network: &'a N,
    shards: &'a mut [Shard<N, ROWS>],
    x: &'a [N::Input],
    y: &'a [N::Output],
    dy: &'a mut [N::Output],
    ending: PhantomData<fn() -> E>,
}

impl<N: Layer, E, const ROWS: usize> Rows for Backward<'_, N, E, ROWS> {
    #[inline(always)]
    fn rows(&self) -> usize {
        self.x.len()
    }

    #[inline(always)]
    fn split_at(self, rows: usize) -> (Self, Self) {
        let Self { network, shards, x, y, dy, ending } = self;
        let (shards, more_shards) = shards.split_at_mut(rows.div_ceil(ROWS));
        let ((x, more_x), (y, more_y), (dy, more_dy)) = (x.split_at(rows), y.split_at(rows), dy.split_at_mut(rows));
        (
            Self { network, shards, x, y, dy, ending },
            Self { network, shards: more_shards, x: more_x, y: more_y, dy: more_dy, ending },
        )
    }
}

impl<N: Layer, E: Ending, const ROWS: usize> Work for Backward<'_, N, E, ROWS> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { network, shards, x, y, dy, .. } = self;
        let Some(shard) = shards.first_mut() else { return };
        network.backward_batch::<S, E, ROWS>(simd, x, &mut shard.tape, y, dy, None);
        network.gradient_batch(simd, x, &mut shard.tape, dy, &mut shard.gradient);
    }
}
