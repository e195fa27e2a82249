//! MicroFlow: `#[model]`.
#![no_std]
#![no_main]

use firmware::{Outcome, program};
use microflow::buffer::Buffer2D;

include!(concat!(env!("OUT_DIR"), "/microflow.rs"));

program!(run);

fn run() -> Outcome {
    embedded_peers::run(|x, y| {
        let real = Model::predict_quantized(Buffer2D::from_row_slice(x));
        let (scale, zero) = embedded_peers::OUTPUT_SCALE;
        // The outputs are multiples of the scale, so that this is exact.
        y.iter_mut().zip(&real).for_each(|(y, real)| *y = (libm::roundf(real / scale) + zero) as i8);
    })
}
