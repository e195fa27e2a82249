//! Gestures from the sensors of a watch: a network for whole windows, and the same one as a stream.
//!
//! `cargo run --release --features gzip --example gestures`
//!
//! Standing, running, walking or badminton: 100 steps of 6 numbers, the acceleration and the rotation around each axis,
//! ten times per second. Forty windows are there to train on, and forty to test.

use std::error::Error;

use shiplap::{
    data::{Csv, Table},
    prelude::*,
};

type Frame = [f32; 6];
type Window = [Frame; 100];

/// It begins with the scales of the sensors, so that it takes their numbers as they are.
#[network(input = Window)]
type Net = (
    TimeDistributed<Standardize<_>>,
    Conv1d<_, 16, 5, Relu, Causal<2>>,
    Conv1d<_, 16, 5, Relu, Causal<2>>,
    Gru<_, 16>,
    Dense<_, 4, Softmax>,
);

// The state of a stream fits the smallest chip.
const_assert!(Stream::<Net>::BYTES <= 1024);

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/basic_motions/basic_motions.csv.gz");
const MOTIONS: [&str; 4] = ["standing", "running", "walking", "badminton"];

fn main() -> Result<(), Box<dyn Error>> {
    let table: Table<[f32; 600], usize> = Csv::bundled().read(DATA)?;
    let windows: Vec<Window> = table.x.iter().flat_map(|row| row.as_chunks::<6>().0.first_chunk()).copied().collect();
    let ((x, x_test), (y, y_test)) = (windows.split_at(40), table.y.split_at(40));

    let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Adam, 8>::boxed(Adam::new(3e-3), 1);
    trainer.network_mut().0.layer = Standardize::fit(x.as_flattened())?;
    println!("{}", Net::summary());
    trainer.fit(x, y, Fit::epochs(40))?;
    let report = trainer.evaluate(x_test, y_test)?;
    println!("accuracy on the 40 windows of the test set: {:.1} %", 100.0 * report.metrics.value());
    assert!(report.metrics.value() >= 0.95, "the network is expected to recognize 95 % of the test set");

    // One frame at a time, as the sensors deliver them.
    let network = trainer.network();
    let mut stream = Stream::<Net>::new();
    println!("\nas a stream of frames, with a state of {} bytes:", Stream::<Net>::BYTES);
    for (window, &motion) in x_test.iter().zip(y_test).step_by(5) {
        stream.reset();
        let mut guess = None;
        for frame in window {
            guess = stream.push(network, frame).or(guess);
        }
        assert_eq!(guess, Some(network.predict(window)), "a stream computes the same bits");
        let [likely, share] = guess.map_or([0.0; 2], |shares| {
            let best = (0..4).fold(0, |best, class| if shares[class] > shares[best] { class } else { best });
            [best as f32, shares[best]]
        });
        println!("{:<10} {:<10} {:.0} %", MOTIONS[motion], MOTIONS[likely as usize], 100.0 * share);
    }
    Ok(())
}
