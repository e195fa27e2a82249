//! Convolutions with the shapes of real networks and with odd shapes: forward (`pass`), backward to the input (`dx`) and
//! to the kernel (`dw`), at each instruction set. Each row shows GFLOP/s and the share of the peak, which the same run
//! measures with multiply-adds. Operands are aligned to 64 bytes: otherwise each load of an AVX-512 register crosses two
//! cache lines, and depthwise convolutions take up to twice as long. [`CONV.md`](CONV.md) has results.
//!
//! `cargo bench -p shiplap-benches --bench conv`, pinned to one core for comparisons between runs: `taskset -c 1 cargo
//! bench ...`

mod flops;

use std::{hint::black_box, marker::PhantomData};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flops::Flops;
use shiplap::{
    Tensor, Zeroed,
    kernel::{
        Level, Simd, Steps, Unchanged, Work, conv, conv_backward, conv_gradient, depthwise, depthwise_backward,
        depthwise_gradient, dispatch, set_level,
    },
};

/// The stride, and the number of zeros before the rows and columns.
struct Window<const STRIDE: usize, const ROWS: usize, const COLUMNS: usize>;

impl<const STRIDE: usize, const ROWS: usize, const COLUMNS: usize> Steps for Window<STRIDE, ROWS, COLUMNS> {
    const STRIDE: [usize; 2] = [STRIDE; 2];
    const DILATION: [usize; 2] = [1; 2];
    const BEFORE: [usize; 2] = [ROWS, COLUMNS];
}

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

/// The number of taps inside the image, over all outputs, of an axis.
fn taps<P: Steps>(axis: usize, input: usize, output: usize, taps: usize) -> usize {
    let position = |o: usize, tap: usize| (o * P::STRIDE[axis] + tap).wrapping_sub(P::BEFORE[axis]);
    (0..output).map(|o| (0..taps).filter(|&tap| position(o, tap) < input).count()).sum()
}

fn rows(criterion: &mut Criterion<Flops>, name: &str, flops: usize, mut run: impl FnMut(&str)) {
    for pass in ["pass", "dx", "dw"] {
        let mut group = criterion.benchmark_group(format!("{pass} {name}"));
        group.throughput(Throughput::Elements(flops as u64));
        for &level in Level::ALL {
            if set_level(level).is_ok() {
                group.bench_function(BenchmarkId::from_parameter(format!("{level:?}")), |bencher| {
                    bencher.iter(|| run(pass));
                });
            }
        }
    }
}

struct Dense<
    'a,
    P,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const F: usize,
    const KH: usize,
    const KW: usize,
> {
    pass: &'a str,
    x: &'a mut [[[[f32; C]; W]; H]],
    kernel: &'a mut [[[[f32; F]; C]; KW]; KH],
    y: &'a mut [[[[f32; F]; OW]; OH]],
    steps: PhantomData<P>,
}

impl<
    P: Steps,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const F: usize,
    const KH: usize,
    const KW: usize,
> Work for Dense<'_, P, H, W, C, OH, OW, F, KH, KW>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { pass, x, kernel, y, steps } = self;
        match pass {
            "pass" => conv(simd, steps, x, kernel, &[0.5; F], &Unchanged, y),
            "dx" => conv_backward(simd, steps, y, kernel, x),
            _ => conv_gradient(simd, steps, x, y, kernel),
        }
    }
}

struct Depthwise<
    'a,
    P,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
> {
    pass: &'a str,
    x: &'a mut [[[[f32; C]; W]; H]],
    kernel: &'a mut [[[f32; C]; KW]; KH],
    y: &'a mut [[[[f32; C]; OW]; OH]],
    steps: PhantomData<P>,
}

impl<
    P: Steps,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
> Work for Depthwise<'_, P, H, W, C, OH, OW, KH, KW>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { pass, x, kernel, y, steps } = self;
        match pass {
            "pass" => depthwise(simd, steps, x, kernel, &[0.5; C], &Unchanged, y),
            "dx" => depthwise_backward(simd, steps, y, kernel, x),
            _ => depthwise_gradient(simd, steps, x, y, kernel),
        }
    }
}

/// Benchmarks of a shape: the work, window, input, output and kernel, the number of images, and the name.
macro_rules! shape {
    ($criterion:ident, $work:ident, $window:ty, $x:ty, $y:ty, $kernel:ty, $images:literal) => {{
        let (mut x, mut y) = (operand::<[$x; $images]>(), operand::<[$y; $images]>());
        let mut kernel = operand::<$kernel>();
        let ([h, w, c], [oh, ow, f]) = (first::<$x>(), first::<$y>());
        let ([kh, kw, _], depthwise) = (first::<$kernel>(), <$kernel>::RANK == 3);
        let products = if depthwise { c } else { c * f };
        let flops = 2 * $images * products * taps::<$window>(0, h, oh, kh) * taps::<$window>(1, w, ow, kw);
        let outputs = if depthwise { "each".into() } else { f.to_string() };
        let name = format!("{h}x{w}x{c} to {oh}x{ow}x{outputs}, {kh}x{kw}, {} images", $images);
        rows($criterion, &name, flops, |pass| {
            let (x, y, kernel) = (&mut x.0, &mut y.0, &mut kernel.0);
            dispatch(black_box($work { pass, x, kernel, y, steps: PhantomData::<$window> }));
        });
    }};
}

/// The first three extents of a shape.
fn first<X: Tensor>() -> [usize; 3] {
    [X::AXES[0], X::AXES[1], X::AXES[2]]
}

macro_rules! shapes {
    ($criterion:ident; $($window:ty: $h:literal x $w:literal x $c:literal to $oh:literal x $ow:literal x $f:literal,
       $kh:literal x $kw:literal;)*) => {
        $(
            shape!($criterion, Dense, $window, [[[f32; $c]; $w]; $h], [[[f32; $f]; $ow]; $oh],
                [[[[f32; $f]; $c]; $kw]; $kh], 1);
            shape!($criterion, Dense, $window, [[[f32; $c]; $w]; $h], [[[f32; $f]; $ow]; $oh],
                [[[[f32; $f]; $c]; $kw]; $kh], 32);
        )*
    };
    ($criterion:ident; $($window:ty: $h:literal x $w:literal x $c:literal to $oh:literal x $ow:literal each,
       $kh:literal x $kw:literal;)*) => {
        $(
            shape!($criterion, Depthwise, $window, [[[f32; $c]; $w]; $h], [[[f32; $c]; $ow]; $oh],
                [[[f32; $c]; $kw]; $kh], 1);
            shape!($criterion, Depthwise, $window, [[[f32; $c]; $w]; $h], [[[f32; $c]; $ow]; $oh],
                [[[f32; $c]; $kw]; $kh], 32);
        )*
    };
}

fn convolutions(criterion: &mut Criterion<Flops>) {
    shapes! { criterion;
        // LeNet.
        Window<1, 0, 0>: 28 x 28 x 1 to 26 x 26 x 8, 3 x 3;
        Window<1, 0, 0>: 14 x 14 x 8 to 12 x 12 x 16, 3 x 3;
        // ResNet-8.
        Window<1, 1, 1>: 32 x 32 x 3 to 32 x 32 x 16, 3 x 3;
        Window<1, 1, 1>: 32 x 32 x 16 to 32 x 32 x 16, 3 x 3;
        Window<2, 0, 0>: 32 x 32 x 16 to 16 x 16 x 32, 3 x 3;
        // MobileNet.
        Window<1, 0, 0>: 24 x 24 x 64 to 24 x 24 x 64, 1 x 1;
        // DS-CNN.
        Window<2, 4, 1>: 49 x 10 x 1 to 25 x 5 x 64, 10 x 4;
        // Sizes that are multiples of no register or block.
        Window<1, 1, 1>: 13 x 13 x 8 to 13 x 13 x 3, 3 x 3;
        Window<1, 1, 1>: 13 x 13 x 8 to 13 x 13 x 5, 3 x 3;
        Window<1, 1, 1>: 13 x 13 x 8 to 13 x 13 x 17, 3 x 3;
        Window<1, 1, 1>: 7 x 7 x 16 to 7 x 7 x 16, 3 x 3;
    }
    shapes! { criterion;
        Window<1, 1, 1>: 24 x 24 x 64 to 24 x 24 each, 3 x 3;
        Window<2, 0, 0>: 24 x 24 x 64 to 12 x 12 each, 3 x 3;
    }
}

criterion_group! {
    name = kernels;
    config = flops::config();
    targets = convolutions
}
criterion_main!(kernels);
