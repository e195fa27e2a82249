//! What does not fit does not compile, and the message says what and where.

#[test]
fn messages() {
    trybuild::TestCases::new().compile_fail("*.rs");
}

/// What depends on where a program uses a network is known when it is built.
#[test]
fn messages_of_a_build() {
    let cases = trybuild::TestCases::new();
    cases.pass("build/sound.rs");
    for case in ["batch_of_none", "clone_large", "nothing_learns", "too_large", "zero_width", "zeroed_large"] {
        cases.compile_fail(format!("build/{case}.rs"));
    }
}
