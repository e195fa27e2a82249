//! Wrappers whose int8 form is that of the layer inside.

use super::Quantize;
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Samples};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    init::Initialize,
    layers::{Frozen, Initialized, Regularized},
    regularize::Regularizer,
};

macro_rules! wraps {
    ($([$($generics:tt)*] $wrapper:ident<L $(, $argument:ident)*>;)*) => {
        $(impl<L: Quantize, $($generics)*> Quantize for $wrapper<L $(, $argument)*> {
            type Int8 = L::Int8;
            #[cfg(feature = "std")]
            type Aware = $wrapper<L::Aware $(, $argument)*>;

            #[cfg(feature = "std")]
            fn quantize(
                &self,
                int8: &mut L::Int8,
                x: Samples<L::Input>,
                calibration: &mut Calibration,
                path: Path<'_>,
            ) -> Result<Samples<L::Output>, QuantizeError> {
                self.layer.quantize(int8, x, calibration, path)
            }
        })*
    };
}
wraps! {
    [] Frozen<L>;
    [R: Regularizer] Regularized<L, R>;
    [K: Initialize, B: Initialize] Initialized<L, K, B>;
}
