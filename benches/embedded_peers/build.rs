//! Includes the model that `MODEL` names, by the macros of Shiplap and MicroFlow, and links the library that `run` has built
//! from TensorFlow Lite Micro, if `TFLM` has the paths of its archives.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=MODEL");
    println!("cargo:rerun-if-env-changed=TFLM");
    let model = env::var("MODEL").unwrap_or("sine".into());
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../data").canonicalize()?;
    let stem = match model.as_str() {
        "sine" | "speech" => root.join("microflow").join(&model),
        _ => root.join("mlperf_tiny").join(format!("{model}_int8")),
    };
    let (stem, out) = (stem.display(), env::var("OUT_DIR")?);
    let out = Path::new(&out);
    fs::write(
        out.join("shiplap.rs"),
        format!("shiplap::include_model! {{ static NET: Net = {:?}; }}", format!("{stem}.tflite")),
    )?;
    fs::write(out.join("microflow.rs"), format!("#[microflow::model({:?})]\nstruct Model;", format!("{stem}.tflite")))?;
    println!("cargo:rustc-env=MODEL={model}");
    for file in ["tflite", "samples", "outputs"] {
        println!("cargo:rustc-env={}={stem}.{file}", file.to_uppercase());
    }
    for argument in ["--nmagic", "-Tlink.x"] {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
    for archive in env::var("TFLM").unwrap_or_default().split_whitespace() {
        println!("cargo:rustc-link-arg-bin=tflm={archive}");
        println!("cargo:rerun-if-changed={archive}");
    }
    Ok(())
}
