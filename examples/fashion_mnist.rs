//! Classifies gray-scale images of clothes with 28×28 pixels: shirt, boot, ... A dense and a convolutional network are
//! trained and compared.
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

use std::{error::Error, fs, path::Path, time::Instant};

use shiplap::{
    data::{
        augment::{Augment, Flip},
        idx,
    },
    explain::{Explainer, Target},
    io,
    metric::{Class as _, ConfusionMatrix, Metric as _},
    prelude::*,
    quantized::{Calibration, Quantized},
    report::{self, Bars, Confusion, Grid, HeatMap, Page, Plot, learning_curves, weight_histograms},
};

type Picture = Image<28, 28, 1>;

#[network(input = Picture)]
type DenseNet = (Flatten<_>, Dense<_, 256, Relu>, Dense<_, 128, Relu>, Dense<_, 10, Softmax>);

#[network(input = Picture)]
type Features = (
    (Conv2d<_, 16, 3, Relu, Same>, MaxPool2d<_, 2>),
    (Conv2d<_, 32, 3, Relu, Same>, MaxPool2d<_, 2>),
    Conv2d<_, 64, 3, Relu, Same>,
);
#[network(input = Image<7, 7, 64>)]
type Head = (Flatten<_>, Dropout<_, 20>, Dense<_, 128, Relu>, Dropout<_, 30>, Dense<_, 10, Softmax>);
#[network(input = Picture)]
type ConvNet = (Features, Head);

type NetTrainer<N> = Trainer<N, SparseCategoricalCrossentropy, Adam, 64>;

const CLASSES: [&str; 10] =
    ["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"];
const EPOCHS: usize = 10;
const LOSS: &str = "cross-entropy, nats";

/// Images and their classes.
struct Data {
    x: Vec<Picture>,
    y: Vec<usize>,
}

impl Data {
    fn read(folder: &Path, name: &str) -> Result<Self, Box<dyn Error>> {
        let x = idx::images(folder.join(format!("{name}-images-idx3-ubyte.gz")))?;
        Ok(Self { x, y: idx::labels(folder.join(format!("{name}-labels-idx1-ubyte.gz")))? })
    }
}

/// A trained network with its history and its results.
struct Trained<N> {
    network: Box<N>,
    history: History<Accuracy>,
    seconds: f64,
    test: String,
}

/// Trains with this augmentation. 5 % of the samples are held out for validation.
fn train<N>(train: &Data, test: &Data, flip: Flip) -> Result<Trained<N>, Box<dyn Error>>
where
    N: Network<Element = f32, Input = Picture, Output = [f32; 10], Head = Softmax>,
{
    println!("{}", NetTrainer::<N>::summary());
    // The learning rate reaches 0 with the last step.
    let steps = EPOCHS * (train.x.len() * 95 / 100).div_ceil(64);
    let mut adam = Adam::default();
    adam.settings.learning_rate = Schedule::Cosine { peak: 2e-3, warm_up: steps as u64 / 20, steps: steps as u64 };
    let (mut trainer, mut history) = (NetTrainer::<N>::boxed(adam, 1), History::default());
    let start = Instant::now();
    let callbacks = (Progress::new(), &mut history, Augment(flip));
    trainer.fit_with(&train.x, &train.y, Fit::epochs(EPOCHS).validation_split(0.05), callbacks)?;
    let seconds = start.elapsed().as_secs_f64();
    let test = format!("{} on {} images", trainer.evaluate(&test.x, &test.y)?, test.x.len());
    println!("{} images, {EPOCHS} epochs in {seconds:.1} s on one core\ntest: {test}\n", train.x.len());
    Ok(Trained { network: trainer.network().boxed_clone(), history, seconds, test })
}

/// The confusion matrix, and the misclassified images with the most confident predictions.
fn mistakes(network: &ConvNet, test: &Data) -> Result<(Confusion, Grid), Box<dyn Error>> {
    let mut matrix = ConfusionMatrix::<10>::default();
    let mut predictions = vec![[0.0; 10]; test.x.len()];
    network.predict_batch(&test.x, &mut predictions)?;
    predictions.iter().zip(&test.y).for_each(|(prediction, label)| matrix.update(prediction, label));

    let predicted = |sample: usize| predictions[sample].class().expect("outputs are finite");
    let confidence = |sample: &usize| predictions[*sample][predicted(*sample)];
    let mut wrong: Vec<usize> = (0..test.x.len()).filter(|&i| predicted(i) != test.y[i]).collect();
    wrong.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)));
    let mut grid = Grid::new(4);
    for &i in wrong.iter().take(8) {
        let predicted = CLASSES[predicted(i)];
        let title = format!("{}, predicted {predicted} ({:.1} %)", CLASSES[test.y[i]], 100.0 * confidence(&i));
        grid = grid.with(HeatMap::image(title, 28, &test.x[i])?);
    }
    Ok((Confusion::new(&matrix, CLASSES), grid))
}

/// The error of each layer of the network in int8. Some of the training images determine the scales of its activations.
fn errors_in_int8(network: &ConvNet, training: &Data, test: &Data) -> Result<Bars, Box<dyn Error>> {
    let (mut calibration, mut accuracy) = (Calibration::default(), Accuracy::default());
    let samples = &training.x[..training.x.len().min(1000)];
    let int8 = Quantized::<ConvNet>::calibrate_with(network, samples, &mut calibration)?;
    test.x.iter().zip(&test.y).for_each(|(x, label)| accuracy.update(&int8.predict(x), label));
    println!("in int8: accuracy {:.4} on {} images\n{calibration}", accuracy.value(), test.x.len());
    Ok(Bars::of_calibration(&calibration))
}

/// The first image of each of four classes, and the regions on which the score of its class depends.
fn regions(network: &ConvNet, test: &Data) -> Result<Grid, Box<dyn Error>> {
    let mut explainer = Explainer::<Head>::boxed();
    let mut grid = Grid::new(4);
    for class in [0, 5, 8, 9] {
        let Some(sample) = test.y.iter().position(|&label| label == class) else { continue };
        let image = &test.x[sample];
        let map = explainer.grad_cam(&network.0, &network.1, image, Target::Logit(class))?;
        grid = grid.with(HeatMap::image(CLASSES[class], 28, image)?).with(HeatMap::attributions(
            format!("Grad-CAM of {}", CLASSES[class]),
            7,
            &map,
        )?);
    }
    Ok(grid)
}

fn main() -> Result<(), Box<dyn Error>> {
    let [data, out] = common::folders([("--data", "data/fashion_mnist"), ("--out", "target/fashion_mnist")])?;
    fs::create_dir_all(&out)?;
    let (training, test) = (Data::read(&data, "train")?, Data::read(&data, "t10k")?);
    let dense = train::<DenseNet>(&training, &test, Flip { horizontal: false, vertical: false })?;
    let Trained { network, history, seconds, test: result } = train::<ConvNet>(&training, &test, Flip::HORIZONTAL)?;

    let int8 = errors_in_int8(&network, &training, &test)?;
    let (confusion, mistakes) = mistakes(&network, &test)?;
    let regions = regions(&network, &test)?;
    let filters = Grid::filters(8, &network.0.0.0.kernel)?;
    let maps = Grid::feature_maps(8, &network.0.0.0.predict(&test.x[0]))?;
    let weights = weight_histograms(&*network);
    let curves = learning_curves(&history, LOSS);
    let plots: [(&str, &dyn Plot); 8] = [
        ("learning_curves", &curves),
        ("confusion", &confusion),
        ("int8", &int8),
        ("mistakes", &mistakes),
        ("regions", &regions),
        ("filters", &filters),
        ("feature_maps", &maps),
        ("weights", &weights),
    ];
    common::save(&out, &plots)?;
    report::Table::from(&history).save(out.join("history.csv"))?;
    Page::new("Fashion-MNIST")
        .text("The networks classify gray-scale images of 28×28 pixels into ten kinds of clothes.")
        .facts(
            "Run",
            [
                ("training set, including 5 % for validation", format!("{} images", training.x.len())),
                ("training time, dense network", format!("{:.1} s on one core", dense.seconds)),
                ("test, dense network", dense.test),
                ("training time, convolutional network", format!("{seconds:.1} s on one core")),
                ("test, convolutional network", result),
            ],
        )
        .network(&NetTrainer::<ConvNet>::summary())
        .history(&history, LOSS)?
        .plot("Confusion matrix of the test set", &confusion)?
        .plot("Most confident mistakes", &mistakes)?
        .plot("Regions on which the score of the class depends", &regions)?
        .plot("Filters of the first layer", &filters)?
        .plot("Feature maps of the first layer, for the first image", &maps)?
        .plot("Weights", &weights)?
        .save(out.join("report.html"))?;
    io::save(&*network, out.join("model.safetensors"))?;
    io::export_onnx(&*network, out.join("model.onnx"))?;
    println!("wrote report.html, plots, history.csv, model.safetensors and model.onnx to {}", out.display());
    Ok(())
}
