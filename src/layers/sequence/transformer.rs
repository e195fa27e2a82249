//! A block of a transformer.

use core::marker::PhantomData;

use super::{Full, Mask, MultiHeadAttention, NoRotation, Rotation};
use crate::{
    activation::{Activation, Gelu, Linear},
    layer::Infer,
    layers::{
        Bias, Conv1d, LayerNorm, Residual, Valid,
        image::{Channels, fault, window::Row},
    },
    message::Message,
};

/// A block of a transformer, with normalization before attention and before the two dense layers (Xiong et al. 2020): for a
/// sequence `[[T; WIDTH]; STEPS]`,
///
/// ```text
/// z = x + attention(norm(x))
/// y = z + dense(act(dense(norm(z))))
/// ```
///
/// The dense layers apply to each step; the one inside has `HIDDEN` outputs, and the activation `A`. `HEADS`, `M` and `P` are
/// those of [`MultiHeadAttention`]. The norms are those of PyTorch, with `ε = 10⁻⁵`.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [f32; 16])]
/// type Net = (
///     Embedding<_, 50, 8>,
///     LearnedPositions<_>,
///     TransformerBlock<_, 2, 32, Causal>,
///     TransformerBlock<_, 2, 32, Causal>,
///     LayerNorm<_>,
///     Conv1d<_, 50, 1, Softmax>,
/// );
///
/// // For each step, the probabilities of 50 numbers to follow.
/// let next: [[f32; 50]; 16] = Net::boxed(1).predict(&[7.0; 16]);
/// ```
///
/// It stands for a [`Block`], which is written in full outside of `#[network(input = ..)]`.
#[expect(missing_debug_implementations, reason = "only a name")]
#[allow(clippy::type_complexity, reason = "four names")]
pub struct TransformerBlock<
    I: Channels,
    const HEADS: usize,
    const HIDDEN: usize,
    M: Mask = Full,
    P: Rotation = NoRotation,
    A: Activation = Gelu,
>(PhantomData<fn() -> (I, M, P, A)>);

#[diagnostic::do_not_recommend]
impl<I: Channels, const HEADS: usize, const HIDDEN: usize, M: Mask, P: Rotation, A: Activation> Infer
    for TransformerBlock<I, HEADS, HIDDEN, M, P, A>
{
    const FAULT: Option<Message> = fault::misfit::<I, Row<Valid>>("TransformerBlock", [1, 1]);
    const EXTENTS: [usize; 6] = fault::inferred::<I, Row<Valid>>([1, 1]);
    type Layer<
        const ONE: usize,
        const STEPS: usize,
        const WIDTH: usize,
        const ONE_AGAIN: usize,
        const SAME_STEPS: usize,
        const UNUSED: usize,
    > = Block<I::Element, WIDTH, STEPS, HEADS, HIDDEN, M, P, A>;
}

/// The layers of a [`TransformerBlock`] on sequences `[[T; WIDTH]; STEPS]`.
pub type Block<
    T,
    const WIDTH: usize,
    const STEPS: usize,
    const HEADS: usize,
    const HIDDEN: usize,
    M = Full,
    P = NoRotation,
    A = Gelu,
> = (
    Residual<(
        LayerNorm<[[T; WIDTH]; STEPS], Linear, -5>,
        MultiHeadAttention<[[T; WIDTH]; STEPS], HEADS, M, P, [[T; WIDTH]; STEPS]>,
    )>,
    Residual<(
        LayerNorm<[[T; WIDTH]; STEPS], Linear, -5>,
        Conv1d<[[T; WIDTH]; STEPS], HIDDEN, 1, A, Valid, Bias, [[T; HIDDEN]; STEPS]>,
        Conv1d<[[T; HIDDEN]; STEPS], WIDTH, 1, Linear, Valid, Bias, [[T; WIDTH]; STEPS]>,
    )>,
);
