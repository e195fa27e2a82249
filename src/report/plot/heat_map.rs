//! Pictures of numbers.

use std::{string::String, vec::Vec};

use plotters::{
    prelude::{Rectangle, Text},
    style::{
        Color as _, RGBColor,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{Area, FAINT, HEAD, INK, LABEL, MARGIN, PX, Plot, THIN, WHITE, cannot, frame, rounded, text};
use crate::{Tensor, kernel::Element as _, report::ReportError};

/// The least length of the scale.
const SCALE: i32 = 100 * PX;
const RED: RGBColor = RGBColor(178, 24, 43);
const BLUE: RGBColor = RGBColor(33, 102, 172);

/// `part` of the way from one colour to another.
pub(super) fn between(from: RGBColor, to: RGBColor, part: f64) -> RGBColor {
    let mix = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * part.clamp(0.0, 1.0)) as u8;
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// A picture of numbers: attributions from blue (below 0) over white to red, or brightness from white to black.
///
/// ```
/// use shiplap::report::{HeatMap, Plot};
///
/// let map = HeatMap::attributions("what speaks for it", 2, &[0.5f32, -0.25, 0.0, 1.0])?;
/// assert!(map.svg()?.contains("what speaks for it"));
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
    /// Attributions row by row, `columns` to a row: their sign is the colour, their size the depth.
    ///
    /// # Errors
    ///
    /// When the numbers do not fill whole rows, there are none, or one is not finite.
    pub fn attributions<X: Tensor>(title: impl Into<String>, columns: usize, values: &X) -> Result<Self, ReportError> {
        Self::new(title.into(), columns, values, true)
    }

    /// A grey picture row by row, `columns` to a row: the greatest number is black.
    ///
    /// # Errors
    ///
    /// Those of [`attributions`](Self::attributions).
    pub fn picture<X: Tensor>(title: impl Into<String>, columns: usize, values: &X) -> Result<Self, ReportError> {
        Self::new(title.into(), columns, values, false)
    }

    fn new<X: Tensor>(title: String, columns: usize, values: &X, signed: bool) -> Result<Self, ReportError> {
        let values: Vec<f64> = X::flat(core::slice::from_ref(values)).iter().map(|value| value.to_f64()).collect();
        if columns == 0
            || values.is_empty()
            || !values.len().is_multiple_of(columns)
            || !values.iter().all(|v| v.is_finite())
        {
            return Err(ReportError::Data { expected: "finite numbers that fill whole rows" });
        }
        Ok(Self { title, columns, values, signed })
    }

    fn range(&self) -> (f64, f64) {
        let most = self.values.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
        let most = if most == 0.0 { 1.0 } else { most };
        if self.signed { (-most, most) } else { (self.values.iter().copied().fold(0.0, f64::min), most) }
    }

    fn shade(&self, value: f64) -> RGBColor {
        let (low, high) = self.range();
        match self.signed {
            true if value < 0.0 => between(WHITE, BLUE, value / low),
            true => between(WHITE, RED, value / high),
            false => between(WHITE, RGBColor(0, 0, 0), (value - low) / (high - low)),
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
            // The next ones lie over its right and lower edge: no seams at whatever size it is shown.
            let end = ((x + cell + PX).min(MARGIN + side), (y + cell + PX).min(down));
            let pixel = Rectangle::new([(x, y), end], self.shade(value).filled());
            area.draw(&pixel).map_err(cannot)?;
        }
        area.draw(&Rectangle::new([(MARGIN, 0), (MARGIN + side, down)], FAINT.stroke_width(THIN))).map_err(cannot)?;

        // The scale beside it.
        let (low, high) = self.range();
        let (left, length) = (MARGIN + side + 16 * PX, down.max(SCALE));
        for step in 0..50 {
            let value = high + (low - high) * (f64::from(step) + 0.5) / 50.0;
            let (from, to) = (length * step / 50, length);
            let piece = Rectangle::new([(left, from), (left + 14 * PX, to)], self.shade(value).filled());
            area.draw(&piece).map_err(cannot)?;
        }
        area.draw(&Rectangle::new([(left, 0), (left + 14 * PX, length)], INK.stroke_width(THIN))).map_err(cannot)?;
        for (value, y, v) in
            [(high, 0, VPos::Top), ((low + high) / 2.0, length / 2, VPos::Center), (low, length, VPos::Bottom)]
        {
            let style = text(LABEL).pos(Pos::new(HPos::Left, v));
            area.draw(&Text::new(rounded(value), (left + 20 * PX, y), style)).map_err(cannot)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colour_is_the_sign_and_the_depth_the_size() {
        let map = HeatMap::attributions("", 2, &[-2.0f64, 0.0, 1.0, 2.0]).unwrap();
        let shades: Vec<_> = map.values.iter().map(|&value| map.shade(value)).collect();
        assert_eq!((shades[0], shades[1], shades[3]), (BLUE, WHITE, RED));
        assert_eq!(shades[2], between(WHITE, RED, 0.5));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(HeatMap::picture("", 3, &[0.0f32; 4]).is_err());
        assert!(HeatMap::picture("", 0, &[0.0f32; 4]).is_err());
        assert!(HeatMap::picture("", 2, &[f32::NAN; 4]).is_err());
    }
}
