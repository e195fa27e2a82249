//! Reads arbitrary bytes as a PNG or JPEG image.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shiplap::data::images::{self, Reader, Resize};

fuzz_target!(|bytes: &[u8]| {
    let _ = images::read_from::<2, 3, 1, f32>(bytes, "file");
    let _ = images::read_from::<2, 3, 3, f64>(bytes, "file");
    let _ = images::read_from::<2, 3, 4, f32>(bytes, "file");
    let _ = Reader::new().resize(Resize::Crop).read_from::<5, 2, 3, f32>(bytes, "file");
});
