//! Convolutions of fixed shape: forward, and backward to the input and to the kernel.
//!
//! Images are `[[[T; CHANNELS]; WIDTH]; HEIGHT]`. The order of summation is fixed: each output adds its terms in the
//! order of the kernel's memory, each gradient in the order of `dz`. So the result depends neither on the size of the
//! batch nor, except for the rounding of multiply-adds, on the instruction set.

mod axis;
mod backward;
mod block;
mod forward;
mod gradient;
mod packed;
mod parts;
mod pass;
mod plain;

use core::marker::PhantomData;

pub use self::{axis::Steps, parts::conv_gradient_parts};
pub(in crate::kernel) use self::{
    axis::{Axis, Phase},
    block::{Sizes, depthwise_pixels},
    forward::InPlace,
    gradient::{Group, Grouped, Sums},
    parts::{at_once, in_rows},
    pass::{Pass, Start, Weights, strip},
};
use super::{
    element::Element,
    formula::ElementwiseKernel,
    simd::{Simd, Vector, Work},
};

/// `y[oy][ox][f] = then(bias[f] + Σ x[oy·S₀ + ky·D₀ − B₀][ox·S₁ + kx·D₁ − B₁][c]·kernel[ky][kx][c][f])` for each image,
/// summed over ky, kx and c, with the constants STRIDE, DILATION and BEFORE of `P`. Outside the image, x is 0.
///
/// ```
/// use core::marker::PhantomData;
///
/// use shiplap::kernel::{Simd, Steps, Unchanged, Work, conv, dispatch};
///
/// /// Each window is next to the one before it, and starts inside the image.
/// struct Valid;
///
/// impl Steps for Valid {
///     const STRIDE: [usize; 2] = [1, 1];
///     const DILATION: [usize; 2] = [1, 1];
///     const BEFORE: [usize; 2] = [0, 0];
/// }
///
/// /// The sum of each pixel and its right neighbor.
/// struct Pairs([[[f32; 1]; 3]; 1]);
///
/// impl Work for Pairs {
///     type Output = [[[f32; 1]; 2]; 1];
///
///     #[inline(always)]
///     fn run<S: Simd>(self, simd: S) -> Self::Output {
///         let kernel = [[[[1.0]], [[1.0]]]];
///         let mut y = [Self::Output::default()];
///         conv(simd, PhantomData::<Valid>, &[self.0], &kernel, &[0.0], &Unchanged, &mut y);
///         y[0]
///     }
/// }
///
/// assert_eq!(dispatch(Pairs([[[1.0], [2.0], [4.0]]])), [[[3.0], [6.0]]]);
/// ```
#[inline(always)]
pub fn conv<
    S: Simd,
    P: Steps,
    T: Element,
    O: ElementwiseKernel<0, 1>,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const F: usize,
    const KH: usize,
    const KW: usize,
>(
    simd: S,
    steps: PhantomData<P>,
    x: &[[[[T; C]; W]; H]],
    kernel: &[[[[T; F]; C]; KW]; KH],
    bias: &[T; F],
    then: &O,
    y: &mut [[[[T; F]; OW]; OH]],
) {
    let images = x.len().min(y.len());
    simd.run(Forward { x: &x[..images], kernel, bias, then, y: &mut y[..images], steps });
}

/// The gradient of the input of [`conv`] for each image: `dx[iy][ix][c] = Σ dz[oy][ox][f]·kernel[ky][kx][c][f]`, summed
/// over oy, ox and f, where the window of (oy, ox) reads (iy, ix) through (ky, kx).
///
/// See [`conv`] for an example of a call.
#[inline(always)]
pub fn conv_backward<
    S: Simd,
    P: Steps,
    T: Element,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const F: usize,
    const KH: usize,
    const KW: usize,
>(
    simd: S,
    steps: PhantomData<P>,
    dz: &[[[[T; F]; OW]; OH]],
    kernel: &[[[[T; F]; C]; KW]; KH],
    dx: &mut [[[[T; C]; W]; H]],
) {
    let images = dz.len().min(dx.len());
    simd.run(Backward { dz: &dz[..images], kernel, dx: &mut dx[..images], steps });
}

/// The gradient of the kernel of [`conv`]: `gradient[ky][kx][c][f] = Σ x[..][..][c]·dz[oy][ox][f]`, summed over all
/// images, oy and ox, where the window of (oy, ox) reads x through (ky, kx).
///
/// See [`conv`] for an example of a call.
#[inline(always)]
pub fn conv_gradient<
    S: Simd,
    P: Steps,
    T: Element,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const F: usize,
    const KH: usize,
    const KW: usize,
>(
    simd: S,
    steps: PhantomData<P>,
    x: &[[[[T; C]; W]; H]],
    dz: &[[[[T; F]; OW]; OH]],
    gradient: &mut [[[[T; F]; C]; KW]; KH],
) {
    let images = x.len().min(dz.len());
    simd.run(Gradient { x: &x[..images], dz: &dz[..images], gradient, steps });
}

/// Whether few processors of the target use these registers, those without AVX2. Their passes are plain loops, which compute
/// the same bits and take a third of the time to compile, or blocks of one pixel.
pub(in crate::kernel) const fn is_fallback<V: Vector<T>, T>() -> bool {
    cfg!(target_arch = "x86_64") && V::ROWS == 4
}

/// Implements the work of passes, with the axes of their convolution. The first argument lists the constants of their
/// types, and the name after each pass is that of the number of results that are computed together. The last argument of
/// a pass says whether its plain loops are fast enough for processors without AVX2.
macro_rules! passes {
    (@ [$($constant:ident)*] $pass:ident<$($op:ident)?> $outputs:ident $fast:literal) => {
        impl<P: Steps, T: Element, $($op: ElementwiseKernel<0, 1>,)? $(const $constant: usize),*>
            $pass<'_, P, T, $($op,)? $($constant),*>
        {
            const ROWS: Axis = Axis::new::<P>(0, H, OH, KH);
            const COLUMNS: Axis = Axis::new::<P>(1, W, OW, KW);
        }

        impl<P: Steps, T: Element, $($op: ElementwiseKernel<0, 1>,)? $(const $constant: usize),*> Work
            for $pass<'_, P, T, $($op,)? $($constant),*>
        {
            type Output = ();

            #[inline(always)]
            fn run<S: Simd>(mut self, simd: S) {
                if const { T::Vector::<S>::LANES == 1 || $fast && $crate::kernel::conv::is_fallback::<T::Vector<S>, T>() } {
                    self.plain();
                } else if const { <T::Vector::<S> as Vector<T>>::Half::LANES >= $outputs } {
                    // More than half of each full-length register would be empty.
                    self.images::<<T::Vector::<S> as Vector<T>>::Half>(simd);
                } else {
                    self.images::<T::Vector::<S>>(simd);
                }
            }
        }
    };
    ($constants:tt $($pass:ident<$($op:ident)?> $outputs:ident $fast:literal;)*) => {
        $($crate::kernel::conv::passes!(@ $constants $pass<$($op)?> $outputs $fast);)*
    };
}
pub(in crate::kernel) use passes;

passes! {
    [H W C OH OW F KH KW]
    Forward<O> F true;
    Backward<> C false;
    Gradient<> F false;
}

struct Forward<
    'a,
    P,
    T,
    O,
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
    then: &'a O,
    y: &'a mut [[[[T; F]; OW]; OH]],
    steps: PhantomData<P>,
}

struct Backward<
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
    dz: &'a [[[[T; F]; OW]; OH]],
    kernel: &'a [[[[T; F]; C]; KW]; KH],
    dx: &'a mut [[[[T; C]; W]; H]],
    steps: PhantomData<P>,
}

struct Gradient<
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
    dz: &'a [[[[T; F]; OW]; OH]],
    gradient: &'a mut [[[[T; F]; C]; KW]; KH],
    steps: PhantomData<P>,
}

#[cfg(test)]
pub(in crate::kernel) mod tests {
    use super::*;
    use crate::{
        Rng,
        kernel::{Tensor, Unchanged, lanes::Lanes, plain::tests::OneLane},
    };

    pub struct Uneven;

    impl Steps for Uneven {
        const STRIDE: [usize; 2] = [2, 1];
        const DILATION: [usize; 2] = [1, 2];
        const BEFORE: [usize; 2] = [1, 3];
    }

    pub fn draw<X: Tensor<Element = f32>, const N: usize>(rng: &mut Rng) -> [X; N] {
        let mut tensors = [X::zeroed(); N];
        X::flat_mut(&mut tensors).fill_with(|| rng.normal() as f32);
        tensors
    }

    #[test]
    fn registers_of_one_lane_compute_the_bits_of_plain_loops() {
        let mut rng = Rng::new(7);
        let steps = PhantomData::<Uneven>;
        let x = draw::<[[[f32; 5]; 9]; 8], 2>(&mut rng);
        let dz = draw::<[[[f32; 3]; 8]; 4], 2>(&mut rng);
        let kernel = draw::<[[[f32; 3]; 5]; 3], 2>(&mut rng);
        let bias = draw::<f32, 3>(&mut rng);

        let (mut y, mut plain) = ([[[[9.0; 3]; 8]; 4]; 2], [[[[9.0; 3]; 8]; 4]; 2]);
        Forward { x: &x, kernel: &kernel, bias: &bias, then: &Unchanged, y: &mut y, steps }
            .images::<Lanes<f32, 1>>(OneLane);
        Forward { x: &x, kernel: &kernel, bias: &bias, then: &Unchanged, y: &mut plain, steps }.plain();
        assert_eq!(y, plain);

        let (mut dx, mut plain) = ([[[[9.0; 5]; 9]; 8]; 2], [[[[9.0; 5]; 9]; 8]; 2]);
        Backward { dz: &dz, kernel: &kernel, dx: &mut dx, steps }.images::<Lanes<f32, 1>>(OneLane);
        Backward { dz: &dz, kernel: &kernel, dx: &mut plain, steps }.plain();
        assert_eq!(dx, plain);

        let (mut gradient, mut plain) = ([[[[9.0; 3]; 5]; 3]; 2], [[[[9.0; 3]; 5]; 3]; 2]);
        Gradient { x: &x, dz: &dz, gradient: &mut gradient, steps }.images::<Lanes<f32, 1>>(OneLane);
        Gradient { x: &x, dz: &dz, gradient: &mut plain, steps }.plain();
        assert_eq!(gradient, plain);
    }
}
