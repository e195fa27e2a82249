//! Trains XOR, explains a prediction, and predicts with embedded weights, without the standard library and without an
//! allocator: if the crate needed either, this program would not link. The C runtime only starts it and copies memory.
//! It exits with 0 if the trained network is right.
#![no_std]
#![no_main]

use core::{ffi::c_int, panic::PanicInfo};

use shiplap::{
    explain::{Explainer, Target},
    prelude::*,
};

#[network]
type Net = (Standardize<2>, Dense<2, 6, Tanh>, Dense<6, 1, Sigmoid>);
type Xor = Trainer<Net, BinaryCrossentropy, Adam, 4>;

const_assert!(Xor::BYTES <= 1024);

static TRAINED: (Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>) = include_weights!("../../flash/xor.safetensors");

#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    match learn() {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(_) => 2,
    }
}

fn learn() -> Result<bool, TrainError> {
    let x = [[0.0f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y = [[0.0f32], [1.0], [1.0], [0.0]];
    let mut trainer = Xor::new(Adam::new(0.05), 1);
    let Ok(standardize) = Standardize::fit(&x) else { return Ok(false) };
    trainer.network_mut().0 = standardize;
    trainer.fit(&x, &y, Fit::epochs(300))?;
    let right = x.iter().zip(&y).all(|(x, y)| (trainer.predict(x)[0] - y[0]).abs() < 0.1);
    // At (0, 0), an increase of either input raises the output.
    let gradient = Explainer::<Net>::new().gradient(trainer.network(), &x[0], Target::Logit(0));
    let explained = gradient.is_ok_and(|gradient| gradient.iter().all(|derivative| *derivative > 0.0));
    let trained = x.iter().zip(&y).all(|(x, y)| (TRAINED.predict(x)[0] - y[0]).abs() < 0.1);
    Ok(right && explained && trained && trainer.evaluate(&x, &y)?.loss < 0.1)
}

#[link(name = "c")]
unsafe extern "C" {
    safe fn abort() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}

/// The precompiled core library supports unwinding and refers to this symbol. Since panics abort, nothing calls it.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
