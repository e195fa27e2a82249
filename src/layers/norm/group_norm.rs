//! Normalization of groups of channels.

use core::marker::PhantomData;

use super::{
    each_sample::{EachSample, frame_passes, sample_passes},
    moments::{
        AddFirst, AddGradients, AddSquare, InverseDeviation, Normalize, NormalizeGradient, Times, change, column_sums,
        flat, flat_mut, for_each_row,
    },
    named, unfit,
};
use crate::{
    Parameters, Tensor, Zeroed as _,
    activation::{Activation, Linear},
    init::Initializer,
    kernel::{Plus, Product, Simd, Unchanged, sum_of_row},
    layer::{Layer, Operations, Path},
    layers::image::Channels,
    message::Message,
    regularize::scientific,
    stream::Streaming,
};

/// `y = act((x − mean) / √(variance + ε)·scale[c] + shift[c])`, where mean and variance are those of all pixels of the
/// channels of a group, in training and at inference (Wu and He 2018). x and y: `I`, an
/// [`Image`](crate::layers::Image), or another tensor whose innermost axis is that of the channels. Each of the `GROUPS`
/// has the same number of channels, which lie side by side.
///
/// With one channel in each group, it is instance normalization. `ε` is `10^EPSILON`. The default, 10⁻³, is that of
/// Keras; that of PyTorch is `-5`.
///
/// ```
/// use shiplap::{layers::GroupNorm, prelude::*};
///
/// #[network(input = Image<8, 8, 1>)]
/// type Net = (Conv2d<_, 6, 3>, GroupNorm<_, 2, Relu>, GlobalAveragePool<_>);
///
/// let means = Net::new(1).predict(&[[[0.5]; 8]; 8]);
/// assert_eq!(means.len(), 6);
/// ```
#[derive(Parameters)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct GroupNorm<I: Channels, const GROUPS: usize, A: Activation = Linear, const EPSILON: i32 = -3> {
    /// The factor of each channel, initially 1: `gamma`, or PyTorch's `weight`.
    #[bias(initializer = Initializer::Constant(1.0))]
    pub scale: I::Each<I::Element>,
    /// The offset of each channel: `beta`, or PyTorch's `bias`.
    #[bias]
    pub shift: I::Each<I::Element>,
    types: PhantomData<fn() -> (I, A)>,
}

impl<I: Channels, const GROUPS: usize, A: Activation, const EPSILON: i32> GroupNorm<I, GROUPS, A, EPSILON> {
    const EPSILON: f64 = scientific(1.0, EPSILON);
    const NAMED: Message<64> = {
        let start = Message::new().text("GroupNorm<").number(GROUPS as u128).text(", ");
        named::<A>(start, &[[EPSILON as i64, -3]])
    };
    /// The channels of a group.
    const GROUP: usize = I::INNERMOST / if GROUPS == 0 { 1 } else { GROUPS };
    /// 1 over the numbers of a sample that share a mean.
    const SHARE: f64 = GROUPS as f64 / I::LEN as f64;

    /// For each channel, the sum of `columns` over the channels of its group, times `factor`.
    #[inline(always)]
    fn of_groups<S: Simd>(simd: S, mut columns: I::Each<I::Element>, factor: f64) -> I::Each<I::Element> {
        for group in flat_mut(&mut columns).chunks_exact_mut(Self::GROUP) {
            let sum = sum_of_row(simd, &Unchanged, [&*group]);
            group.fill(sum);
        }
        change(simd, Times(factor), [], columns)
    }

    /// The mean of `sums·scale` over the group of each channel, over the standard deviation.
    #[inline(always)]
    fn over_deviation<S: Simd>(
        &self,
        simd: S,
        inverse: &I::Each<I::Element>,
        sums: I::Each<I::Element>,
    ) -> I::Each<I::Element> {
        let weighted = change(simd, Product, [&self.scale], sums);
        change(simd, Product, [inverse], Self::of_groups(simd, weighted, Self::SHARE))
    }

    /// The mean of each channel's group, and 1 over its standard deviation.
    #[inline(always)]
    fn moments<S: Simd>(simd: S, sample: &[I::Element]) -> [I::Each<I::Element>; 2] {
        let [sums] = column_sums(simd, AddFirst, [sample, sample], &I::Each::zeroed_on_stack());
        let mean = Self::of_groups(simd, sums, Self::SHARE);
        let [squares] = column_sums(simd, AddSquare, [sample, sample], &mean);
        let variance = Self::of_groups(simd, squares, Self::SHARE);
        [mean, change(simd, InverseDeviation(Self::EPSILON), [], variance)]
    }
}

impl<I: Channels, const GROUPS: usize, A: Activation, const EPSILON: i32> Layer for GroupNorm<I, GROUPS, A, EPSILON> {
    type Input = I;
    type Output = I;
    type Head = A;

    const MACS: usize = I::LEN;
    /// A series is normalized as a whole.
    const LOOKS_AHEAD: Option<bool> = Some(I::RANK == 2);
    const FAULT: Option<Message> = {
        if let Some(fault) = unfit::<I>(Self::KIND.as_str()) {
            Some(fault)
        } else if GROUPS == 0 || I::INNERMOST % GROUPS != 0 {
            let message = Message::naming(Self::KIND.as_str())
                .text("splits ")
                .number(I::INNERMOST as u128)
                .text(" channels into ");
            Some(message.number(GROUPS as u128).text(" groups, which do not have the same size"))
        } else {
            None
        }
    };

    sample_passes!(scale, shift);

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        let parameters = [("scale", flat(&self.scale)), ("shift", flat(&self.shift))];
        operations.normalize(path, I::SHAPE, Some(GROUPS), parameters, Self::EPSILON);
        A::operations(path, operations);
    }
}

impl<I: Channels, const GROUPS: usize, A: Activation, const EPSILON: i32> EachSample
    for GroupNorm<I, GROUPS, A, EPSILON>
{
    #[inline(always)]
    fn normalize<S: Simd>(&self, simd: S, x: &[I::Element], y: &mut [I::Element]) {
        for (x, y) in x.chunks_exact(I::LEN).zip(y.chunks_exact_mut(I::LEN)) {
            let [mean, inverse] = Self::moments(simd, x);
            let factor = change(simd, Product, [&self.scale], inverse);
            for_each_row(simd, Normalize(Unchanged), [x, x], [&mean, &factor, &self.shift, &self.shift], y);
        }
    }

    #[inline(always)]
    fn normalize_backward<S: Simd>(
        &self,
        simd: S,
        x: &[I::Element],
        dy: &[I::Element],
        dx: Option<&mut [I::Element]>,
        gradient: &mut Self,
    ) {
        let mut dx = dx.map(|dx| dx.chunks_exact_mut(I::LEN));
        for (x, dy) in x.chunks_exact(I::LEN).zip(dy.chunks_exact(I::LEN)) {
            let [mean, inverse] = Self::moments(simd, x);
            let [of_shift, of_scale] = column_sums(simd, AddGradients, [dy, x], &mean);
            let of_scale = change(simd, Product, [&inverse], of_scale);
            gradient.shift = change(simd, Plus, [&of_shift], gradient.shift);
            gradient.scale = change(simd, Plus, [&of_scale], gradient.scale);
            let Some(dx) = dx.as_mut().and_then(Iterator::next) else { continue };
            let [a, b] = [self.over_deviation(simd, &inverse, of_shift), self.over_deviation(simd, &inverse, of_scale)];
            let b = change(simd, Product, [&inverse], b);
            let factor = change(simd, Product, [&self.scale], inverse);
            for_each_row(simd, NormalizeGradient, [dy, x], [&mean, &factor, &a, &b], dx);
        }
    }
}

impl<I: Channels, const GROUPS: usize, A: Activation, const EPSILON: i32> Streaming
    for GroupNorm<I, GROUPS, A, EPSILON>
{
    const STREAM_FAULT: Option<Message> = if I::LEN == I::Frame::LEN {
        Self::FAULT
    } else {
        let message =
            Message::naming(Self::KIND.as_str()).text("cannot be streamed: it normalizes all frames together");
        Some(message.text("; use `LayerNorm` or `BatchNorm`"))
    };

    frame_passes!();
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::{check, prelude::*};

    #[test]
    fn gradients() {
        check::gradients::<GroupNorm<Image<2, 3, 6, f64>, 2, Tanh>>().unwrap();
        check::gradients::<GroupNorm<Image<3, 2, 3, f64>, 3>>().unwrap();
        check::gradients::<(Dense<3, 4, Tanh, f64>, GroupNorm<[f64; 4], 1>, Dense<4, 2, Linear, f64>)>().unwrap();
    }
}
