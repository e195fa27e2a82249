//! What is left of a training to look at: pictures, one HTML page, TensorBoard's event files, JSON and CSV.
//!
//! - feature `plot`: [`learning_curves`], [`roc`], [`weight_histograms`], [`Confusion`], [`Bars`], [`HeatMap`], and
//!   [`Lines`] for all else, each a [`Plot`] that is saved as SVG or PNG;
//! - feature `report`: [`Page`], a report in one HTML file that opens without a network, and [`Table`]'s JSON and CSV;
//! - feature `tensorboard`: [`TensorBoard`], a callback that writes scalars and histograms of weights.

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
pub use table::{Column, Table};
#[cfg(feature = "tensorboard")]
pub use tensorboard::TensorBoard;

/// Writes a file, whole or not at all.
#[cfg(feature = "plot")]
fn write(path: &std::path::Path, content: &[u8]) -> Result<(), ReportError> {
    crate::file::write(path, content).map_err(|error| ReportError::File { path: path.into(), error })
}

/// How the name of the file ends, in small letters.
#[cfg(feature = "plot")]
fn ending(path: &std::path::Path) -> std::string::String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}
