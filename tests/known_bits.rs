//! The training runs of `tests/bits` without the feature `deterministic`: with registers of four numbers, sums are
//! computed in another order, which is the same on every x86-64 processor.
#![cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]

#[path = "bits/src/runs.rs"]
mod runs;

use shiplap::kernel::{Level, set_level};

const BASELINE: [u64; runs::COUNT] = [
    0xb668_6377_b02b_d70f,
    0x5546_d102_cbf4_15d1,
    0x4426_979c_1984_0d68,
    0x17e2_ba22_ae56_a7dc,
    0x9ac8_3ac2_7830_1d58,
    0xbbf3_c125_ea11_33bc,
    0xd241_06c1_c458_b60c,
    0x6b3a_70fa_4575_3b69,
    0x40e9_0662_5eb7_2b1a,
    0xdcf9_e947_7526_a457,
    0xc5a3_f323_aeaa_8c0f,
    0xc15d_043e_13cc_01d0,
    0x2d68_5f27_80d2_3aef,
];

#[test]
fn the_baseline_is_the_same_on_every_processor() {
    set_level(Level::Baseline).unwrap();
    for ((name, run), expected) in runs::ALL.into_iter().zip(BASELINE) {
        let hash = run().unwrap();
        assert_eq!(hash, expected, "{name}: {hash:#018x}");
    }
}
