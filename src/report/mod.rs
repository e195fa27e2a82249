//! Reports of training runs: plots, HTML pages, tables and TensorBoard logs.
//!
//! - Feature `plot`: [`learning_curves`], [`roc`], [`weight_histograms`], [`Confusion`], [`Bars`], [`HeatMap`], and
//!   [`Lines`] for any other data. Each is a [`Plot`] that can be saved as SVG or PNG.
//! - Feature `report`: [`Page`], a report in a single HTML file that opens offline, and [`Table`] as JSON or CSV.
//! - Feature `tensorboard`: [`TensorBoard`], a callback that logs the loss, metrics and histograms of the weights.

mod error;
#[cfg(feature = "report")]
mod page;
#[cfg(feature = "plot")]
mod plot;
mod table;
#[cfg(feature = "tensorboard")]
mod tensorboard;

pub use error::ReportError;
#[cfg(feature = "report")]
pub use page::Page;
#[cfg(feature = "plot")]
pub use plot::{
    Area, Bar, Bars, Confusion, Grid, HeatMap, Histogram, Lines, PX, Plot, Series, learning_curves, roc, roc_curve,
    weight_histograms,
};
#[cfg(feature = "search")]
pub(crate) use table::number;
pub use table::{Column, Table};
#[cfg(feature = "tensorboard")]
pub use tensorboard::TensorBoard;

/// Writes a file atomically.
#[cfg(feature = "plot")]
fn write(path: &std::path::Path, content: &[u8]) -> Result<(), ReportError> {
    crate::file::write(path, content).map_err(|error| ReportError::File { path: path.into(), error })
}

/// Leaves out the characters that XML and HTML forbid, such as control characters, which no font shows.
#[cfg(feature = "plot")]
fn without_forbidden(mut text: std::string::String) -> std::string::String {
    text.retain(|letter| match letter {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => !letter.is_control(),
    });
    text
}

/// The file extension in lower case.
#[cfg(feature = "plot")]
fn extension(path: &std::path::Path) -> std::string::String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

/// The index of the bin of `value`, of `bins` bins of equal width. Each includes its start; the last one also its end.
#[cfg(any(feature = "plot", feature = "tensorboard"))]
fn bin(value: f64, range: &core::ops::Range<f64>, bins: usize) -> usize {
    let length = range.end - range.start;
    let start_of = |bin: usize| range.start + length * bin as f64 / bins as f64;
    let place = (value - range.start) / length * bins as f64;
    let bin = (place as usize).min(bins - 1);
    // The place is rounded: a value at the start of a bin may be in the one before.
    let has_next = bin + 1 < bins && value >= start_of(bin + 1);
    if has_next { bin + 1 } else { bin - usize::from(bin > 0 && value < start_of(bin)) }
}

#[cfg(all(test, any(feature = "plot", feature = "tensorboard")))]
mod tests {
    use super::*;

    /// As in NumPy's `histogram`.
    #[test]
    fn a_value_at_the_start_of_a_bin_is_in_that_bin() {
        for bins in 1..200 {
            for index in 0..bins {
                let start = 0.1 + (0.9 - 0.1) * index as f64 / bins as f64;
                assert_eq!(bin(start, &(0.1..0.9), bins), index, "{start} of {bins}");
            }
            assert_eq!(bin(0.9, &(0.1..0.9), bins), bins - 1);
        }
        assert_eq!(bin(5.0, &(5.0..5.0), 1), 0);
    }
}
