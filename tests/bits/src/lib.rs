//! Trains small networks and compares the bits of what they learnt with those written here: a processor or compiler that
//! computes anything else is found out. `tests/bits/run` does so on the processors of chips, browsers and phones.
#![no_std]

use core::fmt::Arguments;

pub mod checks;
pub mod trainings;

/// What the trainings come to under `deterministic`, on every processor.
pub const DETERMINISTIC: [u64; trainings::COUNT] = [
    0xe57d_c64e_a75f_ed42,
    0x5f78_c2b5_a322_b76c,
    0x6cfc_9e0d_fa67_8545,
    0xd0ce_bbc4_7154_ea15,
    0x4563_bc37_6cb6_7cc4,
    0xa0eb_353d_2d57_0f41,
    0x1e66_53fc_0287_3671,
    0x386c_4216_e809_1aa0,
    0x284b_6589_db7c_3b1f,
    0x93e9_3041_1ac9_dea8,
];

/// Does all, tells `print` of each, and says whether all is well.
pub fn run(mut print: impl FnMut(Arguments<'_>)) -> bool {
    let mut well = true;
    for (name, check) in checks::ALL {
        let holds = check();
        well &= holds;
        print(format_args!("{name}: {holds}"));
    }
    if cfg!(feature = "deterministic") {
        for ((name, training), expected) in trainings::ALL.into_iter().zip(DETERMINISTIC) {
            match training() {
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

/// What a page of a browser calls: 0 if all is well. `line` is the page's, and shows a text.
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
