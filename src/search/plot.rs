//! The plot of a search.

use std::{collections::BTreeMap, format, string::String, vec::Vec};

use super::{Outcome, Results};
use crate::report::Lines;

/// The share of the values that are plotted. A few trials with a high learning rate would otherwise determine the axis.
const SHOWN: f64 = 0.9;

impl Results {
    /// Plots the quantity that ranks the trials over the epochs: a line for each trial, in the color of its candidate,
    /// and a dot for the best epoch of the best trial. The largest tenth of all values, or the smallest if the highest
    /// value is best, is outside of the plot.
    ///
    /// ```
    /// use shiplap::{prelude::*, report::Plot, search::{Search, Training, candidates}};
    ///
    /// type Line = Dense<1, 1, Linear>;
    /// type Curve = (Dense<1, 4, Tanh>, Dense<4, 1, Linear>);
    /// let (x, y) = ([[0.0f32], [1.0], [2.0]], [[1.0f32], [3.0], [5.0]]);
    /// let space = candidates![Line, Curve].learning_rates([1e-2, 0.1]);
    /// let training = Training::new(MeanSquaredError, Sgd::new(0.1), &x, &y);
    /// let results = Search::epochs(20).run(&space, &training)?;
    /// let svg = results.plot("mean squared error, m²").svg()?;
    /// assert!(svg.contains("Curve") && svg.contains("m²"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// `quantity` is the label of the axis: name and unit.
    #[must_use]
    pub fn plot(&self, quantity: &str) -> Lines {
        let values = |outcome: &Outcome| -> Vec<(f64, f64)> {
            let column = outcome.history.column(self.quantity()).map_or(&[][..], |column| &column.values);
            let epochs = outcome.history.epochs().iter().zip(column);
            epochs.map(|(epoch, value)| (*epoch as f64, value.unwrap_or(f64::NAN))).collect()
        };
        let candidates: BTreeMap<usize, &str> =
            self.outcomes().iter().map(|outcome| (outcome.trial.index, outcome.trial.candidate)).collect();
        let mut lines = Lines::new(self.title(), "epoch", quantity).whole_numbers().sized(640, 400);
        let mut all = Vec::new();
        for (index, candidate) in candidates {
            let mut points = Vec::new();
            for outcome in self.outcomes().iter().filter(|outcome| outcome.trial.index == index) {
                points.extend(values(outcome));
                // A gap, before the next trial.
                points.push((f64::NAN, f64::NAN));
            }
            all.extend(points.iter().map(|(_, value)| *value).filter(|value| value.is_finite()));
            lines = lines.line(candidate, points);
        }
        if let Some((epoch, score)) = self.best().and_then(|best| best.best_epoch.zip(best.score)) {
            lines = lines.dots("best", [(epoch as f64, score)]);
        }
        match self.shown(all) {
            Some((low, high)) => lines.y_range(low, high),
            None => lines,
        }
    }

    fn title(&self) -> String {
        match self.best() {
            Some(best) => format!("{} trials; the best is {}", self.outcomes().len(), best.trial),
            None => format!("{} trials", self.outcomes().len()),
        }
    }

    /// The range of the values that are plotted, or `None` if they are too few or equal.
    fn shown(&self, mut values: Vec<f64>) -> Option<(f64, f64)> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let end = (last as f64 * SHOWN) as usize;
        let (low, high) = if self.is_highest() { (values[last - end], values[last]) } else { (values[0], values[end]) };
        let margin = 0.05 * (high - low);
        (margin > 0.0).then_some((low - margin, high + margin))
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::{
        report::{Plot as _, Table},
        search::{
            Trial,
            goal::Goal,
            part::{Best, End, Part},
        },
    };

    fn results(values: &[&[f64]], highest: bool) -> Results {
        let goal = Goal { name: None, highest };
        let outcome = |(number, values): (usize, &&[f64])| {
            let index = number % 2;
            let candidate = ["A", "B"][index];
            let mut outcome = Outcome::waiting(Trial { number, candidate, seed: 0, values: vec![], index });
            let mut history = Table::default();
            values.iter().enumerate().for_each(|(at, value)| history.push(at + 1, &[("loss".into(), *value)]));
            let best = values.last().map(|value| Best { epoch: values.len(), value: *value });
            outcome.add(&goal, &Part { trial: number, last: 9, history, best, weights: None, end: End::Trained }, true);
            outcome
        };
        Results::new(goal.clone(), values.iter().enumerate().map(outcome).collect(), None)
    }

    #[test]
    fn trials_have_the_color_of_their_candidate_and_gaps_between_them() {
        let plot = results(&[&[2.0, 1.0], &[3.0, 2.0], &[0.5, 0.25]], false).plot("loss");
        let names: Vec<_> = plot.series.iter().map(|series| series.name.as_str()).collect();
        assert_eq!(names, ["A", "B", "best"]);
        assert_eq!(plot.series[0].points.len(), 6);
        assert!(plot.series[0].points[2].1.is_nan());
        assert_eq!(plot.series[2].points, [(2.0, 0.25)]);
        assert!(plot.svg().unwrap().contains("3 trials; the best is A, seed 0"));
    }

    #[test]
    fn a_few_large_values_do_not_determine_the_axis() {
        let values: Vec<f64> = (0..100).map(|place| if place < 5 { 1e9 } else { 1.0 / f64::from(place) }).collect();
        let lowest = results(&[&values], false);
        assert!(lowest.shown(values.clone()).unwrap().1 < 1.0);
        let negative: Vec<f64> = values.iter().map(|value| -value).collect();
        assert!(results(&[&negative], true).shown(negative).unwrap().0 > -1.0);
        assert_eq!(lowest.shown(vec![1.0, 1.0]), None);
        assert_eq!(lowest.shown(vec![]), None);
    }

    #[test]
    fn results_without_values_cannot_be_drawn() {
        assert!(results(&[], false).plot("loss").svg().is_err());
        assert!(results(&[&[], &[f64::NAN]], false).plot("loss").svg().is_err());
    }
}
