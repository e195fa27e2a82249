//! Matrix products with the shapes of real networks and with odd shapes, at each instruction set, compared with
//! `matrixmultiply`. Each row shows GFLOP/s and the share of the peak, which the same run measures with multiply-adds.
//!
//! `cargo bench -p shiplap-benches --bench kernels`, pinned to one core for comparisons between runs: `taskset -c 1
//! cargo bench ...`

mod flops;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flops::Flops;
use shiplap::kernel::{Element, Level, Simd, Unchanged, Work, dispatch, nn, nt, set_level, tn};

type Matrix<T, const R: usize, const C: usize> = Box<[[T; C]; R]>;

fn matrix<T: Element, const R: usize, const C: usize>() -> Matrix<T, R, C> {
    let row = |r| std::array::from_fn(|c| T::from_f64(((r * 7 + c * 3) % 11) as f64 - 5.0));
    let rows: Box<[[T; C]]> = (0..R).map(row).collect();
    rows.try_into().expect("as many rows as were made")
}

struct Operands<T, const B: usize, const I: usize, const O: usize> {
    x: Matrix<T, B, I>,
    w: Matrix<T, I, O>,
    bias: [T; O],
    y: Matrix<T, B, O>,
    dx: Matrix<T, B, I>,
    gradient: Matrix<T, I, O>,
}

struct Product<'a, T, const B: usize, const I: usize, const O: usize>(&'a mut Operands<T, B, I, O>, &'static str);

impl<T: Element, const B: usize, const I: usize, const O: usize> Work for Product<'_, T, B, I, O> {
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

/// A matrix and the strides of its rows and columns.
type Strided<P> = (P, [isize; 2]);

/// The products of `matrixmultiply`.
trait Rival: Element {
    /// `c = a·b`, of sizes `[rows, steps, columns]`.
    ///
    /// # Safety
    ///
    /// The strides match the matrices, and the result does not overlap the operands.
    unsafe fn product(sizes: [usize; 3], a: Strided<*const Self>, b: Strided<*const Self>, c: Strided<*mut Self>);
}

macro_rules! rivals {
    ($($scalar:ident $product:ident),*) => {
        $(impl Rival for $scalar {
            unsafe fn product(
                [rows, steps, columns]: [usize; 3],
                (a, [ar, ac]): Strided<*const Self>,
                (b, [br, bc]): Strided<*const Self>,
                (c, [cr, cc]): Strided<*mut Self>,
            ) {
                // SAFETY: the caller guarantees it.
                unsafe {
                    matrixmultiply::$product(rows, steps, columns, 1.0, a, ar, ac, b, br, bc, 0.0, c, cr, cc);
                }
            }
        })*
    };
}
rivals!(f32 sgemm, f64 dgemm);

fn rival<T: Rival, const B: usize, const I: usize, const O: usize>(operands: &mut Operands<T, B, I, O>, kernel: &str) {
    let Operands { x, w, y, dx, gradient, .. } = operands;
    let (x, w, y) = (x.as_flattened().as_ptr(), w.as_flattened().as_ptr(), y.as_flattened_mut().as_mut_ptr());
    let (dx, gradient) = (dx.as_flattened_mut().as_mut_ptr(), gradient.as_flattened_mut().as_mut_ptr());
    let (i, o) = (I as isize, O as isize);
    // SAFETY: the strides match the matrices, and the results do not overlap the operands.
    unsafe {
        match kernel {
            "nn" => T::product([B, I, O], (x, [i, 1]), (w, [o, 1]), (y, [o, 1])),
            "tn" => T::product([I, B, O], (x, [1, i]), (y, [o, 1]), (gradient, [o, 1])),
            _ => T::product([B, O, I], (y, [o, 1]), (w, [1, o]), (dx, [i, 1])),
        }
    }
}

fn shape<T: Rival, const B: usize, const I: usize, const O: usize>(criterion: &mut Criterion<Flops<T>>) {
    let (bias, y, dx) = ([T::from_f64(0.0); O], matrix(), matrix());
    let mut operands = Operands::<T, B, I, O> { x: matrix(), w: matrix(), bias, y, dx, gradient: matrix() };
    for kernel in ["nn", "tn", "nt"] {
        let mut group = criterion.benchmark_group(format!("{} {kernel} {B}x{I}x{O}", T::NAME));
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
    shape::<f32, 32, 10, 10>(criterion);
    shape::<f32, 32, 10, 1>(criterion);
    // 784-128-10, batch 64.
    shape::<f32, 64, 784, 128>(criterion);
    shape::<f32, 64, 128, 10>(criterion);
    // 784-512-512-10, batch 128.
    shape::<f32, 128, 784, 512>(criterion);
    shape::<f32, 128, 512, 512>(criterion);
    shape::<f32, 128, 512, 10>(criterion);
    // 17-64-64-6, batch 256.
    shape::<f32, 256, 17, 64>(criterion);
    shape::<f32, 256, 64, 64>(criterion);
    shape::<f32, 256, 64, 6>(criterion);
    // 8 outputs.
    shape::<f32, 64, 128, 8>(criterion);
    // One sample.
    shape::<f32, 1, 784, 128>(criterion);
    shape::<f32, 1, 64, 64>(criterion);
    // Sizes that are multiples of no register or tile.
    shape::<f32, 3, 7, 17>(criterion);
    shape::<f32, 7, 17, 3>(criterion);
    shape::<f32, 17, 33, 7>(criterion);
    shape::<f32, 33, 17, 33>(criterion);
    shape::<f32, 33, 33, 3>(criterion);
    shape::<f32, 65, 127, 31>(criterion);
}

fn shapes_of_f64(criterion: &mut Criterion<Flops<f64>>) {
    // 784-128-10, batch 64.
    shape::<f64, 64, 784, 128>(criterion);
    shape::<f64, 64, 128, 10>(criterion);
    // 784-512-512-10, batch 128.
    shape::<f64, 128, 784, 512>(criterion);
    shape::<f64, 128, 512, 512>(criterion);
    shape::<f64, 128, 512, 10>(criterion);
    // One sample.
    shape::<f64, 1, 784, 128>(criterion);
}

criterion_group! {
    name = kernels;
    config = flops::config();
    targets = shapes
}
criterion_group! {
    name = kernels_of_f64;
    config = flops::config();
    targets = shapes_of_f64
}
criterion_main!(kernels, kernels_of_f64);
