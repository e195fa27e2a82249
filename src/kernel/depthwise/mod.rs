//! Depthwise convolutions of fixed shape, in which each channel has a kernel of its own: forward, and backward to the
//! input and to the kernel. Images and the order of summation are those of [`conv`](super::conv).

mod passes;
mod plain;

use core::marker::PhantomData;

use self::plain::Products;
use super::{
    array::map_each,
    conv::{Axis, Steps, at_once, in_rows, passes},
    element::Element,
    formula::ElementwiseKernel,
    simd::{Simd, Vector, Work},
};

/// `y[oy][ox][c] = then(bias[c] + Σ x[oy·S₀ + ky·D₀ − B₀][ox·S₁ + kx·D₁ − B₁][c]·kernel[ky][kx][c])` for each image,
/// summed over ky and kx, with the constants STRIDE, DILATION and BEFORE of `P`. Outside the image, x is 0.
///
/// ```
/// use core::marker::PhantomData;
///
/// use shiplap::kernel::{Simd, Steps, Unchanged, Work, depthwise, dispatch};
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
/// /// In the first channel the sum, in the second the difference of each pixel and its right neighbor.
/// struct Pairs([[[f32; 2]; 3]; 1]);
///
/// impl Work for Pairs {
///     type Output = [[[f32; 2]; 2]; 1];
///
///     #[inline(always)]
///     fn run<S: Simd>(self, simd: S) -> Self::Output {
///         let kernel = [[[1.0, -1.0], [1.0, 1.0]]];
///         let mut y = [Self::Output::default()];
///         depthwise(simd, PhantomData::<Valid>, &[self.0], &kernel, &[0.0; 2], &Unchanged, &mut y);
///         y[0]
///     }
/// }
///
/// assert_eq!(dispatch(Pairs([[[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]])), [[[3.0, 1.0], [6.0, 2.0]]]);
/// ```
#[inline(always)]
pub fn depthwise<
    S: Simd,
    P: Steps,
    T: Element,
    O: ElementwiseKernel<0, 1>,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
>(
    simd: S,
    steps: PhantomData<P>,
    x: &[[[[T; C]; W]; H]],
    kernel: &[[[T; C]; KW]; KH],
    bias: &[T; C],
    then: &O,
    y: &mut [[[[T; C]; OW]; OH]],
) {
    let images = x.len().min(y.len());
    simd.run(Forward { x: &x[..images], kernel, bias, then, y: &mut y[..images], steps });
}

/// The gradient of the input of [`depthwise`] for each image: `dx[iy][ix][c] = Σ dz[oy][ox][c]·kernel[ky][kx][c]`,
/// summed over oy and ox, where the window of (oy, ox) reads (iy, ix) through (ky, kx).
///
/// See [`depthwise`] for an example of a call.
#[inline(always)]
pub fn depthwise_backward<
    S: Simd,
    P: Steps,
    T: Element,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
>(
    simd: S,
    steps: PhantomData<P>,
    dz: &[[[[T; C]; OW]; OH]],
    kernel: &[[[T; C]; KW]; KH],
    dx: &mut [[[[T; C]; W]; H]],
) {
    let images = dz.len().min(dx.len());
    simd.run(Backward { dz: &dz[..images], kernel, dx: &mut dx[..images], steps });
}

/// The gradient of the kernel of [`depthwise`]: `gradient[ky][kx][c] = Σ x[..][..][c]·dz[oy][ox][c]`, summed over all
/// images, oy and ox, where the window of (oy, ox) reads x through (ky, kx).
///
/// See [`depthwise`] for an example of a call.
#[inline(always)]
pub fn depthwise_gradient<
    S: Simd,
    P: Steps,
    T: Element,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
>(
    simd: S,
    steps: PhantomData<P>,
    x: &[[[[T; C]; W]; H]],
    dz: &[[[[T; C]; OW]; OH]],
    gradient: &mut [[[T; C]; KW]; KH],
) {
    let images = x.len().min(dz.len());
    simd.run(Gradient { x: &x[..images], dz: &dz[..images], gradient, steps });
}

/// Computes the gradient of [`depthwise_gradient`] in parts, as
/// [`conv_gradient_parts`](super::conv_gradient_parts) does. Without SIMD registers, a part is the row of one tap.
///
/// See [`depthwise`] for an example of a call.
#[inline(always)]
pub fn depthwise_gradient_parts<
    S: Simd,
    P: Steps,
    T: Element,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
    const M: usize,
>(
    simd: S,
    steps: PhantomData<P>,
    x: &[[[[T; C]; W]; H]],
    dz: &[[[[T; C]; OW]; OH]],
    kernel: &mut [[[T; C]; KW]; KH],
    mut state: [&mut [[[T; C]; KW]; KH]; M],
    take: impl FnMut(&mut [T], &mut [T], [&mut [T]; M]),
) {
    if const { T::Vector::<S>::LANES == 1 } {
        let (rows, columns) = const { (Axis::new::<P>(0, H, OH, KH), Axis::new::<P>(1, W, OW, KW)) };
        let products = Products { x, dz, rows, columns };
        let state = map_each(&mut state, |state| state.as_flattened_mut());
        in_rows(kernel.as_flattened_mut(), state, take, |row, gradient| {
            products.sum(row / KW, row % KW, gradient);
        });
    } else {
        at_once(kernel, state, take, |gradient| depthwise_gradient(simd, steps, x, dz, gradient));
    }
}

passes! {
    [H W C OH OW KH KW]
    Forward<O> C true;
    Backward<> C true;
    Gradient<> C false;
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
    const KH: usize,
    const KW: usize,
> {
    x: &'a [[[[T; C]; W]; H]],
    kernel: &'a [[[T; C]; KW]; KH],
    bias: &'a [T; C],
    then: &'a O,
    y: &'a mut [[[[T; C]; OW]; OH]],
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
    const KH: usize,
    const KW: usize,
> {
    dz: &'a [[[[T; C]; OW]; OH]],
    kernel: &'a [[[T; C]; KW]; KH],
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
    const KH: usize,
    const KW: usize,
> {
    x: &'a [[[[T; C]; W]; H]],
    dz: &'a [[[[T; C]; OW]; OH]],
    gradient: &'a mut [[[T; C]; KW]; KH],
    steps: PhantomData<P>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Rng,
        kernel::{
            Unchanged,
            conv::tests::{Uneven, draw},
            lanes::Lanes,
            plain::tests::OneLane,
        },
    };

    #[test]
    fn registers_of_one_lane_compute_the_bits_of_plain_loops() {
        let mut rng = Rng::new(7);
        let steps = PhantomData::<Uneven>;
        let x = draw::<[[[f32; 5]; 9]; 8], 2>(&mut rng);
        let dz = draw::<[[[f32; 5]; 8]; 4], 2>(&mut rng);
        let kernel = draw::<[[f32; 5]; 3], 2>(&mut rng);
        let bias = draw::<f32, 5>(&mut rng);

        let (mut y, mut plain) = ([[[[9.0; 5]; 8]; 4]; 2], [[[[9.0; 5]; 8]; 4]; 2]);
        Forward { x: &x, kernel: &kernel, bias: &bias, then: &Unchanged, y: &mut y, steps }
            .images::<Lanes<f32, 1>>(OneLane);
        Forward { x: &x, kernel: &kernel, bias: &bias, then: &Unchanged, y: &mut plain, steps }.plain();
        assert_eq!(y, plain);

        let (mut dx, mut plain) = ([[[[9.0; 5]; 9]; 8]; 2], [[[[9.0; 5]; 9]; 8]; 2]);
        Backward { dz: &dz, kernel: &kernel, dx: &mut dx, steps }.images::<Lanes<f32, 1>>(OneLane);
        Backward { dz: &dz, kernel: &kernel, dx: &mut plain, steps }.plain();
        assert_eq!(dx, plain);

        let (mut gradient, mut plain) = ([[[9.0; 5]; 3]; 2], [[[9.0; 5]; 3]; 2]);
        Gradient { x: &x, dz: &dz, gradient: &mut gradient, steps }.images::<Lanes<f32, 1>>(OneLane);
        Gradient { x: &x, dz: &dz, gradient: &mut plain, steps }.plain();
        assert_eq!(gradient, plain);
    }
}
