//! Plots, HTML pages, JSON and CSV: the output is read back and checked.

use shiplap::{
    metric::{ConfusionMatrix, Metric as _},
    prelude::*,
    report::{
        Bars, Confusion, Grid, HeatMap, Histogram, Lines, Page, Plot, ReportError, Table, learning_curves, roc,
        weight_histograms,
    },
};

type Net = (Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>);
type NetTrainer = Trainer<Net, BinaryCrossentropy, Adam, 4>;

fn trained() -> (NetTrainer, History<shiplap::metric::BinaryAccuracy>) {
    let (x, y) = ([[0.0f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0f32], [1.0], [1.0], [0.0]]);
    let mut trainer = NetTrainer::new(Adam::new(0.05), 1);
    let mut history = History::default();
    trainer.fit_with(&x, &y, Fit::epochs(12).validation(&x, &y), &mut history).unwrap();
    // As after a second training run without validation.
    let mut more = History::default();
    trainer.fit_with(&x, &y, Fit::epochs(2), &mut more).unwrap();
    history.epochs.extend(more.epochs);
    (trainer, history)
}

fn plots() -> Vec<(&'static str, Box<dyn Plot>)> {
    let (trainer, history) = trained();
    let mut matrix = ConfusionMatrix::<3>::default();
    [(0, 0), (1, 1), (2, 2), (2, 1)].iter().for_each(|(prediction, label)| matrix.update(prediction, label));
    vec![
        ("learning_curves", Box::new(learning_curves(&history, "cross-entropy, nats"))),
        ("weights", Box::new(weight_histograms(trainer.network()))),
        ("histogram", Box::new(Histogram::new("Heights", "height, m").with("all", [1.0, 2.0, 2.5]))),
        ("confusion", Box::new(Confusion::new(&matrix, ["a <b>", "c & d", "\"e\" of a longer name"]))),
        ("roc", Box::new(roc([("net", vec![(0.1, false), (0.9, true), (0.4, false), (0.35, true)])]).unwrap())),
        ("bars", Box::new(Bars::new("Importance", "loss").bar("a < b", 0.5, 0.1).bar("c", -0.7, 0.0))),
        ("heat_map", Box::new(HeatMap::attributions("digit", 2, &[[0.5f32, -1.0], [0.0, 2.0]]).unwrap())),
        ("lines", Box::new(Lines::new("Fall", "time, s", "way, m").line("a & b", [(0.0, 0.0), (1.0, 5.0)]))),
    ]
}

/// Checks that a page is well-formed, contains each text, and opens offline.
#[test]
fn each_plot_is_a_self_contained_svg() {
    for (name, plot) in plots() {
        let svg = plot.svg().unwrap();
        let (width, height) = plot.size();
        assert!(svg.starts_with(&format!(
            r#"<svg width="{width}" height="{height}" viewBox="0 0 {} {}""#,
            4 * width,
            4 * height
        )));
        no_reference(&svg);
        assert!(!svg.contains("<b>") && !svg.contains("NaN"), "{name}");
    }
}

#[test]
fn each_plot_is_a_png_of_twice_the_size_that_is_not_blank() {
    for (name, plot) in plots() {
        let image = resvg::tiny_skia::Pixmap::decode_png(&plot.png().unwrap()).unwrap();
        assert_eq!((image.width(), image.height()), (2 * plot.size().0, 2 * plot.size().1), "{name}");
        let inked = image.pixels().iter().filter(|pixel| pixel.red() < 128).count();
        // The text alone takes this much, so the font was found.
        assert!(inked > 300, "{name}: {inked}");
    }
}

fn no_reference(text: &str) {
    let text = text.replace(r#"xmlns="http://www.w3.org/2000/svg""#, "");
    for forbidden in ["http:", "https:", "//", "src=", "href", "url(", "@import", "<script", "<link", "<iframe"] {
        assert!(!text.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn a_page_is_self_contained() {
    let (_, history) = trained();
    let mut page = Page::new("A <run> & its \"report\"")
        .text("<script>alert(1)</script>")
        .facts("Run", [("seed", "1".to_string())])
        .network(&NetTrainer::summary())
        .history(&history, "cross-entropy, nats")
        .unwrap();
    for (name, plot) in plots() {
        page = page.plot(name, &*plot).unwrap();
    }
    let html = page.html();
    no_reference(&html.replace("&lt;script", ""));
    assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\">"));
    assert_eq!(html.matches("<svg").count(), 9);
    for text in [
        "<title>A &lt;run&gt; &amp; its &quot;report&quot;</title>",
        "&lt;script&gt;alert(1)",
        "<code>Dense&lt;2, 4, Tanh&gt;</code></td><td>[4]</td>",
        &format!("{} bytes, in batches of 4", NetTrainer::BYTES),
        "val_binary_accuracy",
        "cross-entropy, nats",
        " (marked).",
        "default-src 'none'",
    ] {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn json_and_csv_contain_every_number() {
    let (_, history) = trained();
    let table = Table::from(&history);
    let json: serde_json::Value = serde_json::from_str(&table.json().unwrap()).unwrap();
    let csv = table.csv().unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
    assert_eq!(names, ["epoch", "loss", "binary_accuracy", "val_loss", "val_binary_accuracy"]);
    assert_eq!(json.as_object().unwrap().len(), names.len());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 14);
    for (row, (record, epoch)) in records.iter().zip(&history.epochs).enumerate() {
        let validation = epoch.validation;
        let expected = [
            Some(epoch.epoch as f64),
            Some(epoch.training.loss),
            Some(epoch.training.metrics.value()),
            validation.map(|report| report.loss),
            validation.map(|report| report.metrics.value()),
        ];
        for ((field, name), expected) in record.iter().zip(&names).zip(expected) {
            assert_eq!(field.parse().ok(), expected, "{name}");
            assert_eq!(json[name][row].as_f64(), expected, "{name}");
        }
    }
}

/// Of two metrics with the same name, both are kept, and none takes the place of another column.
#[test]
fn every_metric_has_a_column_and_a_curve_of_its_own() {
    #[derive(Clone, Default)]
    struct Constant<const K: usize>;
    impl<P, Y, const K: usize> Metric<P, Y> for Constant<K> {
        fn update(&mut self, _: &P, _: &Y) {}
    }
    impl<const K: usize> Named for Constant<K> {
        fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
            show(["loss", "epoch", "val_loss", "a,\"b\"/<c>\n"][K], K as f64);
        }
    }
    type Metrics =
        ((Accuracy, BinaryAccuracy), (Accuracy, Accuracy), (Constant<0>, Constant<1>, Constant<2>, Constant<3>));
    let (x, y) = ([[0.0f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0f32], [1.0], [1.0], [0.0]]);
    let mut trainer = Trainer::<Net, BinaryCrossentropy, Adam, 4, Metrics>::new(Adam::new(0.05), 1);
    let mut history = History::default();
    let last = trainer.fit_with(&x, &y, Fit::epochs(2).validation(&x, &y), &mut history).unwrap();
    let metrics =
        ["accuracy", "binary_accuracy", "accuracy_1", "accuracy_2", "loss_1", "epoch_1", "loss_2", "a,\"b\"/<c> "];
    let expected: Vec<String> = [String::from("epoch"), "loss".into()]
        .into_iter()
        .chain(metrics.map(String::from))
        .chain(["val_loss".into()])
        .chain(metrics.map(|name| format!("val_{name}")))
        .collect();

    let table = Table::from(&history);
    let csv = table.csv().unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), expected);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), &rows[1][6], &rows[1][7], &rows[1][9]), (2, "0", "1", "3"));
    let json: serde_json::Value = serde_json::from_str(&table.json().unwrap()).unwrap();
    assert_eq!(json.as_object().unwrap().len(), expected.len());
    assert_eq!(json["epoch"], serde_json::json!([1, 2]));
    assert_eq!(json["val_loss_2"], serde_json::json!([2.0, 2.0]));
    assert_eq!(learning_curves(&history, "loss").plots.len(), 1 + metrics.len());
    let html = Page::new("").history(&history, "loss").unwrap().html();
    assert!(html.contains("<th class=\"number\">val_a,&quot;b&quot;/&lt;c&gt; </th>"));
    let line = last.to_string();
    assert!(line.contains(" accuracy_2 ") && line.contains(" val_loss_2 2.0000 val_a,\"b\"/<c>  3.0000"), "{line}");
    assert_eq!(line.lines().count(), 1);
}

#[test]
fn files_are_written_atomically_in_the_format_of_their_extension() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (_, history) = trained();
    let (table, curves) = (Table::from(&history), learning_curves(&history, "cross-entropy, nats"));
    curves.save(at("curves.svg")).unwrap();
    curves.save(at("curves.PNG")).unwrap();
    table.save(at("history.json")).unwrap();
    table.save(at("history.csv")).unwrap();
    Page::new("x").save(at("page.html")).unwrap();
    assert_eq!(std::fs::read_to_string(at("curves.svg")).unwrap(), curves.svg().unwrap());
    assert_eq!(std::fs::read_to_string(at("history.csv")).unwrap(), table.csv().unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 5);

    assert!(matches!(curves.save(at("curves.gif")), Err(ReportError::Format { .. })));
    assert!(matches!(table.save(at("history")), Err(ReportError::Format { .. })));
    assert!(matches!(Page::new("x").save(at("page.pdf")), Err(ReportError::Format { .. })));
    let error = table.save(at("missing/history.csv")).unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 5);
}

#[test]
fn sizes_that_cannot_be_drawn_are_errors() {
    let line = || Lines::new("", "", "").line("a", [(0.0, 0.0), (1.0, 1.0)]);
    for size in [(0, 0), (0, 100), (u32::MAX, 100), (100, u32::MAX / 2)] {
        assert!(matches!(line().sized(size.0, size.1).svg(), Err(ReportError::Draw(_))), "{size:?}");
    }
    // Sizes of one pixel, and less than the margins.
    for size in [(1, 1), (20, 20), (100, 30)] {
        let _ = line().sized(size.0, size.1).png();
    }
    let tall = HeatMap::image("", 1, &[0.5f32; 1 << 12]).unwrap();
    assert!(matches!(tall.png(), Err(ReportError::Draw(_))));
    let wide = HeatMap::image("", 3000, &[0.5f32; 6000]).unwrap();
    assert!(wide.png().unwrap().starts_with(b"\x89PNG"));
    assert!(matches!(
        Grid::new(usize::MAX).with(line().sized(u32::MAX, 1)).with(line()).png(),
        Err(ReportError::Draw(_))
    ));
    let bars = (0..100_000).fold(Bars::new("", "").at_most(usize::MAX), |bars, n| bars.bar("a", f64::from(n), 0.0));
    assert!(matches!(bars.svg(), Err(ReportError::Draw(_))));
}

#[test]
fn empty_reports_are_errors() {
    assert!(matches!(learning_curves(&History::<Accuracy>::default(), "").svg(), Err(ReportError::Data { .. })));
    assert!(matches!(Grid::new(2).png(), Err(ReportError::Data { .. })));
    assert!(matches!(Bars::new("", "").svg(), Err(ReportError::Data { .. })));
    assert!(Page::new("").history(&History::<Accuracy>::default(), "").is_err());
}
