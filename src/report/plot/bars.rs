//! Ranked bar charts.

use std::{
    format,
    string::{String, ToString as _},
    vec,
    vec::Vec,
};

use plotters::{
    prelude::{PathElement, Rectangle, Text},
    style::{
        Color as _,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{
    AXIS, Area, FAINT, HEAD, INK, LABEL, MARGIN, PX, Plot, THIN, color, draw_error, frame, number, text, width,
};
use crate::{quantized::Calibration, report::ReportError};

/// A bar of a [`Bars`] chart.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Bar {
    /// The name, beside the bar.
    pub name: String,
    /// The value: the length of the bar.
    pub value: f64,
    /// The standard deviation, drawn as an error bar on both sides; 0 draws none.
    pub deviation: f64,
}

/// A bar chart, ranked by absolute value with the largest at the top.
///
/// ```
/// use shiplap::report::{Bars, Plot};
///
/// let bars = Bars::new("Importance", "loss of accuracy").bar("radius", 0.12, 0.01).bar("texture", 0.2, 0.02);
/// assert_eq!(bars.ranked()[0].name, "texture");
/// assert!(bars.svg()?.contains("radius"));
/// # Ok::<(), shiplap::report::ReportError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    /// The title.
    pub title: String,
    /// The label of the x axis: quantity and unit.
    pub x: String,
    /// The bars, in any order. Values that are not finite are omitted.
    pub bars: Vec<Bar>,
    max_bars: usize,
}

const ROW: i32 = 20 * PX;
const GAP: i32 = 4 * PX;
/// The maximum width of names, in units of [`PX`]. Longer names are truncated.
const MAX_NAME_WIDTH: i32 = 260 * PX;

/// The minimum length of an axis. A shorter one is drawn with length 1, because its ticks would underflow.
const MIN_LENGTH: f64 = 1e-300;

impl Bars {
    /// Creates a chart without bars.
    #[must_use]
    pub fn new(title: impl Into<String>, x: impl Into<String>) -> Self {
        Self { title: title.into(), x: x.into(), bars: vec![], max_bars: 40 }
    }

    /// Adds a bar. A deviation of 0 draws no error bar.
    #[must_use]
    pub fn bar(mut self, name: impl Into<String>, value: f64, deviation: f64) -> Self {
        self.bars.push(Bar { name: name.into(), value, deviation });
        self
    }

    /// Sets the maximum number of bars (by default 40). The chart shows the largest ones.
    #[must_use]
    pub fn at_most(self, max_bars: usize) -> Self {
        Self { max_bars, ..self }
    }

    /// The errors of the layers of an int8 network, in percent of their outputs, as calibration found them: the root mean
    /// square of the error divided by that of the output. Part of an error comes from the layers before.
    ///
    /// ```
    /// use shiplap::{prelude::*, quantized::{Calibration, Quantized}, report::Bars};
    ///
    /// type Net = (Dense<2, 8, Relu>, Dense<8, 3, Softmax>);
    ///
    /// let mut calibration = Calibration::default();
    /// Quantized::<Net>::calibrate_with(&Net::new(1), &[[0.5, -1.0], [1.0, 2.0]], &mut calibration)?;
    /// let bars = Bars::of_calibration(&calibration);
    /// assert_eq!(bars.bars[1].name, "1 Dense<8, 3, Softmax>");
    /// // 20 dB are 10 %.
    /// let percent = 100.0 / 10f64.powf(calibration.layers[1].decibels / 20.0);
    /// assert!((bars.bars[1].value - percent).abs() < 1e-9);
    /// # Ok::<(), shiplap::quantized::QuantizeError>(())
    /// ```
    #[must_use]
    pub fn of_calibration(calibration: &Calibration) -> Self {
        calibration.layers.iter().fold(Self::new("Error of each layer in int8", "error [%]"), |bars, layer| {
            let name = format!("{} {}", layer.layer, layer.kind);
            bars.bar(name, 100.0 / 10f64.powf(layer.decibels / 20.0), 0.0)
        })
    }

    /// The bars in the chart, from the top.
    pub fn ranked(&self) -> Vec<&Bar> {
        let mut ranked: Vec<&Bar> = self.bars.iter().filter(|bar| bar.value.is_finite()).collect();
        ranked.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
        ranked.truncate(self.max_bars);
        ranked
    }
}

impl Plot for Bars {
    fn size(&self) -> (u32, u32) {
        let rows = u32::try_from(self.ranked().len()).unwrap_or(u32::MAX);
        (640, (HEAD / PX + 56) as u32 + rows.saturating_mul((ROW / PX) as u32).min(u32::MAX / 2))
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), ReportError> {
        let ranked = self.ranked();
        if ranked.is_empty() {
            return Err(ReportError::Data { expected: "at least one finite value" });
        }
        let omitted = self.bars.len() - ranked.len();
        let title = match omitted {
            0 => self.title.to_string(),
            _ => format!("{} (the {} largest of {})", self.title, ranked.len(), self.bars.len()),
        };
        let area = frame(area, &title, &[])?;
        let (across, _) = area.dim_in_pixel();
        let names = ranked.iter().map(|bar| truncated(&area, &bar.name)).collect::<Result<Vec<_>, _>>()?;
        let longest = names.iter().map(|(_, width)| *width).max().unwrap_or(0);
        let left = MARGIN + longest + 10 * PX;
        let ends = || ranked.iter().flat_map(|bar| [bar.value - bar.deviation, bar.value + bar.deviation, 0.0]);
        let (low, high) = ends().fold((0.0, 0.0), |(low, high): (f64, f64), end| (low.min(end), high.max(end)));
        let length = if high - low < MIN_LENGTH { 1.0 } else { high - low };
        if !length.is_finite() {
            return Err(ReportError::Data {
                expected: "values and deviations that are finite and less than 1e308 apart",
            });
        }
        let (low, high) = (if low < 0.0 { low - 0.03 * length } else { low }, high + 0.03 * length);
        let room = f64::from(across as i32 - left - 24 * PX);
        let position = |value: f64| left + ((value - low) / (high - low) * room) as i32;
        let bottom = ROW * ranked.len() as i32 + GAP;

        for tick in ticks(low, high, 6) {
            let x = position(tick);
            area.draw(&PathElement::new([(x, 0), (x, bottom + GAP)], FAINT.stroke_width(THIN))).map_err(draw_error)?;
            let style = text(LABEL).pos(Pos::new(HPos::Center, VPos::Top));
            area.draw(&Text::new(number(tick), (x, bottom + 8 * PX), style)).map_err(draw_error)?;
        }
        for (row, (bar, (name, _))) in ranked.iter().zip(&names).enumerate() {
            let y = ROW * row as i32 + GAP;
            let style = text(LABEL).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(name.clone(), (left - 8 * PX, y + (ROW - GAP) / 2), style)).map_err(draw_error)?;
            let (from, to) = (position(bar.value.min(0.0)), position(bar.value.max(0.0)));
            let shade = color(usize::from(bar.value < 0.0));
            area.draw(&Rectangle::new([(from, y), (to, y + ROW - GAP)], shade.filled())).map_err(draw_error)?;
            if bar.deviation > 0.0 {
                let (from, to, middle) =
                    (position(bar.value - bar.deviation), position(bar.value + bar.deviation), y + (ROW - GAP) / 2);
                area.draw(&PathElement::new([(from, middle), (to, middle)], INK.stroke_width(THIN)))
                    .map_err(draw_error)?;
                for end in [from, to] {
                    area.draw(&PathElement::new(
                        [(end, middle - 3 * PX), (end, middle + 3 * PX)],
                        INK.stroke_width(THIN),
                    ))
                    .map_err(draw_error)?;
                }
            }
        }
        let zero = position(0.0);
        area.draw(&PathElement::new([(zero, 0), (zero, bottom)], INK.stroke_width(THIN))).map_err(draw_error)?;
        let style = text(AXIS).pos(Pos::new(HPos::Center, VPos::Top));
        area.draw(&Text::new(self.x.clone(), (left + (room / 2.0) as i32, bottom + 28 * PX), style)).map_err(draw_error)
    }
}

/// The name, truncated to [`MAX_NAME_WIDTH`], and its width.
fn truncated(area: &Area<'_>, name: &str) -> Result<(String, i32), ReportError> {
    let mut short = name.to_string();
    let mut end = name.len();
    loop {
        let needed = width(area, &short, LABEL)?;
        match name[..end].char_indices().next_back() {
            Some((last, _)) if needed > MAX_NAME_WIDTH => {
                end = last;
                short = format!("{}…", name[..end].trim_end());
            }
            _ => return Ok((short, needed)),
        }
    }
}

/// About `count` round numbers between `low` and `high`.
fn ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let raw = (high - low) / count as f64;
    let power = libm::pow(10.0, libm::floor(libm::log10(raw)));
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= raw).unwrap_or(raw);
    let (first, last) = (libm::ceil(low / step) as i64, libm::floor(high / step) as i64);
    (first..=last).map(|tick| tick as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_truncated() {
        let svg = Bars::new("", "").bar("é".repeat(100), 1.0, 0.0).bar("short", 2.0, 0.0).svg().unwrap();
        assert!(svg.contains("é…") && svg.contains("short\n") && !svg.contains(&"é".repeat(50)), "{svg}");
    }

    #[test]
    fn extreme_values_are_drawn_or_are_errors() {
        let bars =
            |value: f64, deviation: f64| Bars::new("", "").bar("a", value, deviation).bar("b", -value, 0.0).svg();
        for (value, deviation) in [(1e-320, 0.0), (0.0, 0.0), (1e307, 0.0), (1.0, f64::NAN)] {
            assert!(bars(value, deviation).is_ok(), "{value} {deviation}");
        }
        for (value, deviation) in [(1e308, 0.0), (1.0, f64::INFINITY), (f64::NAN, 0.0)] {
            assert!(matches!(bars(value, deviation), Err(ReportError::Data { .. })), "{value} {deviation}");
        }
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(-0.3, 1.05, 6), [0.0, 0.5, 1.0]);
        assert_eq!(ticks(-10.0, 50.0, 6), [-10.0, 0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
    }
}
