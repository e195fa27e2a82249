//! From a CSV file to a model for other programs: classifies cells as malignant or benign from 30 measurements of their
//! nuclei.
//!
//! `cargo run --release --features onnx,report,safetensors --example breast_cancer -- --out target/breast_cancer`
//!
//! The program holds out a fifth of the data as the test set. It cross-validates and trains a network on the rest. It
//! writes a report with plots, the history, the weights (safetensors) and the model (ONNX), and checks that the saved
//! weights load correctly.

mod common;

use std::{error::Error, fs};

use shiplap::{
    data::{Csv, Folds, Part, Table, split_stratified},
    io,
    metric::{BinaryAccuracy, ConfusionMatrix, Metric as _},
    prelude::*,
    report::{self, Confusion, Page, learning_curves, roc, weight_histograms},
    train::Callback,
};

type Cell = [f32; 30];
/// 1 for malignant, 0 for benign.
type Label = [f32; 1];

#[network] // The first layer standardizes the inputs; its statistics are saved with the network.
type Net = (Standardize<30>, Dense<30, 16, Relu>, Dense<16, 1, Sigmoid>);
type NetTrainer = Trainer<Net, BinaryCrossentropy, Adam, 32>;

const LOSS: &str = "cross-entropy, nats";
const SEED: u64 = 1;
const FOLDS: usize = 5;
const EPOCHS: usize = 200;
const PATIENCE: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let [out] = common::folders([("--out", "target/breast_cancer")])?;
    fs::create_dir_all(&out)?;

    let mut table: Table<Cell, Label> = Csv::bundled().read(common::repository("data/breast_cancer.csv"))?;
    // The file encodes malignant as 0, but it is the positive class here.
    table.y.iter_mut().for_each(|label| label[0] = 1.0 - label[0]);
    let [rest, test] = split_stratified(&mut table.x, &mut table.y, [0.8, 0.2], SEED)?;

    // Estimate the accuracy by cross-validation.
    let (mut x, mut y) = (rest.x.to_vec(), rest.y.to_vec());
    let mut folds = Folds::stratified(&mut x, &mut y, FOLDS, SEED)?;
    let (mut accuracies, mut fold_scores) = (Vec::new(), Vec::new());
    while let Some((train, held_out)) = folds.next_fold() {
        let (trainer, _) = fit(train, ())?;
        let report = trainer.evaluate(held_out.x, held_out.y)?;
        println!("fold {} of {FOLDS}: {report}", accuracies.len() + 1);
        accuracies.push(100.0 * report.metrics.value());
        fold_scores.extend(scores(trainer.network(), held_out));
    }
    let mean = accuracies.iter().sum::<f64>() / FOLDS as f64;
    let squares = accuracies.iter().map(|accuracy| (accuracy - mean).powi(2));
    let deviation = (squares.sum::<f64>() / (FOLDS - 1) as f64).sqrt();
    let cross_validation = format!("{mean:.1} % ± {deviation:.1} %");
    println!("cross-validation accuracy: {cross_validation}");

    let (trainer, history) = fit(rest, Progress::new())?;
    let test_report = trainer.evaluate(test.x, test.y)?;
    println!("test: {test_report} on {} cells", test.x.len());

    // Write the report and its plots.
    let mut matrix = ConfusionMatrix::<2>::default();
    test.x.iter().zip(test.y).for_each(|(x, y)| matrix.update(&trainer.predict(x), y));
    let confusion = Confusion::new(&matrix, ["benign", "malignant"]);
    let roc = roc([("cross-validation", fold_scores), ("test", scores(trainer.network(), test))])?;
    let weights = weight_histograms(trainer.network());
    let curves = learning_curves(&history, LOSS);
    common::save(
        &out,
        &[("learning_curves", &curves), ("confusion", &confusion), ("roc", &roc), ("weights", &weights)],
    )?;
    for name in ["history.csv", "history.json"] {
        report::Table::from(&history).save(out.join(name))?;
    }
    Page::new("Malignant or benign")
        .text(
            "The network classifies cells as malignant or benign by 30 measurements of their nuclei (Wisconsin data).",
        )
        .facts(
            "Run",
            [
                ("training set, including 15 % for validation", format!("{} cells", rest.x.len())),
                ("accuracy in 5-fold cross-validation", cross_validation),
                ("test set", format!("{} cells", test.x.len())),
                ("test", test_report.to_string()),
            ],
        )
        .network(&NetTrainer::summary())
        .history(&history, LOSS)?
        .plot("Confusion matrix of the test set", &confusion)?
        .plot("ROC", &roc)?
        .plot("Weights", &weights)?
        .save(out.join("report.html"))?;

    // Save the weights, and an ONNX model for other programs.
    let weights = out.join("model.safetensors");
    io::save(trainer.network(), &weights)?;
    io::export_onnx(trainer.network(), out.join("model.onnx"))?;
    let mut loaded = Net::zeroed();
    io::load(&mut loaded, &weights)?;
    let bits = |network: &Net, x: &Cell| network.predict(x)[0].to_bits();
    let same = |x: &&Cell| bits(&loaded, x) == bits(trainer.network(), x);
    let cells = rest.x.len() + test.x.len();
    if rest.x.iter().chain(test.x).filter(same).count() != cells {
        return Err("the loaded network computes different predictions".into());
    }
    println!("the loaded network computes the same bits for all {cells} cells");
    println!("wrote report.html, plots, history, model.safetensors and model.onnx to {}", out.display());
    Ok(())
}

/// Trains until the loss on the last 15 % of the samples, which are in random order, stops improving.
fn fit(
    samples: Part<'_, Cell, Label>,
    progress: impl Callback<Net, BinaryAccuracy>,
) -> Result<(NetTrainer, History<BinaryAccuracy>), Box<dyn Error>> {
    let training = samples.x.len() * 85 / 100;
    let ((x, x_validation), (y, y_validation)) = (samples.x.split_at(training), samples.y.split_at(training));
    let mut trainer = NetTrainer::new(Adam::new(3e-3), SEED);
    trainer.network_mut().0 = Standardize::fit(x)?;
    let (mut history, mut best) = (History::default(), Net::zeroed());
    let stop = EarlyStopping::new(PATIENCE, &mut best);
    let fit = Fit::epochs(EPOCHS).validation(x_validation, y_validation);
    trainer.fit_with(x, y, fit, (progress, &mut history, stop))?;
    Ok((trainer, history))
}

/// The predicted probabilities, each with the label: whether the cell is malignant.
fn scores(network: &Net, samples: Part<'_, Cell, Label>) -> Vec<(f64, bool)> {
    samples.x.iter().zip(samples.y).map(|(x, y)| (network.predict(x)[0].into(), y[0] == 1.0)).collect()
}
