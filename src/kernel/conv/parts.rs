//! The gradient of a kernel in parts.

use core::{marker::PhantomData, mem::MaybeUninit, slice};

use super::{
    axis::{Axis, Steps},
    conv_gradient,
    plain::Products,
};
use crate::{
    kernel::{
        array::map_each,
        element::{Element, Tensor},
        simd::{Simd, Vector},
    },
    zeroed::{fits_stack, large},
};

/// Computes the gradient of [`conv_gradient`] in parts, and calls `take` for each part in turn: with a part of `kernel`,
/// its gradient, and the same part of each item of `state`. Without SIMD registers, as on microcontrollers, a part is the
/// row of one tap and channel, so that the whole gradient is never in memory. Otherwise it is the whole gradient.
///
/// See [`conv`](super::conv) for an example of a call.
#[inline(always)]
pub fn conv_gradient_parts<
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
    const M: usize,
>(
    simd: S,
    steps: PhantomData<P>,
    x: &[[[[T; C]; W]; H]],
    dz: &[[[[T; F]; OW]; OH]],
    kernel: &mut [[[[T; F]; C]; KW]; KH],
    mut state: [&mut [[[[T; F]; C]; KW]; KH]; M],
    take: impl FnMut(&mut [T], &mut [T], [&mut [T]; M]),
) {
    if const { T::Vector::<S>::LANES == 1 } {
        let (rows, columns) = const { (Axis::new::<P>(0, H, OH, KH), Axis::new::<P>(1, W, OW, KW)) };
        let products = Products { x, dz, rows, columns };
        let state = map_each(&mut state, |state| state.as_flattened_mut().as_flattened_mut());
        in_rows(kernel.as_flattened_mut().as_flattened_mut(), state, take, |row, gradient| {
            products.sum(row / (KW * C), row / C % KW, row % C, gradient);
        });
    } else {
        at_once(kernel, state, take, |gradient| conv_gradient(simd, steps, x, dz, gradient));
    }
}

/// Takes a kernel row by row. `compute` computes the gradient of the row with this number.
#[inline(always)]
pub(in crate::kernel) fn in_rows<T: Element, const F: usize, const M: usize>(
    kernel: &mut [[T; F]],
    mut state: [&mut [[T; F]]; M],
    mut take: impl FnMut(&mut [T], &mut [T], [&mut [T]; M]),
    compute: impl Fn(usize, &mut [T; F]),
) {
    for (row, kernel) in kernel.iter_mut().enumerate() {
        let mut gradient = [T::zero(); F];
        compute(row, &mut gradient);
        let state = map_each(&mut state, |state| state.get_mut(row).map_or(&mut [][..], |row| &mut row[..]));
        take(kernel, &mut gradient, state);
    }
}

/// Takes a whole kernel.
#[inline(always)]
pub(in crate::kernel) fn at_once<K: Tensor, const M: usize>(
    kernel: &mut K,
    mut state: [&mut K; M],
    mut take: impl FnMut(&mut [K::Element], &mut [K::Element], [&mut [K::Element]; M]),
    compute: impl FnOnce(&mut K),
) {
    let take = |gradient: &mut K| {
        compute(gradient);
        let state = map_each(&mut state, |state| K::flat_mut(slice::from_mut(*state)));
        take(K::flat_mut(slice::from_mut(kernel)), K::flat_mut(slice::from_mut(gradient)), state);
    };
    if const { fits_stack(size_of::<K>()) } {
        take(K::zeroed_in(&mut MaybeUninit::uninit()));
    } else {
        take(&mut large());
    }
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::{
        super::tests::{Uneven, draw},
        *,
    };
    use crate::{
        Rng, Zeroed,
        kernel::{Baseline, depthwise_gradient, depthwise_gradient_parts, plain::tests::OneLane},
    };

    /// Adds each part of a gradient to the kernel and subtracts it from the state. Returns them, and the largest part.
    macro_rules! descend {
        ($parts:ident, $simd:expr, $x:expr, $dz:expr, $shape:ty) => {{
            let (mut kernel, mut state, mut largest) = (<$shape>::zeroed(), <$shape>::zeroed(), 0);
            let steps = PhantomData::<Uneven>;
            $parts($simd, steps, $x, $dz, &mut kernel, [&mut state], |kernel, gradient, [state]| {
                largest = largest.max(gradient.len());
                for ((kernel, state), gradient) in kernel.iter_mut().zip(state).zip(gradient) {
                    *kernel += *gradient;
                    *state -= *gradient;
                }
            });
            assert_eq!(Tensor::flat(&[state]), Tensor::flat(&[kernel]).iter().map(|g: &f32| -g).collect::<Vec<_>>());
            (kernel, largest)
        }};
    }

    #[test]
    fn parts_are_those_of_the_whole_gradient() {
        type Kernel = [[[[f32; 3]; 5]; 3]; 2];
        let mut rng = Rng::new(7);
        let x = draw::<[[[f32; 5]; 9]; 8], 2>(&mut rng);
        let dz = draw::<[[[f32; 3]; 8]; 4], 2>(&mut rng);
        let mut whole = Kernel::zeroed();
        conv_gradient(OneLane, PhantomData::<Uneven>, &x, &dz, &mut whole);
        assert_eq!(descend!(conv_gradient_parts, OneLane, &x, &dz, Kernel), (whole, 3));
        conv_gradient(Baseline, PhantomData::<Uneven>, &x, &dz, &mut whole);
        assert_eq!(descend!(conv_gradient_parts, Baseline, &x, &dz, Kernel).0, whole);
    }

    #[test]
    fn parts_are_those_of_the_whole_gradient_of_each_channel() {
        type Kernel = [[[f32; 5]; 3]; 2];
        let mut rng = Rng::new(7);
        let x = draw::<[[[f32; 5]; 9]; 8], 2>(&mut rng);
        let dz = draw::<[[[f32; 5]; 8]; 4], 2>(&mut rng);
        let mut whole = Kernel::zeroed();
        depthwise_gradient(OneLane, PhantomData::<Uneven>, &x, &dz, &mut whole);
        assert_eq!(descend!(depthwise_gradient_parts, OneLane, &x, &dz, Kernel), (whole, 5));
        depthwise_gradient(Baseline, PhantomData::<Uneven>, &x, &dz, &mut whole);
        assert_eq!(descend!(depthwise_gradient_parts, Baseline, &x, &dz, Kernel).0, whole);
    }
}
