//! The operators of each layer.

use core::slice;
use std::string::ToString;

use super::{
    super::{
        Activate, Affine, Both, Combination, Combine, Concat, Constant, Conv1d, Conv2d, ConvTranspose2d, Crop2d, Dense,
        DepthwiseConv1d, DepthwiseConv2d, EachStep, First, GlobalAverage, GlobalMax, Int8Activation, Int8Form,
        Int8Reduce, Int8Tensor, MatMul, PRelu, Pool1d, Pool2d, Rescale, Reshape, Resize2d, Scale, Scales, Second,
        Standardize, Transpose2d, UpSample2d, ZeroPad2d, affine::channels,
    },
    Describe, DescribeError, Describer, Operation, Weights,
};
use crate::{
    Tensor,
    kernel::Element,
    layers::{
        Window,
        image::{
            Channels, Sampling,
            window::{Row, slide},
        },
    },
};

impl<W: Int8Tensor, const F: usize, A: Int8Activation> Affine<W, F, A> {
    fn describe(
        &self,
        to: &mut Describer<'_>,
        operation: impl FnOnce(Weights) -> Operation,
    ) -> Result<(), DescribeError> {
        let layer = to.layer()?;
        let Scales { input, logits, .. } = layer.scales;
        let scales: [f32; F] = layer.weights[..].try_into().map_err(|_| DescribeError::OtherNetwork)?;
        if channels(self.channels.bias, scales, input, logits) != self.channels {
            return Err(DescribeError::OtherNetwork);
        }
        let weights = Weights {
            weights: W::flat(slice::from_ref(&self.weights)).to_vec(),
            bias: self.channels.bias.to_vec(),
            scales: scales.to_vec(),
            range: A::RANGE,
        };
        to.append(layer, operation(weights), logits);
        to.activation::<A>(layer, &self.activation)
    }
}

macro_rules! describe {
    ($([$($generics:tt)*] $layer:ty: |$self:ident, $to:ident| $describe:expr;)*) => {
        $(impl<$($generics)*> Describe for $layer {
            fn describe(&$self, $to: &mut Describer<'_>) -> Result<(), DescribeError> {
                $describe
            }
        })*
    };
}
describe! {
    [const IN: usize, const OUT: usize, A: Int8Activation] Dense<IN, OUT, A>: |self, to| {
        self.0.describe(to, Operation::Dense)
    };
    [P: Window, A: Int8Activation, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const F: usize, const K: usize, const KW: usize]
    Conv2d<P, A, H, W, C, OH, OW, F, K, KW>: |self, to| {
        self.filters.describe(to, |weights| Operation::Convolution(weights, slide::<P>([H, W], [K, KW]).1))
    };
    [P: Window, A: Int8Activation, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const F: usize, const K: usize, const KW: usize]
    ConvTranspose2d<P, A, H, W, C, OH, OW, F, K, KW>: |self, to| {
        self.filters.describe(to, |weights| {
            Operation::TransposedConvolution(weights, slide::<P>([OH, OW], [K, KW]).1)
        })
    };
    [P: Window, A: Int8Activation, const W: usize, const C: usize, const OW: usize, const F: usize, const K: usize]
    Conv1d<P, A, W, C, OW, F, K>: |self, to| self.0.describe(to);
    [P: Window, A: Int8Activation, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const K: usize, const KW: usize]
    DepthwiseConv2d<P, A, H, W, C, OH, OW, K, KW>: |self, to| {
        self.channels.describe(to, |weights| Operation::Depthwise(weights, slide::<P>([H, W], [K, KW]).1))
    };
    [P: Window, A: Int8Activation, const W: usize, const C: usize, const OW: usize, const K: usize]
    DepthwiseConv1d<P, A, W, C, OW, K>: |self, to| self.0.describe(to);
    [R: Int8Reduce, P: Window, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const K: usize, const KW: usize]
    Pool2d<R, P, H, W, C, OH, OW, K, KW>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::Pool(R::POOL, slide::<P>([H, W], [K, KW]).1), layer.scales.output);
        Ok(())
    };
    [R: Int8Reduce, P: Window, const L: usize, const C: usize, const OL: usize, const K: usize]
    Pool1d<R, P, L, C, OL, K>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::Pool(R::POOL, slide::<Row<P>>([1, L], [1, K]).1), layer.scales.output);
        Ok(())
    };
    [const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const TOP: usize, const LEFT: usize]
    ZeroPad2d<H, W, C, OH, OW, TOP, LEFT>: |self, to| {
        let layer = to.layer()?;
        let zeros = Operation::ZeroPad { before: [TOP, LEFT], after: [OH - H - TOP, OW - W - LEFT] };
        to.append(layer, zeros, layer.scales.output);
        Ok(())
    };
    [const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const TOP: usize, const LEFT: usize]
    Crop2d<H, W, C, OH, OW, TOP, LEFT>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::Crop([TOP, LEFT]), layer.scales.output);
        Ok(())
    };
    [const H: usize, const W: usize, const C: usize] Transpose2d<H, W, C>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::Transpose, layer.scales.output);
        Ok(())
    };
    [const H: usize, const W: usize, const C: usize, const R: usize, const RW: usize, const OH: usize, const OW: usize]
    UpSample2d<H, W, C, R, RW, OH, OW>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::UpSample([R, RW]), layer.scales.output);
        Ok(())
    };
    [M: Sampling, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize]
    Resize2d<M, H, W, C, OH, OW>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::Resize { corners: M::CORNERS, centers: M::MIDDLE }, layer.scales.output);
        Ok(())
    };
    [I: Channels] GlobalAverage<I>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::GlobalAverage, layer.scales.output);
        Ok(())
    };
    [I: Channels] GlobalMax<I>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::GlobalMax, layer.scales.output);
        Ok(())
    };
    [X: Int8Tensor, Y: Int8Tensor, W: 'static] Reshape<X, Y, W>: |self, to| {
        let layer = to.layer()?;
        if to.shape() != layer.shape {
            to.append(layer, Operation::Reshape, layer.scales.output);
        }
        Ok(())
    };
    [A: Int8Activation, X: Tensor] Activate<A, X>: |self, to| {
        let layer = to.layer()?;
        if A::Form::LIMITS && A::RANGE != [f32::NEG_INFINITY, f32::INFINITY] {
            to.append(layer, Operation::Limit(A::RANGE), layer.scales.output);
        }
        to.activation::<A>(layer, &self.activation)
    };
    [I: Channels] PRelu<I>: |self, to| {
        let layer = to.layer()?;
        let (Scales { input, output, .. }, [factor]) = (layer.scales, &layer.weights[..]) else {
            return Err(DescribeError::OtherNetwork);
        };
        let scale = Scale { scale: *factor, zero: self.zeros[1] };
        let expected = PRelu::<I>::from_parts(self.alpha, [input, scale, output]);
        if (expected.zeros, expected.positive, expected.negative) != (self.zeros, self.positive, self.negative) {
            return Err(DescribeError::OtherNetwork);
        }
        let alpha = Int8Tensor::flat(slice::from_ref(&self.alpha)).to_vec();
        to.append(layer, Operation::PRelu { alpha, scale }, output);
        Ok(())
    };
    [const N: usize, T: Element] Standardize<N, T>: |self, to| {
        let layer = to.layer()?;
        if size_of::<T>() != size_of::<f32>() {
            let reason = "it standardizes in `f64`: use a network of `f32`";
            return Err(DescribeError::NoOperator { layer: layer.layer.to_string(), reason });
        }
        let input = to.current[0];
        to.tensors[input].scale = None;
        let [mean, deviation] =
            [self.mean, self.deviation].map(|column| column.iter().map(|x| x.to_f64() as f32).collect());
        to.append(layer, Operation::Standardize { mean, deviation }, layer.scales.output);
        Ok(())
    };
    [L: Describe<Input: Int8Tensor>, const STEPS: usize] EachStep<L, STEPS>: |self, to| {
        let reason = "the layers of each step have no operator: a `Conv1d` of one step computes the same as a dense layer";
        Err(DescribeError::NoOperator { layer: to.layer()?.layer.clone(), reason })
    };
    [X: Int8Tensor, Y: Int8Tensor] Constant<X, Y>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::Constant(Y::flat(slice::from_ref(&self.numbers)).to_vec()), layer.scales.output);
        Ok(())
    };
    [
        X: Int8Tensor, A: Describe<Input = X>, B: Describe<Input = X>, C: Combination, Act: Int8Activation
    ] Combine<A, B, C, Act>: |self, to| {
        let ends = to.branches(&self.first, &self.second)?;
        let (layer, scales) = (to.layer()?, to.scales(ends)?);
        if C::of(scales, layer.scales.logits, Act::RANGE) != self.combination {
            return Err(DescribeError::OtherNetwork);
        }
        let output = layer.scales.logits;
        let ends = if C::OF_ONE_SCALE { to.rescaled(layer, ends, scales, output) } else { ends.to_vec() };
        to.join(layer, C::operation(Act::RANGE), ends, output);
        if C::OF_ONE_SCALE && Act::Form::LIMITS && Act::RANGE != [f32::NEG_INFINITY, f32::INFINITY] {
            to.append(layer, Operation::Limit(Act::RANGE), output);
        }
        to.activation::<Act>(layer, &self.activation)
    };
    [A: Describe, B: Describe<Input = A::Input>, O: Int8Tensor] Concat<A, B, O>: |self, to| {
        let ends = to.branches(&self.first, &self.second)?;
        let (layer, scales) = (to.layer()?, to.scales(ends)?);
        let output = layer.scales.output;
        if scales.map(|scale| Rescale::new(scale, output)) != self.rescales {
            return Err(DescribeError::OtherNetwork);
        }
        let inputs = to.rescaled(layer, ends, scales, output);
        to.join(layer, Operation::Concat, inputs, output);
        Ok(())
    };
    [A: Describe, B: Describe<Input = A::Input>, O: Int8Tensor] MatMul<A, B, O>: |self, to| {
        let ends = to.branches(&self.first, &self.second)?;
        let (layer, scales) = (to.layer()?, to.scales(ends)?);
        let output = layer.scales.output;
        let expected = MatMul::<(), (), ()>::from_parts((), (), scales, output);
        if (expected.zeros, expected.multiplier, expected.bounds) != (self.zeros, self.multiplier, self.bounds) {
            return Err(DescribeError::OtherNetwork);
        }
        to.join(layer, Operation::MatMul, ends.to_vec(), output);
        Ok(())
    };
    [A: Describe, B: Describe<Input = A::Input>] Both<A, B>: |self, to| to.both(&self.first, &self.second);
    [A: Int8Tensor, B: Int8Tensor] First<A, B>: |self, to| {
        to.current.truncate(arrays::<A>());
        Ok(())
    };
    [A: Int8Tensor, B: Int8Tensor] Second<A, B>: |self, to| {
        to.current.drain(..arrays::<A>());
        Ok(())
    };
}

/// The number of arrays of a tensor: one, or those of a pair.
fn arrays<X: Int8Tensor>() -> usize {
    let mut arrays = 0;
    X::for_each(&mut || arrays += 1);
    arrays
}
