//! Classifies gray-scale images of clothes with 28×28 pixels: shirt, boot, ...
//!
//! `cargo run --release --features gzip,onnx,report,safetensors --example fashion_mnist`
//!
//! By default, the program uses the excerpt of 1 600 images in `data/fashion_mnist`. The complete data set has 60 000
//! images. It is available as a Debian package:
//!
//! ```sh
//! apt-get install dataset-fashion-mnist
//! cargo run --release --features gzip,onnx,report,safetensors --example fashion_mnist -- --data /usr/share/datasets/fashion-mnist --out target/fashion_mnist
//! ```

mod common;

use std::{error::Error, fs, time::Instant};

use shiplap::{
    data::idx,
    io,
    metric::{Class as _, ConfusionMatrix, Metric as _},
    prelude::*,
    report::{self, Confusion, Grid, HeatMap, Page, Plot, learning_curves, weight_histograms},
};

type Image = [f32; 28 * 28];

#[network]
type Net = (Dense<784, 256, Relu>, Dense<256, 128, Relu>, Dense<128, 10, Softmax>);
type NetTrainer = Trainer<Net, SparseCategoricalCrossentropy, Adam, 64>;

const CLASSES: [&str; 10] =
    ["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"];
const EPOCHS: usize = 12;
const LOSS: &str = "cross-entropy, nats";

fn main() -> Result<(), Box<dyn Error>> {
    let [data, out] = common::folders([("--data", "data/fashion_mnist"), ("--out", "target/fashion_mnist")])?;
    fs::create_dir_all(&out)?;
    let read = |name: &str| -> Result<(Vec<Image>, Vec<usize>), Box<dyn Error>> {
        let images = idx::images(data.join(format!("{name}-images-idx3-ubyte.gz")))?;
        Ok((images, idx::labels(data.join(format!("{name}-labels-idx1-ubyte.gz")))?))
    };
    let ((x, y), (x_test, y_test)) = (read("train")?, read("t10k")?);

    println!("{}", NetTrainer::summary());
    // The learning rate reaches 0 with the last step. 5 % of the samples are held out for validation.
    let steps = EPOCHS * (x.len() * 95 / 100).div_ceil(64);
    let mut adam = Adam::default();
    adam.settings.learning_rate = Schedule::Cosine { peak: 1e-3, warm_up: 0, steps: steps as u64 };
    let mut trainer = NetTrainer::boxed(adam, 1);
    let mut history = History::default();
    let start = Instant::now();
    trainer.fit_with(&x, &y, Fit::epochs(EPOCHS).validation_split(0.05), (Progress::new(), &mut history))?;
    let time = start.elapsed().as_secs_f64();
    let test = trainer.evaluate(&x_test, &y_test)?;
    println!("{} images, {EPOCHS} epochs in {time:.1} s on one core", x.len());
    println!("test: {test} on {} images", x_test.len());

    let mut matrix = ConfusionMatrix::<10>::default();
    let mut predictions = vec![[0.0; 10]; x_test.len()];
    trainer.network().predict_batch(&x_test, &mut predictions)?;
    predictions.iter().zip(&y_test).for_each(|(prediction, label)| matrix.update(prediction, label));
    let confusion = Confusion::new(&matrix, CLASSES);

    // The misclassified images with the most confident predictions.
    let predicted = |sample: usize| predictions[sample].class().expect("outputs are finite");
    let confidence = |sample: &usize| predictions[*sample][predicted(*sample)];
    let mut wrong: Vec<usize> = (0..x_test.len()).filter(|&i| predicted(i) != y_test[i]).collect();
    wrong.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)));
    let mut mistakes = Grid::new(4);
    for &i in wrong.iter().take(8) {
        let predicted = CLASSES[predicted(i)];
        let title = format!("{}, predicted {predicted} ({:.1} %)", CLASSES[y_test[i]], 100.0 * confidence(&i));
        mistakes = mistakes.with(HeatMap::image(title, 28, &x_test[i])?);
    }

    let weights = weight_histograms(trainer.network());
    let curves = learning_curves(&history, LOSS);
    let plots: [(&str, &dyn Plot); 4] =
        [("learning_curves", &curves), ("confusion", &confusion), ("mistakes", &mistakes), ("weights", &weights)];
    common::save(&out, &plots)?;
    report::Table::from(&history).save(out.join("history.csv"))?;
    Page::new("Fashion-MNIST")
        .text("The network classifies gray-scale images of 28×28 pixels into ten kinds of clothes.")
        .facts(
            "Run",
            [
                ("training set, including 5 % for validation", format!("{} images", x.len())),
                ("training time", format!("{time:.1} s on one core")),
                ("test set", format!("{} images", x_test.len())),
                ("test", test.to_string()),
            ],
        )
        .network(&NetTrainer::summary())
        .history(&history, LOSS)?
        .plot("Confusion matrix of the test set", &confusion)?
        .plot("Most confident mistakes", &mistakes)?
        .plot("Weights", &weights)?
        .save(out.join("report.html"))?;
    io::save(trainer.network(), out.join("model.safetensors"))?;
    io::export_onnx(trainer.network(), out.join("model.onnx"))?;
    println!("wrote report.html, plots, history.csv, model.safetensors and model.onnx to {}", out.display());
    Ok(())
}
