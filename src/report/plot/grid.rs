//! Several plots in one image.

use std::{boxed::Box, vec, vec::Vec};

use super::{Area, Plot};
use crate::report::ReportError;

/// Plots in rows and columns. Each cell is as wide as the widest plot and as high as the highest.
#[non_exhaustive]
pub struct Grid {
    /// The number of columns.
    pub columns: usize,
    /// The plots, row by row.
    pub plots: Vec<Box<dyn Plot>>,
}

impl Grid {
    /// Creates a grid without plots, with at least one column.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self { columns: columns.max(1), plots: vec![] }
    }

    /// Adds a plot.
    #[must_use]
    pub fn with(mut self, plot: impl Plot + 'static) -> Self {
        self.plots.push(Box::new(plot));
        self
    }

    fn columns(&self) -> usize {
        self.columns.min(self.plots.len()).max(1)
    }

    fn rows(&self) -> usize {
        self.plots.len().div_ceil(self.columns()).max(1)
    }
}

impl Plot for Grid {
    fn size(&self) -> (u32, u32) {
        let sizes = || self.plots.iter().map(|plot| plot.size());
        let width = sizes().map(|size| size.0).max().unwrap_or(1);
        let height = sizes().map(|size| size.1).max().unwrap_or(1);
        (width.saturating_mul(self.columns() as u32), height.saturating_mul(self.rows() as u32))
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), ReportError> {
        if self.plots.is_empty() {
            return Err(ReportError::Data { expected: "at least one plot, epoch or layer" });
        }
        let areas = area.split_evenly((self.rows(), self.columns()));
        self.plots.iter().zip(&areas).try_for_each(|(plot, area)| plot.draw(area))
    }
}

impl core::fmt::Debug for Grid {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Grid of {} plots in {} columns", self.plots.len(), self.columns)
    }
}
