//! Values that a configuration refuses, which are the same in JSON and in TOML. The tests with
//! TOML files, in the lab, include this file.

pub(crate) const DURATION: &str = r#"a duration with a unit, such as "50ms", "1.5s" or "2m""#;
const ATTEMPTS: &str = r#"a whole number of at least 1, or "unlimited""#;
const TOKENS: &str = "a whole number from 0 to 4294967295";
const RATE: &str = "a number from 0.000001 to 1000000000";
const JITTER: &str = r#"one of "full", "equal", "decorrelated", "proportional", "none""#;
const HINT: &str = r#"one of "honor", "exact", "bounded", "ignore""#;

/// A field, a value and what the message expects instead.
pub(crate) const REFUSED: &[(&str, &str, &str)] = &[
    ("max_attempts", "0", ATTEMPTS),
    ("max_attempts", "-1", ATTEMPTS),
    ("max_attempts", "4294967296", ATTEMPTS),
    ("max_attempts", "2.5", ATTEMPTS),
    ("max_attempts", "true", ATTEMPTS),
    ("max_attempts", r#""three""#, ATTEMPTS),
    ("max_attempts", r#""""#, ATTEMPTS),
    ("max_elapsed", "30", DURATION),
    ("max_elapsed", r#""30""#, DURATION),
    ("base_delay", r#""-1s""#, DURATION),
    ("base_delay", r#""1s ago""#, DURATION),
    ("base_delay", r#""soon""#, DURATION),
    ("base_delay", r#""1 month""#, DURATION),
    ("base_delay", r#""18446744073709551615s 1000ms""#, DURATION),
    ("max_delay", r#""99999999999999999999s""#, DURATION),
    ("throttling_base_delay", r#""1.5""#, DURATION),
    ("server_hint_max", "0.5", DURATION),
    ("server_hint_slack", "5", DURATION),
    ("factor", "0.5", "a number of at least 1"),
    ("factor", "-2", "a number of at least 1"),
    ("factor", r#""NaN""#, "a number of at least 1"),
    ("factor", r#""inf""#, "a number of at least 1"),
    ("jitter", r#""half""#, JITTER),
    ("jitter", r#""Full""#, JITTER),
    ("jitter", "1", JITTER),
    ("jitter_fraction", "1.5", "a number from 0 to 1"),
    ("jitter_fraction", "-0.5", "a number from 0 to 1"),
    ("server_hint", r#""honour""#, HINT),
    ("budget_capacity", "-1", TOKENS),
    ("budget_capacity", "1.5", TOKENS),
    ("budget_throttling_cost", "4294967296", TOKENS),
    ("budget_other_cost", "-1", TOKENS),
    (
        "budget_retries_per_success",
        "-0.5",
        "a number of at least 0",
    ),
    ("budget_tokens_per_second", "0", RATE),
    ("budget_tokens_per_second", "2000000000", RATE),
    ("budget_starting_tokens", "-1", "a number of at least 0"),
];
