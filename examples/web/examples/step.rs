//! Measures a training step of the page on this processor with registers of 128 bits, as `test/step.mjs` does in node.
//!
//! `cargo run --release --example step`

use std::time::Instant;

use digits::Recognizer;
use shiplap::kernel::{Level, set_level};

fn main() {
    set_level(Level::Baseline).expect("each processor has the baseline");
    let mut network = Recognizer::new();
    for class in 0..10u8 {
        let image: Vec<f32> = (0..64u8).map(|pixel| f32::from(pixel % 10 == class)).collect();
        assert!(network.add(&image, class.into()).is_ok());
    }
    let mut fastest = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        (0..100).for_each(|_| assert!(network.step().is_ok()));
        fastest = fastest.min(start.elapsed().as_secs_f64() * 1e6 / 100.0);
    }
    println!("{fastest:.0} µs for a step");
}
