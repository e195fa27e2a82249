//! Tells the kernels by what the target computes an `f32`: of chips, a stable compiler says it by the target's name only.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!(r#"cargo::rustc-check-cfg=cfg(floats, values("riscv", "software"))"#);
    let target = var("TARGET").unwrap_or_default();
    if let Some(rest) = target.strip_prefix("riscv") {
        // After the width come the extensions; "g" is short for several, F among them.
        let extensions = rest.split('-').next().unwrap_or_default();
        let floats = if extensions.contains(['f', 'g']) { "riscv" } else { "software" };
        println!(r#"cargo::rustc-cfg=floats="{floats}""#);
    } else if target.starts_with("thumb") && target.ends_with("eabi") {
        println!(r#"cargo::rustc-cfg=floats="software""#);
    }
}
