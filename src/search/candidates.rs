//! Candidates: networks as types, each with a name.

use std::{string::String, vec::Vec};

use super::{Failure, Objective, Run, Space, Trial};
use crate::{io, network::Network};

/// Lists the networks among which a search chooses, as the beginning of a [`Space`](crate::search::Space). They have the
/// same input and the same output.
///
/// ```
/// use shiplap::{prelude::*, search::candidates};
///
/// type Small = (Dense<4, 8, Relu>, Dense<8, 3, Softmax>);
/// type Wide = (Dense<4, 64, Relu>, Dense<64, 3, Softmax>);
///
/// let space = candidates![Small, Wide].learning_rates([1e-3, 1e-2]).seeds(0..3);
/// assert_eq!(space.len(), Some(2 * 2 * 3));
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __candidates {
    () => {
        ::core::compile_error!("there are no candidates: name at least one network, as in `candidates![Small, Wide]`")
    };
    ($($network:ty),+ $(,)?) => {
        $crate::search::Space::<$crate::__candidates!(@list $($network,)+)>::of_candidates(
            &[$(::core::stringify!($network)),+],
        )
    };
    (@list) => { () };
    (@list $first:ty, $($rest:ty,)*) => { ($first, $crate::__candidates!(@list $($rest,)*)) };
}

/// A list of networks that the objective `O` trains: `(Small, (Medium, (Wide, ())))`. The macro
/// [`candidates!`](crate::search::candidates) makes it.
pub trait Candidates<O> {
    /// Adds the networks to `list`, in order.
    #[doc(hidden)]
    fn list(list: &mut Vec<Candidate<O>>);
}

#[diagnostic::do_not_recommend]
impl<O> Candidates<O> for () {
    fn list(_: &mut Vec<Candidate<O>>) {}
}

impl<O: Objective<N>, N: Network, Rest: Candidates<O>> Candidates<O> for (N, Rest) {
    fn list(list: &mut Vec<Candidate<O>>) {
        list.push(Candidate {
            layers: io::layers::<N>(),
            cost: N::MACS,
            describe: <O as Objective<N>>::describe,
            describe_trial: <O as Objective<N>>::describe_trial,
            start: <O as Objective<N>>::start,
        });
        Rest::list(list);
    }
}

/// Starts a trial.
type Start<O> = for<'a> fn(&'a O, &Trial) -> Result<std::boxed::Box<dyn Run + 'a>, Failure>;

/// A network, without its type.
#[doc(hidden)]
pub struct Candidate<O> {
    pub(super) layers: String,
    /// The multiply-accumulates for one sample.
    pub(super) cost: usize,
    pub(super) describe: fn(&O) -> String,
    pub(super) describe_trial: fn(&O, &Trial) -> String,
    pub(super) start: Start<O>,
}

impl<C> Space<C> {
    /// The space of these candidates.
    #[doc(hidden)]
    pub fn of_candidates(names: &[&'static str]) -> Self {
        Self::new(names.into())
    }
}
