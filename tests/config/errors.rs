//! What is refused, and what the error says.

use super::*;

use crate::refused::{DURATION, REFUSED};

/// Returns the message for a document, without the position.
fn refused(document: &str) -> String {
    let error = serde_json::from_str::<PolicyConfig>(document).unwrap_err();
    let text = error.to_string();
    text.split(" at line ").next().unwrap().to_owned()
}

#[test]
fn a_refused_value_is_named_in_the_message() {
    for (field, value, expected) in REFUSED {
        let message = format!("{field} is {value}, expected {expected}");
        let document = format!("{{{field:?}: {value}}}");
        assert_eq!(refused(&document), message);
    }
}

#[test]
fn lists_and_tables_are_named_too() {
    let refused = |text: &str| serde_json::from_str::<PolicyConfig>(text).unwrap_err();
    let error = refused(r#"{"max_delay": [1, [2]]}"#).to_string();
    let expected = format!("max_delay is a list, expected {DURATION}");
    assert!(error.starts_with(&expected), "{error}");
    let error = refused(r#"{"max_delay": {"secs": {"more": 1}}}"#).to_string();
    let expected = format!("max_delay is a table, expected {DURATION}");
    assert!(error.starts_with(&expected), "{error}");
    for (text, expected) in [
        (
            "7",
            "invalid type: integer `7`, expected a table of retry settings",
        ),
        (r#"{"factor": 2, "factor": 2}"#, "duplicate field `factor`"),
        (
            r#"{"max_atempts": 2}"#,
            "unknown field `max_atempts`, expected one of `max_attempts`, `max_elapsed`,",
        ),
    ] {
        let error = refused(text).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

/// Documents that contradict themselves, and the errors about them.
const CONTRADICTIONS: &[(&str, &str)] = &[
    (
        r#"{"base_delay": "30s"}"#,
        r#"base_delay is "30s", expected at most max_delay, which is "20s""#,
    ),
    (
        r#"{"throttling_base_delay": "2s", "max_delay": "1500ms"}"#,
        r#"throttling_base_delay is "2s", expected at most max_delay, which is "1s 500ms""#,
    ),
    (
        r#"{"jitter": "proportional"}"#,
        r#"jitter is "proportional", expected jitter_fraction to be set too"#,
    ),
    (
        r#"{"jitter": "full", "jitter_fraction": 0.5}"#,
        r#"jitter_fraction is 0.5, expected jitter to be "proportional""#,
    ),
    (
        r#"{"jitter_fraction": 0.5}"#,
        r#"jitter_fraction is 0.5, expected jitter to be "proportional""#,
    ),
    (
        r#"{"server_hint": "ignore", "server_hint_max": "5s"}"#,
        r#"server_hint_max is "5s", expected server_hint to be "honor" or "exact""#,
    ),
    (
        r#"{"server_hint": "bounded", "server_hint_slack": "5s", "server_hint_max": "5s"}"#,
        r#"server_hint_max is "5s", expected server_hint to be "honor" or "exact""#,
    ),
    (
        r#"{"server_hint_slack": "5s"}"#,
        r#"server_hint_slack is "5s", expected server_hint to be "bounded""#,
    ),
    (
        r#"{"server_hint": "bounded"}"#,
        r#"server_hint is "bounded", expected server_hint_slack to be set too"#,
    ),
    (
        r#"{"budget_other_cost": 3}"#,
        "budget_other_cost is 3, expected budget_capacity to be set too",
    ),
    (
        r#"{"budget_starting_tokens": 0.5}"#,
        "budget_starting_tokens is 0.5, expected budget_capacity to be set too",
    ),
    (
        r#"{"budget_capacity": 10}"#,
        "budget_capacity is 10, expected at least budget_other_cost, which is 14",
    ),
    (
        r#"{"budget_capacity": 10, "budget_throttling_cost": 20}"#,
        "budget_capacity is 10, expected at least budget_throttling_cost, which is 20",
    ),
    (
        r#"{"budget_capacity": 20, "budget_starting_tokens": 20.5}"#,
        "budget_starting_tokens is 20.5, expected at most budget_capacity, which is 20",
    ),
];

#[test]
fn contradictions_are_refused() {
    for &(document, message) in CONTRADICTIONS {
        assert_eq!(refused(document), message);
    }
}

#[test]
fn an_error_shows_the_position_in_the_file() {
    let document = "{\n\"max_attempts\": 0,\n\"factor\": 2}";
    let error = serde_json::from_str::<PolicyConfig>(document).unwrap_err();
    assert_eq!((error.line(), error.column()), (2, 17));
}

#[test]
fn a_refused_variable_is_named_in_the_message() {
    let error = variables(&[("ORDERS_RETRY_MAX_ATTEMPTS", "0")]).unwrap_err();
    let message = r#"max_attempts is "0", expected a whole number of at least 1, or "unlimited""#;
    assert_eq!(error.to_string(), message);
    let error = variables(&[("ORDERS_RETRY_ATTEMPTS", "3")]).unwrap_err();
    let start = "unknown field `attempts`, expected one of `max_attempts`, ";
    assert!(error.to_string().starts_with(start), "{error}");
}
