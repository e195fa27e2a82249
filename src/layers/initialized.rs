//! Initializers in the type of a layer.

use core::marker::PhantomData;

use super::annotated::annotated;
use crate::{
    flash::Stored,
    init::{Initialize, Preferred},
    layer::{Parameter, Role},
};

/// `L`, a layer or a whole network, with the initializer `K` for its kernels and `B` for its biases. Of nested
/// wrappers, the outer one takes precedence, unless it is [`Preferred`].
///
/// ```
/// use shiplap::{init::{Constant, HeNormal, Preferred}, prelude::*};
///
/// // `Preferred` is the initializer that the layer would use without the wrapper.
/// type Net = (
///     Initialized<Dense<4, 8, Gelu>, HeNormal, Constant<1, -1>>,
///     Initialized<Dense<8, 1, Linear>, Preferred, Constant<-2, 0>>,
/// );
/// let net: Net = Network::new(1);
/// assert_eq!((net.0.layer.bias, net.1.layer.bias), ([0.1; 8], [-2.0]));
/// ```
#[derive(Clone, Debug)]
pub struct Initialized<L, K, B = Preferred> {
    /// The layer.
    pub layer: L,
    initializers: PhantomData<fn() -> (K, B)>,
}

annotated!(Initialized<K: Initialize, B: Initialize>, initializers::<K, B>, "{}, {}", K::NAME, B::NAME);

impl<W, P, L: Stored<W, P>, K: Initialize, B: Initialize> Stored<W, P> for Initialized<L, K, B> {
    const STORED: Self = Self { layer: L::STORED, initializers: PhantomData };
}

/// The parameter with the initializer of the wrapper.
fn initializers<K: Initialize, B: Initialize>(parameter: Parameter<'_>) -> Parameter<'_> {
    let chosen = match parameter.role {
        Role::Kernel => K::INITIALIZER,
        Role::Bias => B::INITIALIZER,
        Role::Statistic | Role::Running => None,
    };
    Parameter { initializer: chosen.unwrap_or(parameter.initializer), ..parameter }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::{
        init::{Constant, Zeros},
        prelude::*,
    };

    #[test]
    fn kernels_and_biases_have_their_initializers() {
        type Both = Initialized<Dense<2, 3, Relu>, Constant<5, -1>, Constant<-1, 1>>;
        let both: Both = Network::new(1);
        assert_eq!(both.layer, Dense::from_parts([[0.5; 3]; 2], [-10.0; 3]));
        assert!(Both::summary().to_string().contains("Dense<2, 3, Relu> + Constant, Constant"));
        // The outer wrapper wins, except where it is `Preferred`.
        type Outer = Initialized<(Both, Dense<3, 1, Linear>), Zeros>;
        let Initialized { layer: (inner, last), .. } = Outer::new(1);
        assert_eq!((inner.layer.kernel, inner.layer.bias), ([[0.0; 3]; 2], [-10.0; 3]));
        assert_eq!(last, Dense::zeroed());
    }
}
