//! Vector math: numbers per second, at each instruction set.
//!
//! `cargo bench -p shiplap-benches --bench math`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use shiplap::{
    activation::{Elementwise, Gelu, Silu},
    kernel::{ElementwiseKernel, Level, Real, Simd, Work, dispatch, elementwise, set_level},
};

/// The numbers fit in the first-level cache.
const COUNT: usize = 2048;

macro_rules! functions {
    ($($name:ident |$x:ident| $formula:expr;)*) => {
        $(
            #[allow(non_camel_case_types)]
            #[derive(Clone, Copy)]
            struct $name;

            impl ElementwiseKernel<1, 1> for $name {
                #[inline(always)]
                fn apply<V: Real>(&self, [$x]: [V; 1], _: [V; 1]) -> [V; 1] {
                    [$formula]
                }
            }
        )*

        fn all(criterion: &mut Criterion) {
            $(function(criterion, stringify!($name), &$name);)*
        }
    };
}
functions! {
    exp |x| x.exp();
    ln |x| x.abs().ln();
    tanh |x| x.tanh();
    sigmoid |x| x.sigmoid();
    softplus |x| x.softplus();
    gelu |x| Gelu::value(x);
    silu |x| Silu::value(x);
}

struct Pass<'a, O>(&'a O, &'a [f32], &'a mut [f32]);

impl<O: ElementwiseKernel<1, 1>> Work for Pass<'_, O> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        elementwise(simd, self.0, [self.1], [self.2]);
    }
}

fn function<O: ElementwiseKernel<1, 1>>(criterion: &mut Criterion, name: &str, op: &O) {
    let x: Vec<f32> = (0..COUNT).map(|n| (n as f32 - COUNT as f32 / 2.0) / 128.0).collect();
    let mut y = vec![0.0; COUNT];
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(COUNT as u64));
    for &level in Level::ALL {
        if set_level(level).is_ok() {
            group.bench_function(BenchmarkId::from_parameter(format!("{level:?}")), |bencher| {
                bencher.iter(|| dispatch(Pass(op, black_box(&x), black_box(&mut y))));
            });
        }
    }
}

criterion_group! {
    name = math;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(std::time::Duration::from_millis(100))
        .measurement_time(std::time::Duration::from_millis(300))
        .without_plots();
    targets = all
}
criterion_main!(math);
