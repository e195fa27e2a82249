//! Updates without memory for a gradient.

use super::{Clip, Optimizer, OptimizerState, Settings, StateOf, in_range, name_of_wrapper};
use crate::kernel::Real;

/// The optimizer `O`, applied to each parameter as soon as its gradient is computed: the trainer needs no memory for
/// the gradient of the network, and large networks take one less pass through memory.
///
/// The steps equal those of `O` except for rounding, since sums are computed in another order. An upper bound on the
/// gradient, computed before any weight changes, determines whether a step might make a weight infinite. If the bound
/// exceeds the range of the element type, the step is an error even with clipping.
///
/// Clipping by norm is not available, because it needs the whole gradient first.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
/// type Usual = Trainer<Net, BinaryCrossentropy, Sgd, 1>;
/// type Small = Trainer<Net, BinaryCrossentropy, InPlace<Sgd>, 1>;
/// assert!(Small::BYTES + Net::BYTES <= Usual::BYTES);
///
/// let (mut usual, mut small) = (Usual::new(Sgd::new(0.1), 1), Small::new(InPlace(Sgd::new(0.1)), 1));
/// let (x, y) = ([[0.5f32; 10]], [[1.0f32]]);
/// for _ in 0..10 {
///     assert_eq!(usual.step(&x, &y)?, small.step(&x, &y)?);
/// }
/// assert_eq!(usual.network().0.kernel, small.network().0.kernel);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InPlace<O>(pub O);

#[diagnostic::do_not_recommend]
impl<O: Optimizer> Optimizer for InPlace<O> {
    type State = <O::State as OptimizerState>::InPlace;
    const NAME: &'static str = const { &name_of_wrapper("InPlace", O::NAME) }.as_str();

    formula_of!(O, 0);

    fn check(&self) -> Result<(), &'static str> {
        const {
            assert!(
                <O::State as OptimizerState>::WHOLE,
                "`InPlace` keeps no gradient to which the parts of a batch could add theirs: \
                 choose one of `InPlace`, `MicroBatches`, `AllCores` and `AllRanks`"
            );
        }
        self.0.check()?;
        let by_norm = matches!(self.settings().clip, Some(Clip::Norm(_)));
        in_range(!by_norm, "clipping by norm needs the whole gradient, which `InPlace` does not keep: clip by value")?;
        let accumulates = self.0.steps_per_update() > 1;
        in_range(!accumulates, "`InPlace` keeps no gradient that `Accumulate` could add up: use one of them")
    }
}
