//! Trains small networks and compares hashes of the results with those in this file, to detect a processor or compiler
//! that computes other bits. `tests/bits/run` does so for microcontrollers, browsers and phones.
#![no_std]

use core::fmt::Arguments;

pub mod checks;
mod int8;
#[cfg(feature = "deterministic")]
pub mod runs;

/// The hashes of the training runs under `deterministic`, on every processor.
#[cfg(feature = "deterministic")]
pub const DETERMINISTIC: [u64; runs::COUNT] = [
    0xe57d_c64e_a75f_ed42,
    0x5f78_c2b5_a322_b76c,
    0x5d82_07a3_49d3_05cb,
    0xcca7_8203_9413_d436,
    0x1089_3b2c_ae20_7b20,
    0xa0eb_353d_2d57_0f41,
    0x1e66_53fc_0287_3671,
    0x01a1_baee_763c_c597,
    0x284b_6589_db7c_3b1f,
    0xaa78_c069_3242_41b9,
    0xec09_8910_3b04_252a,
    0xf121_5831_fe56_d6e6,
    0x89bf_559c_ebc6_bf02,
];

/// Runs all checks, reports each to `print`, and returns whether all succeeded.
pub fn run(mut print: impl FnMut(Arguments<'_>)) -> bool {
    let mut well = true;
    for (name, check) in checks::ALL {
        let holds = check();
        well &= holds;
        print(format_args!("{name}: {holds}"));
    }
    #[cfg(feature = "deterministic")]
    {
        for ((name, run), expected) in runs::ALL.into_iter().zip(DETERMINISTIC) {
            match run() {
                Ok(hash) if hash == expected => print(format_args!("{name}: {hash:#018x}")),
                Ok(hash) => {
                    well = false;
                    print(format_args!("{name}: {hash:#018x}, not {expected:#018x}"));
                }
                Err(error) => {
                    well = false;
                    print(format_args!("{name}: {error}"));
                }
            }
        }
    }
    well
}

/// The entry point for a browser page: it returns 0 if all checks succeeded. The page provides `line`, which shows a
/// text.
#[cfg(target_arch = "wasm32")]
mod page {
    use core::fmt::Write;

    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        safe fn line(text: *const u8, length: usize);
    }

    struct Line([u8; 160], usize);

    impl Write for Line {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            let end = self.1 + text.len();
            self.0.get_mut(self.1..end).ok_or(core::fmt::Error)?.copy_from_slice(text.as_bytes());
            self.1 = end;
            Ok(())
        }
    }

    #[unsafe(no_mangle)]
    extern "C" fn failed() -> u32 {
        let well = crate::run(|text| {
            let mut shown = Line([0; 160], 0);
            let _ = shown.write_fmt(text);
            line(shown.0.as_ptr(), shown.1);
        });
        u32::from(!well)
    }

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        core::arch::wasm32::unreachable()
    }
}
