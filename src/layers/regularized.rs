//! Penalties in the type of a layer.

use core::marker::PhantomData;

use super::annotated::annotated;
use crate::{
    flash::Stored,
    layer::{Parameter, Role},
    regularize::Regularizer,
};

/// `L`, a layer or a whole network, with the penalty `R` on its kernels. Penalties of nested wrappers add up.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Net = (Regularized<Dense<4, 8, Relu>, L2<1, -3>>, Dense<8, 1, Linear>);
/// assert_eq!(Net::PARAMS, 49);
/// ```
#[derive(Clone, Debug)]
pub struct Regularized<L, R> {
    /// The layer.
    pub layer: L,
    regularizer: PhantomData<fn() -> R>,
}

annotated!(Regularized<R: Regularizer>, penalize::<R>, "{}", R::PENALTY);

impl<W, P, L: Stored<W, P>, R: Regularizer> Stored<W, P> for Regularized<L, R> {
    const STORED: Self = Self { layer: L::STORED, regularizer: PhantomData };
}

/// The parameter with its penalty: only kernels have one.
fn penalize<R: Regularizer>(parameter: Parameter<'_>) -> Parameter<'_> {
    match parameter.role {
        Role::Kernel => Parameter { penalty: parameter.penalty + R::PENALTY, ..parameter },
        Role::Bias | Role::Statistic | Role::Running => parameter,
    }
}
