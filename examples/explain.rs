//! Explains two networks: which measurements of a cell determine its diagnosis, and which pixels determine a digit.
//!
//! `cargo run --release --features gzip,report,tensorboard --example explain -- --out target/explain`
//!
//! The program writes plots (SVG and PNG), the history (CSV, JSON, TensorBoard) and a report in one HTML file.

mod common;

use std::{error::Error, fs, path::Path};

use shiplap::{
    data::{self, Csv, split_stratified},
    explain::{Explainer, Target, partial_dependence, permutation_importance, quantile_grid},
    metric::{ConfusionMatrix, Metric as _},
    prelude::*,
    report::{
        Bars, Confusion, Grid, HeatMap, Lines, Page, Table, TensorBoard, learning_curves, roc, weight_histograms,
    },
};

fn main() -> Result<(), Box<dyn Error>> {
    let [out] = common::folders([("--out", "target/explain")])?;
    fs::create_dir_all(&out)?;
    let page = Page::new("Explanations of two networks");
    let page = diagnosis(page, &out)?;
    let page = digits(page, &out)?;
    page.save(out.join("report.html"))?;
    println!("wrote plots and report.html to {}", out.display());
    Ok(())
}

const PARTS: [&str; 10] = [
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
];
const MEASURES: [&str; 3] = ["mean", "error of the", "worst"];

/// The name of an input. The data contain ten properties of the nuclei, each with its mean, standard error and worst
/// value.
fn measurement(index: usize) -> String {
    format!("{} {}", MEASURES[index / 10], PARTS[index % 10])
}

const LOSS: &str = "cross-entropy, nats";

type Cell = [f32; 30];
type Diagnosis = (Dense<30, 16, Relu>, Dense<16, 1, Sigmoid>);
type DiagnosisTrainer = Trainer<Diagnosis, BinaryCrossentropy, Adam, 32>;

/// The probability that a cell is malignant.
const MALIGNANT: Target = Target::Prediction(0);

fn diagnosis(page: Page, out: &Path) -> Result<Page, Box<dyn Error>> {
    let path = common::repository("data/breast_cancer.csv");
    let mut table: data::Table<Cell, [f32; 1]> = Csv::bundled().read(path)?;
    table.y.iter_mut().for_each(|label| label[0] = 1.0 - label[0]);
    // After standardization, the average cell is all zeros, which is the baseline of the explanations.
    let [train, _] = split_stratified(&mut table.x, &mut table.y, [0.7, 0.3], 1)?;
    let (cells, standard) = (train.x.len(), Standardize::fit(train.x)?);
    standard.transform(&mut table.x);
    let ((x_train, x_test), (y_train, y_test)) = (table.x.split_at(cells), table.y.split_at(cells));

    let mut trainer = DiagnosisTrainer::new(Adam::new(3e-3), 1);
    let mut history = History::default();
    let mut best = Diagnosis::zeroed();
    let fit = Fit::epochs(60).validation_split(0.15);
    let mut board = TensorBoard::new(out.join("tensorboard"));
    trainer.fit_with(x_train, y_train, fit, (&mut history, EarlyStopping::new(8, &mut best), &mut board))?;
    board.finish()?;
    Table::from(&history).save(out.join("history.csv"))?;
    Table::from(&history).save(out.join("history.json"))?;
    let test = trainer.evaluate(x_test, y_test)?;
    println!("diagnosis: {test} on {} test cells", x_test.len());

    // Over the test set: how much the loss increases when a measurement is shuffled.
    let score = |x: &[Cell]| trainer.evaluate(x, y_test).map(|report| -report.loss);
    let importances = permutation_importance(x_test, 30, &mut Rng::new(2), score)?;
    let mut important =
        Bars::new("Permutation importance", "increase of the cross-entropy, nats (line: standard deviation)")
            .at_most(15);
    for (index, importance) in importances.iter().enumerate() {
        important = important.bar(measurement(index), importance.mean(), importance.deviation());
    }

    // For single cells: how much each measurement contributes to the probability of being malignant, relative to an
    // average cell.
    let mut explainer = Explainer::<Diagnosis>::new();
    let mut magnitudes = [0.0; 30];
    let mut largest_gap = 0.0f64;
    for cell in x_test {
        let parts = explainer.integrated_gradients(trainer.network(), cell, &[0.0; 30], MALIGNANT)?;
        largest_gap = largest_gap.max(parts.gap.abs());
        magnitudes.iter_mut().zip(parts.attributions).for_each(|(sum, part)| *sum += f64::from(part.abs()));
    }
    let mut attributed =
        Bars::new("Integrated gradients over the test cells", "mean absolute change of the probability").at_most(15);
    for (index, magnitude) in magnitudes.iter().enumerate() {
        attributed = attributed.bar(measurement(index), magnitude / x_test.len() as f64, 0.0);
    }
    let leading: Vec<&str> = attributed.ranked()[..5].iter().map(|bar| bar.name.as_str()).collect();
    println!("           most influential: {} (largest gap {largest_gap:.1e})", leading.join(", "));

    let cell = x_test.iter().zip(y_test).find(|&(cell, y)| y[0] == 1.0 && trainer.predict(cell)[0] > 0.9);
    let cell = cell.ok_or("the network recognizes no malignant cell")?.0;
    let parts = explainer.integrated_gradients(trainer.network(), cell, &[0.0; 30], MALIGNANT)?;
    let title = format!("One cell: malignant with a probability of {:.3}", trainer.predict(cell)[0]);
    let mut single = Bars::new(title, "change of the probability, from an average cell").at_most(12);
    for (index, &part) in parts.attributions.iter().enumerate() {
        single = single.bar(measurement(index), part.into(), 0.0);
    }

    // The mean prediction as a function of the four most influential measurements.
    let mut order: Vec<usize> = (0..30).collect();
    order.sort_by(|&a, &b| magnitudes[b].total_cmp(&magnitudes[a]));
    let mut dependence = Lines::new(
        "Partial dependence",
        "measurement, standard deviations from its mean",
        "mean probability of malignant",
    )
    .sized(640, 380);
    for &index in &order[..4] {
        let grid = quantile_grid(x_test, index, 25)?;
        let means = partial_dependence(trainer.network(), x_test, index, &grid, MALIGNANT)?;
        dependence = dependence.line(measurement(index), grid.into_iter().zip(means));
    }

    let mut matrix = ConfusionMatrix::<2>::default();
    x_test.iter().zip(y_test).for_each(|(x, y)| matrix.update(&trainer.predict(x), y));
    let confusion = Confusion::new(&matrix, ["benign", "malignant"]);
    let samples = x_test.iter().zip(y_test).map(|(x, y)| (f64::from(trainer.predict(x)[0]), y[0] > 0.5)).collect();
    let roc = roc([("test cells", samples)])?;
    let curves = learning_curves(&history, LOSS);

    let weights = weight_histograms(trainer.network());
    common::save(
        out,
        &[
            ("permutation_importance", &important),
            ("integrated_gradients", &attributed),
            ("one_cell", &single),
            ("partial_dependence", &dependence),
            ("confusion", &confusion),
            ("roc", &roc),
            ("learning_curves", &curves),
            ("weights", &weights),
        ],
    )?;
    let page = page
        .text("A network classifies cells as malignant or benign by 30 measurements of their nuclei (Wisconsin data).")
        .facts(
            "Run",
            [
                ("training set, including 15 % for validation", format!("{cells} cells")),
                ("test set", format!("{} cells", x_test.len())),
                ("test", test.to_string()),
            ],
        )
        .network(&DiagnosisTrainer::summary())
        .history(&history, LOSS)?
        .plot("Confusion matrix", &confusion)?
        .plot("ROC", &roc)?
        .plot("Weights", &weights)?
        .plot("Permutation importance", &important)?
        .plot("Integrated gradients over the test set", &attributed)?
        .plot("Integrated gradients of one cell", &single)?
        .plot("Partial dependence", &dependence)?;
    Ok(page)
}

type Image = [f32; 64];
type Digits = (Dense<64, 32, Relu>, Dense<32, 10, Softmax>);

fn digits(page: Page, out: &Path) -> Result<Page, Box<dyn Error>> {
    let path = common::repository("data/digits.csv.gz");
    let mut table: data::Table<Image, usize> = Csv::unnamed().read(path)?;
    table.x.as_flattened_mut().iter_mut().for_each(|pixel| *pixel /= 16.0);
    let [train, test] = split_stratified(&mut table.x, &mut table.y, [0.8, 0.2], 1)?;
    let (x_test, y_test) = (test.x, test.y);
    let mut trainer = Trainer::<Digits, SparseCategoricalCrossentropy, Adam, 32>::new(Adam::new(3e-3), 1);
    trainer.fit(train.x, train.y, Fit::epochs(40))?;
    let test = trainer.evaluate(x_test, y_test)?;
    println!("digits: {test} on {} test images", x_test.len());

    let mut explainer = Explainer::<Digits>::new();
    let mut grid = Grid::new(4);
    let mut evidence = 0.0;
    for digit in [0, 3, 4, 7] {
        let recognized = |index: &usize| {
            y_test[*index] == digit && shiplap::metric::Class::class(&trainer.predict(&x_test[*index])) == Some(digit)
        };
        let image = &x_test[(0..x_test.len()).find(recognized).ok_or("the network never recognizes a digit")?];
        let target = Target::Logit(digit);
        let gradient = explainer.gradient(trainer.network(), image, target)?;
        let product = explainer.gradient_times_input(trainer.network(), image, target)?;
        let parts = explainer.integrated_gradients(trainer.network(), image, &[0.0; 64], target)?;
        evidence += parts.attributions.iter().filter(|part| **part > 0.0).map(|part| f64::from(*part)).sum::<f64>();
        grid = grid
            .with(HeatMap::image(format!("image of a {digit}"), 8, image)?)
            .with(HeatMap::attributions("gradient of its logit", 8, &gradient)?)
            .with(HeatMap::attributions("gradient × input", 8, &product)?)
            .with(HeatMap::attributions("integrated gradients", 8, &parts.attributions)?);
    }
    println!("        positive attributions add {:.1} to the logit of a digit (mean of four)", evidence / 4.0);

    let mut matrix = ConfusionMatrix::<10>::default();
    x_test.iter().zip(y_test).for_each(|(x, y)| matrix.update(&trainer.predict(x), y));
    let confusion = Confusion::new(&matrix, std::array::from_fn::<String, 10, _>(|digit| digit.to_string()));
    common::save(out, &[("digits", &grid), ("digits_confusion", &confusion)])?;
    let page = page
        .text("Another network classifies handwritten digits of 8×8 pixels.")
        .facts("Digits", [("test", test.to_string())])
        .plot("Attributions of four digits", &grid)?
        .plot("Confusion matrix of the digits", &confusion)?;
    Ok(page)
}
