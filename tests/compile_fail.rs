//! Programs that must not compile, with the expected messages.

/// Errors that depend on the use of a network occur only in a build, not in a check. One program that has to compile makes
/// `trybuild` build all of them.
#[test]
fn messages() {
    let cases = trybuild::TestCases::new();
    cases.pass("build/sound.rs");
    cases.compile_fail("*.rs");
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
