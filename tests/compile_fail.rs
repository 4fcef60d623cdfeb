//! What must not compile, and that the compiler's words then help.
//!
//! The texts are those of one compiler. Others word theirs otherwise, so there
//! nothing is compared, and the test says so.

// The texts name the types of the features that are on: one set of them will do.
#![cfg(not(any(feature = "http", feature = "tokio")))]

#[test]
fn messages_help() {
    let version = std::process::Command::new(std::env::var("RUSTC").as_deref().unwrap_or("rustc"))
        .arg("--version")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    let cases = trybuild::TestCases::new();
    // A program that compiles keeps the runner busy on any version.
    cases.pass("tests/ui/pass.rs");
    if !version.starts_with("rustc 1.95.") {
        println!("texts not compared: they were recorded with rustc 1.95, this is {version}");
        return;
    }
    cases.compile_fail("tests/ui/blocking_operation_given_to_retry.rs");
    cases.compile_fail("tests/ui/closure_given_to_classify.rs");
    cases.compile_fail("tests/ui/timer_missing.rs");
}
