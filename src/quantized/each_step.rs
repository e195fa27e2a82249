//! Layers for each step of a sequence in int8.

use core::slice;

#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Samples};
use super::{Int8Layer, Int8Tensor, Place, Quantize, Run};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Tensor, Zeroed,
    kernel::{
        Simd,
        int8::{apart, first_of},
    },
    layers::TimeDistributed,
    stream::Streaming,
};

/// [`TimeDistributed`] in int8: the layer `L` for each of `STEPS` steps.
pub struct EachStep<L, const STEPS: usize> {
    /// The layer.
    pub layer: L,
}

impl<L, const STEPS: usize> EachStep<L, STEPS> {
    /// The layer for each step.
    pub const fn from_parts(layer: L) -> Self {
        Self { layer }
    }
}

// SAFETY: the field is `Zeroed`.
unsafe impl<L: Zeroed, const STEPS: usize> Zeroed for EachStep<L, STEPS> {}

impl<L: Int8Layer<Input: Int8Tensor>, const STEPS: usize> Int8Layer for EachStep<L, STEPS>
where
    [L::Input; STEPS]: Int8Tensor,
    [L::Output; STEPS]: Int8Tensor,
{
    type Input = [L::Input; STEPS];
    type Output = [L::Output; STEPS];
    type Place = <L::Place as Place>::Of<Self::Output>;
    const INSIDE: usize = L::INSIDE;

    #[inline(always)]
    fn view(x: &Self::Input) -> Option<&Self::Output> {
        L::Place::WITHIN.then(|| first_of(Int8Tensor::flat(slice::from_ref(x))))
    }

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output) {
        for (x, y) in x.iter().zip(y) {
            apart(simd, Run { layers: &self.layer, x, y });
        }
    }
}

impl<L: Int8Layer<Input: Int8Tensor>, const STEPS: usize> Streaming for EachStep<L, STEPS> {
    type Frame = L::Input;
    type Emitted = L::Output;
    type State = ();

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, (): &mut (), frame: &L::Input, y: &mut L::Output) -> bool {
        apart(simd, Run { layers: &self.layer, x: frame, y });
        true
    }
}

impl<L: Quantize, const STEPS: usize> Quantize for TimeDistributed<L, STEPS>
where
    L::Int8: Int8Layer<Input = <L::Input as Tensor>::Int8>,
    [L::Input; STEPS]: Tensor<Element = L::Element, Int8 = [<L::Input as Tensor>::Int8; STEPS]>,
    [L::Output; STEPS]: Tensor<Element = L::Element, Int8 = [<L::Output as Tensor>::Int8; STEPS]>,
{
    type Int8 = EachStep<L::Int8, STEPS>;
    #[cfg(feature = "std")]
    type Aware = TimeDistributed<L::Aware, STEPS>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<Self::Input>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<Self::Output>, QuantizeError> {
        let (real, int8_steps) = (x.real.as_flattened().to_vec(), x.int8.as_flattened().to_vec());
        let scales = <L::Input as Tensor>::Int8::for_each(&mut || x.scales);
        let steps = Samples { real, int8: int8_steps, scales };
        let y = self.layer.quantize(&mut int8.layer, steps, calibration, path.join("layer"))?;
        let (real, int8) = (y.real.as_chunks().0.to_vec(), y.int8.as_chunks().0.to_vec());
        Ok(Samples { real, int8, scales: y.scale() })
    }
}
