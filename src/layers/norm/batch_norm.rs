//! Batch normalization.

use core::{marker::PhantomData, slice};

use super::{
    moments::{
        AddGradients, InverseDeviation, Normalize, NormalizeGradient, Times, Toward, change, column_sums, flat,
        flat_mut, for_each_row, moments, share,
    },
    unfit,
};
use crate::{
    Parameters, Rng, Tensor,
    activation::{Activation, Fusible, Linear, Save},
    init::Initializer,
    kernel::{ElementwiseKernel, Product, Simd, Unchanged},
    layer::{Ending, Layer, Operations, Path},
    layers::{
        activate::{activate_backward, compute, record},
        image::Channels,
    },
    message::Message,
    regularize::scientific,
    stream::Streaming,
};

/// `y = act((x − mean[c]) / √(variance[c] + ε)·scale[c] + shift[c])` for each channel `c` (Ioffe and Szegedy 2015). x and
/// y: `I`, an [`Image`](crate::layers::Image), or another tensor whose innermost axis is that of the channels.
///
/// In training, mean and variance are those of the channel in all pixels of the batch, and the running statistics move
/// toward them: `running = MOMENTUM % of running + (100 − MOMENTUM) % of batch`. At inference, and in
/// [`Frozen`](crate::layers::Frozen), they are the running statistics. The variance is that of the population, as in
/// Keras; PyTorch corrects the running one by `n / (n − 1)`.
///
/// `ε` is `10^EPSILON`. The defaults, 99 % and 10⁻³, are those of Keras; those of PyTorch are `90` and `-5`.
///
/// The layer before it needs no bias, since `shift` replaces it.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<8, 8, 1>)]
/// type Net = (Conv2d<_, 4, 3>, BatchNorm<_, Relu>, Flatten<_>, Dense<_, 2, Softmax>);
///
/// let (x, y) = ([[[[0.5f32]; 8]; 8], [[[-1.5]; 8]; 8]], [0usize, 1]);
/// let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Adam, 2>::new(Adam::default(), 1);
/// assert_eq!(trainer.network().1.variance, [1.0; 4]);
/// trainer.fit(&x, &y, Fit::epochs(5))?;
/// assert_ne!(trainer.network().1.variance, [1.0; 4]);
/// # Ok::<(), TrainError>(())
/// ```
///
/// `optim::AllCores` normalizes the rows of each shard by themselves.
#[derive(Parameters)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct BatchNorm<I: Channels, A: Activation = Linear, const MOMENTUM: u32 = 99, const EPSILON: i32 = -3> {
    /// The factor of each channel, initially 1: `gamma`, or PyTorch's `weight`.
    #[bias(initializer = Initializer::Constant(1.0))]
    pub scale: I::Each<I::Element>,
    /// The offset of each channel: `beta`, or PyTorch's `bias`.
    #[bias]
    pub shift: I::Each<I::Element>,
    /// The running mean of each channel.
    #[running]
    pub mean: I::Each<I::Element>,
    /// The running variance of each channel, initially 1.
    #[running(initializer = Initializer::Constant(1.0), never_negative)]
    pub variance: I::Each<I::Element>,
    types: PhantomData<fn() -> (I, A)>,
}

impl<I: Channels, A: Activation, const MOMENTUM: u32, const EPSILON: i32> BatchNorm<I, A, MOMENTUM, EPSILON> {
    const EPSILON: f64 = scientific(1.0, EPSILON);
    const NAMED: Message<64> = {
        let message = Message::new().text("BatchNorm<").text(A::NAME);
        let message = match (MOMENTUM, EPSILON) {
            (99, -3) => message,
            _ => message.text(", ").number(MOMENTUM as u128).text(", ").integer(EPSILON as i128),
        };
        message.text(">")
    };

    /// `then(y)` with these statistics, where `y` is before the activation.
    #[inline(always)]
    fn normalize<S: Simd, O: ElementwiseKernel<0, 1>>(
        &self,
        simd: S,
        x: &[I::Element],
        [mean, variance]: [&I::Each<I::Element>; 2],
        then: &O,
        y: &mut [I::Element],
    ) {
        let inverse = change(simd, InverseDeviation(Self::EPSILON), [], *variance);
        let factor = change(simd, Product, [&self.scale], inverse);
        let columns = [mean, &factor, &self.shift, &self.shift];
        for_each_row(simd, Normalize(*then), [x; 2], columns, y);
    }
}

/// The outputs before the activation.
struct Normalized<'a, S, I: Channels, A: Activation, const MOMENTUM: u32, const EPSILON: i32> {
    simd: S,
    layer: &'a BatchNorm<I, A, MOMENTUM, EPSILON>,
    x: &'a [I],
    /// Mean and variance.
    statistics: [&'a I::Each<I::Element>; 2],
}

impl<S: Simd, I: Channels, A: Activation, const MOMENTUM: u32, const EPSILON: i32> Fusible<I>
    for Normalized<'_, S, I, A, MOMENTUM, EPSILON>
{
    #[inline(always)]
    fn compute<O: ElementwiseKernel<0, 1>>(self, then: &O, y: &mut [I]) {
        self.layer.normalize(self.simd, I::flat(self.x), self.statistics, then, I::flat_mut(y));
    }
}

impl<I: Channels, A: Activation, const MOMENTUM: u32, const EPSILON: i32> Layer for BatchNorm<I, A, MOMENTUM, EPSILON> {
    type Input = I;
    type Output = I;
    /// The numbers that the activation saves; mean and variance of the batch; whether they are in use; and the
    /// gradients with respect to `shift` and `scale`.
    type Tape<const B: usize> =
        (<A::Saves as Save>::Storage<I, B>, [I::Each<I::Element>; 2], bool, [I::Each<I::Element>; 2]);
    type Head = A;

    const MACS: usize = I::LEN;
    const FAULT: Option<Message> = if let Some(fault) = unfit::<I>(Self::KIND.as_str()) {
        Some(fault)
    } else if MOMENTUM > 100 {
        Some(Message::naming(Self::KIND.as_str()).text("has a momentum above 1: it is a percentage from 0 to 100"))
    } else {
        None
    };

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[I], y: &mut [I]) {
        let normalized = Normalized { simd, layer: self, x, statistics: [&self.mean, &self.variance] };
        compute::<S, E, A, I>(simd, normalized, y);
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        rng: Option<&mut Rng>,
        x: &[I],
        (saved, statistics, of_batch, _): &mut Self::Tape<B>,
        y: &mut [I],
    ) {
        *of_batch = rng.is_some();
        *statistics = if *of_batch { moments(simd, I::flat(x)) } else { [self.mean, self.variance] };
        let normalized = Normalized { simd, layer: self, x, statistics: statistics.each_ref() };
        record::<S, E, A, I, B>(simd, normalized, y, saved);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[I],
        (saved, [mean, variance], of_batch, sums): &mut Self::Tape<B>,
        y: &[I],
        dy: &mut [I],
        dx: Option<&mut [I]>,
    ) {
        activate_backward::<S, E, A, I, B>(simd, saved, y, dy);
        let (x, dy) = (I::flat(x), I::flat(dy));
        let inverse = change(simd, InverseDeviation(Self::EPSILON), [], *variance);
        let [shift, scale] = column_sums(simd, AddGradients, [dy, x], mean);
        let scale = change(simd, Product, [&inverse], scale);
        *sums = [shift, scale];
        let Some(dx) = dx else { return };
        // The statistics of the batch depend on x, and the running ones do not.
        let share = Times(if *of_batch { share(x, I::INNERMOST) } else { 0.0 });
        let factor = change(simd, Product, [&self.scale], inverse);
        let a = change(simd, Product, [&factor], change(simd, share, [], shift));
        let b = change(simd, Product, [&inverse], scale);
        let b = change(simd, Product, [&factor], change(simd, share, [], b));
        for_each_row(simd, NormalizeGradient, [dy, x], [mean, &factor, &a, &b], I::flat_mut(dx));
    }

    #[inline(always)]
    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        _: S,
        _: &[I],
        (_, _, _, [shift, scale]): &mut Self::Tape<B>,
        _: &[I],
        gradient: &mut Self::Trainable,
    ) {
        *gradient = (*scale, *shift);
    }

    #[inline(always)]
    fn update_statistics<S: Simd, const B: usize>(
        &mut self,
        simd: S,
        (_, [mean, variance], of_batch, _): &Self::Tape<B>,
        share: f64,
    ) {
        if *of_batch {
            let toward = Toward(share * f64::from(100 - MOMENTUM) / 100.0);
            self.mean = change(simd, toward, [mean], self.mean);
            self.variance = change(simd, toward, [variance], self.variance);
        }
    }

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        let [scale, shift, mean, variance] = [&self.scale, &self.shift, &self.mean, &self.variance].map(flat);
        let parameters = [("scale", scale), ("shift", shift), ("mean", mean), ("variance", variance)];
        operations.batch_norm(path, I::SHAPE, parameters, Self::EPSILON);
        A::operations(path, operations);
    }
}

impl<I: Channels, A: Activation, const MOMENTUM: u32, const EPSILON: i32> Streaming
    for BatchNorm<I, A, MOMENTUM, EPSILON>
{
    type Frame = I::Frame;
    type Emitted = I::Frame;
    type State = ();

    const STREAM_FAULT: Option<Message> = Self::FAULT;
    const FRAME_MACS: usize = I::Frame::LEN;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, (): &mut (), frame: &I::Frame, y: &mut I::Frame) -> bool {
        self.normalize(simd, flat(frame), [&self.mean, &self.variance], &Unchanged, flat_mut(y));
        A::forward(simd, slice::from_mut(y));
        true
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use crate::{check, prelude::*};

    #[test]
    fn gradients() {
        check::gradients::<BatchNorm<[f64; 3], Tanh>>().unwrap();
        check::gradients::<BatchNorm<Image<3, 2, 5, f64>, Silu, 90, -5>>().unwrap();
        #[network(input = Image<4, 4, 2, f64>)]
        type Net = (BatchNorm<_>, Conv2d<_, 3, 2>, BatchNorm<_, Relu>, Flatten<_>, Dense<_, 2, Linear, f64>);
        check::gradients::<Net>().unwrap();
        check::gradients::<(Dense<2, 3, Tanh, f64>, Frozen<BatchNorm<[f64; 3]>>)>().unwrap();
    }
}
