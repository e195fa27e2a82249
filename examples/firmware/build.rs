//! Writes the memory layout of the board for the linker: the addresses of QEMU's board, with the sizes of a real part.

use std::{env, error::Error, fs, path::Path};

struct Board {
    name: &'static str,
    target: &'static str,
    /// Start address and size in KiB.
    flash: (u32, u32),
    /// Start address and size in KiB.
    ram: (u32, u32),
    /// A number of timer ticks, and the number of instructions (of 2⁸ ns each) in that time. Unused on RISC-V, which has an
    /// instruction counter.
    timer: (u32, u32),
}

/// The first board of a target is its default.
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
    // Cortex-M4F, with the memory of an STM32F411.
    Board {
        name: "mps2-an386",
        target: "thumbv7em-none-eabihf",
        flash: (0, 512),
        ram: (0x2000_0000, 128),
        timer: (32, 5),
    },
    // Cortex-M7F, with the memory of an STM32F767.
    Board {
        name: "mps2-an500",
        target: "thumbv7em-none-eabihf",
        flash: (0, 2048),
        ram: (0x2000_0000, 512),
        timer: (32, 5),
    },
    // RISC-V without FPU, with the memory of a GD32VF103.
    Board {
        name: "virt-imac",
        target: "riscv32imac-unknown-none-elf",
        flash: (0x8000_0000, 128),
        ram: (0x8040_0000, 32),
        timer: (1, 1),
    },
    // RISC-V with FPU, with the memory of a CH32V307.
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
    let matches = |board: &&Board| board.target == target && name.as_ref().is_none_or(|name| board.name == name);
    let Some(board) = BOARDS.iter().find(matches) else {
        let name = name.unwrap_or_default();
        return Err(format!("unknown board `{name}` for {target}: add it to `BOARDS` in build.rs").into());
    };

    let ((flash, flash_size), (ram, ram_size)) = (board.flash, board.ram);
    let mut memory = format!(
        "MEMORY {{\n  FLASH : ORIGIN = {flash}, LENGTH = {flash_size}K\n  RAM : ORIGIN = {ram}, LENGTH = {ram_size}K\n}}\n"
    );
    if target.starts_with("riscv") {
        for (region, memory_region) in
            [("TEXT", "FLASH"), ("RODATA", "FLASH"), ("DATA", "RAM"), ("BSS", "RAM"), ("HEAP", "RAM"), ("STACK", "RAM")]
        {
            memory += &format!("REGION_ALIAS(\"REGION_{region}\", {memory_region});\n");
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
