//! Programs that must not compile, with the expected messages.

#[test]
fn messages() {
    trybuild::TestCases::new().compile_fail("*.rs");
}

/// Errors that depend on the use of a network occur only in a build, not in a check.
#[test]
fn messages_of_a_build() {
    let cases = trybuild::TestCases::new();
    cases.pass("build/sound.rs");
    for case in [
        "all_cores_batch",
        "batch_of_none",
        "clone_large",
        "micro_batches",
        "nothing_learns",
        "one_hot_alone",
        "too_large",
        "zero_width",
        "zeroed_large",
    ] {
        cases.compile_fail(format!("build/{case}.rs"));
    }
}
