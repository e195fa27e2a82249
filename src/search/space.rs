//! The space of a search: candidates × axes × seeds.

use core::{fmt, marker::PhantomData};
use std::{borrow::ToOwned as _, format, string::String, vec, vec::Vec};

use super::{
    Axis, SearchError, Trial,
    axis::below,
    trial::{LEARNING_RATE, PENALTY},
};
use crate::{Permutation, Rng};

/// The settings among which a search chooses: networks, the [`candidates!`](super::candidates), with values for each
/// axis.
///
/// ```
/// use shiplap::{prelude::*, search::{Axis, candidates}};
///
/// type Small = (Dense<4, 8, Relu>, Dense<8, 3, Softmax>);
/// type Wide = (Dense<4, 64, Relu>, Dense<64, 3, Softmax>);
///
/// let space = candidates![Small, Wide]
///     .learning_rates(Axis::log_uniform(1e-4..=1e-1))
///     .penalties([0.0, 1e-3])
///     .axis("momentum", [0.5, 0.9])
///     .seeds([1, 2, 3]);
/// assert_eq!(space.len(), None); // The learning rates are a range.
/// ```
pub struct Space<C> {
    names: Vec<&'static str>,
    axes: Vec<(String, Axis)>,
    seeds: Vec<u64>,
    candidates: PhantomData<fn() -> C>,
}

impl<C> Space<C> {
    pub(super) fn new(names: Vec<&'static str>) -> Self {
        Self { names, axes: vec![], seeds: vec![0], candidates: PhantomData }
    }

    /// The learning rates. Without them, the optimizer keeps its own.
    #[must_use]
    pub fn learning_rates(self, rates: impl Into<Axis>) -> Self {
        self.axis(LEARNING_RATE, rates)
    }

    /// The coefficients of the penalty `L2·Σw²` on kernels. Without them, the optimizer keeps its own.
    #[must_use]
    pub fn penalties(self, penalties: impl Into<Axis>) -> Self {
        self.axis(PENALTY, penalties)
    }

    /// The seeds of the trials, `[0]` by default: each combination of the other settings is tried with each of them.
    #[must_use]
    pub fn seeds(self, seeds: impl IntoIterator<Item = u64>) -> Self {
        Self { seeds: seeds.into_iter().collect(), ..self }
    }

    /// Values of a setting of your own, which the [objective](super::Training::configure) reads by its name. An axis of
    /// the same name is replaced.
    #[must_use]
    pub fn axis(mut self, name: &str, values: impl Into<Axis>) -> Self {
        let values = values.into();
        match self.axes.iter_mut().find(|(axis, _)| axis == name) {
            Some((_, axis)) => *axis = values,
            None => self.axes.push((name.to_owned(), values)),
        }
        self
    }

    /// The number of combinations, or `None` if an axis is a range, or the number is above `usize::MAX`.
    pub fn len(&self) -> Option<usize> {
        let lists = self.axes.iter().map(|(_, axis)| axis.list().map(<[f64]>::len));
        let lengths = [Some(self.names.len()), Some(self.seeds.len())].into_iter().chain(lists);
        lengths.into_iter().try_fold(1usize, |product, length| product.checked_mul(length?))
    }

    /// Whether there are no combinations, because an axis has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    pub(super) fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// Passes each part of the space to `add`, by name.
    pub(super) fn settings(&self, add: &mut impl FnMut(&str, String)) {
        add("candidates", self.names.join(", "));
        for (name, axis) in &self.axes {
            add(&format!("axis {name}"), format!("{axis:?}"));
        }
        add("seeds", format!("{:?}", self.seeds));
    }

    pub(super) fn check(&self) -> Result<(), SearchError> {
        if self.seeds.is_empty() {
            return Err(SearchError::Settings("there are no seeds: pass at least one".into()));
        }
        for (name, axis) in &self.axes {
            if let Some(flaw) = axis.flaw() {
                return Err(SearchError::Settings(format!("the axis `{name}` {flaw}")));
            }
        }
        Ok(())
    }

    /// All combinations: the seeds vary first, the candidates last.
    pub(super) fn grid(&self) -> Result<Vec<Trial>, SearchError> {
        if let Some((name, _)) = self.axes.iter().find(|(_, axis)| axis.list().is_none()) {
            return Err(SearchError::Settings(format!(
                "the axis `{name}` is a range, of which a grid has no values: pass a list, or draw trials (`Search::random`)"
            )));
        }
        let trials = self.len().ok_or_else(|| SearchError::Settings("the space has too many combinations".into()))?;
        Ok((0..trials).map(|number| self.combination(number, number)).collect())
    }

    /// Draws trials. Those of lists alone differ from each other, and are at most as many as there are combinations.
    pub(super) fn draw(&self, trials: usize, seed: u64) -> Vec<Trial> {
        let mut rng = Rng::new(seed);
        if let Some(combinations) = self.len() {
            let order = Permutation::new(combinations, &mut rng);
            return (0..trials.min(combinations)).map(|number| self.combination(number, order.get(number))).collect();
        }
        let draw = |number| {
            let index = below(self.names.len(), &mut rng);
            let values = self.axes.iter().map(|(name, axis)| (name.clone(), axis.draw(&mut rng))).collect();
            let seed = self.seeds[below(self.seeds.len(), &mut rng)];
            Trial { number, candidate: self.names[index], seed, values, index }
        };
        (0..trials).map(draw).collect()
    }

    /// The combination with an index below [`len`](Self::len), of lists alone.
    fn combination(&self, number: usize, index: usize) -> Trial {
        let mut rest = index;
        let mut next = |length: usize| {
            let place = rest % length;
            rest /= length;
            place
        };
        let seed = self.seeds[next(self.seeds.len())];
        let mut values: Vec<(String, f64)> = self
            .axes
            .iter()
            .rev()
            .filter_map(|(name, axis)| axis.list().map(|list| (name.clone(), list[next(list.len())])))
            .collect();
        values.reverse();
        let index = next(self.names.len());
        Trial { number, candidate: self.names[index], seed, values, index }
    }
}

impl<C> Clone for Space<C> {
    fn clone(&self) -> Self {
        Self { axes: self.axes.clone(), seeds: self.seeds.clone(), ..Self::new(self.names.clone()) }
    }
}

impl<C> fmt::Debug for Space<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { names, axes, seeds, .. } = self;
        formatter.debug_struct("Space").field("candidates", names).field("axes", axes).field("seeds", seeds).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::*;

    fn space() -> Space<()> {
        Space::new(vec!["A", "B"]).learning_rates([0.1, 0.2]).axis("own", [1.0, 2.0, 3.0]).seeds([7, 8])
    }

    #[test]
    fn a_grid_has_each_combination_once() {
        let trials = space().grid().unwrap();
        assert_eq!((trials.len(), space().len()), (24, Some(24)));
        let shown: Vec<String> = trials.iter().map(|trial| trial.to_string()).collect();
        assert_eq!(shown[..2], ["A, learning rate 0.1, own 1, seed 7", "A, learning rate 0.1, own 1, seed 8"]);
        assert_eq!(shown[23], "B, learning rate 0.2, own 3, seed 8");
        assert!((0..24).all(|place| !shown[..place].contains(&shown[place])));
        assert!(trials.iter().enumerate().all(|(number, trial)| trial.number == number));
        assert_eq!(
            (trials[23].learning_rate(), trials[23].get("own"), trials[23].penalty()),
            (Some(0.2), Some(3.0), None)
        );
    }

    #[test]
    fn draws_of_lists_differ_and_follow_from_the_seed() {
        let drawn = |trials, seed| -> Vec<String> {
            space().draw(trials, seed).iter().map(|trial| trial.to_string()).collect()
        };
        assert_eq!(drawn(10, 1), drawn(10, 1));
        assert_ne!(drawn(10, 1), drawn(10, 2));
        let mut all = drawn(1000, 1);
        assert_eq!(all.len(), 24);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 24);
    }

    #[test]
    fn draws_of_ranges_follow_from_the_seed() {
        let space = space().learning_rates(Axis::log_uniform(1e-4..=1.0));
        assert_eq!(space.len(), None);
        let trials = space.draw(100, 5);
        assert_eq!(trials, space.draw(100, 5));
        assert_eq!(trials[..50], space.draw(50, 5));
        let lower = trials.iter().filter(|trial| trial.learning_rate() < Some(1e-2)).count();
        assert!((35..65).contains(&lower), "{lower}");
        assert!(["A", "B"].iter().all(|name| trials.iter().any(|trial| trial.candidate == *name)));
        assert!(space.grid().unwrap_err().to_string().contains("`learning rate` is a range"));
    }

    #[test]
    fn axes_without_values_are_errors() {
        let text = |space: Space<()>| space.check().unwrap_err().to_string();
        assert!(text(space().seeds([])).contains("no seeds"));
        assert!(text(space().axis("own", [])).contains("`own` has no values"));
        assert!(space().axis("own", []).is_empty() && !space().is_empty());
        assert!(space().check().is_ok());
    }
}
