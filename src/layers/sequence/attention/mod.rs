//! Attention.

mod mask;
mod passes;
mod rotary;
mod stream;
#[cfg(feature = "std")]
mod weights;

pub use mask::{Full, Mask};
pub use rotary::{NoRotation, Rotary, Rotation};

use core::{marker::PhantomData, mem::MaybeUninit, slice};

use crate::{
    Parameters, Rng, Tensor, Zeroed,
    activation::Linear,
    kernel::{Element, Simd, copy},
    layer::{self, Ending, Infer, Inferred, Layer, Operations, Path},
    layers::image::{Channels, Valid, fault, window::Row},
    message::Message,
    zeroed::{fits_stack, large},
};
use passes::{Attention, Backward, Forward, Memory, Record, Tape};

/// Self-attention with `HEADS` heads (Vaswani et al. 2017). Each head has a query, a key and a value of
/// `D = WIDTH / HEADS` numbers for each step. A step outputs the mean of the values of all steps, with the weights
///
/// ```text
/// weights[t] = softmax(query[t]·key[s] / √D) over the steps s
/// y[t] = out_bias + out_kernel·(Σₛ weights[t][s]·value[s], of all heads side by side)
/// ```
///
/// With [`Causal`](crate::layers::Causal) as `M`, a step attends only to itself and to the steps before it, so that an
/// output depends on no later input. There is an exception: NaN or an infinity in any step makes all outputs NaN. With
/// [`Rotary`] as `P`, the weights depend on the distance of the steps.
///
/// x and y: a sequence `[[T; WIDTH]; STEPS]`. `HEADS` must divide `WIDTH`.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [[f32; 8]; 20])]
/// type Net = (Residual<MultiHeadAttention<_, 2, Causal>>, GlobalAveragePool<_>, Dense<_, 3, Softmax>);
///
/// assert_eq!(Net::PARAMS, 4 * (8 * 8 + 8) + (8 * 3 + 3));
/// ```
///
/// In full, the layer has its input and output:
///
/// ```
/// use shiplap::{layers::{NoRotation, Full}, prelude::*};
///
/// type Sequence = [[f64; 4]; 3];
/// let layer: MultiHeadAttention<Sequence, 2, Full, NoRotation, Sequence> = Network::new(1);
/// // Without positions, equal steps have equal outputs.
/// let y = layer.predict(&[[1.0, -1.0, 0.5, 2.0], [0.3; 4], [1.0, -1.0, 0.5, 2.0]]);
/// assert_eq!(y[0], y[2]);
/// ```
#[derive(Parameters)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct MultiHeadAttention<I: Channels, const HEADS: usize, M: Mask = Full, P: Rotation = NoRotation, O = Inferred> {
    /// The weights of queries, keys and values: `kernel[part][output][input]`, PyTorch's `in_proj_weight`. The outputs of
    /// a head are side by side.
    #[kernel(fan_in = I::INNERMOST, fan_out = I::INNERMOST)]
    pub kernel: [I::Each<I::Each<I::Element>>; 3],
    /// The bias of queries, keys and values: `bias[part][output]`.
    #[bias]
    pub bias: [I::Each<I::Element>; 3],
    /// The weights of the output: `out_kernel[input][output]`.
    #[kernel(fan_in = I::INNERMOST, fan_out = I::INNERMOST)]
    pub out_kernel: I::Each<I::Each<I::Element>>,
    /// The bias of the output.
    #[bias]
    pub out_bias: I::Each<I::Element>,
    #[allow(clippy::type_complexity, reason = "four names")]
    types: PhantomData<fn() -> (I, M, P, O)>,
}

impl<I: Channels, const HEADS: usize, M: Mask, P: Rotation, O> MultiHeadAttention<I, HEADS, M, P, O> {
    const NAMED: Message<64> = {
        let message = Message::new().text("MultiHeadAttention<").number(HEADS as u128);
        let message = if M::CAUSAL { message.text(", Causal") } else { message };
        if P::BASE.is_some() { message.text(", Rotary>") } else { message.text(">") }
    };
    /// The width of a head.
    const HEAD: usize = match I::INNERMOST.checked_div(HEADS) {
        Some(width) => width,
        None => 0,
    };

    /// A layer with these parameters.
    pub const fn from_parts(
        kernel: [I::Each<I::Each<I::Element>>; 3],
        bias: [I::Each<I::Element>; 3],
        out_kernel: I::Each<I::Each<I::Element>>,
        out_bias: I::Each<I::Element>,
    ) -> Self {
        Self { kernel, bias, out_kernel, out_bias, types: PhantomData }
    }
}

#[diagnostic::do_not_recommend]
impl<I: Channels, const HEADS: usize, M: Mask, P: Rotation> Infer for MultiHeadAttention<I, HEADS, M, P, Inferred> {
    const FAULT: Option<Message> = fault::misfit::<I, Row<Valid>>(Self::KIND.as_str(), [1, 1]);
    const EXTENTS: [usize; 6] = fault::inferred::<I, Row<Valid>>([1, 1]);
    type Layer<
        const ONE: usize,
        const STEPS: usize,
        const WIDTH: usize,
        const ONE_AGAIN: usize,
        const SAME_STEPS: usize,
        const UNUSED: usize,
    > = MultiHeadAttention<[[I::Element; WIDTH]; STEPS], HEADS, M, P, [[I::Element; WIDTH]; STEPS]>;
}

type Complete<T, const WIDTH: usize, const STEPS: usize, const HEADS: usize, M, P> =
    MultiHeadAttention<[[T; WIDTH]; STEPS], HEADS, M, P, [[T; WIDTH]; STEPS]>;

impl<T: Element, const WIDTH: usize, const STEPS: usize, const HEADS: usize, M: Mask, P: Rotation>
    Complete<T, WIDTH, STEPS, HEADS, M, P>
{
    const TABLE: [[f32; STEPS]; WIDTH] = match P::BASE {
        Some(base) if <Self as Layer>::FAULT.is_none() => rotary::angles(base, Self::HEAD),
        _ => [[0.0; STEPS]; WIDTH],
    };
    const ANGLES: Option<&'static [[f32; STEPS]; WIDTH]> = if P::BASE.is_some() { Some(&Self::TABLE) } else { None };

    #[inline(always)]
    fn numbers(&self) -> Attention<'_, T, WIDTH, STEPS> {
        let Self { kernel, bias, out_kernel, out_bias, .. } = self;
        Attention { kernel, bias, out_kernel, out_bias, head: Self::HEAD, causal: M::CAUSAL, angles: Self::ANGLES }
    }
}

impl<T: Element, const WIDTH: usize, const STEPS: usize, const HEADS: usize, M: Mask, P: Rotation> Layer
    for Complete<T, WIDTH, STEPS, HEADS, M, P>
{
    type Input = [[T; WIDTH]; STEPS];
    type Output = [[T; WIDTH]; STEPS];
    type Tape<const B: usize> = Tape<T, WIDTH, STEPS, HEADS, B>;
    type Head = Linear;

    const MACS: usize = STEPS * WIDTH * (4 * WIDTH + 2 * STEPS);
    const INSIDE: usize = size_of::<Memory<T, WIDTH, STEPS>>();
    const LOOKS_AHEAD: Option<bool> = Some(!M::CAUSAL);
    const FAULT: Option<Message> = {
        let message = Message::naming(Self::KIND.as_str());
        if WIDTH == 0 || STEPS == 0 {
            Some(message.text("has nothing to attend to: its sequence has no steps or no features"))
        } else if HEADS == 0 || !WIDTH.is_multiple_of(HEADS) {
            let message = message.text("splits a width of ").number(WIDTH as u128).text(" into ").number(HEADS as u128);
            Some(message.text(" heads: choose `HEADS` that divides it"))
        } else if let Some(base) = P::BASE {
            rotary::fault(message, base, Self::HEAD, STEPS)
        } else {
            None
        }
    };

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[Self::Input], y: &mut [Self::Output]) {
        self.forward_padded::<S, E, B>(simd, &[], x, y);
    }

    #[inline(always)]
    fn forward_padded<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        lengths: &[usize],
        x: &[Self::Input],
        y: &mut [Self::Output],
    ) {
        if const { fits_stack(size_of::<Memory<T, WIDTH, STEPS>>()) } {
            let memory = &mut MaybeUninit::uninit();
            simd.run(Forward { layer: self.numbers(), lengths, x, y, memory: Memory::zeroed_in(memory) });
        } else {
            simd.run(Forward { layer: self.numbers(), lengths, x, y, memory: &mut large() });
        }
    }

    #[inline(always)]
    fn set_lengths<const B: usize>(tape: &mut Self::Tape<B>, lengths: &[usize]) {
        copy(lengths, &mut tape.lengths);
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: Option<&mut Rng>,
        x: &[Self::Input],
        tape: &mut Self::Tape<B>,
        y: &mut [Self::Output],
    ) {
        simd.run(Record { layer: self.numbers(), x, tape, y });
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: &[Self::Input],
        tape: &mut Self::Tape<B>,
        _: &[Self::Output],
        dy: &mut [Self::Output],
        dx: Option<&mut [Self::Input]>,
    ) {
        simd.run(Backward { layer: self.numbers(), dy, tape, dx });
    }

    #[inline(always)]
    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        simd: S,
        x: &[Self::Input],
        tape: &mut Self::Tape<B>,
        dy: &[Self::Output],
        gradient: &mut Self,
    ) {
        let Self { kernel, bias, out_kernel, out_bias, .. } = gradient;
        tape.gradient(simd, x, dy, (kernel, bias), (out_kernel, out_bias));
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        let rotary = Self::ANGLES.map(|table| {
            let (cosines, rest) = table.split_at(Self::HEAD / 2);
            [cosines.as_flattened(), rest.split_at(Self::HEAD / 2).0.as_flattened()]
        });
        let attention = layer::Attention { heads: HEADS, width: WIDTH, steps: STEPS, is_causal: M::CAUSAL, rotary };
        let parameters = [
            ("kernel", Tensor::flat(&self.kernel)),
            ("bias", Tensor::flat(&self.bias)),
            ("out_kernel", Tensor::flat(&self.out_kernel)),
            ("out_bias", Tensor::flat(slice::from_ref(&self.out_bias))),
        ];
        operations.attention(path, attention, parameters);
    }
}
