//! From a table to a model that other programs run: which cells are malignant, by 30 measurements of their nuclei.
//!
//! `cargo run --release --features onnx,report,safetensors --example breast_cancer -- --out target/breast_cancer`
//!
//! It reads the CSV, holds out a fifth to test, cross-validates on the rest, trains on all of the rest, and writes a report
//! with its pictures, the history, the weights (safetensors) and the model (ONNX). What is loaded again predicts the same.

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
/// 1 where it is malignant.
type Label = [f32; 1];

#[network] // It standardises what goes in, and takes the statistics along.
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
    // In the file 0 is malignant: here it is what is looked for.
    table.y.iter_mut().for_each(|label| label[0] = 1.0 - label[0]);
    let [rest, test] = split_stratified(&mut table.x, &mut table.y, [0.8, 0.2], SEED)?;

    // How good will it be? Each cell is predicted by a network that was not trained on it.
    let (mut x, mut y) = (rest.x.to_vec(), rest.y.to_vec());
    let mut folds = Folds::stratified(&mut x, &mut y, FOLDS, SEED)?;
    let (mut accuracies, mut crossed) = (Vec::new(), Vec::new());
    while let Some((train, held_out)) = folds.next_fold() {
        let (trainer, _) = fit(train, ())?;
        let found = trainer.evaluate(held_out.x, held_out.y)?;
        println!("fold {} of {FOLDS}: {found}", accuracies.len() + 1);
        accuracies.push(100.0 * found.metrics.value());
        crossed.extend(scores(trainer.network(), held_out));
    }
    let mean = accuracies.iter().sum::<f64>() / FOLDS as f64;
    let squares = accuracies.iter().map(|accuracy| (accuracy - mean).powi(2));
    let crossed_accuracy = format!("{mean:.1} % ± {:.1} %", (squares.sum::<f64>() / (FOLDS - 1) as f64).sqrt());
    println!("cross-validated accuracy: {crossed_accuracy}");

    let (trainer, history) = fit(rest, Progress::new())?;
    let tested = trainer.evaluate(test.x, test.y)?;
    println!("test: {tested} on {} cells", test.x.len());

    // What is left: the report and its pictures, ...
    let mut matrix = ConfusionMatrix::<2>::default();
    test.x.iter().zip(test.y).for_each(|(x, y)| matrix.update(&trainer.predict(x), y));
    let confusion = Confusion::new(&matrix, ["benign", "malignant"]);
    let roc = roc([("cross-validation", crossed), ("test", scores(trainer.network(), test))])?;
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
        .text("A network tells malignant from benign cells by 30 measurements of their nuclei (Wisconsin data).")
        .facts(
            "Run",
            [
                ("cells to train on, the last 15 % to validate", rest.x.len().to_string()),
                ("accuracy, 5-fold cross-validation on these", crossed_accuracy),
                ("cells to test on", test.x.len().to_string()),
                ("test", tested.to_string()),
            ],
        )
        .network(&NetTrainer::summary())
        .history(&history, LOSS)?
        .plot("Confusion of the cells to test on", &confusion)?
        .plot("ROC", &roc)?
        .plot("Weights", &weights)?
        .save(out.join("report.html"))?;

    // ... the weights, and the model for other programs.
    let weights = out.join("model.safetensors");
    io::save(trainer.network(), &weights)?;
    io::export_onnx(trainer.network(), out.join("model.onnx"))?;
    let mut loaded = Net::zeroed();
    io::load(&mut loaded, &weights)?;
    let bits = |network: &Net, x: &Cell| network.predict(x)[0].to_bits();
    let same = |x: &&Cell| bits(&loaded, x) == bits(trainer.network(), x);
    let cells = rest.x.len() + test.x.len();
    if rest.x.iter().chain(test.x).filter(same).count() != cells {
        return Err("the network that was loaded predicts something else".into());
    }
    println!("loaded again, it predicts the same bits for all {cells} cells");
    println!("report.html, pictures, history, model.safetensors and model.onnx are in {}", out.display());
    Ok(())
}

/// Trains until the loss on the last 15 % does not fall any more. The samples are in random order.
fn fit(
    samples: Part<'_, Cell, Label>,
    progress: impl Callback<Net, BinaryAccuracy>,
) -> Result<(NetTrainer, History<BinaryAccuracy>), Box<dyn Error>> {
    let training = samples.x.len() * 85 / 100;
    let ((x, held_x), (y, held_y)) = (samples.x.split_at(training), samples.y.split_at(training));
    let mut trainer = NetTrainer::new(Adam::new(3e-3), SEED);
    trainer.network_mut().0 = Standardize::fit(x)?;
    let (mut history, mut best) = (History::default(), Net::zeroed());
    let stop = EarlyStopping::new(PATIENCE, &mut best);
    trainer.fit_with(x, y, Fit::epochs(EPOCHS).validation(held_x, held_y), (progress, &mut history, stop))?;
    Ok((trainer, history))
}

/// The predictions, and whether the cells are malignant.
fn scores(network: &Net, samples: Part<'_, Cell, Label>) -> Vec<(f64, bool)> {
    samples.x.iter().zip(samples.y).map(|(x, y)| (network.predict(x)[0].into(), y[0] == 1.0)).collect()
}
