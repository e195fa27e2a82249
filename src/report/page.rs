//! Reports as HTML files.

use std::{
    borrow::ToOwned as _,
    format,
    path::Path,
    string::{String, ToString as _},
    vec,
    vec::Vec,
};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Plot, ReportError, Table, extension, learning_curves, without_forbidden, write};
use crate::{
    layer::{self, Layer},
    metric::Named,
    network::Summary,
    train::History,
};

/// A report in a single HTML file: text, tables and plots in the order in which they are added.
///
/// The page is self-contained: it opens offline and loads no external resources. It has a style for printing.
///
/// ```
/// use shiplap::{prelude::*, report::{Page, weight_histograms}};
///
/// type Line = Trainer<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 4>;
/// let mut trainer = Line::new(Sgd::new(0.1), 1);
/// let mut history = History::default();
/// trainer.fit_with(&[[1.0f32], [2.0]], &[[2.0f32], [4.0]], Fit::epochs(20), &mut history)?;
/// let page = Page::new("A line")
///     .text("The network learns y = 2x.")
///     .facts("Run", [("samples", "2".to_string()), ("rate", "0.1".to_string())])
///     .network(&Line::summary())
///     .history(&history, "mean squared error")?
///     .plot("Weights", &weight_histograms(trainer.network()))?;
/// assert!(page.html().contains("<svg"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    sections: Vec<Markup>,
}

/// Forbids the browser from loading any resource.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE: &str = "
body { font: 15px/1.5 system-ui, sans-serif; color: #282828; background: #fff; max-width: 1000px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.6em; margin-bottom: 0.2em }
h2 { font-size: 1.2em; margin-top: 1.8em; border-bottom: 1px solid #dedede }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 0.15em 0.9em 0.15em 0; text-align: left; white-space: nowrap }
th.number, td.number { text-align: right }
thead th { border-bottom: 1px solid #282828 }
tr.best { background: #e3f1ea }
.scroll { overflow: auto; max-height: 24em }
.scroll thead th { position: sticky; top: 0; background: #fff }
svg { max-width: 100%; height: auto; display: block }
code { font-family: ui-monospace, monospace; font-size: 0.93em }
footer { margin-top: 3em; color: #6e6e6e; font-size: 0.85em }
@media print { .scroll { max-height: none } h2, svg { break-inside: avoid } }
";

impl Page {
    /// Creates a page that contains only a title.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), sections: vec![] }
    }

    fn section(mut self, heading: &str, content: Markup) -> Self {
        self.sections.push(html! { section { h2 { (heading) } (content) } });
        self
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.sections.push(html! { p { (text) } });
        self
    }

    /// Adds a table of names and values.
    #[must_use]
    pub fn facts<'a>(self, heading: &str, facts: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let rows = html! {
            table { tbody { @for (name, value) in facts { tr { th scope="row" { (name) } td { (value) } } } } }
        };
        self.section(heading, rows)
    }

    /// Adds a table of the layers of a network, and its memory and computational cost.
    ///
    /// The summary comes from [`Trainer::summary`](crate::train::Trainer::summary), which includes the memory for
    /// training, or from [`Network::summary`](crate::network::Network::summary).
    #[must_use]
    pub fn network<N: Layer>(self, summary: &Summary<N>) -> Self {
        let mut layers = vec![];
        N::describe(layer::Path::ROOT, &mut |line| {
            let mut output = String::new();
            // Writing to a string cannot fail.
            let _ = (line.output)(&mut output);
            let name = if line.path.to_string().is_empty() { "network".to_owned() } else { line.path.to_string() };
            layers.push((name, line.kind.to_string(), format!("[{output}]"), line.params.to_string()));
        });
        let layers = html! {
            table {
                thead { tr { th { "layer" } th { "type" } th { "output" } th.number { "parameters" } } }
                tbody {
                    @for (name, kind, output, params) in layers {
                        tr { td { (name) } td { code { (kind) } } td { (output) } td.number { (params) } }
                    }
                }
            }
        };
        let page = self.section("Network", layers);
        let mut memory = vec![
            ("parameters", N::PARAMS.to_string()),
            ("multiply-accumulates for a prediction", N::MACS.to_string()),
            ("memory of the weights", bytes(size_of::<N>())),
        ];
        if let Some((training, batch)) = summary.training {
            memory.push(("memory of the trainer", format!("{}, in batches of {batch}", bytes(training))));
        }
        page.facts("Memory and cost", memory)
    }

    /// Adds the [learning curves](learning_curves) and a table of all epochs, with the best epoch highlighted. `loss`
    /// is the label of the loss axis.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no epochs, or the curves cannot be drawn.
    pub fn history<M: Named>(self, history: &History<M>, loss: &str) -> Result<Self, ReportError> {
        let page = self.plot("Learning curves", &learning_curves(history, loss))?;
        let table = Table::from(history);
        let best =
            history.best().map(|best| (best.epoch, if best.validation.is_some() { "validation loss" } else { "loss" }));
        let value = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.5}"));
        let rows = html! {
            div.scroll {
                table {
                    thead { tr { th.number { "epoch" } @for column in table.columns() { th.number { (column.name) } } } }
                    tbody {
                        @for (row, &epoch) in table.epochs().iter().enumerate() {
                            tr.best[best.is_some_and(|(best, _)| epoch == best)] {
                                td.number { (epoch) }
                                @for column in table.columns() { td.number { (value(column.values[row])) } }
                            }
                        }
                    }
                }
            }
            @if let Some((best, loss)) = best { p { "Lowest " (loss) " in epoch " (best) " (marked)." } }
        };
        Ok(page.section("Epochs", rows))
    }

    /// Adds a plot.
    ///
    /// # Errors
    ///
    /// Returns an error if the plot cannot be drawn.
    pub fn plot(self, heading: &str, plot: &dyn Plot) -> Result<Self, ReportError> {
        let svg = plot.svg()?;
        // SVG in HTML needs no namespace.
        let svg = svg.replacen(r#" xmlns="http://www.w3.org/2000/svg""#, "", 1);
        let drawing = html! { figure role="img" aria-label=(heading) style="margin: 0" { (PreEscaped(svg)) } };
        Ok(self.section(heading, drawing))
    }

    /// Returns the HTML of the page.
    pub fn html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="viewport" content="width=device-width";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    h1 { (self.title) }
                    @for section in &self.sections { (section) }
                    footer { "Made by shiplap " (env!("CARGO_PKG_VERSION")) "." }
                }
            }
        };
        without_forbidden(page.into_string())
    }

    /// Writes the page to an `.html` file. The write is atomic.
    ///
    /// # Errors
    ///
    /// Returns an error if the file has another extension or cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ReportError> {
        let path = path.as_ref();
        match extension(path).as_str() {
            "html" => write(path, self.html().as_bytes()),
            _ => Err(ReportError::Format { path: path.into(), expected: ".html" }),
        }
    }
}

fn bytes(bytes: usize) -> String {
    match bytes as f64 / 1024.0 {
        kib if kib >= 1024.0 => format!("{:.1} MiB", kib / 1024.0),
        kib if kib >= 10.0 => format!("{kib:.1} KiB"),
        _ => format!("{bytes} bytes"),
    }
}
