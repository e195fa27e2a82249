//! Line plots.

use core::ops::Range;
use std::{string::String, vec, vec::Vec};

use plotters::{
    prelude::{ChartBuilder, Circle, DashedLineSeries, LineSeries, Polygon, Rectangle},
    style::{Color as _, RGBColor},
};

use super::{
    AXIS, Area, COLORS, FAINT, INK, LABEL, Mark, PX, Plot, THICK, THIN, color, draw_error, frame, number, range_of,
    text, width,
};
use crate::report::ReportError;

/// A line or a set of points in a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The name in the legend.
    pub name: String,
    /// The points. Points that are not finite leave a gap.
    pub points: Vec<(f64, f64)>,
    stroke: Stroke,
    color: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stroke {
    Solid,
    Dashed,
    Dots,
    Band,
}

/// The color of guides.
const GRAY: usize = COLORS.len() - 1;

/// A line plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// The title.
    pub title: String,
    /// The label of the x axis: quantity and unit.
    pub x: String,
    /// The label of the y axis: quantity and unit.
    pub y: String,
    /// The lines and sets of points.
    pub series: Vec<Series>,
    x_range: Option<(f64, f64)>,
    y_range: Option<(f64, f64)>,
    whole_numbers: bool,
    size: (u32, u32),
}

impl Lines {
    /// Creates a plot without lines.
    #[must_use]
    pub fn new(title: impl Into<String>, x: impl Into<String>, y: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            x: x.into(),
            y: y.into(),
            series: vec![],
            x_range: None,
            y_range: None,
            whole_numbers: false,
            size: (480, 340),
        }
    }

    fn add(mut self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>, stroke: Stroke) -> Self {
        let color = match (stroke, self.series.last()) {
            // A dashed line or a band belongs to the line before it, as validation to training.
            (Stroke::Dashed | Stroke::Band, Some(last)) => last.color,
            (_, last) => last.map_or(0, |last| last.color + 1),
        };
        self.series.push(Series { name: name.into(), points: points.into_iter().collect(), stroke, color });
        self
    }

    /// Adds a line in the next color.
    #[must_use]
    pub fn line(self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.add(name, points, Stroke::Solid)
    }

    /// Adds a dashed line in the color of the line before it.
    #[must_use]
    pub fn dashed(self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.add(name, points, Stroke::Dashed)
    }

    /// Adds points without a line.
    #[must_use]
    pub fn dots(self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.add(name, points, Stroke::Dots)
    }

    /// Adds the area between a lower and an upper line, in the color of the line before it: the points are
    /// `(x, lower, upper)`, such as those of an interval that contains 80 % of the values.
    ///
    /// ```
    /// use shiplap::report::{Lines, Plot};
    ///
    /// let band = (0..10).map(|day| f64::from(day)).map(|day| (day, day - 1.0, day + 1.0));
    /// let plot = Lines::new("forecast", "day", "°C").line("mean", [(0.0, 0.0), (9.0, 9.0)]).band("80 %", band);
    /// assert!(plot.svg()?.contains("polygon"));
    /// # Ok::<(), shiplap::report::ReportError>(())
    /// ```
    #[must_use]
    pub fn band(self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        let (mut outline, mut upper) = (vec![], vec![]);
        for (x, low, high) in points {
            outline.push((x, low));
            upper.push((x, high));
        }
        outline.extend(upper.into_iter().rev());
        self.add(name, outline, Stroke::Band)
    }

    /// Adds a dashed gray line for comparison.
    #[must_use]
    pub fn guide(mut self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self = self.dashed(name, points);
        if let Some(guide) = self.series.last_mut() {
            guide.color = GRAY;
        }
        self
    }

    /// Sets the range of the x axis (by default that of the points). Points outside of the range are not drawn.
    #[must_use]
    pub fn x_range(self, from: f64, to: f64) -> Self {
        Self { x_range: Some((from, to)), ..self }
    }

    /// Sets the range of the y axis (by default that of the points). Points outside of the range are not drawn.
    #[must_use]
    pub fn y_range(self, from: f64, to: f64) -> Self {
        Self { y_range: Some((from, to)), ..self }
    }

    /// Labels the x axis with integers only, as for epochs.
    #[must_use]
    pub fn whole_numbers(self) -> Self {
        Self { whole_numbers: true, ..self }
    }

    /// Sets the width and height in pixels (by default 480×340).
    #[must_use]
    pub fn sized(self, width: u32, height: u32) -> Self {
        Self { size: (width, height), ..self }
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.series.iter().flat_map(|series| series.points.iter().copied())
    }
}

impl Series {
    fn shade(&self) -> RGBColor {
        color(self.color)
    }

    /// The contiguous runs of points inside the axes. Points that are outside or not finite leave a gap.
    fn runs(&self, x: &Range<f64>, y: &Range<f64>) -> impl Iterator<Item = &[(f64, f64)]> {
        let inside = |value: f64, axis: &Range<f64>| axis.start <= value && value <= axis.end;
        self.points.split(move |point| !(inside(point.0, x) && inside(point.1, y))).filter(|run| !run.is_empty())
    }
}

impl Plot for Lines {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), ReportError> {
        let legend = self.series.iter().map(|series| {
            let mark = match series.stroke {
                Stroke::Solid => Mark::Line(series.shade()),
                Stroke::Dashed => Mark::Dashes(series.shade()),
                Stroke::Dots => Mark::Dots(series.shade()),
                Stroke::Band => Mark::Box(series.shade()),
            };
            (series.name.as_str(), mark)
        });
        if !self.points().any(|(x, y)| x.is_finite() && y.is_finite()) {
            return Err(ReportError::Data { expected: "at least one finite point" });
        }
        let area = frame(area, &self.title, &legend.collect::<Vec<_>>())?;
        let x = self.x_range.map_or_else(|| range_of(self.points().map(|(x, _)| x), 0.0), |(from, to)| from..to);
        let y = self.y_range.map_or_else(|| range_of(self.points().map(|(_, y)| y), 0.05), |(from, to)| from..to);
        // Bands and guides are drawn first, so that lines cover them.
        let (bands, lines): (Vec<_>, Vec<_>) = self.series.iter().partition(|series| series.stroke == Stroke::Band);
        let (guides, lines): (Vec<_>, Vec<_>) = lines.into_iter().partition(|series| series.color == GRAY);
        draw_axes(&area, &self.x, &self.y, x.clone(), y.clone(), self.whole_numbers, |chart| {
            for band in bands {
                let finite = band.points.iter().filter(|(at, value)| at.is_finite() && value.is_finite());
                let inside = finite.map(|(at, value)| (at.clamp(x.start, x.end), value.clamp(y.start, y.end)));
                let area = Polygon::new(inside.collect::<Vec<_>>(), band.shade().mix(0.2).filled());
                chart.draw_series([area]).map_err(draw_error)?;
            }
            for series in guides.into_iter().chain(lines) {
                let style = series.shade().stroke_width(THICK);
                for run in series.runs(&x, &y) {
                    // A line through a single point would be invisible.
                    let stroke = if run.len() == 1 { Stroke::Dots } else { series.stroke };
                    let run = run.iter().copied();
                    match stroke {
                        Stroke::Solid => chart.draw_series(LineSeries::new(run, style)).map(drop),
                        Stroke::Dashed => {
                            chart.draw_series(DashedLineSeries::new(run, 6 * THIN, 3 * THIN, style)).map(drop)
                        }
                        Stroke::Dots | Stroke::Band => {
                            let dot = |at| Circle::new(at, 4 * PX, series.shade().filled());
                            chart.draw_series(run.map(dot)).map(drop)
                        }
                    }
                    .map_err(draw_error)?;
                }
            }
            Ok(())
        })
    }
}

pub(super) type Chart<'a, 'b> = plotters::prelude::ChartContext<
    'a,
    plotters::prelude::SVGBackend<'b>,
    plotters::prelude::Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

/// Draws axes with ticks and labels, and calls `content` to draw inside of them.
pub(super) fn draw_axes<'b>(
    area: &Area<'b>,
    x_label: &str,
    y_label: &str,
    x: Range<f64>,
    y: Range<f64>,
    whole_numbers: bool,
    content: impl FnOnce(&mut Chart<'_, 'b>) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    // plotters loops forever if the length of an axis is zero or not a number.
    if ![&x, &y].iter().all(|axis| axis.start < axis.end && (axis.end - axis.start).is_finite()) {
        return Err(ReportError::Data { expected: "axes whose end is greater than their start, by less than 1e308" });
    }
    let (across, down) = area.dim_in_pixel();
    let x_ticks = (across as i32 / (70 * PX)).clamp(2, 12) as usize;
    let x_ticks = if whole_numbers { x_ticks.min((x.end - x.start).max(1.0) as usize) } else { x_ticks };
    let y_ticks = (down as i32 / (40 * PX)).clamp(2, 10) as usize;
    // The widest tick label. Labels in the middle may have more digits than those at the ends.
    let widest = (0..=8)
        .map(|part| number(y.start + (y.end - y.start) * f64::from(part) / 8.0))
        .map(|label| width(area, &label.chars().take(5).collect::<String>(), LABEL))
        .try_fold(0, |most, label| label.map(|label| most.max(label)))?;
    let (x_length, y_length) = (x.end - x.start, y.end - y.start);
    // Rounding errors may move a tick away from 0.
    let tick = |value: f64, length: f64| if value.abs() < 1e-9 * length { number(0.0) } else { number(value) };
    let mut chart = ChartBuilder::on(area)
        .margin_right(20 * PX)
        .margin_left(6 * PX)
        .margin_bottom(6 * PX)
        .margin_top(4 * PX)
        .x_label_area_size(42 * PX)
        .y_label_area_size(widest + 34 * PX)
        .build_cartesian_2d(x, y)
        .map_err(draw_error)?;
    chart
        .configure_mesh()
        .x_desc(x_label)
        .y_desc(y_label)
        .x_labels(x_ticks)
        .y_labels(y_ticks)
        .x_label_formatter(&|value| tick(*value, x_length))
        .y_label_formatter(&|value| tick(*value, y_length))
        .set_all_tick_mark_size(5 * PX)
        .label_style(text(LABEL))
        .axis_desc_style(text(AXIS))
        .axis_style(INK.stroke_width(THIN))
        .bold_line_style(FAINT.stroke_width(THIN))
        .light_line_style(plotters::style::TRANSPARENT)
        .draw()
        .map_err(draw_error)?;
    content(&mut chart)?;
    Ok(())
}

/// A filled rectangle in a chart.
pub(super) fn bar(from: (f64, f64), to: (f64, f64), shade: RGBColor, opacity: f64) -> Rectangle<(f64, f64)> {
    Rectangle::new([from, to], shade.mix(opacity).filled())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_points_leave_gaps() {
        let lines = Lines::new("", "", "").line("a", [(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0), (3.0, 4.0)]);
        let runs: Vec<_> = lines.series[0].runs(&(0.0..3.0), &(0.0..4.0)).collect();
        assert_eq!(runs, [&[(0.0, 1.0)][..], &[(2.0, 3.0), (3.0, 4.0)]]);
        assert!(lines.svg().unwrap().contains("polyline"));
    }

    #[test]
    fn a_dashed_line_has_the_color_of_the_line_before_it() {
        let lines = Lines::new("", "", "").line("a", [(0.0, 1.0), (1.0, 1.0)]).dashed("b", []).line("c", []);
        assert_eq!(lines.series.iter().map(|series| series.color).collect::<Vec<_>>(), [0, 0, 1]);
        assert!(lines.svg().unwrap().matches("</text>").count() > 6);
    }

    /// The learning curve of a single epoch is an example.
    #[test]
    fn a_single_point_is_visible() {
        let lines = Lines::new("", "", "").line("a", [(1.0, 0.5)]).dashed("b", [(1.0, 0.25), (2.0, f64::NAN)]);
        assert_eq!(lines.svg().unwrap().matches("<circle").count(), 2);
    }

    #[test]
    fn invalid_axes_are_errors() {
        let line = |y: [f64; 2]| Lines::new("", "", "").line("a", [(0.0, y[0]), (1.0, y[1])]);
        for lines in [
            line([1e308, -1e308]),
            line([f64::NAN, f64::INFINITY]),
            line([0.0, 1.0]).x_range(2.0, 2.0),
            line([0.0, 1.0]).x_range(2.0, 1.0),
            line([0.0, 1.0]).y_range(f64::NAN, 1.0),
            line([0.0, 1.0]).y_range(0.0, f64::INFINITY),
            Lines::new("", "", ""),
        ] {
            assert!(matches!(lines.svg(), Err(ReportError::Data { .. })), "{lines:?}");
        }
        for y in
            [[1e308, 0.0], [1e-320, 0.0], [1e300, 1e300 * (1.0 + f64::EPSILON)], [1e-320, 1e-320], [-1e308, -1e308]]
        {
            line(y).svg().unwrap();
        }
    }
}
