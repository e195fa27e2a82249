//! Training steps and inference of 1 and 64 samples for four networks, and the time to read and sum all of their
//! parameters once, which is a lower bound for the prediction of one sample.
//!
//! `cargo bench -p shiplap-benches --bench networks`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use shiplap::{
    kernel::{Real, Simd, Summand, Work, dispatch, sum_of},
    layer::{Parameter, Path, Visit},
    loss::{Follows, Label, Loss},
    metric::Metric,
    prelude::*,
};

type W1 = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
type W2 = (Dense<784, 128, Relu>, Dense<128, 10, Softmax>);
type W3 = (Dense<784, 512, Relu>, Dense<512, 512, Relu>, Dense<512, 10, Softmax>);
type W4 = (Dense<17, 64, Tanh>, Dense<64, 64, Tanh>, Dense<64, 6, Linear>);

/// Reads all parameters of a network.
struct Read<'a, N>(&'a N);

impl<N: Network<Element = f32>> Work for Read<'_, N> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let mut total = Total { simd, sum: 0.0 };
        self.0.parameters(Path::ROOT, &mut total);
        total.sum
    }
}

struct Total<S> {
    simd: S,
    sum: f32,
}

impl<S: Simd> Visit<f32> for Total<S> {
    fn visit(&mut self, _: Parameter<'_>, values: &[f32]) {
        self.sum += sum_of(self.simd, &Itself, [values]);
    }
}

#[derive(Clone, Copy)]
struct Itself;

impl Summand<1> for Itself {
    #[inline(always)]
    fn apply<V: Real>(&self, [value]: [V; 1]) -> V {
        value
    }
}

fn bench<N, L, Y, const IN: usize, const OUT: usize, const BATCH: usize>(
    criterion: &mut Criterion,
    name: &str,
    label: impl Fn(&mut Rng) -> Y,
) where
    N: Network<Element = f32, Input = [f32; IN], Output = [f32; OUT]>,
    L: Loss<[f32; OUT], Metric: Metric<[f32; OUT], L::Label>> + Follows<N::Head>,
    Y: Label<L, [f32; OUT]>,
{
    let mut rng = Rng::new(1);
    let x: Vec<[f32; IN]> = (0..BATCH).map(|_| std::array::from_fn(|_| rng.uniform() as f32)).collect();
    let y: Vec<Y> = (0..BATCH).map(|_| label(&mut rng)).collect();
    let mut trainer = Trainer::<N, L, Adam, BATCH>::boxed(Adam::default(), 1);
    let mut group = criterion.benchmark_group(name);
    group.bench_function("step", |bencher| bencher.iter(|| trainer.step(black_box(&x), black_box(&y)).unwrap()));
    let network = trainer.network();
    group.bench_function("predict 1", |bencher| bencher.iter(|| network.predict(black_box(&x[0]))));
    group.bench_function("read", |bencher| bencher.iter(|| dispatch(Read(black_box(network)))));
    let samples: Vec<[f32; IN]> = x.iter().cycle().take(64).copied().collect();
    let mut predictions = vec![[0.0; OUT]; 64];
    group.bench_function("predict 64", |bencher| {
        bencher.iter(|| network.predict_batch(black_box(&samples), black_box(&mut predictions)).unwrap());
    });
}

fn networks(criterion: &mut Criterion) {
    let class = |rng: &mut Rng| (10.0 * rng.uniform()) as usize;
    bench::<W1, BinaryCrossentropy, _, 10, 1, 32>(criterion, "W1", |rng| [rng.uniform().round() as f32]);
    bench::<W2, SparseCategoricalCrossentropy, _, 784, 10, 64>(criterion, "W2", class);
    bench::<W3, SparseCategoricalCrossentropy, _, 784, 10, 128>(criterion, "W3", class);
    bench::<W4, MeanSquaredError, _, 17, 6, 256>(criterion, "W4", |rng| std::array::from_fn(|_| rng.uniform() as f32));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_millis(1000))
        .without_plots();
    targets = networks
}
criterion_main!(benches);
