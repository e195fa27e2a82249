//! The trainings of `tests/bits` without the feature `deterministic`: with registers of four, sums are added up in another
//! order, but in the same one on every x86-64 processor.
#![cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]

#[path = "bits/src/trainings.rs"]
mod trainings;

use shiplap::kernel::{Level, set_level};

const BASELINE: [u64; trainings::COUNT] = [
    0xb668_6377_b02b_d70f,
    0xdc1a_b207_9570_6d63,
    0xfff4_6aff_0985_8fe8,
    0x86f4_21ab_f53a_4303,
    0x3600_3692_3c1f_358e,
    0xbbf3_c125_ea11_33bc,
    0xd70e_cde3_fa5b_156e,
    0x6ec3_9e05_b54d_b8a9,
    0x4ccc_4dad_09f7_c05d,
    0x2583_2fb1_5e8e_c76d,
];

#[test]
fn the_baseline_is_the_same_on_every_processor() {
    set_level(Level::Baseline).unwrap();
    for ((name, training), expected) in trainings::ALL.into_iter().zip(BASELINE) {
        let hash = training().unwrap();
        assert_eq!(hash, expected, "{name}: {hash:#018x}");
    }
}
