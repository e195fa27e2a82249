//! Matrix products with the shapes of real networks and with odd shapes, at each instruction set, compared with
//! `matrixmultiply`. Each row shows GFLOP/s and the share of the peak, which the same run measures with multiply-adds.
//!
//! `cargo bench -p shiplap-benches --bench kernels`, pinned to one core for comparisons between runs: `taskset -c 1
//! cargo bench ...`

mod flops;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flops::Flops;
use shiplap::kernel::{Level, Simd, Unchanged, Work, dispatch, nn, nt, set_level, tn};

type Matrix<const R: usize, const C: usize> = Box<[[f32; C]; R]>;

fn matrix<const R: usize, const C: usize>() -> Matrix<R, C> {
    let rows: Box<[[f32; C]]> = (0..R).map(|r| std::array::from_fn(|c| ((r * 7 + c * 3) % 11) as f32 - 5.0)).collect();
    rows.try_into().expect("as many rows as were made")
}

struct Operands<const B: usize, const I: usize, const O: usize> {
    x: Matrix<B, I>,
    w: Matrix<I, O>,
    bias: [f32; O],
    y: Matrix<B, O>,
    dx: Matrix<B, I>,
    gradient: Matrix<I, O>,
}

struct Product<'a, const B: usize, const I: usize, const O: usize>(&'a mut Operands<B, I, O>, &'static str);

impl<const B: usize, const I: usize, const O: usize> Work for Product<'_, B, I, O> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Operands { x, w, bias, y, dx, gradient } = self.0;
        match self.1 {
            "nn" => nn(simd, &x[..], w, bias, &Unchanged, &mut y[..]),
            "tn" => tn(simd, &x[..], &y[..], gradient),
            _ => nt(simd, &y[..], w, &mut dx[..]),
        }
    }
}

fn rival<const B: usize, const I: usize, const O: usize>(operands: &mut Operands<B, I, O>, kernel: &str) {
    let Operands { x, w, y, dx, gradient, .. } = operands;
    let (x, w, y) = (x.as_flattened().as_ptr(), w.as_flattened().as_ptr(), y.as_flattened_mut().as_mut_ptr());
    let (dx, gradient) = (dx.as_flattened_mut().as_mut_ptr(), gradient.as_flattened_mut().as_mut_ptr());
    let (i, o) = (I as isize, O as isize);
    // SAFETY: the strides match the matrices, and the results do not overlap the operands.
    unsafe {
        match kernel {
            "nn" => matrixmultiply::sgemm(B, I, O, 1.0, x, i, 1, w, o, 1, 0.0, y, o, 1),
            "tn" => matrixmultiply::sgemm(I, B, O, 1.0, x, 1, i, y, o, 1, 0.0, gradient, o, 1),
            _ => matrixmultiply::sgemm(B, O, I, 1.0, y, o, 1, w, 1, o, 0.0, dx, i, 1),
        }
    }
}

fn shape<const B: usize, const I: usize, const O: usize>(criterion: &mut Criterion<Flops>) {
    let mut operands =
        Operands::<B, I, O> { x: matrix(), w: matrix(), bias: [0.0; O], y: matrix(), dx: matrix(), gradient: matrix() };
    for kernel in ["nn", "tn", "nt"] {
        let mut group = criterion.benchmark_group(format!("{kernel} {B}x{I}x{O}"));
        group.throughput(Throughput::Elements(2 * (B * I * O) as u64));
        for &level in Level::ALL {
            if set_level(level).is_ok() {
                group.bench_function(BenchmarkId::from_parameter(format!("{level:?}")), |bencher| {
                    bencher.iter(|| dispatch(Product(black_box(&mut operands), kernel)));
                });
            }
        }
        group.bench_function("matrixmultiply", |bencher| {
            bencher.iter(|| rival(black_box(&mut operands), kernel));
        });
    }
}

fn shapes(criterion: &mut Criterion<Flops>) {
    // 10-10-1, batch 32.
    shape::<32, 10, 10>(criterion);
    shape::<32, 10, 1>(criterion);
    // 784-128-10, batch 64.
    shape::<64, 784, 128>(criterion);
    shape::<64, 128, 10>(criterion);
    // 784-512-512-10, batch 128.
    shape::<128, 784, 512>(criterion);
    shape::<128, 512, 512>(criterion);
    shape::<128, 512, 10>(criterion);
    // 17-64-64-6, batch 256.
    shape::<256, 17, 64>(criterion);
    shape::<256, 64, 64>(criterion);
    shape::<256, 64, 6>(criterion);
    // One sample.
    shape::<1, 784, 128>(criterion);
    shape::<1, 64, 64>(criterion);
    // Sizes that are multiples of no register or tile.
    shape::<3, 7, 17>(criterion);
    shape::<7, 17, 3>(criterion);
    shape::<17, 33, 7>(criterion);
    shape::<33, 17, 33>(criterion);
    shape::<33, 33, 3>(criterion);
    shape::<65, 127, 31>(criterion);
}

criterion_group! {
    name = kernels;
    config = flops::config();
    targets = shapes
}
criterion_main!(kernels);
