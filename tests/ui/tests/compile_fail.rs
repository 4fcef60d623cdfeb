//! Mistakes that must not compile, and the messages that rustc then prints.
//!
//! The messages are compared with rustc 1.95, since other versions word them
//! differently. The case without a timer needs `--no-default-features`.

/// Returns true if the messages were recorded with this rustc.
fn is_recorded() -> bool {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = std::process::Command::new(rustc)
        .arg("--version")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    let is_recorded = version.starts_with("rustc 1.95.");
    if !is_recorded {
        println!("messages not compared: they were recorded with rustc 1.95, this is {version}");
    }
    is_recorded
}

fn compare(cases: &[&str]) {
    let runner = trybuild::TestCases::new();
    // The runner needs one case, also if the messages are not compared.
    runner.pass("cases/pass.rs");
    if is_recorded() {
        for case in cases {
            runner.compile_fail(format!("cases/{case}.rs"));
        }
    }
}

#[cfg(feature = "default")]
#[test]
fn messages_name_the_cause_and_a_fix() {
    compare(&[
        "anyhow_error",
        "async_operation",
        "blocking_operation",
        "closure_as_classifier",
        "decoded_value",
        "missing_bound",
        "reqwest_response",
        "timeout_error",
        "when_other_error",
    ]);
}

#[cfg(not(feature = "default"))]
#[test]
fn the_message_names_a_missing_timer() {
    compare(&["no_timer"]);
}
