//! Reads arbitrary bytes as a CIFAR file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shiplap::data::cifar;

fuzz_target!(|bytes: &[u8]| {
    let _ = cifar::cifar10_from::<f32>(bytes, "file");
    let _ = cifar::cifar100_from::<f64>(bytes, "file");
});
