//! Reads arbitrary bytes as a CSV file. The first byte selects the settings.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shiplap::data::{Csv, Missing};

fuzz_target!(|bytes: &[u8]| {
    let Some((settings, bytes)) = bytes.split_first() else { return };
    let csv = match settings % 4 {
        0 => Csv::new(),
        1 => Csv::unnamed(),
        2 => Csv::bundled(),
        _ => Csv::new().categories("b", ["x", "y"]).classes(["p", "q"]).target(0).delimiter(b';'),
    };
    let csv = csv.missing(match settings / 4 % 4 {
        0 => Missing::Error,
        1 => Missing::DropRow,
        2 => Missing::Nan,
        _ => Missing::Constant(0.5),
    });
    let _ = csv.read_from::<[f32; 2], usize>(bytes, "file");
    let _ = csv.read_from::<[f64; 1], [f64; 2]>(bytes, "file");
    let _ = csv.read_from::<[f32; 3], ()>(bytes, "file");
    let _ = csv.records_from::<(String, f32, Option<i8>)>(bytes, "file");
});
