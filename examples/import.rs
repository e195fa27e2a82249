//! Prints the network of a TensorFlow Lite or ONNX model as Rust source: its type, layer by layer, and a static with its
//! constants.
//!
//! It is the source that `include_model!` compiles. A program that needs no more than the type, or that changes the
//! network, starts from it.
//!
//! `cargo run --features include-model --example import -- data/mlperf_tiny/kws_int8.tflite > kws.rs`

#[path = "../macros/src/import/mod.rs"]
mod import;

use std::{
    env,
    error::Error,
    fs,
    io::{self, Write as _},
    path::Path,
};

fn main() -> Result<(), Box<dyn Error>> {
    let path =
        env::args_os().nth(1).ok_or("name a file: cargo run --features include-model --example import -- FILE")?;
    let file = fs::read(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let name = Path::new(&path).file_name().unwrap_or(&path).display().to_string();
    let model = import::Model::parse(&file).map_err(|reason| format!("{name} {reason}"))?;
    match io::stdout().write_all(model.program(&name).as_bytes()) {
        // A reader such as `head` has closed the pipe.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
