//! Tells the kernels how the target computes with `f32`, and which instructions it has for products of int8. For
//! microcontrollers, stable Rust reveals it only in the name of the target.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!(r#"cargo::rustc-check-cfg=cfg(floats, values("riscv", "software"))"#);
    println!("cargo::rustc-check-cfg=cfg(dsp)");
    println!("cargo::rustc-check-cfg=cfg(scalar, values(none(), \"riscv\", \"thumb1\", \"thumb2\"))");
    println!("cargo::rustc-check-cfg=cfg(quads)");
    let target = var("TARGET").unwrap_or_default();
    // Cortex-M4 and M7 have the DSP instructions.
    if target.starts_with("thumbv7em") {
        println!("cargo::rustc-cfg=dsp");
    }
    let of = |name| var(name).unwrap_or_default();
    // Other microcontrollers multiply two numbers at a time.
    if of("CARGO_CFG_TARGET_OS") == "none"
        && of("CARGO_CFG_TARGET_POINTER_WIDTH") == "32"
        && !target.starts_with("thumbv7em")
    {
        println!("cargo::rustc-cfg=scalar");
        let loops = match target.split('-').next().unwrap_or_default() {
            "thumbv6m" | "thumbv8m.base" => "thumb1",
            "thumbv7m" | "thumbv8m.main" => "thumb2",
            name if name.starts_with("riscv32im") => "riscv",
            _ => "",
        };
        println!("cargo::rustc-cfg=scalar=\"{loops}\"");
    }
    let (arch, features) = (of("CARGO_CFG_TARGET_ARCH"), of("CARGO_CFG_TARGET_FEATURE"));
    // Registers of 128 bits.
    if [("aarch64", "neon"), ("wasm32", "simd128")]
        .iter()
        .any(|(name, feature)| arch == *name && features.split(',').any(|one| one == *feature))
    {
        println!("cargo::rustc-cfg=quads");
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
