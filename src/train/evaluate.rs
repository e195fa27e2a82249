//! Passes over data that change nothing.

use super::Report;
use crate::{
    Zeroed,
    kernel::{Simd, Work},
    layer::{Ending, Layer},
    loss::Loss,
    metric::Metric,
    network::BLOCK,
};

/// Turns logits into predictions.
pub(super) struct Activate<'a, N: Layer>(pub &'a mut [N::Output]);

impl<N: Layer> Work for Activate<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        N::activate(simd, self.0);
    }
}

/// Adds loss and metrics over samples to the report.
pub(super) struct Evaluate<'a, N: Layer, L: Loss<N::Output>, M> {
    pub network: &'a N,
    pub loss: &'a L,
    pub x: &'a [N::Input],
    pub y: &'a [L::Label],
    pub report: &'a mut Report<M>,
}

impl<N: Layer, L: Loss<N::Output>, M: Metric<N::Output, L::Label>> Work for Evaluate<'_, N, L, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let mut outputs = [N::Output::zeroed(); BLOCK];
        for (x, y) in self.x.chunks(BLOCK).zip(self.y.chunks(BLOCK)) {
            let outputs = &mut outputs[..x.len()];
            self.network.forward::<S, L::Ending, BLOCK>(simd, x, outputs);
            self.report.loss += self.loss.total(simd, outputs, y) / self.x.len() as f64;
            if L::Ending::LOGITS {
                N::activate(simd, outputs);
            }
            for (output, label) in outputs.iter().zip(y) {
                self.report.metrics.update(output, label);
            }
        }
    }
}
