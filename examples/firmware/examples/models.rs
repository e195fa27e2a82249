//! Trains the networks of the firmware on a PC, and writes `models/`: the weights, samples, and the outputs of the PC for
//! these samples.
//!
//! `cargo run --release --target $(rustc --print host-tuple) --example models`

use std::{array, error::Error, fmt::Debug, fs};

use firmware::{digits, gestures, nose};
use shiplap::{
    data::{Csv, Table, split_stratified},
    io,
    prelude::*,
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models");

fn main() -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(FOLDER)?;
    cells()?;
    sine()?;
    gases()?;
    digits()?;
    gestures()
}

/// Classifies cells as malignant or benign by 30 measurements.
fn cells() -> Result<(), Box<dyn Error>> {
    type Net = (Standardize<30>, Dense<30, 16, Relu>, Dense<16, 1, Sigmoid>);

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/breast_cancer.csv");
    let mut table: Table<[f32; 30], [f32; 1]> = Csv::bundled().read(path)?;
    // The file encodes malignant as 0, but it is the positive class here.
    table.y.iter_mut().for_each(|label| label[0] = 1.0 - label[0]);
    let [train, test] = split_stratified(&mut table.x, &mut table.y, [0.8, 0.2], 2)?;
    let mut trainer = Trainer::<Net, BinaryCrossentropy, Adam, 32>::new(Adam::new(3e-3), 2);
    trainer.network_mut().0 = Standardize::fit(train.x)?;
    trainer.fit(train.x, train.y, Fit::epochs(30))?;
    println!("cells: {}", trainer.evaluate(test.x, test.y)?);

    let samples: [[f32; 30]; 32] = array::from_fn(|sample| test.x[sample]);
    let malignant: [bool; 32] = array::from_fn(|sample| test.y[sample][0] == 1.0);
    save("cells", trainer.network(), &samples, &[("MALIGNANT", "bool", &malignant)])
}

/// Approximates the sine: the "hello world" of TensorFlow Lite for microcontrollers.
fn sine() -> Result<(), Box<dyn Error>> {
    type Net = (Dense<1, 16, Relu>, Dense<16, 16, Relu>, Dense<16, 1, Linear>);

    let x: [[f32; 1]; 1000] = array::from_fn(|sample| [sample as f32 / 1000.0 * std::f32::consts::TAU]);
    let y = x.map(|[x]| [x.sin()]);
    let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 32>::new(Adam::new(3e-3), 1);
    trainer.fit(&x, &y, Fit::epochs(500))?;
    println!("sine: {}", trainer.evaluate(&x, &y)?);

    let samples: [[f32; 1]; 16] = array::from_fn(|sample| [sample as f32 * 0.4]);
    let sines: [f32; 16] = samples.map(|[x]| x.sin());
    save("sine", trainer.network(), &samples, &[("SINES", "f32", &sines)])
}

/// Classifies gases by the sensors of an electronic nose, which are new.
fn gases() -> Result<(), Box<dyn Error>> {
    let mut nose = nose::Nose::new(1, 0.0);
    let (x, y): (Vec<_>, Vec<_>) = (0..2000).map(|_| nose.smell()).unzip();
    let mut trainer = Trainer::<nose::Net, SparseCategoricalCrossentropy, Adam, 32>::new(Adam::new(3e-3), 1);
    trainer.fit(&x, &y, Fit::epochs(20).validation_split(0.2))?;
    println!("gases: {}", trainer.evaluate(&x[1600..], &y[1600..])?);
    Ok(io::save(trainer.network(), format!("{FOLDER}/gases.safetensors"))?)
}

/// Classifies images of handwritten digits. The test split, 20 % of each digit, is written for the chip.
fn digits() -> Result<(), Box<dyn Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/digits.csv.gz");
    let mut table: Table<[f32; 64], usize> = Csv::unnamed().read(path)?;
    let [train, test] = split_stratified(&mut table.x, &mut table.y, [0.8, 0.2], 1)?;
    let store = |(grays, digit): (&[f32; 64], &usize)| {
        let mut stored = [*digit as u8; 65];
        stored.iter_mut().zip(grays).for_each(|(stored, gray)| *stored = *gray as u8);
        stored
    };
    let stored: Vec<digits::Stored> = test.x.iter().zip(test.y).map(store).collect();
    fs::write(format!("{FOLDER}/digits.bin"), stored.as_flattened())?;

    let read = |sample| digits::read(&store(sample));
    let (x, y): (Vec<_>, Vec<_>) = train.x.iter().zip(train.y).map(read).unzip();
    let (x_test, y_test): (Vec<_>, Vec<_>) = test.x.iter().zip(test.y).map(read).unzip();
    let mut trainer = Trainer::<digits::Net, SparseCategoricalCrossentropy, Adam, 32>::boxed(Adam::new(3e-3), 1);
    trainer.fit(&x, &y, Fit::epochs(40))?;
    println!("digits: {}", trainer.evaluate(&x_test, &y_test)?);
    Ok(io::save(trainer.network(), format!("{FOLDER}/digits.safetensors"))?)
}

/// Recognizes gestures as the example of that name does. Every fifth window of the test split is written for the chip:
/// two of each gesture.
fn gestures() -> Result<(), Box<dyn Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/basic_motions/basic_motions.csv.gz");
    let table: Table<[f32; 600], usize> = Csv::bundled().read(path)?;
    let windows: Vec<gestures::Window> =
        table.x.iter().flat_map(|row| row.as_chunks::<6>().0.first_chunk()).copied().collect();
    let ((x, x_test), (y, y_test)) = (windows.split_at(40), table.y.split_at(40));
    let store = |window: &gestures::Window| window.map(|frame| frame.map(f32::to_le_bytes));
    let stored: Vec<_> = x_test.iter().step_by(5).map(store).collect();
    fs::write(format!("{FOLDER}/gestures.bin"), stored.as_flattened().as_flattened().as_flattened())?;

    let mut trainer = Trainer::<gestures::Net, SparseCategoricalCrossentropy, Adam, 8>::boxed(Adam::new(3e-3), 1);
    trainer.network_mut().0.layer = Standardize::fit(x.as_flattened())?;
    trainer.fit(x, y, Fit::epochs(40))?;
    println!("gestures: {}", trainer.evaluate(x_test, y_test)?);
    Ok(io::save(trainer.network(), format!("{FOLDER}/gestures.safetensors"))?)
}

/// Writes the weights, and a Rust file with the samples, the bits of the outputs, and further constants of the samples.
fn save<N: Network<Input = [f32; IN], Output = [f32; 1]>, const IN: usize, const SAMPLES: usize>(
    name: &str,
    network: &N,
    samples: &[[f32; IN]; SAMPLES],
    constants: &[(&str, &str, &dyn Debug)],
) -> Result<(), Box<dyn Error>> {
    let outputs = samples.map(|sample| network.predict(&sample)[0].to_bits());
    let mut text = format!(
        "// Written by examples/models.rs.\n\nstatic SAMPLES: [[f32; {IN}]; {SAMPLES}] = {samples:?};\n\n\
         /// The bits of the outputs on the PC.\nconst OUTPUTS: [u32; {SAMPLES}] = {outputs:?};\n"
    );
    for (name, kind, values) in constants {
        text += &format!("\nconst {name}: [{kind}; {SAMPLES}] = {values:?};\n");
    }
    fs::write(format!("{FOLDER}/{name}.rs"), text)?;
    Ok(io::save(network, format!("{FOLDER}/{name}.safetensors"))?)
}
