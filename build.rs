//! Tells the kernels how the target computes with `f32`, and whether it multiplies pairs of 16-bit integers. For
//! microcontrollers, stable Rust reveals it only in the name of the target.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!(r#"cargo::rustc-check-cfg=cfg(floats, values("riscv", "software"))"#);
    println!("cargo::rustc-check-cfg=cfg(dsp)");
    let target = var("TARGET").unwrap_or_default();
    // Cortex-M4 and M7 have the DSP instructions.
    if target.starts_with("thumbv7em") {
        println!("cargo::rustc-cfg=dsp");
    }
    if let Some(rest) = target.strip_prefix("riscv") {
        // The extensions follow the width; "g" stands for several, including F.
        let extensions = rest.split('-').next().unwrap_or_default();
        let floats = if extensions.contains(['f', 'g']) { "riscv" } else { "software" };
        println!(r#"cargo::rustc-cfg=floats="{floats}""#);
    } else if target.starts_with("thumb") && target.ends_with("eabi") {
        println!(r#"cargo::rustc-cfg=floats="software""#);
    }
}
