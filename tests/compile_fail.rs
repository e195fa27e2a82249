//! What does not fit does not compile, and the message says what and where.

#[test]
fn messages() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
