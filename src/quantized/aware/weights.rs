//! Weights as they are in int8.

use crate::{
    Layer, Tensor, Zeroed,
    activation::Activation,
    kernel::Element,
    layers::{
        Activate, Biased, Branches, Constant, Conv1d, Conv2d, ConvTranspose2d, Dense, DepthwiseConv1d, DepthwiseConv2d,
        GlobalAveragePool, Join, Joins, PRelu, Recurrent, Resize2d, Returns, Standardize, Window,
        image::{Channels, Pool2d, Reduce, Sampling},
        sequence::{Pool1d, Unit},
    },
    quantized::{
        Scale,
        affine::{int8_of_weight, int32_of_bias, scale_of_weights},
        p_relu::scale_of,
    },
};

/// A layer whose weights are rounded to int8.
pub trait RoundWeights: Layer {
    /// Memory for the layer with rounded weights, or `()` for a layer without weights of its own.
    type Rounded: Zeroed;

    /// The layer with rounded weights, for inputs of this scale. They are written to `rounded`.
    fn round_weights<'a>(&'a self, input: Scale, rounded: &'a mut Self::Rounded) -> &'a Self;

    /// The layer that [`round_weights`](Self::round_weights) returned.
    fn rounded<'a>(&'a self, rounded: &'a Self::Rounded) -> &'a Self;
}

/// Rounds the weights `[k][f]` and the bias, if there is one, to the numbers of their integers. Each output `f` has a
/// scale, or all have one.
// One copy serves all instruction sets. Inlined into code for AVX-512, the compiler (1.95, optimized) also lost the largest
// of nine rows of eight weights.
#[inline(never)]
fn round<T: Element, const F: usize>(
    input: Scale,
    one_scale: bool,
    weights: &mut [[T; F]],
    mut bias: Option<&mut [T; F]>,
) {
    let mut most = [0f64; F];
    for row in &*weights {
        for (most, weight) in most.iter_mut().zip(row) {
            *most = weight.to_f64().abs().max(*most);
        }
    }
    let mut scales = [0f32; F];
    for (f, scale) in scales.iter_mut().enumerate() {
        *scale = scale_of_weights(most[f], bias.as_ref().map_or(0.0, |bias| bias[f].to_f64()), input);
    }
    if one_scale {
        scales = [scales.iter().fold(0f32, |most, scale| most.max(*scale)); F];
    }
    for row in weights {
        for (weight, scale) in row.iter_mut().zip(&scales) {
            *weight = T::from_f64(int8_of_weight(weight.to_f64(), *scale) * f64::from(*scale));
        }
    }
    for (bias, scale) in bias.iter_mut().flat_map(|bias| bias.iter_mut()).zip(&scales) {
        let steps = int32_of_bias(bias.to_f64(), *scale, input);
        *bias = T::from_f64(steps * f64::from(*scale) * f64::from(input.scale));
    }
}

macro_rules! with_weights {
    ($([$($generics:tt)*] $layer:ty: |$kernel:ident| $rows:expr, $one_scale:literal;)*) => {
        $(impl<$($generics)*> RoundWeights for $layer {
            type Rounded = Self;

            #[inline(always)]
            fn round_weights<'a>(&'a self, input: Scale, rounded: &'a mut Self) -> &'a Self {
                rounded.kernel = self.kernel;
                rounded.bias = self.bias;
                let $kernel = &mut rounded.kernel;
                round(input, $one_scale, $rows, Z::get_mut(&mut rounded.bias));
                rounded
            }

            #[inline(always)]
            fn rounded<'a>(&'a self, rounded: &'a Self) -> &'a Self {
                rounded
            }
        })*
    };
}

macro_rules! without_weights {
    ($([$($generics:tt)*] $layer:ty;)*) => {
        $(impl<$($generics)*> RoundWeights for $layer
        where
            Self: Layer,
        {
            type Rounded = ();

            #[inline(always)]
            fn round_weights<'a>(&'a self, _: Scale, (): &'a mut ()) -> &'a Self {
                self
            }

            #[inline(always)]
            fn rounded<'a>(&'a self, (): &'a ()) -> &'a Self {
                self
            }
        })*
    };
}

with_weights! {
    [T: Element, A: Activation, Z: Biased, const IN: usize, const OUT: usize] Dense<IN, OUT, A, T, Z>:
        |kernel| kernel, true;
    [
        T: Element, A: Activation, P: Window, Z: Biased, const H: usize, const W: usize, const C: usize,
        const F: usize, const K: usize, const KW: usize, const OH: usize, const OW: usize
    ] Conv2d<[[[T; C]; W]; H], F, K, A, P, Z, KW, [[[T; F]; OW]; OH]>:
        |kernel| kernel.as_flattened_mut().as_flattened_mut(), false;
    [
        T: Element, A: Activation, P: Window, Z: Biased, const L: usize, const C: usize, const F: usize,
        const K: usize, const OL: usize
    ] Conv1d<[[T; C]; L], F, K, A, P, Z, [[T; F]; OL]>:
        |kernel| kernel.as_flattened_mut(), false;
    [
        T: Element, A: Activation, P: Window, Z: Biased, const L: usize, const C: usize, const K: usize, const OL: usize
    ] DepthwiseConv1d<[[T; C]; L], K, A, P, Z, [[T; C]; OL]>:
        |kernel| kernel, false;
    [
        T: Element, A: Activation, P: Window, Z: Biased, const H: usize, const W: usize, const C: usize,
        const K: usize, const KW: usize, const OH: usize, const OW: usize
    ] DepthwiseConv2d<[[[T; C]; W]; H], K, A, P, Z, KW, [[[T; C]; OW]; OH]>:
        |kernel| kernel.as_flattened_mut(), false;
}

/// The weights of a filter are apart from each other.
impl<
    T: Element,
    A: Activation,
    P: Window,
    Z: Biased,
    const H: usize,
    const W: usize,
    const C: usize,
    const F: usize,
    const K: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
> RoundWeights for ConvTranspose2d<[[[T; C]; W]; H], F, K, A, P, Z, KW, [[[T; F]; OW]; OH]>
{
    type Rounded = Self;

    #[inline(always)]
    fn round_weights<'a>(&'a self, input: Scale, rounded: &'a mut Self) -> &'a Self {
        (rounded.kernel, rounded.bias) = (self.kernel, self.bias);
        let (taps, mut bias) = (rounded.kernel.as_flattened_mut(), Z::get_mut(&mut rounded.bias));
        for f in 0..F {
            round_filter(input, f, taps, bias.as_deref_mut());
        }
        rounded
    }

    #[inline(always)]
    fn rounded<'a>(&'a self, rounded: &'a Self) -> &'a Self {
        rounded
    }
}

/// As [`round`], for the weights `[tap][filter][channel]` of one filter.
#[inline(never)]
fn round_filter<T: Element, const F: usize, const C: usize>(
    input: Scale,
    filter: usize,
    taps: &mut [[[T; C]; F]],
    bias: Option<&mut [T; F]>,
) {
    let weights = taps.iter().flat_map(|tap| &tap[filter]);
    let most = weights.fold(0f64, |most, weight| weight.to_f64().abs().max(most));
    let scale = scale_of_weights(most, bias.as_ref().map_or(0.0, |bias| bias[filter].to_f64()), input);
    for weight in taps.iter_mut().flat_map(|tap| &mut tap[filter]) {
        *weight = T::from_f64(int8_of_weight(weight.to_f64(), scale) * f64::from(scale));
    }
    if let Some(bias) = bias {
        let steps = int32_of_bias(bias[filter].to_f64(), scale, input);
        bias[filter] = T::from_f64(steps * f64::from(scale) * f64::from(input.scale));
    }
}

/// The factors have one scale.
impl<I: Channels> RoundWeights for PRelu<I> {
    type Rounded = Self;

    #[inline(always)]
    fn round_weights<'a>(&'a self, _: Scale, rounded: &'a mut Self) -> &'a Self {
        rounded.alpha = self.alpha;
        let scale = scale_of(&self.alpha);
        for alpha in Tensor::flat_mut(core::slice::from_mut(&mut rounded.alpha)) {
            *alpha = I::Element::from_f64(f64::from(scale.real(scale.quantize(alpha.to_f64() as f32))));
        }
        rounded
    }

    #[inline(always)]
    fn rounded<'a>(&'a self, rounded: &'a Self) -> &'a Self {
        rounded
    }
}

/// The weights of a gate have one scale. The products with the state read int8 of the scale of tanh.
impl<
    I: Channels,
    const UNITS: usize,
    K: Unit<GATES, SAVED, STATES>,
    R: Returns,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> RoundWeights for Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>
{
    type Rounded = Self;

    #[inline(always)]
    fn round_weights<'a>(&'a self, input: Scale, rounded: &'a mut Self) -> &'a Self {
        (rounded.kernel, rounded.recurrent_kernel) = (self.kernel, self.recurrent_kernel);
        (rounded.bias, rounded.recurrent_bias) = (self.bias, self.recurrent_bias);
        for gate in 0..GATES {
            let weights = Tensor::flat_mut(core::slice::from_mut(&mut rounded.kernel[gate]));
            if const { UNITS > 0 } {
                round(input, true, weights.as_chunks_mut::<UNITS>().0, Some(&mut rounded.bias[gate]));
            }
            let bias = rounded.recurrent_bias.as_mut().get_mut(gate);
            round(Scale::OF_TANH, true, &mut rounded.recurrent_kernel[gate], bias);
        }
        rounded
    }

    #[inline(always)]
    fn rounded<'a>(&'a self, rounded: &'a Self) -> &'a Self {
        rounded
    }
}

without_weights! {
    [A: Activation, X: Tensor] Activate<A, X>;
    [R: Reduce, I: Channels, P: Window, O, const K: usize, const KW: usize] Pool2d<R, I, K, P, KW, O>;
    [R: Reduce, I: Channels, P: Window, O, const K: usize] Pool1d<R, I, K, P, O>;
    [I: Channels] GlobalAveragePool<I>;
    [T: Element, M: Sampling, const H: usize, const W: usize, const C: usize, const R: usize, const RW: usize, const OH: usize, const OW: usize]
    Resize2d<[[[T; C]; W]; H], R, RW, M, [[[T; C]; OW]; OH]>;
    [T: Element, const N: usize] Standardize<N, T>;
    // Its numbers are outputs, which are rounded.
    [X: Tensor<Element = Y::Element>, Y: Tensor] Constant<X, Y>;
    [A: Layer, B: Layer<Element = A::Element>, J: Join + Joins<A::Output, B::Output>] Branches<A, B, J>;
}
