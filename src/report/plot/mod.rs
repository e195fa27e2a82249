//! Plots. Each kind of plot is a type with its data that implements [`Plot`]. This file contains the parts that all of
//! them share: the font, the colors, the title and the legend.

mod bars;
mod confusion;
mod curves;
mod grid;
mod heat_map;
mod histogram;
mod lines;
mod maps;
mod roc;

use std::{
    format,
    path::Path,
    string::{String, ToString as _},
    sync::{Arc, OnceLock},
    vec::Vec,
};

use plotters::{
    coord::Shift,
    prelude::{Circle, DrawingArea, EmptyElement, IntoDrawingArea as _, PathElement, Rectangle, SVGBackend, Text},
    style::{Color as _, FontStyle, IntoTextStyle as _, RGBColor, TextStyle, register_font},
};
use resvg::{tiny_skia, usvg};

pub use bars::{Bar, Bars};
pub use confusion::Confusion;
pub use curves::learning_curves;
pub use grid::Grid;
pub use heat_map::HeatMap;
pub use histogram::{Histogram, weight_histograms};
pub use lines::{Lines, Series};
pub use roc::{roc, roc_curve};

use super::{ReportError, extension, without_forbidden, write};

/// The number of units of an [`Area`] per pixel. [`plotters`] uses integer coordinates, and whole pixels are too
/// coarse.
pub const PX: i32 = 4;

/// A [`plotters`] drawing area, whose unit is a quarter of a pixel ([`PX`]).
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A plot, which can be saved as SVG or PNG.
///
/// The PNG is the SVG rendered at twice the size. The crate contains the font (DejaVu Sans), so a PNG looks the same on
/// every machine. An SVG requests a sans-serif font: its viewer may use another.
///
/// ```
/// use shiplap::report::{Lines, Plot};
///
/// let plot = Lines::new("A parabola", "time, s", "height, m").line("thrown", (0..20).map(|t| (t as f64, (t * (20 - t)) as f64)));
/// assert!(plot.svg()?.starts_with("<svg"));
/// assert!(plot.png()?.starts_with(b"\x89PNG"));
/// # Ok::<(), shiplap::report::ReportError>(())
/// ```
pub trait Plot {
    /// The width and height in pixels, from 1 to 100 000 each.
    fn size(&self) -> (u32, u32);

    /// Draws the plot so that it fills `area`.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no data, or if they cannot be drawn.
    fn draw(&self, area: &Area<'_>) -> Result<(), ReportError>;

    /// Returns the plot as SVG.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`draw`](Self::draw), and an error if the [`size`](Self::size) is out of range.
    fn svg(&self) -> Result<String, ReportError> {
        font()?;
        let (width, height) = check_size(self.size(), u64::from(MAX_SIDE) * u64::from(MAX_SIDE))?;
        let fine = (width * PX as u32, height * PX as u32);
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, fine).into_drawing_area();
            area.fill(&WHITE).map_err(draw_error)?;
            self.draw(&area)?;
            area.present().map_err(draw_error)?;
        }
        let of_units = format!(r#"width="{}" height="{}""#, fine.0, fine.1);
        Ok(without_forbidden(text.replacen(&of_units, &format!(r#"width="{width}" height="{height}""#), 1)))
    }

    /// Returns the plot as PNG, at twice the [`size`](Self::size).
    ///
    /// # Errors
    ///
    /// Returns the errors of [`svg`](Self::svg), and an error if the [`size`](Self::size) exceeds 25 million pixels.
    fn png(&self) -> Result<Vec<u8>, ReportError> {
        let (width, height) = check_size(self.size(), MAX_PIXELS)?;
        let svg = self.svg()?;
        let tree = usvg::Tree::from_str(&svg, &usvg::Options { fontdb: fonts(), ..Default::default() })
            .map_err(|error| ReportError::Draw(error.to_string()))?;
        let mut pixels =
            tiny_skia::Pixmap::new(2 * width, 2 * height).ok_or_else(|| draw_error("cannot allocate the image"))?;
        resvg::render(&tree, tiny_skia::Transform::from_scale(2.0, 2.0), &mut pixels.as_mut());
        pixels.encode_png().map_err(|error| ReportError::Draw(error.to_string()))
    }

    /// Writes the plot to an `.svg` or `.png` file. The write is atomic.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`svg`](Self::svg) or [`png`](Self::png), and an error if the file has another extension
    /// or cannot be written.
    fn save(&self, path: impl AsRef<Path>) -> Result<(), ReportError>
    where
        Self: Sized,
    {
        let path = path.as_ref();
        match extension(path).as_str() {
            "svg" => write(path, self.svg()?.as_bytes()),
            "png" => write(path, &self.png()?),
            _ => Err(ReportError::Format { path: path.into(), expected: ".svg or .png" }),
        }
    }
}

/// The largest width and height in pixels. Coordinates in quarters of a pixel then fit into 32 bits.
const MAX_SIDE: u32 = 100_000;
/// The largest number of pixels of a PNG. Each takes 16 bytes, because the image has twice the size.
const MAX_PIXELS: u64 = 25_000_000;

/// Returns the size, or an error if it is zero or too large.
fn check_size((width, height): (u32, u32), max_pixels: u64) -> Result<(u32, u32), ReportError> {
    match [width, height].iter().all(|side| (1..=MAX_SIDE).contains(side))
        && u64::from(width) * u64::from(height) <= max_pixels
    {
        true => Ok((width, height)),
        false => Err(draw_error(format!(
            "the size of {width}×{height} pixels is out of range: \
             use 1 to {MAX_SIDE} pixels per side, and at most {max_pixels} in total"
        ))),
    }
}

const FONT: &[u8] = include_bytes!("font/DejaVuSans.ttf");

/// The font family in SVG files. Viewers substitute a font of their own; the text is measured with ours.
const FAMILY: &str = "sans-serif";

fn font() -> Result<(), ReportError> {
    static DONE: OnceLock<bool> = OnceLock::new();
    match DONE.get_or_init(|| register_font(FAMILY, FontStyle::Normal, FONT).is_ok()) {
        true => Ok(()),
        false => Err(ReportError::Draw("cannot read the font".to_string())),
    }
}

fn fonts() -> Arc<usvg::fontdb::Database> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut fonts = usvg::fontdb::Database::new();
        fonts.load_font_data(FONT.to_vec());
        fonts.set_sans_serif_family("DejaVu Sans");
        Arc::new(fonts)
    };
    FONTS.get_or_init(load).clone()
}

fn draw_error(error: impl core::fmt::Display) -> ReportError {
    ReportError::Draw(error.to_string())
}

const WHITE: RGBColor = RGBColor(255, 255, 255);
const INK: RGBColor = RGBColor(40, 40, 40);
const FAINT: RGBColor = RGBColor(222, 222, 222);
const TITLE: u32 = 16 * PX as u32;
const LABEL: u32 = 12 * PX as u32;
const AXIS: u32 = 13 * PX as u32;
const THIN: u32 = PX as u32;
const THICK: u32 = 2 * PX as u32;
const MARGIN: i32 = 12 * PX;
const LINE: i32 = 20 * PX;
/// The height of the title with its margins.
const HEAD: i32 = MARGIN + 28 * PX;

/// A palette for color-blind readers (Okabe and Ito 2008), darkest first. The last color is that of guides.
const COLORS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(110, 110, 110),
];

fn color(index: usize) -> RGBColor {
    COLORS[index % COLORS.len()]
}

fn text(size: u32) -> TextStyle<'static> {
    (FAMILY, size).into_text_style(&(1, 1)).color(&INK)
}

/// The width of a text.
fn width(area: &Area<'_>, label: &str, size: u32) -> Result<i32, ReportError> {
    Ok(area.estimate_text_size(label, &text(size)).map_err(draw_error)?.0 as i32)
}

/// The symbol of a legend entry.
#[derive(Clone, Copy)]
enum Mark {
    Line(RGBColor),
    Dashes(RGBColor),
    Dots(RGBColor),
    Box(RGBColor),
}

/// Draws the title and the legend, and returns the area below them.
fn frame<'a>(area: &Area<'a>, title: &str, legend: &[(&str, Mark)]) -> Result<Area<'a>, ReportError> {
    let (across, down) = area.dim_in_pixel();
    area.draw(&Text::new(title.to_string(), (MARGIN, MARGIN), text(TITLE))).map_err(draw_error)?;
    let (mut x, mut y) = (MARGIN, HEAD);
    for (name, mark) in legend {
        let needed = 28 * PX + width(area, name, LABEL)?;
        if x > MARGIN && x + needed > across as i32 - MARGIN {
            (x, y) = (MARGIN, y + LINE);
        }
        let middle = y + 5 * PX;
        let stroke = |color: &RGBColor, from: i32, to: i32| {
            area.draw(&PathElement::new([(x + from * PX, middle), (x + to * PX, middle)], color.stroke_width(THICK)))
        };
        match mark {
            Mark::Line(color) => stroke(color, 0, 22),
            Mark::Dashes(color) => {
                stroke(color, 0, 6).and_then(|()| stroke(color, 9, 15)).and_then(|()| stroke(color, 18, 22))
            }
            Mark::Dots(color) => {
                area.draw(&(EmptyElement::at((x + 11 * PX, middle)) + Circle::new((0, 0), 4 * PX, color.filled())))
            }
            Mark::Box(color) => area.draw(&Rectangle::new(
                [(x + 6 * PX, middle - 6 * PX), (x + 18 * PX, middle + 6 * PX)],
                color.mix(0.6).filled(),
            )),
        }
        .map_err(draw_error)?;
        area.draw(&Text::new(name.to_string(), (x + 28 * PX, y), text(LABEL))).map_err(draw_error)?;
        x += needed + 16 * PX;
    }
    let top = if legend.is_empty() { HEAD } else { y + LINE + 4 * PX };
    Ok(area.clone().shrink((0, top), (across, down.saturating_sub(top as u32))))
}

/// Formats a number for an axis, with four digits or fewer.
fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e6).contains(&size) {
        return match format!("{value:.2e}").split_once('e') {
            Some((digits, exponent)) if digits.contains('.') => {
                format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.')).replace('-', "−")
            }
            _ => format!("{value:e}"),
        };
    }
    let decimals = if size >= 1000.0 {
        0
    } else if size >= 100.0 {
        1
    } else if size >= 10.0 {
        2
    } else {
        4
    };
    let digits = format!("{value:.decimals$}");
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { &digits };
    if digits == "-0" { "0".to_string() } else { digits.replace('-', "−") }
}

/// Formats a number for a color scale, with three digits or fewer.
fn rounded(value: f64) -> String {
    format!("{value:.2e}").parse().map_or_else(|_| number(value), number)
}

/// The range of the finite values, extended on both sides by the fraction `pad` of its length.
fn range_of(values: impl Iterator<Item = f64>, pad: f64) -> core::ops::Range<f64> {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return 0.0..1.0;
    }
    let pad = match high - low {
        0.0 if low == 0.0 => 0.5,
        0.0 => 0.5 * low.abs(),
        length => length * pad,
    };
    low - pad..high + pad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, -0.0, 1.0, 0.25, -0.1, 123.456, 99999.0, 1e-5, -2.5e7, 0.1 + 0.2].map(number);
        assert_eq!(shown, ["0", "0", "1", "0.25", "−0.1", "123.5", "99999", "1e−5", "−2.5e7", "0.3"]);
    }

    #[test]
    fn ranges_ignore_values_that_are_not_finite() {
        assert_eq!(range_of([1.0, f64::NAN, 3.0].into_iter(), 0.5), 0.0..4.0);
        assert_eq!(range_of([2.0].into_iter(), 0.05), 1.0..3.0);
        assert_eq!(range_of([0.25].into_iter(), 0.05), 0.125..0.375);
        assert_eq!(range_of([0.0].into_iter(), 0.05), -0.5..0.5);
        assert_eq!(range_of([].into_iter(), 0.05), 0.0..1.0);
    }
}
