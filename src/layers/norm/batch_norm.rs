//! Batch normalization.

use core::{marker::PhantomData, slice};

use super::{
    moments::{
        AddGradients, InverseDeviation, Normalized, Toward, change, column_sums, flat, moments, moments_backward, share,
    },
    named, unfit,
};
use crate::{
    Parameters, Rng, Tensor,
    activation::{Activation, Linear, Save},
    init::Initializer,
    kernel::{Product, Simd},
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
    const NAMED: Message<64> =
        named::<A>(Message::new().text("BatchNorm<"), &[[MOMENTUM as i64, 99], [EPSILON as i64, -3]]);

    /// `y` before the activation, with this mean and variance.
    #[inline(always)]
    fn normalized<'a, S: Simd, X: Tensor<Element = I::Element>>(
        &self,
        simd: S,
        x: &'a [X],
        [mean, variance]: [I::Each<I::Element>; 2],
    ) -> Normalized<'a, S, X, I::Each<I::Element>> {
        let inverse = change(simd, InverseDeviation(Self::EPSILON), [], variance);
        let factor = change(simd, Product, [&self.scale], inverse);
        Normalized { simd, x, mean, factor, shift: self.shift }
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
        compute::<S, E, A, I>(simd, self.normalized(simd, x, [self.mean, self.variance]), y);
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
        record::<S, E, A, I, B>(simd, self.normalized(simd, x, *statistics), y, saved);
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
        *sums = [shift, change(simd, Product, [&inverse], scale)];
        if let Some(dx) = dx {
            // The statistics of the batch depend on x, and the running ones do not.
            let share = if *of_batch { share(x, I::INNERMOST) } else { 0.0 };
            moments_backward(simd, [dy, x], [mean, &inverse, &self.scale], sums, share, I::flat_mut(dx));
        }
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
        let normalized = self.normalized(simd, slice::from_ref(frame), [self.mean, self.variance]);
        A::after(simd, normalized, slice::from_mut(y));
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
