//! The training runs of `tests/bits` without the feature `deterministic`: with registers of four numbers, sums are
//! computed in another order, which is the same on every x86-64 processor.
#![cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]

#[path = "bits/src/runs.rs"]
mod runs;

use shiplap::kernel::{Level, set_level};

const BASELINE: [u64; runs::COUNT] = [
    0xb668_6377_b02b_d70f,
    0x5546_d102_cbf4_15d1,
    0x762a_d1ca_4884_4f87,
    0x86f4_21ab_f53a_4303,
    0x409a_94b8_fc54_f3f9,
    0xbbf3_c125_ea11_33bc,
    0xd241_06c1_c458_b60c,
    0x45e5_22f4_46b2_0d1c,
    0x40e9_0662_5eb7_2b1a,
    0x2583_2fb1_5e8e_c76d,
];

#[test]
fn the_baseline_is_the_same_on_every_processor() {
    set_level(Level::Baseline).unwrap();
    for ((name, run), expected) in runs::ALL.into_iter().zip(BASELINE) {
        let hash = run().unwrap();
        assert_eq!(hash, expected, "{name}: {hash:#018x}");
    }
}
