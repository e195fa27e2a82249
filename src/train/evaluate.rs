//! Evaluation of a network on data.

use core::{marker::PhantomData, mem::MaybeUninit};

use super::Report;
use crate::{
    Zeroed,
    kernel::{Simd, Work, dispatch},
    layer::{Ending, Head as _, Layer},
    loss::Loss,
    metric::Metric,
    network::{ACTIVATIONS, InBlocks, forward},
    zeroed::{fits_stack, large},
};
#[cfg(feature = "rayon")]
use crate::{
    cores::{is_worthwhile, on_all_cores},
    network::Forward,
};

/// Turns outputs that end as `E` into predictions.
pub(super) struct Finish<'a, N: Layer, E>(pub &'a mut [N::Output], pub PhantomData<E>);

impl<N: Layer, E: Ending> Work for Finish<'_, N, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        N::Head::finish::<S, E, _>(simd, self.0);
    }
}

/// Adds the loss and metrics of samples to the report.
pub(super) struct Evaluate<'a, N: Layer, L: Loss<N::Output>, M> {
    pub network: &'a N,
    pub loss: &'a L,
    pub x: &'a [N::Input],
    pub y: &'a [L::Label],
    pub report: &'a mut Report<M>,
}

impl<N: Layer, L: Loss<N::Output>, M: Metric<N::Output, L::Label>> InBlocks for Evaluate<'_, N, L, M> {
    const ROW: usize = N::OUTLINE.peak();

    fn pass<const B: usize>(self) {
        dispatch(Blocks::<N, L, M, B>(self));
    }
}

struct Blocks<'a, N: Layer, L: Loss<N::Output>, M, const B: usize>(Evaluate<'a, N, L, M>);

impl<N, L, M, const B: usize> Work for Blocks<'_, N, L, M, B>
where
    N: Layer,
    L: Loss<N::Output>,
    M: Metric<N::Output, L::Label>,
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let network = self.0.network;
        #[cfg(feature = "rayon")]
        if is_worthwhile(N::MACS.saturating_mul(self.0.x.len())) {
            let mut outputs = Zeroed::zeroed_vec(self.0.x.len().min(most_outputs::<N::Output>(B)));
            self.0.add::<S, B>(simd, &mut outputs, |x, y| {
                let rows = Forward::<N, L::Ending, B> { network, x, y, ending: PhantomData };
                on_all_cores(rows, B, N::MACS, &|rows| simd.run(rows));
            });
            return;
        }
        let forward = |x: &[_], y: &mut [_]| forward::<S, L::Ending, N, B, ACTIVATIONS>(simd, network, x, y);
        if const { Evaluate::<N, L, M>::ROW * B <= ACTIVATIONS } {
            let mut outputs = MaybeUninit::<[N::Output; B]>::uninit();
            self.0.add::<S, B>(simd, <[N::Output; B]>::zeroed_in(&mut outputs), forward);
        } else {
            self.0.add::<S, B>(simd, &mut *large::<[N::Output; B]>(), forward);
        }
    }
}

/// The outputs that are in memory at once on several cores: about a megabyte, in blocks of `block`.
#[cfg(feature = "rayon")]
const fn most_outputs<Y>(block: usize) -> usize {
    let rows = (1 << 20) / (size_of::<Y>() + 1);
    (rows + 1).next_multiple_of(block)
}

/// Evaluates batches of `B` rows, of which each continues the one before, as in training.
pub(super) struct Continued<'a, N: Layer, L: Loss<N::Output>, M, const B: usize>(pub Evaluate<'a, N, L, M>);

impl<N, L, M, const B: usize> Work for Continued<'_, N, L, M, B>
where
    N: Layer,
    L: Loss<N::Output>,
    M: Metric<N::Output, L::Label>,
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        if const { fits_stack(size_of::<(N::Tape<B>, [N::Output; B])>()) } {
            self.add(simd, Zeroed::zeroed_in(&mut MaybeUninit::uninit()));
        } else {
            self.add(simd, &mut large());
        }
    }
}

impl<N, L, M, const B: usize> Continued<'_, N, L, M, B>
where
    N: Layer,
    L: Loss<N::Output>,
    M: Metric<N::Output, L::Label>,
{
    #[inline(always)]
    fn add<S: Simd>(self, simd: S, (tape, outputs): &mut (N::Tape<B>, [N::Output; B])) {
        let network = self.0.network;
        self.0.add::<S, B>(simd, outputs, |x, y| network.record_batch::<S, L::Ending, B>(simd, None, x, tape, y));
    }
}

impl<N: Layer, L: Loss<N::Output>, M: Metric<N::Output, L::Label>> Evaluate<'_, N, L, M> {
    /// Passes the samples to `forward`, as many at once as there is room for outputs. Losses are summed in blocks of `B`.
    #[inline(always)]
    fn add<S: Simd, const B: usize>(
        self,
        simd: S,
        outputs: &mut [N::Output],
        mut forward: impl FnMut(&[N::Input], &mut [N::Output]),
    ) {
        let Self { loss, x, y, report, .. } = self;
        let (share, most) = (1.0 / x.len() as f64, outputs.len());
        for (x, y) in x.chunks(most).zip(y.chunks(most)) {
            let outputs = &mut outputs[..x.len()];
            forward(x, outputs);
            for (outputs, y) in outputs.chunks_mut(B).zip(y.chunks(B)) {
                report.loss += loss.total(simd, outputs, y) * share;
                N::Head::finish::<S, L::Ending, _>(simd, outputs);
                for (output, label) in outputs.iter().zip(y) {
                    report.metrics.update(output, label);
                }
            }
        }
    }
}
