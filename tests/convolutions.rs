//! Convolutions of random shapes against one nest of plain loops, bit for bit, at each instruction set.

mod common;

use std::marker::PhantomData;

use common::at_every_level;
use shiplap::{
    Rng,
    kernel::{
        Element, ElementwiseKernel, Level, Real, Simd, Steps, Work, conv, conv_backward, conv_gradient, depthwise,
        depthwise_backward, depthwise_gradient, dispatch,
    },
};

/// The initial value of results, which must remain beyond the images of the operands.
const UNTOUCHED: f64 = 99.0;

/// The numbers of images of each shape.
const IMAGES: &[usize] = if cfg!(miri) { &[2] } else { &[0, 1, 2, 5] };

type Images<T, const H: usize, const W: usize, const C: usize> = Vec<[[[T; C]; W]; H]>;

/// Strides, dilations and zeros before the image, for rows and columns.
struct Window<const S0: usize, const S1: usize, const D0: usize, const D1: usize, const B0: usize, const B1: usize>;

impl<const S0: usize, const S1: usize, const D0: usize, const D1: usize, const B0: usize, const B1: usize> Steps
    for Window<S0, S1, D0, D1, B0, B1>
{
    const STRIDE: [usize; 2] = [S0, S1];
    const DILATION: [usize; 2] = [D0, D1];
    const BEFORE: [usize; 2] = [B0, B1];
}

/// Stands for an activation.
#[derive(Clone, Copy)]
struct Half;

impl ElementwiseKernel<0, 1> for Half {
    fn apply<V: Real>(&self, []: [V; 0], [value]: [V; 1]) -> [V; 1] {
        [value * V::splat(0.5)]
    }
}

/// Multiply-adds as the instruction set rounds them.
trait Scalar: Element {
    fn fused(self, factor: Self, addend: Self) -> Self;
}

macro_rules! scalars {
    ($($scalar:ident)*) => {
        $(impl Scalar for $scalar {
            fn fused(self, factor: Self, addend: Self) -> Self {
                $scalar::mul_add(self, factor, addend)
            }
        })*
    };
}
scalars!(f32 f64);

fn add_product<T: Scalar>(sum: &mut T, a: T, b: T, level: Level) {
    *sum = if level == Level::Baseline { Real::mul_add(a, b, *sum) } else { a.fused(b, *sum) };
}

/// Calls `visit(image, [oy, ox], [iy, ix], [ky, kx])` for each tap of each window that is inside the image.
fn each_tap<P: Steps>(
    images: usize,
    input: [usize; 2],
    output: [usize; 2],
    kernel: [usize; 2],
    mut visit: impl FnMut(usize, [usize; 2], [usize; 2], [usize; 2]),
) {
    let inside = |axis: usize, o: usize, k: usize| {
        let position = (o * P::STRIDE[axis] + k * P::DILATION[axis]).checked_sub(P::BEFORE[axis])?;
        (position < input[axis]).then_some(position)
    };
    for image in 0..images {
        for oy in 0..output[0] {
            for ox in 0..output[1] {
                for ky in 0..kernel[0] {
                    for kx in 0..kernel[1] {
                        if let (Some(iy), Some(ix)) = (inside(0, oy, ky), inside(1, ox, kx)) {
                            visit(image, [oy, ox], [iy, ix], [ky, kx]);
                        }
                    }
                }
            }
        }
    }
}

fn draw<T: Element, const H: usize, const W: usize, const C: usize>(rng: &mut Rng) -> [[[T; C]; W]; H] {
    [(); H].map(|()| [(); W].map(|()| [(); C].map(|()| T::from_f64(rng.normal()))))
}

struct Dense<
    'a,
    P,
    T,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const F: usize,
    const KH: usize,
    const KW: usize,
> {
    x: &'a [[[[T; C]; W]; H]],
    kernel: &'a [[[[T; F]; C]; KW]; KH],
    bias: &'a [T; F],
    dz: &'a [[[[T; F]; OW]; OH]],
    steps: PhantomData<P>,
}

impl<
    P: Steps,
    T: Scalar,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const F: usize,
    const KH: usize,
    const KW: usize,
> Work for Dense<'_, P, T, H, W, C, OH, OW, F, KH, KW>
{
    type Output = (Images<T, OH, OW, F>, Images<T, H, W, C>, [[[[T; F]; C]; KW]; KH]);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Self { x, kernel, bias, dz, steps } = self;
        let old = T::from_f64(UNTOUCHED);
        let mut y = vec![[[[old; F]; OW]; OH]; x.len() + 1];
        let mut dx = vec![[[[old; C]; W]; H]; x.len() + 1];
        let mut gradient = [[[[old; F]; C]; KW]; KH];
        conv(simd, steps, x, kernel, bias, &Half, &mut y);
        conv_backward(simd, steps, dz, kernel, &mut dx);
        conv_gradient(simd, steps, x, dz, &mut gradient);
        (y, dx, gradient)
    }
}

impl<
    P: Steps,
    T: Scalar,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const F: usize,
    const KH: usize,
    const KW: usize,
> Dense<'_, P, T, H, W, C, OH, OW, F, KH, KW>
{
    fn agrees(level: Level) {
        let mut rng = Rng::new(3);
        for &images in IMAGES {
            let x: Images<T, H, W, C> = (0..images).map(|_| draw(&mut rng)).collect();
            let dz: Images<T, OH, OW, F> = (0..images).map(|_| draw(&mut rng)).collect();
            let kernel: [[[[T; F]; C]; KW]; KH] = [(); KH].map(|()| draw(&mut rng));
            let [[bias]]: [[[T; F]; 1]; 1] = draw(&mut rng);

            let mut y = vec![[[bias; OW]; OH]; images];
            let mut dx = vec![[[[T::zero(); C]; W]; H]; images];
            let mut gradient = [[[[T::zero(); F]; C]; KW]; KH];
            each_tap::<P>(images, [H, W], [OH, OW], [KH, KW], |b, [oy, ox], [iy, ix], [ky, kx]| {
                for c in 0..C {
                    for f in 0..F {
                        let (x, weight, dz) = (x[b][iy][ix][c], kernel[ky][kx][c][f], dz[b][oy][ox][f]);
                        add_product(&mut y[b][oy][ox][f], x, weight, level);
                        add_product(&mut dx[b][iy][ix][c], dz, weight, level);
                        add_product(&mut gradient[ky][kx][c][f], x, dz, level);
                    }
                }
            });
            let half = T::from_f64(0.5);
            y.as_flattened_mut().as_flattened_mut().as_flattened_mut().iter_mut().for_each(|y| *y *= half);
            y.push([[[T::from_f64(UNTOUCHED); F]; OW]; OH]);
            dx.push([[[T::from_f64(UNTOUCHED); C]; W]; H]);

            let work = Dense { x: &x, kernel: &kernel, bias: &bias, dz: &dz, steps: PhantomData::<P> };
            let (our_y, our_dx, our_gradient) = dispatch(work);
            let shape = format!(
                "{H}x{W}x{C} to {OH}x{OW}x{F}, kernel {KH}x{KW}, stride {:?}, dilation {:?}, before {:?}, {images} images",
                P::STRIDE,
                P::DILATION,
                P::BEFORE
            );
            assert!(our_y == y, "forward: {shape}");
            assert!(our_dx == dx, "backward: {shape}");
            assert!(our_gradient == gradient, "gradient: {shape}");
        }
    }
}

struct Depthwise<
    'a,
    P,
    T,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
> {
    x: &'a [[[[T; C]; W]; H]],
    kernel: &'a [[[T; C]; KW]; KH],
    bias: &'a [T; C],
    dz: &'a [[[[T; C]; OW]; OH]],
    steps: PhantomData<P>,
}

impl<
    P: Steps,
    T: Scalar,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
> Work for Depthwise<'_, P, T, H, W, C, OH, OW, KH, KW>
{
    type Output = (Images<T, OH, OW, C>, Images<T, H, W, C>, [[[T; C]; KW]; KH]);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Self { x, kernel, bias, dz, steps } = self;
        let old = T::from_f64(UNTOUCHED);
        let mut y = vec![[[[old; C]; OW]; OH]; x.len() + 1];
        let mut dx = vec![[[[old; C]; W]; H]; x.len() + 1];
        let mut gradient = [[[old; C]; KW]; KH];
        depthwise(simd, steps, x, kernel, bias, &Half, &mut y);
        depthwise_backward(simd, steps, dz, kernel, &mut dx);
        depthwise_gradient(simd, steps, x, dz, &mut gradient);
        (y, dx, gradient)
    }
}

impl<
    P: Steps,
    T: Scalar,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
> Depthwise<'_, P, T, H, W, C, OH, OW, KH, KW>
{
    fn agrees(level: Level) {
        let mut rng = Rng::new(3);
        for &images in IMAGES {
            let x: Images<T, H, W, C> = (0..images).map(|_| draw(&mut rng)).collect();
            let dz: Images<T, OH, OW, C> = (0..images).map(|_| draw(&mut rng)).collect();
            let kernel: [[[T; C]; KW]; KH] = draw(&mut rng);
            let [[bias]]: [[[T; C]; 1]; 1] = draw(&mut rng);

            let mut y = vec![[[bias; OW]; OH]; images];
            let mut dx = vec![[[[T::zero(); C]; W]; H]; images];
            let mut gradient = [[[T::zero(); C]; KW]; KH];
            each_tap::<P>(images, [H, W], [OH, OW], [KH, KW], |b, [oy, ox], [iy, ix], [ky, kx]| {
                for c in 0..C {
                    let (x, weight, dz) = (x[b][iy][ix][c], kernel[ky][kx][c], dz[b][oy][ox][c]);
                    add_product(&mut y[b][oy][ox][c], x, weight, level);
                    add_product(&mut dx[b][iy][ix][c], dz, weight, level);
                    add_product(&mut gradient[ky][kx][c], x, dz, level);
                }
            });
            let half = T::from_f64(0.5);
            y.as_flattened_mut().as_flattened_mut().as_flattened_mut().iter_mut().for_each(|y| *y *= half);
            y.push([[[T::from_f64(UNTOUCHED); C]; OW]; OH]);
            dx.push([[[T::from_f64(UNTOUCHED); C]; W]; H]);

            let work = Depthwise { x: &x, kernel: &kernel, bias: &bias, dz: &dz, steps: PhantomData::<P> };
            let (our_y, our_dx, our_gradient) = dispatch(work);
            let shape = format!(
                "depthwise {H}x{W}x{C} to {OH}x{OW}, kernel {KH}x{KW}, stride {:?}, dilation {:?}, before {:?}, {images} images",
                P::STRIDE,
                P::DILATION,
                P::BEFORE
            );
            assert!(our_y == y, "forward: {shape}");
            assert!(our_dx == dx, "backward: {shape}");
            assert!(our_gradient == gradient, "gradient: {shape}");
        }
    }
}

/// The length of the output for an input with `zeros` in total.
const fn length(input: usize, zeros: usize, taps: usize, stride: usize, dilation: usize) -> usize {
    (input + zeros - (taps - 1) * dilation - 1) / stride + 1
}

/// Lines of: element type, input, filters (or `each` channel by itself), kernel, stride, dilation, zeros before and
/// after the rows, and before and after the columns.
macro_rules! shapes {
    ($($scalar:ident $h:literal x $w:literal x $c:literal to $f:tt, $kh:literal x $kw:literal
       by $s0:literal $s1:literal every $d0:literal $d1:literal zeros $b0:literal $a0:literal $b1:literal $a1:literal;)*) => {
        at_every_level(|level| {
            $(shapes!(@ $f $scalar [$h $w $c]
                [{ length($h, $b0 + $a0, $kh, $s0, $d0) }] [{ length($w, $b1 + $a1, $kw, $s1, $d1) }] [$kh $kw]
                [$s0, $s1, $d0, $d1, $b0, $b1] level);)*
        });
    };
    (@ each $scalar:ident [$h:literal $w:literal $c:literal] [$oh:expr] [$ow:expr] [$kh:literal $kw:literal]
       [$($steps:tt)*] $level:ident) => {
        Depthwise::<Window<$($steps)*>, $scalar, $h, $w, $c, { $oh }, { $ow }, $kh, $kw>::agrees($level)
    };
    (@ $f:literal $scalar:ident [$h:literal $w:literal $c:literal] [$oh:expr] [$ow:expr] [$kh:literal $kw:literal]
       [$($steps:tt)*] $level:ident) => {
        Dense::<Window<$($steps)*>, $scalar, $h, $w, $c, { $oh }, { $ow }, $f, $kh, $kw>::agrees($level)
    };
}

#[test]
#[cfg_attr(miri, ignore = "too slow to interpret: see the small shapes")]
fn convolutions_of_any_shape_agree_with_plain_loops() {
    shapes! {
        f32 9 x 28 x 1 to 8, 3 x 3 by 1 1 every 1 1 zeros 0 0 0 0;
        f32 7 x 26 x 1 to 3, 3 x 3 by 1 1 every 1 1 zeros 1 1 1 1;
        f32 12 x 12 x 8 to 16, 3 x 3 by 1 1 every 1 1 zeros 1 1 1 1;
        f32 9 x 9 x 16 to 32, 3 x 3 by 2 2 every 1 1 zeros 0 1 0 1;
        f32 6 x 6 x 33 to 40, 1 x 1 by 1 1 every 1 1 zeros 0 0 0 0;
        f32 21 x 10 x 1 to 64, 10 x 4 by 2 2 every 1 1 zeros 4 5 1 1;
        f32 2 x 2 x 3 to 5, 7 x 7 by 1 1 every 2 2 zeros 7 7 7 7;
        f64 8 x 9 x 5 to 7, 3 x 2 by 3 2 every 2 3 zeros 2 0 1 3;
        f64 1 x 1 x 300 to 17, 1 x 1 by 1 1 every 1 1 zeros 0 0 0 0;
        f32 4 x 5 x 5 to 150, 3 x 3 by 1 1 every 1 1 zeros 1 1 1 1;
        f32 6 x 8 x 8 to 8, 1 x 5 by 1 1 every 3 1 zeros 0 0 0 0;
        f32 9 x 14 x 15 to 16, 3 x 2 by 1 2 every 1 2 zeros 1 1 1 1;
        f32 9 x 10 x 33 to 3, 3 x 5 by 1 1 every 1 2 zeros 1 1 4 4;
        f32 2 x 9 x 3 to 8, 3 x 3 by 1 1 every 2 2 zeros 2 2 2 2;
        f64 5 x 6 x 32 to 17, 3 x 3 by 1 1 every 1 2 zeros 0 0 0 0;
        f32 5 x 3 x 1 to 22, 3 x 3 by 2 1 every 3 2 zeros 6 5 0 4;
        f32 6 x 13 x 3 to 5, 3 x 3 by 1 2 every 2 1 zeros 2 2 1 1;
        f32 6 x 2 x 33 to 33, 3 x 2 by 1 1 every 3 2 zeros 3 3 1 1;
        f32 2 x 13 x 2 to 10, 3 x 3 by 2 3 every 3 2 zeros 3 3 2 2;
        f32 9 x 17 x 33 to 33, 6 x 2 by 3 3 every 1 1 zeros 0 0 0 0;
    }
}

#[test]
#[cfg_attr(miri, ignore = "too slow to interpret: see the small shapes")]
fn depthwise_convolutions_of_any_shape_agree_with_plain_loops() {
    shapes! {
        f32 9 x 13 x 64 to each, 3 x 3 by 1 1 every 1 1 zeros 1 1 1 1;
        f32 12 x 12 x 24 to each, 3 x 3 by 2 2 every 1 1 zeros 0 1 0 1;
        f64 9 x 7 x 5 to each, 5 x 3 by 1 3 every 2 1 zeros 3 2 0 1;
        f32 3 x 2 x 17 to each, 7 x 7 by 1 1 every 1 2 zeros 5 4 9 9;
        f32 5 x 12 x 1 to each, 4 x 7 by 3 3 every 1 1 zeros 0 0 4 3;
        f64 1 x 15 x 16 to each, 4 x 4 by 2 1 every 1 1 zeros 0 4 3 3;
        f32 9 x 4 x 8 to each, 3 x 4 by 1 1 every 2 2 zeros 2 2 3 3;
        f64 12 x 13 x 8 to each, 3 x 3 by 1 1 every 3 2 zeros 0 0 0 0;
        f32 5 x 5 x 33 to each, 3 x 3 by 1 1 every 1 1 zeros 1 1 1 1;
        f32 8 x 13 x 4 to each, 6 x 2 by 1 1 every 2 2 zeros 5 5 1 1;
    }
}

/// For Miri.
#[test]
fn convolutions_of_small_shapes_agree_with_plain_loops() {
    shapes! {
        f32 3 x 4 x 1 to 5, 2 x 3 by 1 1 every 1 1 zeros 0 0 1 1;
        f32 2 x 7 x 3 to 9, 2 x 2 by 1 2 every 1 1 zeros 1 0 0 1;
        f32 3 x 3 x 5 to 2, 1 x 1 by 2 2 every 1 1 zeros 0 0 0 0;
        f64 4 x 5 x 2 to 3, 2 x 2 by 2 1 every 2 3 zeros 2 0 1 3;
        f32 1 x 9 x 4 to 17, 1 x 2 by 1 1 every 1 1 zeros 0 0 0 0;
        f32 4 x 6 x 1 to each, 2 x 3 by 1 1 every 1 1 zeros 1 1 1 1;
        f32 3 x 4 x 9 to each, 2 x 2 by 2 2 every 1 1 zeros 0 1 0 1;
        f64 3 x 5 x 5 to each, 2 x 2 by 1 1 every 1 2 zeros 1 0 2 1;
    }
}

/// With the shapes above, each length of the kernel from 1 to 7 with each stride and dilation from 1 to 3.
#[cfg(feature = "exhaustive")]
mod exhaustive {
    use super::*;

    #[test]
    fn convolutions_of_many_shapes_agree_with_plain_loops() {
        shapes! {
        f32 11 x 3 x 33 to 7, 4 x 3 by 1 1 every 1 1 zeros 0 0 0 0;
        f64 4 x 11 x 8 to 7, 3 x 4 by 1 2 every 1 3 zeros 1 0 5 6;
        f32 9 x 12 x 3 to 8, 3 x 3 by 2 3 every 1 1 zeros 1 1 1 1;
        f32 8 x 8 x 3 to 33, 3 x 3 by 1 1 every 3 2 zeros 3 3 2 2;
        f32 9 x 6 x 26 to 8, 3 x 3 by 3 2 every 1 1 zeros 0 2 1 0;
        f32 3 x 16 x 1 to 24, 3 x 3 by 1 1 every 1 1 zeros 0 2 3 0;
        f32 5 x 8 x 2 to 5, 4 x 5 by 2 3 every 1 1 zeros 1 2 0 3;
        f32 10 x 1 x 3 to 2, 2 x 1 by 1 1 every 1 1 zeros 1 1 0 1;
        f64 5 x 10 x 8 to 17, 3 x 3 by 1 1 every 1 1 zeros 1 0 1 2;
        f64 5 x 8 x 8 to 25, 3 x 5 by 1 1 every 1 1 zeros 1 3 2 5;
        f32 9 x 8 x 1 to 3, 3 x 3 by 1 2 every 1 1 zeros 1 0 2 1;
        f32 4 x 17 x 3 to 33, 1 x 6 by 1 1 every 3 1 zeros 0 0 0 0;
        f32 3 x 3 x 33 to 5, 3 x 3 by 3 1 every 1 1 zeros 1 1 2 1;
        f64 8 x 12 x 8 to 24, 3 x 3 by 1 1 every 3 3 zeros 3 3 3 3;
        f64 10 x 11 x 8 to 16, 4 x 6 by 1 1 every 1 1 zeros 1 2 2 3;
        f32 12 x 2 x 4 to 24, 6 x 6 by 1 1 every 2 2 zeros 10 6 3 7;
        f32 6 x 13 x 3 to 17, 2 x 2 by 1 1 every 1 1 zeros 0 0 0 0;
        f32 8 x 17 x 1 to 64, 3 x 3 by 1 1 every 1 1 zeros 1 1 1 1;
        f32 5 x 3 x 2 to 7, 4 x 3 by 2 2 every 1 1 zeros 0 2 3 1;
        f32 7 x 17 x 4 to 15, 7 x 4 by 2 3 every 1 2 zeros 0 0 0 0;
        f32 5 x 9 x 8 to 2, 4 x 3 by 3 3 every 2 2 zeros 3 3 2 2;
        f64 5 x 17 x 17 to 5, 2 x 2 by 1 1 every 1 1 zeros 0 0 0 0;
        f64 10 x 7 x 8 to 70, 3 x 3 by 3 3 every 1 1 zeros 1 1 1 1;
        f32 2 x 3 x 8 to 16, 4 x 1 by 1 2 every 1 1 zeros 4 2 0 0;
        f64 4 x 5 x 17 to 5, 6 x 4 by 1 2 every 1 1 zeros 6 6 2 1;
        f32 4 x 13 x 17 to 17, 3 x 5 by 1 2 every 1 1 zeros 0 0 0 0;
        f64 1 x 2 x 1 to 7, 3 x 3 by 2 2 every 3 1 zeros 6 2 1 2;
        f32 12 x 8 x 3 to 23, 3 x 3 by 1 3 every 1 1 zeros 2 2 1 1;
        f64 2 x 9 x 2 to 1, 2 x 4 by 1 3 every 1 3 zeros 1 2 7 2;
        f32 11 x 8 x 22 to 16, 2 x 2 by 3 3 every 1 1 zeros 0 1 0 1;
        f32 6 x 5 x 8 to 3, 3 x 2 by 1 2 every 1 1 zeros 2 0 0 2;
        f32 11 x 14 x 33 to 1, 3 x 7 by 3 2 every 1 1 zeros 1 2 2 4;
        f32 9 x 12 x 2 to 64, 5 x 5 by 1 1 every 1 1 zeros 2 2 2 2;
        f32 7 x 5 x 8 to 7, 2 x 2 by 1 1 every 1 1 zeros 0 2 0 1;
        f32 6 x 5 x 5 to 5, 3 x 3 by 1 2 every 2 2 zeros 2 2 2 2;
        f64 2 x 9 x 33 to 33, 3 x 3 by 1 1 every 1 1 zeros 1 1 1 1;
        f64 9 x 4 x 3 to 70, 5 x 4 by 1 1 every 1 1 zeros 2 2 1 2;
        f32 10 x 13 x 18 to 16, 7 x 3 by 3 3 every 1 1 zeros 0 0 0 0;
        f64 5 x 2 x 5 to 33, 2 x 2 by 3 3 every 1 1 zeros 0 2 2 1;
        f32 10 x 8 x 4 to 5, 5 x 4 by 1 3 every 2 1 zeros 4 4 1 2;
        f32 7 x 17 x 4 to 8, 3 x 2 by 1 1 every 1 1 zeros 0 0 1 0;
        f32 4 x 16 x 1 to 1, 3 x 3 by 1 2 every 1 1 zeros 0 0 0 0;
        f32 6 x 16 x 16 to 70, 4 x 6 by 3 3 every 2 1 zeros 3 3 2 3;
        f32 5 x 7 x 16 to 5, 3 x 2 by 1 1 every 1 1 zeros 0 2 0 1;
        f32 3 x 15 x 26 to 70, 3 x 3 by 1 1 every 1 1 zeros 0 0 0 0;
        f32 3 x 14 x 17 to 5, 3 x 3 by 2 1 every 1 1 zeros 3 0 0 1;
        f64 6 x 12 x 2 to 17, 3 x 3 by 1 1 every 1 1 zeros 0 0 0 0;
        f64 6 x 2 x 1 to 16, 3 x 3 by 2 3 every 2 1 zeros 2 0 2 0;
        f32 3 x 4 x 5 to 3, 3 x 4 by 1 1 every 3 3 zeros 3 3 4 5;
        f32 7 x 5 x 33 to 21, 5 x 2 by 1 1 every 1 3 zeros 0 0 0 0;
        f64 2 x 5 x 6 to 8, 4 x 1 by 1 1 every 1 1 zeros 1 2 0 0;
        f64 1 x 6 x 33 to 2, 3 x 3 by 2 2 every 1 2 zeros 1 1 4 1;
        f32 7 x 13 x 17 to 7, 5 x 3 by 2 1 every 1 1 zeros 0 0 0 0;
        f64 7 x 9 x 1 to 24, 2 x 1 by 2 3 every 1 1 zeros 1 0 0 1;
        f32 12 x 3 x 3 to 16, 6 x 5 by 1 1 every 1 1 zeros 2 3 2 2;
        f64 2 x 3 x 25 to 8, 1 x 6 by 1 2 every 1 1 zeros 0 0 2 3;
        f32 5 x 6 x 13 to 16, 3 x 3 by 1 1 every 3 2 zeros 3 3 2 2;
        f64 10 x 11 x 1 to 17, 6 x 7 by 3 3 every 2 3 zeros 5 5 9 9;
        f64 8 x 11 x 8 to 7, 1 x 3 by 3 2 every 1 2 zeros 0 0 0 0;
        f64 4 x 6 x 5 to 7, 3 x 3 by 1 1 every 1 2 zeros 0 3 2 1;
        f32 11 x 7 x 5 to 17, 6 x 4 by 1 2 every 3 2 zeros 7 8 3 3;
        f32 16 x 6 x 5 to 1, 6 x 2 by 2 3 every 3 3 zeros 0 0 0 1;
        f64 10 x 9 x 2 to 16, 7 x 6 by 1 3 every 3 3 zeros 9 9 6 7;
        f64 10 x 7 x 17 to 17, 5 x 7 by 3 1 every 2 1 zeros 4 4 0 0;
        f64 6 x 6 x 1 to 16, 5 x 5 by 1 3 every 3 3 zeros 6 6 5 5;
        f32 7 x 5 x 17 to 9, 2 x 4 by 3 1 every 2 2 zeros 1 1 3 3;
        f32 7 x 10 x 17 to 5, 7 x 5 by 2 2 every 2 2 zeros 6 6 0 0;
        f64 8 x 21 x 2 to 2, 5 x 7 by 2 2 every 3 3 zeros 5 6 0 0;
        f32 7 x 8 x 9 to 1, 7 x 3 by 3 3 every 2 3 zeros 6 6 0 0;
        f32 11 x 15 x 8 to 24, 6 x 6 by 2 2 every 2 2 zeros 0 0 0 0;
        }
    }

    #[test]
    fn depthwise_convolutions_of_many_shapes_agree_with_plain_loops() {
        shapes! {
        f32 8 x 17 x 33 to each, 3 x 5 by 1 1 every 1 3 zeros 0 0 0 0;
        f32 12 x 9 x 2 to each, 3 x 3 by 1 1 every 2 1 zeros 0 0 0 0;
        f32 9 x 11 x 4 to each, 2 x 6 by 1 1 every 1 1 zeros 2 0 6 0;
        f64 7 x 13 x 33 to each, 3 x 3 by 1 1 every 3 1 zeros 0 0 0 0;
        f32 4 x 6 x 1 to each, 3 x 3 by 1 1 every 1 1 zeros 2 3 2 0;
        f32 6 x 11 x 17 to each, 3 x 3 by 3 2 every 1 1 zeros 1 1 1 1;
        f32 11 x 15 x 33 to each, 3 x 3 by 2 1 every 1 1 zeros 1 1 1 1;
        f64 4 x 7 x 17 to each, 3 x 3 by 1 1 every 1 2 zeros 3 1 2 3;
        f32 12 x 2 x 5 to each, 1 x 1 by 1 1 every 1 1 zeros 0 0 0 0;
        f32 8 x 2 x 33 to each, 1 x 3 by 2 3 every 1 1 zeros 1 1 3 0;
        f32 11 x 5 x 3 to each, 1 x 2 by 1 3 every 1 1 zeros 0 0 0 0;
        f64 12 x 10 x 5 to each, 4 x 1 by 1 1 every 1 1 zeros 3 3 0 1;
        f32 1 x 16 x 3 to each, 1 x 7 by 2 1 every 1 1 zeros 1 0 2 4;
        f32 5 x 3 x 16 to each, 3 x 3 by 2 1 every 1 1 zeros 1 1 1 1;
        f32 10 x 8 x 33 to each, 3 x 3 by 1 1 every 1 2 zeros 2 2 5 2;
        f32 6 x 10 x 3 to each, 3 x 3 by 1 1 every 1 1 zeros 0 0 0 0;
        f32 6 x 11 x 3 to each, 3 x 3 by 1 1 every 1 1 zeros 0 0 0 0;
        f32 1 x 16 x 16 to each, 3 x 3 by 1 3 every 1 1 zeros 3 3 0 0;
        f32 10 x 5 x 8 to each, 4 x 6 by 1 1 every 3 2 zeros 6 6 1 11;
        f64 4 x 7 x 16 to each, 3 x 3 by 1 1 every 2 1 zeros 2 2 1 1;
        f32 9 x 15 x 24 to each, 3 x 3 by 1 2 every 1 1 zeros 0 0 0 0;
        f32 1 x 7 x 14 to each, 6 x 6 by 1 2 every 1 3 zeros 2 3 7 8;
        f32 4 x 11 x 2 to each, 2 x 2 by 1 3 every 1 1 zeros 2 2 0 0;
        f32 8 x 3 x 33 to each, 3 x 3 by 1 3 every 1 1 zeros 1 1 1 1;
        f64 3 x 1 x 2 to each, 3 x 3 by 1 3 every 2 2 zeros 4 2 1 5;
        f64 11 x 14 x 16 to each, 3 x 3 by 1 1 every 1 1 zeros 1 1 0 2;
        f64 11 x 17 x 1 to each, 4 x 7 by 1 1 every 1 1 zeros 0 0 0 0;
        f64 2 x 5 x 5 to each, 3 x 4 by 2 2 every 1 1 zeros 3 2 1 1;
        f32 11 x 14 x 16 to each, 3 x 3 by 2 1 every 1 1 zeros 0 0 0 0;
        f32 6 x 13 x 3 to each, 3 x 3 by 1 1 every 1 1 zeros 2 2 1 1;
        f32 11 x 7 x 9 to each, 6 x 5 by 2 3 every 2 3 zeros 5 5 6 6;
        f64 5 x 15 x 7 to each, 5 x 5 by 2 3 every 2 2 zeros 4 4 0 0;
        f32 18 x 8 x 3 to each, 6 x 5 by 3 2 every 3 1 zeros 0 0 0 0;
        f32 4 x 4 x 12 to each, 2 x 7 by 2 2 every 2 1 zeros 0 1 2 3;
        f32 8 x 9 x 9 to each, 3 x 7 by 3 2 every 3 3 zeros 0 0 9 9;
        f64 7 x 6 x 33 to each, 6 x 6 by 2 3 every 1 2 zeros 2 3 4 4;
        f32 7 x 7 x 33 to each, 2 x 4 by 1 2 every 3 2 zeros 1 2 0 0;
        f32 21 x 16 x 9 to each, 7 x 7 by 1 2 every 3 2 zeros 0 0 0 0;
        f32 8 x 5 x 2 to each, 4 x 5 by 3 3 every 3 1 zeros 4 4 0 0;
        f64 13 x 5 x 1 to each, 4 x 2 by 2 3 every 3 3 zeros 0 0 1 1;
        f64 4 x 5 x 1 to each, 1 x 3 by 3 2 every 1 3 zeros 0 0 3 3;
        f64 10 x 16 x 7 to each, 7 x 6 by 3 1 every 3 3 zeros 9 9 0 0;
        f32 17 x 3 x 33 to each, 7 x 2 by 3 2 every 2 3 zeros 0 0 1 2;
        f32 6 x 5 x 3 to each, 4 x 5 by 3 1 every 2 1 zeros 2 2 2 2;
        f64 5 x 16 x 3 to each, 6 x 5 by 3 2 every 1 3 zeros 2 2 0 0;
        f32 4 x 7 x 3 to each, 3 x 2 by 2 3 every 2 2 zeros 1 2 0 0;
        }
    }
}
