//! The amount of optimizer state, as a type.

use core::marker::PhantomData;

use super::{
    Optimizer,
    gradient::{GradientKind, GradientMemory, GradientSource, Kept, NotKept, Summed},
    update::Update,
};
use crate::{Zeroed, cores::Cores, layer::Layer};

/// `NUMBERS` numbers of optimizer state for each trainable number, from 0 to 6: `PerWeight<1>` for momentum,
/// `PerWeight<2>` for Adam. Omit `K`: wrappers such as [`InPlace`](super::InPlace) choose it.
///
/// ```
/// use shiplap::{optim::StateOf, prelude::*};
///
/// // The state that `Optimizer::update` takes and returns is an array of as many numbers.
/// let [mean, square]: StateOf<Adam, f32> = [0.0, 0.0];
/// # assert_eq!(mean, square);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PerWeight<const NUMBERS: usize, K = Kept>(PhantomData<K>);

/// The state of the optimizer `O` for one weight of type `X`: `[X; NUMBERS]`.
pub type StateOf<O, X> = <<<O as Optimizer>::State as OptimizerState>::Count as StateCount>::Of<X>;

/// The memory that an optimizer needs: [`PerWeight<0>`](PerWeight) to `PerWeight<6>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an amount of optimizer state",
    label = "expected `PerWeight<0>` to `PerWeight<6>`"
)]
pub trait OptimizerState: sealed::Sealed + 'static {
    /// The number of state numbers for each weight.
    #[doc(hidden)]
    type Count: StateCount;
    /// The cores that compute the gradient.
    #[doc(hidden)]
    type Cores: Cores;
    /// The memory for the gradient of all trainable parameters `L`.
    #[doc(hidden)]
    type Gradient<L: Zeroed>: GradientMemory<L, Self::Cores>;
    /// Whether the batch passes through the network whole.
    #[doc(hidden)]
    const WHOLE: bool;
    /// The same state without memory for the gradient.
    #[doc(hidden)]
    type InPlace: OptimizerState<Count = Self::Count>;
}

impl<const NUMBERS: usize, K: GradientKind> OptimizerState for PerWeight<NUMBERS, K>
where
    Numbers<NUMBERS>: StateCount,
{
    type Count = Numbers<NUMBERS>;
    type Cores = K::Cores;
    type Gradient<L: Zeroed> = K::Memory<L>;
    const WHOLE: bool = K::WHOLE;
    type InPlace = PerWeight<NUMBERS, NotKept>;
}

/// State that [`Averaged`](super::Averaged) can extend by one number.
#[diagnostic::on_unimplemented(
    message = "this optimizer has no room for another number of state",
    note = "the most is `PerWeight<6>`"
)]
pub trait HasRoom: OptimizerState<Count: Grow> {
    /// The state with one more number.
    #[doc(hidden)]
    type More: OptimizerState<Count = <Self::Count as Grow>::More>;
}

/// State with a stored gradient, which [`Accumulate`](super::Accumulate) can sum.
#[diagnostic::on_unimplemented(
    message = "gradients can be accumulated only where the trainer keeps them",
    note = "`InPlace` keeps no gradient, and one `Accumulate` is enough"
)]
pub trait KeepsGradient: OptimizerState {
    /// The same state with a gradient and a sum of gradients.
    #[doc(hidden)]
    type Summed: OptimizerState<Count = Self::Count>;
}

impl<const NUMBERS: usize> KeepsGradient for PerWeight<NUMBERS, Kept>
where
    Numbers<NUMBERS>: StateCount,
{
    type Summed = PerWeight<NUMBERS, Summed>;
}

mod sealed {
    /// Only the crate implements the memory of optimizers.
    pub trait Sealed {}
    impl<const NUMBERS: usize, K> Sealed for super::PerWeight<NUMBERS, K> {}
}

/// A number as a type.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<const N: usize>;

/// The types and code that depend on the number of state numbers.
pub trait StateCount: 'static {
    /// The state for one weight.
    type Of<X: Copy>: Copy;
    /// The state for all trainable parameters `L`.
    type Stored<L: Zeroed>: Zeroed + AsRef<[L]> + AsMut<[L]>;

    /// Updates every parameter with the gradients of `source`.
    fn apply<N: Layer, G: GradientSource<N>, O: Optimizer, const FINISHED: bool>(
        source: G,
        network: &mut N,
        state: &mut Self::Stored<N::Trainable>,
        update: &mut Update<G::Simd, G::Cores, O, FINISHED>,
    ) where
        O::State: OptimizerState<Count = Self>;
}

macro_rules! counts {
    ($($numbers:literal)*) => {
        $(
            impl StateCount for Numbers<$numbers> {
                type Of<X: Copy> = [X; $numbers];
                type Stored<L: Zeroed> = [L; $numbers];

                #[inline(always)]
                fn apply<N: Layer, G: GradientSource<N>, O: Optimizer, const FINISHED: bool>(
                    source: G,
                    network: &mut N,
                    state: &mut [N::Trainable; $numbers],
                    update: &mut Update<G::Simd, G::Cores, O, FINISHED>,
                ) where
                    O::State: OptimizerState<Count = Self>,
                {
                    source.visit(network, state.each_mut(), update);
                }
            }
        )*
    };
}
counts!(0 1 2 3 4 5 6);

/// A count that can grow by one.
pub trait Grow: StateCount {
    /// The count plus 1.
    type More: StateCount;

    /// Appends a number.
    fn join<X: Copy>(state: Self::Of<X>, last: X) -> <Self::More as StateCount>::Of<X>;

    /// Splits off the last number.
    fn split<X: Copy>(state: <Self::More as StateCount>::Of<X>) -> (Self::Of<X>, X);
}

macro_rules! grow {
    ($($numbers:literal $more:literal [$($state:ident)*];)*) => {
        $(
            impl Grow for Numbers<$numbers> {
                type More = Numbers<$more>;

                #[inline(always)]
                fn join<X: Copy>([$($state),*]: [X; $numbers], last: X) -> [X; $more] {
                    [$($state,)* last]
                }

                #[inline(always)]
                fn split<X: Copy>([$($state,)* last]: [X; $more]) -> ([X; $numbers], X) {
                    ([$($state),*], last)
                }
            }

            impl<K: GradientKind> HasRoom for PerWeight<$numbers, K> {
                type More = PerWeight<$more, K>;
            }
        )*
    };
}
grow! {
    0 1 [];
    1 2 [a];
    2 3 [a b];
    3 4 [a b c];
    4 5 [a b c d];
    5 6 [a b c d e];
}
