//! Reads arbitrary bytes as compressed files: as they are, and, because few changes keep a checksum, compressed in two
//! members with zeros after them.
#![no_main]

use std::{env::temp_dir, fs, io::Write, path::Path, process};

use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use shiplap::data::{Csv, idx, npy};

fn read(path: &Path) {
    let _ = Csv::unnamed().read::<[f32; 1], usize>(path);
    let _ = Csv::new().records::<(String, f32)>(path);
    let _ = idx::images::<[f32; 4]>(path);
    let _ = idx::labels(path);
    let _ = npy::read::<[f32; 3]>(path);
    let _ = npy::labels(path);
    let _ = npy::Npz::open(path);
}

fn member(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fuzz_target!(|bytes: &[u8]| {
    let path = temp_dir().join(format!("shiplap_fuzz_{}.gz", process::id()));
    fs::write(&path, bytes).unwrap();
    read(&path);
    let (start, end) = bytes.split_at(bytes.len() / 2);
    fs::write(&path, [member(start), member(end), vec![0; bytes.len() % 7]].concat()).unwrap();
    read(&path);
});
