//! Histograms.

use std::{boxed::Box, format, string::String, vec, vec::Vec};

use super::{
    Area, Grid, Mark, Plot, color, draw_error, frame,
    lines::{bar, draw_axes},
    range_of,
};
use crate::{
    kernel::Element,
    layer::{Layer, Parameter, Path, Role, Visit},
    report::{ReportError, bin},
};

/// A histogram of one or more sets of values: the share of each set in each bin.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// The title.
    pub title: String,
    /// The label of the x axis: quantity and unit.
    pub x: String,
    /// The names and values of the sets. Values that are not finite are ignored.
    pub sets: Vec<(String, Vec<f64>)>,
}

impl Histogram {
    /// Creates a histogram without values.
    #[must_use]
    pub fn new(title: impl Into<String>, x: impl Into<String>) -> Self {
        Self { title: title.into(), x: x.into(), sets: vec![] }
    }

    /// Adds a set of values. Those that are not finite are left out.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        self.sets.push((name.into(), values.into_iter().collect()));
        self
    }

    /// The range of the bins, and the share of each set in each bin, in percent.
    fn bins(&self) -> (core::ops::Range<f64>, Vec<Vec<f64>>) {
        let finite = |set: &[f64]| set.iter().copied().filter(|value| value.is_finite()).collect::<Vec<f64>>();
        let sets: Vec<Vec<f64>> = self.sets.iter().map(|(_, set)| finite(set)).collect();
        let largest = sets.iter().map(Vec::len).max().unwrap_or(0);
        let bins = libm::sqrt(largest as f64).clamp(8.0, 50.0) as usize;
        let range = range_of(sets.iter().flatten().copied(), 0.0);
        let share = |set: &Vec<f64>| {
            let mut shares = vec![0.0; bins];
            for value in set {
                shares[bin(*value, &range, bins)] += 100.0 / set.len() as f64;
            }
            shares
        };
        let shares = sets.iter().map(share).collect();
        (range, shares)
    }
}

impl Plot for Histogram {
    fn size(&self) -> (u32, u32) {
        (480, 300)
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), ReportError> {
        let legend: Vec<_> =
            self.sets.iter().enumerate().map(|(set, (name, _))| (name.as_str(), Mark::Box(color(set)))).collect();
        if !self.sets.iter().flat_map(|(_, set)| set).any(|value| value.is_finite()) {
            return Err(ReportError::Data { expected: "at least one finite value" });
        }
        let area = frame(area, &self.title, &legend)?;
        let (range, sets) = self.bins();
        let highest = sets.iter().flatten().copied().fold(1.0, f64::max);
        let start = range.start;
        let step = (range.end - range.start) / sets.first().map_or(1, Vec::len) as f64;
        draw_axes(&area, &self.x, "share of values, %", range, 0.0..1.05 * highest, false, |chart| {
            for (set, shares) in sets.iter().enumerate() {
                let bars = shares.iter().enumerate().filter(|(_, share)| **share > 0.0).map(|(bin, &share)| {
                    let from = start + bin as f64 * step;
                    bar((from, 0.0), (from + step, share), color(set), 0.6)
                });
                chart.draw_series(bars).map_err(draw_error)?;
            }
            Ok(())
        })
    }
}

/// Plots a histogram of the weights of each layer, by parameter (kernel and bias). Layers without weights, such as
/// those with only [statistics](Role::Statistic), are omitted.
///
/// ```
/// use shiplap::{prelude::*, report::{Plot, weight_histograms}};
///
/// let net: (Standardize<20>, Dense<20, 30, Relu>, Dense<30, 1, Linear>) = Network::new(1);
/// let svg = weight_histograms(&net).svg()?;
/// assert!(svg.contains("layer 1") && svg.contains("layer 2") && svg.contains("kernel (600)"));
/// assert!(!svg.contains("layer 0"));
/// # Ok::<(), shiplap::report::ReportError>(())
/// ```
pub fn weight_histograms<N: Layer>(network: &N) -> Grid {
    struct Collect(Vec<(String, Histogram)>);

    impl<T: Element> Visit<T> for Collect {
        fn visit(&mut self, parameter: Parameter<'_>, values: &[T]) {
            // Statistics are not weights, and have the units of the data.
            if matches!(parameter.role, Role::Statistic | Role::Running) {
                return;
            }
            let path = format!("{}", parameter.path);
            if self.0.last().is_none_or(|(last, _)| *last != path) {
                let title = if path.is_empty() { "weights".into() } else { format!("weights of layer {path}") };
                self.0.push((path, Histogram::new(title, "weight")));
            }
            if let Some((_, histogram)) = self.0.last_mut() {
                let name = format!("{} ({})", parameter.name, values.len());
                histogram.sets.push((name, values.iter().map(|value| value.to_f64()).collect()));
            }
        }
    }

    let mut collect = Collect(vec![]);
    network.parameters(Path::ROOT, &mut collect);
    let mut grid = Grid::new(2);
    grid.plots.extend(collect.0.into_iter().map(|(_, histogram)| -> Box<dyn Plot> { Box::new(histogram) }));
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_falls_into_one_bin() {
        let histogram = Histogram::new("", "").with("a", [0.0, 0.5, 1.0, f64::NAN]).with("b", [0.99; 100]);
        let (range, shares) = histogram.bins();
        assert_eq!(range, 0.0..1.0);
        for shares in &shares {
            assert!((shares.iter().sum::<f64>() - 100.0).abs() < 1e-9);
        }
        assert_eq!(shares[0].iter().filter(|share| **share > 0.0).count(), 3);
    }

    #[test]
    fn extreme_values_are_drawn_or_are_errors() {
        let svg = |values: &[f64]| Histogram::new("", "").with("a", values.iter().copied()).svg();
        assert!(svg(&[1e-320, f64::NAN]).is_ok() && svg(&[0.0]).is_ok() && svg(&[1e308, 0.0]).is_ok());
        for values in [&[][..], &[f64::NAN], &[1e308, -1e308]] {
            assert!(matches!(svg(values), Err(ReportError::Data { .. })), "{values:?}");
        }
    }
}
