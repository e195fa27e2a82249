//! Where flash and RAM are on the board, for the linker: the addresses of QEMU's board, the sizes of a real part.

use std::{env, error::Error, fs, path::Path};

struct Board {
    name: &'static str,
    target: &'static str,
    /// Where flash begins, and its KiB.
    flash: (u32, u32),
    /// The same of RAM.
    ram: (u32, u32),
    /// So many ticks of the timer are so many instructions of 2⁸ ns. RISC-V counts them without a timer.
    timer: (u32, u32),
}

/// For each target, the first is its own board.
const BOARDS: [Board; 6] = [
    // nRF51822: Cortex-M0.
    Board {
        name: "microbit",
        target: "thumbv6m-none-eabi",
        flash: (0, 256),
        ram: (0x2000_0000, 16),
        timer: (512, 125),
    },
    // LM3S6965: Cortex-M3.
    Board {
        name: "lm3s6965evb",
        target: "thumbv7m-none-eabi",
        flash: (0, 256),
        ram: (0x2000_0000, 64),
        timer: (16, 5),
    },
    // As an STM32F411: Cortex-M4F.
    Board {
        name: "mps2-an386",
        target: "thumbv7em-none-eabihf",
        flash: (0, 512),
        ram: (0x2000_0000, 128),
        timer: (32, 5),
    },
    // As an STM32F767: Cortex-M7F.
    Board {
        name: "mps2-an500",
        target: "thumbv7em-none-eabihf",
        flash: (0, 2048),
        ram: (0x2000_0000, 512),
        timer: (32, 5),
    },
    // As a GD32VF103: no FPU.
    Board {
        name: "virt-imac",
        target: "riscv32imac-unknown-none-elf",
        flash: (0x8000_0000, 128),
        ram: (0x8040_0000, 32),
        timer: (1, 1),
    },
    // As a CH32V307: FPU.
    Board {
        name: "virt-imafc",
        target: "riscv32imafc-unknown-none-elf",
        flash: (0x8000_0000, 256),
        ram: (0x8040_0000, 64),
        timer: (1, 1),
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=BOARD");
    if env::var("CARGO_CFG_TARGET_OS")? != "none" {
        println!("cargo:rustc-env=FLASH={}", usize::MAX / 1024);
        return Ok(());
    }
    let (target, name) = (env::var("TARGET")?, env::var("BOARD").ok());
    let of_target = |board: &&Board| board.target == target && name.as_ref().is_none_or(|name| board.name == name);
    let Some(board) = BOARDS.iter().find(of_target) else {
        return Err(format!("no board {} for {target}: see `BOARDS` in build.rs", name.unwrap_or_default()).into());
    };

    let ((flash, flash_size), (ram, ram_size)) = (board.flash, board.ram);
    let mut memory = format!(
        "MEMORY {{\n  FLASH : ORIGIN = {flash}, LENGTH = {flash_size}K\n  RAM : ORIGIN = {ram}, LENGTH = {ram_size}K\n}}\n"
    );
    if target.starts_with("riscv") {
        for (region, place) in
            [("TEXT", "FLASH"), ("RODATA", "FLASH"), ("DATA", "RAM"), ("BSS", "RAM"), ("HEAP", "RAM"), ("STACK", "RAM")]
        {
            memory += &format!("REGION_ALIAS(\"REGION_{region}\", {place});\n");
        }
        println!("cargo:rustc-link-arg-bins=-Tmemory.x");
    } else {
        println!("cargo:rustc-link-arg-bins=--nmagic");
    }
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    let out = env::var("OUT_DIR")?;
    fs::write(Path::new(&out).join("memory.x"), memory)?;
    println!("cargo:rustc-link-search={out}");
    println!("cargo:rustc-env=FLASH={flash_size}");
    println!("cargo:rustc-env=TICKS={}", board.timer.0);
    println!("cargo:rustc-env=INSTRUCTIONS={}", board.timer.1);
    Ok(())
}
