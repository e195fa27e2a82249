//! Layers that read a sequence in both directions.

use super::Reversed;
use crate::{
    layer::Inferred,
    layers::branches::{Branches, Concat},
};

/// Two layers `L` with weights of their own, of which the second reads the sequence backwards (Schuster and Paliwal
/// 1997), as in Keras and PyTorch. The channels of the first output are followed by those of the second:
///
/// ```text
/// y = [first(x), reversed(second(reversed(x)))]
/// ```
///
/// x: a series `[[T; FEATURES]; STEPS]`; y: the last state of both, `[T; 2·UNITS]`, where the second is that after the
/// first frame; or with [`AllStates`](super::AllStates) all of them in the order of the frames, `[[T; 2·UNITS]; STEPS]`.
///
/// It is an alias: to join the directions otherwise, write `Branches<L, Reversed<L>, Add>`.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [[f32; 6]; 32])]
/// type Net = (Bidirectional<Gru<_, 16, AllStates>>, Bidirectional<Lstm<_, 8>>, Dense<_, 3, Softmax>);
///
/// assert_eq!(Net::PARAMS, 2 * 3 * 16 * (6 + 16 + 2) + 2 * 4 * 8 * (32 + 8 + 1) + (16 * 3 + 3));
/// ```
///
/// In full, it has its output:
///
/// ```
/// use shiplap::prelude::*;
///
/// let layer: Bidirectional<Gru<[[f64; 2]; 10], 3>, [f64; 6]> = Network::new(1);
/// let states = layer.predict(&[[1.0, -1.0]; 10]);
/// assert_eq!(states[..3], layer.first.predict(&[[1.0, -1.0]; 10]));
/// ```
pub type Bidirectional<L, O = Inferred> = Branches<L, Reversed<L>, Concat<O>>;

#[cfg(all(test, feature = "std"))]
mod tests {
    use crate::{check, layers::AllStates, prelude::*};

    #[test]
    fn gradients() {
        check::gradients::<Bidirectional<Gru<[[f64; 3]; 5], 2>, [f64; 4]>>().unwrap();
        check::gradients::<Bidirectional<Lstm<[[f64; 2]; 4], 3, AllStates>, [[f64; 6]; 4]>>().unwrap();
    }
}
