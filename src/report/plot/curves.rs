//! Learning curves.

use std::{boxed::Box, vec::Vec};

use super::{Grid, Lines};
use crate::{metric::Named, report::Table, train::History};

/// Plots the loss and each metric over the epochs: training as a solid line, validation as a dashed line.
///
/// `loss` is the label of the loss axis: name and unit, such as `cross-entropy, nats` or `mean squared error, m²`.
///
/// ```
/// use shiplap::{prelude::*, report::{Plot, learning_curves}};
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 4>::new(Sgd::new(0.1), 1);
/// let mut history = History::default();
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// trainer.fit_with(&x, &y, Fit::epochs(20).validation(&x, &y), &mut history)?;
/// let svg = learning_curves(&history, "mean squared error, m²").svg()?;
/// assert!(svg.contains("validation") && svg.contains("mean squared error, m²") && svg.contains("mae"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn learning_curves<M: Named>(history: &History<M>, loss: &str) -> Grid {
    let table = Table::from(history);
    let last = table.epochs().last().map_or(2.0, |&epoch| (epoch as f64).max(2.0));
    let points = |name: &str| -> Option<Vec<(f64, f64)>> {
        let values = &table.column(name)?.values;
        Some(
            table
                .epochs()
                .iter()
                .zip(values)
                .map(|(&epoch, value)| (epoch as f64, value.unwrap_or(f64::NAN)))
                .collect(),
        )
    };
    let mut grid = Grid::new(2);
    for name in table.quantities() {
        let y = if name == "loss" { loss } else { name.as_str() };
        let mut lines = Lines::new(name.as_str(), "epoch", y).whole_numbers().x_range(1.0, last);
        if let Some(points) = points(&name) {
            lines = lines.line("training", points);
        }
        if let Some(points) = points(&std::format!("val_{name}")) {
            lines = lines.dashed("validation", points);
        }
        grid.plots.push(Box::new(lines));
    }
    grid
}
