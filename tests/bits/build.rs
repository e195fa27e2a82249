//! Where flash and RAM of QEMU's boards are, for the linker.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS")? != "none" {
        return Ok(());
    }
    let chip = env::var("CARGO_CFG_TARGET_ARCH")?;
    let (flash, ram) = match chip.as_str() {
        "arm" => ("ORIGIN = 0, LENGTH = 256K", "0x20000000"),
        _ => ("ORIGIN = 0x80000000, LENGTH = 1M", "0x80100000"),
    };
    let mut memory = format!("MEMORY {{\n  FLASH : {flash}\n  RAM : ORIGIN = {ram}, LENGTH = 64K\n}}\n");
    if chip == "riscv32" {
        for (region, place) in
            [("TEXT", "FLASH"), ("RODATA", "FLASH"), ("DATA", "RAM"), ("BSS", "RAM"), ("HEAP", "RAM"), ("STACK", "RAM")]
        {
            memory += &format!("REGION_ALIAS(\"REGION_{region}\", {place});\n");
        }
        println!("cargo::rustc-link-arg-bins=-Tmemory.x");
    } else {
        println!("cargo::rustc-link-arg-bins=--nmagic");
    }
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    let out = env::var("OUT_DIR")?;
    fs::write(Path::new(&out).join("memory.x"), memory)?;
    println!("cargo::rustc-link-search={out}");
    Ok(())
}
