//! Training on several cores: the same bits for any number of threads, no allocation, correct gradients.

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering},
};

use common::bits;
use rayon::{ThreadPool, ThreadPoolBuilder};
use shiplap::{layers::Parallel, prelude::*};

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

/// A multiple of neither the batch nor a shard.
const SAMPLES: usize = 75;

fn data() -> (Vec<[f64; 6]>, Vec<[f64; 2]>) {
    let mut rng = Rng::new(3);
    let x: Vec<[f64; 6]> = (0..SAMPLES).map(|_| std::array::from_fn(|_| rng.normal())).collect();
    let y = x.iter().map(|row| [row[0] * row[1], row[2].sin()]).collect();
    (x, y)
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn trained<N>(threads: usize) -> Vec<u64>
where
    N: Network<Element = f64, Input = [f64; 6], Output = [f64; 2]> + Send + Sync,
    N::Tape<8>: Send,
{
    let (x, y) = data();
    let mut trainer = Trainer::<Parallel<N, 5, 8>, MeanSquaredError, Adam, 40>::boxed(Adam::new(0.01), 1);
    pool(threads).install(|| trainer.fit(&x, &y, Fit::epochs(20).shuffle(false))).unwrap();
    bits(&trainer.network().network)
}

#[test]
fn the_number_of_threads_does_not_affect_results() {
    assert_eq!(trained::<Plain>(1), trained::<Plain>(2));
    assert_eq!(trained::<Plain>(1), trained::<Plain>(4));
    assert_eq!(trained::<Dropping>(1), trained::<Dropping>(3));
}

#[test]
fn trains_like_the_network_alone() {
    let (x, y) = data();
    let mut alone = Trainer::<Plain, MeanSquaredError, Adam, 40>::boxed(Adam::new(0.01), 1);
    let last = alone.fit(&x, &y, Fit::epochs(20).shuffle(false)).unwrap();
    for (a, b) in bits(alone.network()).into_iter().zip(trained::<Plain>(2)) {
        // Equal except for the order in which shards are summed.
        let (a, b) = (f64::from_bits(a), f64::from_bits(b));
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
    assert!(last.training.loss.is_finite());
}

/// Allocations and frees on the threads of a pool, in 500 steps.
fn calls(threads: usize) -> usize {
    let (x, y) = data();
    let mut trainer = Trainer::<Parallel<Dropping, 5, 8>, MeanSquaredError, Adam, 40>::boxed(Adam::new(0.01), 1);
    let pool = ThreadPoolBuilder::new().num_threads(threads).start_handler(|_| WATCHED.set(true)).build().unwrap();
    pool.install(|| {
        // The first jobs create the queues of the threads.
        for _ in 0..100 {
            trainer.step(&x[..40], &y[..40]).unwrap();
        }
        let before = CALLS.load(Ordering::Relaxed);
        for _ in 0..500 {
            trainer.step(&x[..40], &y[..40]).unwrap();
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
    assert!(calls(2) < 50);
}
