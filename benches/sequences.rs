//! The products of recurrent layers, causal convolutions and attention, with the shapes of the workloads W9 to W12 of
//! `peers`, at each instruction set. Each row shows GFLOP/s and the share of the peak, which the same run measures with
//! multiply-adds. [`SEQUENCES.md`](SEQUENCES.md) has results.
//!
//! `cargo bench -p shiplap-benches --bench sequences`, pinned to one core for comparisons between runs: `taskset -c 1
//! cargo bench ...`

mod flops;

use std::{hint::black_box, marker::PhantomData};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flops::Flops;
use shiplap::{
    Tensor, Zeroed,
    kernel::{
        Level, Simd, Steps, Unchanged, Work, conv, conv_backward, conv_gradient, dispatch, nn, nn_from, nt, nt_from,
        set_level, tn,
    },
};

#[repr(align(64))]
struct Aligned<X>(X);

// SAFETY: it is an aligned value of a type whose bytes may all be zero.
unsafe impl<X: Zeroed> Zeroed for Aligned<X> {}

fn operand<X: Tensor<Element = f32>>() -> Box<Aligned<X>> {
    let mut operand = Aligned::<X>::zeroed_box();
    for (index, value) in X::flat_mut(std::slice::from_mut(&mut operand.0)).iter_mut().enumerate() {
        *value = (index * 7 % 11) as f32 - 5.0;
    }
    operand
}

/// Measures `run` at each instruction set.
fn row(criterion: &mut Criterion<Flops>, name: &str, flops: usize, mut run: impl FnMut()) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(flops as u64));
    for &level in Level::ALL {
        if set_level(level).is_ok() {
            group.bench_function(BenchmarkId::from_parameter(format!("{level:?}")), |bencher| bencher.iter(&mut run));
        }
    }
}

/// One product of `ROWS` rows of `IN` numbers and a matrix of `IN` rows of `OUT` numbers, or of its ways back.
struct Product<'a, const ROWS: usize, const IN: usize, const OUT: usize> {
    kernel: &'a str,
    x: &'a mut [[f32; IN]; ROWS],
    w: &'a mut [[f32; OUT]; IN],
    y: &'a mut [[f32; OUT]; ROWS],
    /// The start of sums, or the result.
    other: &'a mut [[f32; OUT]; ROWS],
    other_x: &'a mut [[f32; IN]; ROWS],
}

impl<const ROWS: usize, const IN: usize, const OUT: usize> Work for Product<'_, ROWS, IN, OUT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { kernel, x, w, y, other, other_x } = self;
        match kernel {
            "nn" => nn(simd, x, w, &[0.0; OUT], &Unchanged, y),
            "nn_from" => nn_from(simd, other, x, w, y),
            "nt" => nt(simd, y, w, x),
            "nt_from" => nt_from(simd, other_x, y, w, x),
            _ => tn(simd, x, y, w),
        }
    }
}

fn product<const ROWS: usize, const IN: usize, const OUT: usize>(
    criterion: &mut Criterion<Flops>,
    kernel: &str,
    name: &str,
) {
    let (mut x, mut other_x) = (operand::<[[f32; IN]; ROWS]>(), operand::<[[f32; IN]; ROWS]>());
    let (mut y, mut other) = (operand::<[[f32; OUT]; ROWS]>(), operand::<[[f32; OUT]; ROWS]>());
    let mut w = operand::<[[f32; OUT]; IN]>();
    row(criterion, &format!("{name}, {kernel} {ROWS}x{IN}x{OUT}"), 2 * ROWS * IN * OUT, || {
        let (x, y, other, other_x) = (&mut x.0, &mut y.0, &mut other.0, &mut other_x.0);
        dispatch(black_box(Product { kernel, x, w: &mut w.0, y, other, other_x }));
    });
}

/// A window of `K` steps that ends at the output, with this dilation.
struct Causal<const K: usize, const DILATION: usize>;

impl<const K: usize, const DILATION: usize> Steps for Causal<K, DILATION> {
    const STRIDE: [usize; 2] = [1; 2];
    const DILATION: [usize; 2] = [1, DILATION];
    const BEFORE: [usize; 2] = [0, (K - 1) * DILATION];
}

type Series<const CHANNELS: usize, const STEPS: usize, const ROWS: usize> = [[[[f32; CHANNELS]; STEPS]; 1]; ROWS];

/// A convolution of series.
struct Convolution<
    'a,
    const C: usize,
    const F: usize,
    const K: usize,
    const DILATION: usize,
    const STEPS: usize,
    const ROWS: usize,
> {
    pass: &'a str,
    x: &'a mut Series<C, STEPS, ROWS>,
    kernel: &'a mut [[[[f32; F]; C]; K]; 1],
    y: &'a mut Series<F, STEPS, ROWS>,
}

impl<const C: usize, const F: usize, const K: usize, const DILATION: usize, const STEPS: usize, const ROWS: usize> Work
    for Convolution<'_, C, F, K, DILATION, STEPS, ROWS>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { pass, x, kernel, y } = self;
        let steps = PhantomData::<Causal<K, DILATION>>;
        match pass {
            "forward" => conv(simd, steps, x, kernel, &[0.5; F], &Unchanged, y),
            "dx" => conv_backward(simd, steps, y, kernel, x),
            _ => conv_gradient(simd, steps, x, y, kernel),
        }
    }
}

fn convolution<
    const C: usize,
    const F: usize,
    const K: usize,
    const DILATION: usize,
    const STEPS: usize,
    const ROWS: usize,
>(
    criterion: &mut Criterion<Flops>,
    name: &str,
) {
    let (mut x, mut y) = (operand::<Series<C, STEPS, ROWS>>(), operand::<Series<F, STEPS, ROWS>>());
    let mut kernel = operand::<[[[[f32; F]; C]; K]; 1]>();
    // The taps before the series are not computed.
    let taps: usize = (0..K).map(|tap| STEPS - tap * DILATION).sum();
    for pass in ["forward", "dx", "dW"] {
        row(criterion, &format!("{name}, {pass} {ROWS}x{STEPS}, {C} to {F}"), 2 * ROWS * taps * C * F, || {
            let (x, kernel, y) = (&mut x.0, &mut kernel.0, &mut y.0);
            dispatch(black_box(Convolution::<C, F, K, DILATION, STEPS, ROWS> { pass, x, kernel, y }));
        });
    }
}

fn recurrent(criterion: &mut Criterion<Flops>) {
    product::<2048, 6, 64>(criterion, "nn_from", "W9 and W10: a gate's frames, forward");
    product::<2048, 6, 64>(criterion, "tn", "W9 and W10: a gate's frames, dW");
    product::<64, 64, 64>(criterion, "nn_from", "W9 and W10: a gate's state of a step, forward");
    product::<64, 64, 64>(criterion, "nt_from", "W9 and W10: a gate's state of a step, dx");
    product::<2048, 64, 64>(criterion, "tn", "W9 and W10: a gate's states of all steps, dW");
}

fn causal(criterion: &mut Criterion<Flops>) {
    convolution::<6, 32, 3, 1, 128, 4>(criterion, "W11: dilation 1");
    convolution::<32, 32, 3, 2, 128, 4>(criterion, "W11: dilation 2");
    convolution::<32, 32, 3, 4, 128, 4>(criterion, "W11: dilation 4");
    convolution::<32, 32, 3, 8, 128, 4>(criterion, "W11: dilation 8");
}

/// Queries, keys and values are `[feature][step]`.
fn decoder(criterion: &mut Criterion<Flops>) {
    product::<192, 64, 64>(criterion, "nt_from", "W12: queries, keys and values, a sample, forward");
    product::<192, 64, 64>(criterion, "tn", "W12: queries, keys and values, a sample, dx");
    product::<192, 64, 64>(criterion, "nn_from", "W12: queries, keys and values, a sample, dW");
    product::<16, 64, 64>(criterion, "tn", "W12: queries and keys of a head, forward");
    product::<16, 64, 64>(criterion, "nt_from", "W12: weights and values of a head, forward");
    product::<16, 64, 64>(criterion, "nn", "W12: values and keys of a head, dx");
    product::<16, 64, 64>(criterion, "nt", "W12: queries of a head, dx");
    product::<64, 64, 64>(criterion, "tn", "W12: output of attention, a sample, forward");
    product::<64, 64, 64>(criterion, "nt", "W12: output of attention, a sample, dx");
    convolution::<64, 256, 1, 1, 64, 16>(criterion, "W12: inner dense layer");
    convolution::<256, 64, 1, 1, 64, 16>(criterion, "W12: outer dense layer");
    convolution::<64, 81, 1, 1, 64, 16>(criterion, "W12: last layer");
}

criterion_group! {
    name = sequences;
    config = flops::config();
    targets = recurrent, causal, decoder
}
criterion_main!(sequences);
