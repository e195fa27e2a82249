//! Passes the addresses of flash and RAM of QEMU's boards to the linker.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS")? != "none" {
        return Ok(());
    }
    let target = env::var("TARGET")?;
    let (flash, ram) = match target.starts_with("thumb") {
        true => ("ORIGIN = 0, LENGTH = 4M", "0x20000000"),
        false => ("ORIGIN = 0x80000000, LENGTH = 1M", "0x80100000"),
    };
    let mut memory = format!("MEMORY {{\n  FLASH : {flash}\n  RAM : ORIGIN = {ram}, LENGTH = 256K\n}}\n");
    if target.starts_with("riscv32") {
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
