//! Tells the kernels how the target computes with `f32`, and which instructions it has for products of int8. For
//! microcontrollers, stable Rust reveals it only in the name of the target.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!(r#"cargo::rustc-check-cfg=cfg(floats, values("riscv", "software"))"#);
    println!("cargo::rustc-check-cfg=cfg(dsp)");
    println!("cargo::rustc-check-cfg=cfg(scalar, values(none(), \"plain\", \"riscv\", \"thumb1\", \"thumb2\"))");
    println!("cargo::rustc-check-cfg=cfg(quads)");
    let target = var("TARGET").unwrap_or_default();
    // Cortex-M4 and M7 have the DSP instructions.
    if target.starts_with("thumbv7em") {
        println!("cargo::rustc-cfg=dsp");
    }
    let of = |name| var(name).unwrap_or_default();
    if let Some(loops) = scalar(&target) {
        println!("cargo::rustc-cfg=scalar");
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

/// The loops of microcontrollers that multiply two numbers at a time.
fn scalar(target: &str) -> Option<&'static str> {
    let (name, rest) = target.split_once('-')?;
    match name {
        "thumbv6m" | "thumbv8m.base" => Some("thumb1"),
        "thumbv7m" | "thumbv8m.main" => Some("thumb2"),
        // Not those of operating systems, whose networks are quantized at run time.
        _ if rest.contains("none") => {
            let extensions = name.strip_prefix("riscv32")?;
            let multiplies = extensions.starts_with('i') && extensions.contains('m') || extensions.starts_with('g');
            Some(if multiplies { "riscv" } else { "plain" })
        }
        _ => None,
    }
}
