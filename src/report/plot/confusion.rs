//! The confusion matrix.

use std::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use plotters::{
    prelude::{Rectangle, Text},
    style::{
        Color as _, FontTransform, RGBColor,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{
    AXIS, Area, FAINT, HEAD, INK, LABEL, LINE, MARGIN, PX, Plot, THIN, WHITE, draw_error, frame, heat_map::interpolate,
    text,
};
use crate::{metric::ConfusionMatrix, report::ReportError};

/// A plot of a confusion matrix. Cells are shaded by their share of the true class.
///
/// ```
/// use shiplap::{metric::{ConfusionMatrix, Metric}, report::{Confusion, Plot}};
///
/// let mut matrix = ConfusionMatrix::<2>::default();
/// for (prediction, label) in [(0, 0), (1, 1), (1, 0)] {
///     matrix.update(&prediction, &label);
/// }
/// assert!(Confusion::new(&matrix, ["malignant", "benign"]).svg()?.contains("malignant"));
/// # Ok::<(), shiplap::report::ReportError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: Vec<String>,
    counts: Vec<Vec<u64>>,
}

const TOP: i32 = 8 * PX;
const CELL: i32 = 44 * PX;

impl Confusion {
    /// Creates a plot of `matrix` with the names of the classes.
    #[must_use]
    pub fn new<const K: usize>(matrix: &ConfusionMatrix<K>, classes: [impl Into<String>; K]) -> Self {
        let counts = matrix.counts.iter().map(|row| row.to_vec()).collect();
        Self { classes: classes.into_iter().map(Into::into).collect(), counts }
    }

    /// An estimate of the width of the longest name. Text can only be measured on an area, which needs a size first.
    fn name_width(&self) -> i32 {
        self.classes.iter().map(|name| 8 * PX * name.chars().count() as i32).max().unwrap_or(0).clamp(10 * PX, 160 * PX)
    }

    fn left(&self) -> i32 {
        MARGIN + LINE + 12 * PX + self.name_width()
    }

    fn cell(&self) -> i32 {
        if self.classes.len() < 5 { 2 * CELL } else { CELL }
    }

    /// Whether the names below the columns are rotated, because they are wider than a column.
    fn rotated(&self) -> bool {
        self.name_width() > self.cell()
    }
}

impl Plot for Confusion {
    fn size(&self) -> (u32, u32) {
        let side = self.cell() * self.classes.len() as i32;
        let below = if self.rotated() { self.name_width() } else { LINE };
        let (across, down) = (self.left() + side + 24 * PX, HEAD + TOP + side + below + 44 * PX);
        ((across / PX).max(240) as u32, (down / PX) as u32)
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), ReportError> {
        let area = frame(area, "Confusion matrix", &[])?;
        let (cell, classes) = (self.cell(), self.classes.len() as i32);
        let (left, top) = (self.left(), TOP);
        let at = |h, v| text(LABEL).pos(Pos::new(h, v));
        for (label, row) in self.counts.iter().enumerate() {
            let all = row.iter().fold(0, |all: u64, &count| all.saturating_add(count));
            let y = top + cell * label as i32;
            let name =
                Text::new(self.classes[label].clone(), (left - 8 * PX, y + cell / 2), at(HPos::Right, VPos::Center));
            area.draw(&name).map_err(draw_error)?;
            for (prediction, &count) in row.iter().enumerate() {
                let x = left + cell * prediction as i32;
                let share = if all == 0 { 0.0 } else { count as f64 / all as f64 };
                let shade = interpolate(WHITE, RGBColor(0, 90, 150), share);
                let place = [(x, y), (x + cell, y + cell)];
                area.draw(&Rectangle::new(place, shade.filled())).map_err(draw_error)?;
                area.draw(&Rectangle::new(place, FAINT.stroke_width(THIN))).map_err(draw_error)?;
                let style = at(HPos::Center, VPos::Center).color(if share > 0.5 { &WHITE } else { &INK });
                let percents = self.classes.len() < 5 && all > 0;
                let middle = (x + cell / 2, y + cell / 2 - if percents { 9 * PX } else { 0 });
                area.draw(&Text::new(count.to_string(), middle, style.clone())).map_err(draw_error)?;
                if percents {
                    let percent = format!("{:.1} %", 100.0 * share);
                    area.draw(&Text::new(percent, (middle.0, middle.1 + 18 * PX), style)).map_err(draw_error)?;
                }
            }
        }
        let bottom = top + cell * classes;
        for (prediction, name) in self.classes.iter().enumerate() {
            let x = left + cell * prediction as i32 + cell / 2;
            let name = name.clone();
            if self.rotated() {
                let style = text(LABEL).pos(Pos::new(HPos::Right, VPos::Center)).transform(FontTransform::Rotate270);
                area.draw(&Text::new(name, (x, bottom + 8 * PX), style)).map_err(draw_error)?;
            } else {
                area.draw(&Text::new(name, (x, bottom + 8 * PX), at(HPos::Center, VPos::Top))).map_err(draw_error)?;
            }
        }
        let middle = cell * classes / 2;
        let below = bottom + if self.rotated() { self.name_width() } else { LINE } + 14 * PX;
        let title = text(AXIS);
        area.draw(&Text::new("predicted class", (left + middle, below), title.pos(Pos::new(HPos::Center, VPos::Top))))
            .map_err(draw_error)?;
        let rotated = text(AXIS).pos(Pos::new(HPos::Center, VPos::Center)).transform(FontTransform::Rotate270);
        area.draw(&Text::new("true class", (MARGIN + 8 * PX, top + middle), rotated)).map_err(draw_error)
    }
}
