//! Heat maps.

use std::{string::String, vec::Vec};

use plotters::{
    prelude::{Rectangle, Text},
    style::{
        Color as _, RGBColor,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{Area, FAINT, HEAD, INK, LABEL, MARGIN, PX, Plot, THIN, WHITE, draw_error, frame, rounded, text};
use crate::{Tensor, kernel::Element, report::ReportError};

/// The minimum length of the color scale.
const SCALE: i32 = 100 * PX;
const RED: RGBColor = RGBColor(178, 24, 43);
const BLUE: RGBColor = RGBColor(33, 102, 172);

/// Interpolates linearly between two colors, with `t` from 0 to 1.
pub(super) fn interpolate(from: RGBColor, to: RGBColor, t: f64) -> RGBColor {
    let mix = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * t.clamp(0.0, 1.0)) as u8;
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// A heat map of attributions (negative values blue, positive values red) or of an image (in shades of gray).
///
/// ```
/// use shiplap::report::{HeatMap, Plot};
///
/// let map = HeatMap::attributions("evidence", 2, &[0.5f32, -0.25, 0.0, 1.0])?;
/// assert!(map.svg()?.contains("evidence"));
/// # Ok::<(), shiplap::report::ReportError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    title: String,
    columns: usize,
    values: Vec<f64>,
    signed: bool,
}

impl HeatMap {
    /// Creates a heat map of attributions, in row-major order with `columns` values per row. The hue shows the sign and
    /// the saturation the magnitude.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no values, their number is not a multiple of `columns`, or one is not finite.
    pub fn attributions<X: Tensor>(title: impl Into<String>, columns: usize, values: &X) -> Result<Self, ReportError> {
        Self::new(title.into(), columns, values, true)
    }

    /// Creates a heat map of an image, in row-major order with `columns` values per row. If no value is negative, 0 is
    /// white and the largest value is black.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`attributions`](Self::attributions).
    pub fn image<X: Tensor>(title: impl Into<String>, columns: usize, values: &X) -> Result<Self, ReportError> {
        Self::new(title.into(), columns, values, false)
    }

    fn new<X: Tensor>(title: String, columns: usize, values: &X, signed: bool) -> Result<Self, ReportError> {
        Self::of(title, columns, X::flat(core::slice::from_ref(values)), signed)
    }

    /// A heat map of attributions.
    pub(super) fn of_values<T: Element>(title: String, columns: usize, values: &[T]) -> Result<Self, ReportError> {
        Self::of(title, columns, values, true)
    }

    fn of<T: Element>(title: String, columns: usize, values: &[T], signed: bool) -> Result<Self, ReportError> {
        let values: Vec<f64> = values.iter().map(|value| value.to_f64()).collect();
        if columns == 0
            || values.is_empty()
            || !values.len().is_multiple_of(columns)
            || !values.iter().all(|v| (2.0 * v).is_finite())
        {
            return Err(ReportError::Data {
                expected: "finite values below 8e307 whose number is a multiple of the columns",
            });
        }
        Ok(Self { title, columns, values, signed })
    }

    fn range(&self) -> (f64, f64) {
        let largest = self.values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let largest = if largest == 0.0 { 1.0 } else { largest };
        if self.signed { (-largest, largest) } else { (self.values.iter().copied().fold(0.0, f64::min), largest) }
    }

    fn shade(&self, value: f64) -> RGBColor {
        let (low, high) = self.range();
        match self.signed {
            true if value < 0.0 => interpolate(WHITE, BLUE, value / low),
            true => interpolate(WHITE, RED, value / high),
            false => interpolate(WHITE, RGBColor(0, 0, 0), (value - low) / (high - low)),
        }
    }

    fn cell(&self) -> i32 {
        (200 * PX / i32::try_from(self.columns).unwrap_or(i32::MAX)).max(1)
    }

    fn rows(&self) -> i32 {
        i32::try_from(self.values.len() / self.columns).unwrap_or(i32::MAX)
    }
}

impl Plot for HeatMap {
    fn size(&self) -> (u32, u32) {
        let across = self.cell().saturating_mul(i32::try_from(self.columns).unwrap_or(i32::MAX));
        let down = self.cell().saturating_mul(self.rows()).max(SCALE);
        ((across / PX + MARGIN / PX + 90) as u32, (down / PX + (HEAD + MARGIN) / PX) as u32)
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), ReportError> {
        let area = frame(area, &self.title, &[])?;
        let cell = self.cell();
        let (side, down) = (cell * self.columns as i32, cell * self.rows());
        for (index, &value) in self.values.iter().enumerate() {
            let (x, y) = (MARGIN + cell * (index % self.columns) as i32, cell * (index / self.columns) as i32);
            // Adjacent cells overlap by a pixel, which avoids seams when the image is scaled.
            let end = ((x + cell + PX).min(MARGIN + side), (y + cell + PX).min(down));
            let pixel = Rectangle::new([(x, y), end], self.shade(value).filled());
            area.draw(&pixel).map_err(draw_error)?;
        }
        area.draw(&Rectangle::new([(MARGIN, 0), (MARGIN + side, down)], FAINT.stroke_width(THIN)))
            .map_err(draw_error)?;

        // Color scale
        let (low, high) = self.range();
        let (left, length) = (MARGIN + side + 16 * PX, down.max(SCALE));
        for step in 0..50 {
            let value = high + (low - high) * (f64::from(step) + 0.5) / 50.0;
            let (from, to) = (length * step / 50, length);
            let piece = Rectangle::new([(left, from), (left + 14 * PX, to)], self.shade(value).filled());
            area.draw(&piece).map_err(draw_error)?;
        }
        area.draw(&Rectangle::new([(left, 0), (left + 14 * PX, length)], INK.stroke_width(THIN)))
            .map_err(draw_error)?;
        for (value, y, v) in
            [(high, 0, VPos::Top), ((low + high) / 2.0, length / 2, VPos::Center), (low, length, VPos::Bottom)]
        {
            let style = text(LABEL).pos(Pos::new(HPos::Left, v));
            area.draw(&Text::new(rounded(value), (left + 20 * PX, y), style)).map_err(draw_error)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hue_shows_the_sign_and_the_saturation_the_magnitude() {
        let map = HeatMap::attributions("", 2, &[-2.0f64, 0.0, 1.0, 2.0]).unwrap();
        let shades: Vec<_> = map.values.iter().map(|&value| map.shade(value)).collect();
        assert_eq!((shades[0], shades[1], shades[3]), (BLUE, WHITE, RED));
        assert_eq!(shades[2], interpolate(WHITE, RED, 0.5));
    }

    #[test]
    fn invalid_images_are_errors() {
        assert!(HeatMap::image("", 3, &[0.0f32; 4]).is_err());
        assert!(HeatMap::image("", 0, &[0.0f32; 4]).is_err());
        assert!(HeatMap::image("", 2, &[f32::NAN; 4]).is_err());
        assert!(HeatMap::image("", 2, &[1e308, -1e308]).is_err());
        assert!(HeatMap::attributions("", 2, &[8e307, -8e307]).unwrap().svg().is_ok());
    }
}
