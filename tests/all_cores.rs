//! Training on several cores: the same bits for any number of threads, no allocation, correct gradients.

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering},
};

use common::bits;
use rayon::{ThreadPool, ThreadPoolBuilder};
use shiplap::prelude::*;

static CALLS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

fn count() {
    CALLS.fetch_add(usize::from(WATCHED.get()), Ordering::Relaxed);
}

/// Counts the allocations and frees of the watched threads.
struct Counting;

// SAFETY: each call is passed on unchanged to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Plain = (Dense<6, 20, Tanh, f64>, Dense<20, 2, Linear, f64>);
type Dropping = (Dense<6, 20, Gelu, f64>, Dropout<20, 30, f64>, Dense<20, 2, Linear, f64>);
/// Large enough that a step of 64 samples takes several threads, and that they share the update.
type Large = (Dense<200, 200, Tanh>, Dropout<200, 10>, Dense<200, 8, Softmax>);

/// A multiple of neither the batch nor a shard.
const SAMPLES: usize = 75;

fn data() -> (Vec<[f64; 6]>, Vec<[f64; 2]>) {
    let mut rng = Rng::new(3);
    let x: Vec<[f64; 6]> = (0..SAMPLES).map(|_| std::array::from_fn(|_| rng.normal())).collect();
    let y = x.iter().map(|row| [row[0] * row[1], row[2].sin()]).collect();
    (x, y)
}

fn large_data() -> (Vec<[f32; 200]>, Vec<usize>) {
    let mut rng = Rng::new(3);
    let x: Vec<[f32; 200]> = (0..150).map(|_| std::array::from_fn(|_| rng.normal() as f32)).collect();
    (x, (0..150).map(|sample| sample % 8).collect())
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// The weights after training with this optimizer.
fn trained<N, O>(optimizer: O, threads: usize) -> Vec<f64>
where
    N: Network<Element = f64, Input = [f64; 6], Output = [f64; 2]>,
    O: Optimizer,
{
    let (x, y) = data();
    let mut trainer = Trainer::<N, MeanSquaredError, O, 40>::boxed(optimizer, 1);
    pool(threads).install(|| trainer.fit(&x, &y, Fit::epochs(20).shuffle(false))).unwrap();
    bits(trainer.network()).into_iter().map(f64::from_bits).collect()
}

/// Equal except for the order in which numbers are added.
fn assert_close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9), "{a:?} {b:?}");
}

#[test]
fn trains_like_one_core() {
    fn check<O: Optimizer>(optimizer: O)
    where
        AllCores<O, 5, 8>: Optimizer,
        AllCores<O, 1, 40>: Optimizer,
    {
        let expected = trained::<Plain, _>(optimizer, 1);
        assert_close(&expected, &trained::<Plain, _>(AllCores::<O, 5, 8>(optimizer), 2));
        // One shard is the whole batch.
        assert_close(&expected, &trained::<Plain, _>(AllCores::<O, 1, 40>(optimizer), 2));
    }
    check(Adam::new(0.01));
    check(Sgd::new(0.1).penalty(Penalty::l2(0.01)).clip(Clip::Value(0.01)));
    check(Momentum::new(0.1).penalty(Penalty::l1(0.001)).clip(Clip::Norm(0.1)).weight_decay(0.01));
    check(Averaged::new(Adam::new(0.01), 0.9));
    check(Accumulate::new(Adam::new(0.01), 3));
    let expected = trained::<Plain, _>(Accumulate::new(Adam::new(0.01), 3), 1);
    let outside = Accumulate::new(AllCores::<_, 5, 8>(Adam::new(0.01)), 3);
    assert_close(&expected, &trained::<Plain, _>(outside, 2));
}

#[test]
fn small_networks_stay_on_one_core() {
    let (x, y) = data();
    let mut trainer = Trainer::<Dropping, MeanSquaredError, AllCores<Adam, 5, 8>, 40>::boxed(AllCores::default(), 1);
    // Outside a pool, a step that used `rayon` would run on one of its threads.
    struct OfThread(std::thread::ThreadId);
    impl<N: Layer, M> Callback<N, M> for OfThread {
        fn after_step(&mut self, _: usize, _: usize, _: &shiplap::train::Report<M>) {
            assert_eq!(self.0, std::thread::current().id());
        }
        fn after_epoch(&mut self, _: &Epoch<M>, _: &mut N) -> std::ops::ControlFlow<()> {
            std::ops::ControlFlow::Continue(())
        }
    }
    trainer.fit_with(&x, &y, Fit::epochs(2), OfThread(std::thread::current().id())).unwrap();
}

/// The weights, an evaluation and predictions.
fn large<const SHARDS: usize, const ROWS: usize>(threads: usize) -> (Vec<u64>, f64, Vec<[f32; 8]>) {
    let (x, y) = large_data();
    let cores = AllCores::<_, SHARDS, ROWS>(Adam::new(0.01));
    let mut trainer = Trainer::<Large, SparseCategoricalCrossentropy, _, 64>::boxed(cores, 1);
    let mut predictions = vec![[0.0; 8]; x.len()];
    pool(threads).install(|| {
        trainer.fit(&x, &y, Fit::epochs(2)).unwrap();
        trainer.network().predict_batch(&x, &mut predictions).unwrap();
        let report = trainer.evaluate(&x, &y).unwrap();
        assert!(report.metrics == trainer.evaluate(&x, &y).unwrap().metrics);
        (bits(trainer.network()), report.loss, predictions.clone())
    })
}

#[test]
fn the_number_of_threads_does_not_affect_results() {
    let expected = large::<4, 16>(1);
    assert!(expected == large::<4, 16>(2));
    assert!(expected == large::<4, 16>(3));
    let dropping = trained::<Dropping, _>(AllCores::<_, 5, 8>(Adam::new(0.01)), 1);
    assert_eq!(dropping, trained::<Dropping, _>(AllCores::<_, 5, 8>(Adam::new(0.01)), 3));
}

/// A checkpoint of training on one core continues on several, and the other way round.
#[test]
fn checkpoints_do_not_depend_on_the_cores() {
    let (x, y) = data();
    type One = Trainer<Plain, MeanSquaredError, Adam, 40>;
    type Several = Trainer<Plain, MeanSquaredError, AllCores<Adam, 5, 8>, 40>;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let mut one = One::boxed(Adam::new(0.01), 1);
    one.fit(&x, &y, Fit::epochs(2)).unwrap();
    shiplap::io::save_checkpoint(&one.state(), 2, &path).unwrap();
    let mut several = Several::boxed(AllCores(Adam::new(0.01)), 2);
    shiplap::io::load_checkpoint(several.state_mut(), &path).unwrap();
    assert_eq!(one.network(), several.network());
    one.step(&x[..8], &y[..8]).unwrap();
    several.step(&x[..8], &y[..8]).unwrap();
    assert_eq!(one.network(), several.network());
    shiplap::io::save_checkpoint(&several.state(), 2, &path).unwrap();
    shiplap::io::load_checkpoint(one.state_mut(), &path).unwrap();
}

/// Divergence is found in the sum, and nothing changes.
#[test]
fn an_infinite_gradient_is_divergence() {
    let mut trainer = Trainer::<Dense<1, 1>, MeanSquaredError, AllCores<Sgd, 2, 1>, 2>::boxed(AllCores::default(), 1);
    let before = trainer.network().clone();
    for x in [[[3e38f32], [3e38]], [[1e38], [0.0]]] {
        let error = trainer.step(&x, &[[-3e38f32], [-3e38]]).unwrap_err();
        assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
        assert_eq!(*trainer.network(), before);
    }
    trainer.step(&[[1.0f32]], &[[1.0f32]]).unwrap();
}

/// Allocations and frees on the threads of a pool, in 40 steps.
fn calls(threads: usize) -> usize {
    let (x, y) = large_data();
    let cores = AllCores::<_, 4, 16>(Adam::new(0.01));
    let mut trainer = Trainer::<Large, SparseCategoricalCrossentropy, _, 64>::boxed(cores, 1);
    let pool = ThreadPoolBuilder::new().num_threads(threads).start_handler(|_| WATCHED.set(true)).build().unwrap();
    pool.install(|| {
        // The first jobs create the queues of the threads.
        for _ in 0..10 {
            trainer.step(&x[..64], &y[..64]).unwrap();
        }
        let before = CALLS.load(Ordering::Relaxed);
        for _ in 0..40 {
            trainer.step(&x[..64], &y[..64]).unwrap();
        }
        let calls = CALLS.load(Ordering::Relaxed) - before;
        drop(vec![1]);
        assert!(CALLS.load(Ordering::Relaxed) - before >= calls + 2, "the counter counts");
        calls
    })
}

#[test]
fn only_the_queues_of_rayon_allocate() {
    assert_eq!(calls(1), 0);
    // When threads steal work from each other, `rayon` occasionally reallocates its queues.
    assert!(calls(2) < 20);
}
