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
pub use table::{Column, Table};
#[cfg(feature = "tensorboard")]
pub use tensorboard::TensorBoard;

/// Writes a file atomically.
#[cfg(feature = "plot")]
fn write(path: &std::path::Path, content: &[u8]) -> Result<(), ReportError> {
    crate::file::write(path, content).map_err(|error| ReportError::File { path: path.into(), error })
}

/// The file extension in lower case.
#[cfg(feature = "plot")]
fn extension(path: &std::path::Path) -> std::string::String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}
