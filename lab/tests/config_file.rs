//! Policies in TOML files.
#![expect(clippy::unwrap_used, reason = "a test's own data")]

#[path = "../../tests/config/refused.rs"]
mod refused;

use std::time::Duration;

use reattempt::{Backoff, Jitter, PolicyConfig, RetryBudget, RetryPolicy, ServerHint};
use serde::Deserialize;

/// A file with every field.
const EVERY_FIELD: &str = r#"
    max_attempts = 7
    max_elapsed = "2m"
    base_delay = "50ms"
    factor = 1.5
    max_delay = "10s"
    throttling_base_delay = "1s"
    jitter = "proportional"
    jitter_fraction = 0.25
    server_hint = "exact"
    server_hint_max = "1m 30s"
    budget_capacity = 100
    budget_throttling_cost = 2
    budget_other_cost = 6
    budget_retries_per_success = 0.1
    budget_tokens_per_second = 0.5
    budget_starting_tokens = 20
"#;

fn read(text: &str) -> PolicyConfig {
    toml::from_str(text).unwrap()
}

fn message(text: &str) -> String {
    let error = toml::from_str::<PolicyConfig>(text).unwrap_err();
    error.message().to_owned()
}

#[test]
fn a_toml_table_sets_every_field() {
    let backoff = |base| {
        Backoff::exponential(base)
            .factor(1.5)
            .cap(Duration::from_secs(10))
            .jitter(Jitter::Proportional(0.25))
    };
    let budget = RetryBudget::ratio(0.1, 100)
        .costs(2, 6)
        .refill(0.5)
        .starting_at(20.0);
    let max = Duration::from_secs(90);
    let expected = RetryPolicy::new(backoff(Duration::from_millis(50)))
        .throttling_backoff(backoff(Duration::from_secs(1)))
        .max_attempts(7)
        .max_elapsed(Duration::from_mins(2))
        .server_hint(ServerHint::Exact { max })
        .budget(&budget);
    let policy = read(EVERY_FIELD).policy();
    // The debug text has every setting.
    assert_eq!(format!("{policy:?}"), format!("{expected:?}"));
}

#[test]
fn a_toml_table_inside_another_one_is_read() {
    #[derive(Deserialize)]
    struct Config {
        url: String,
        #[serde(default)]
        retry: PolicyConfig,
        #[serde(default)]
        other: PolicyConfig,
    }
    let text = "url = \"http://127.0.0.1\"\n[retry]\nmax_attempts = 9\n";
    let config: Config = toml::from_str(text).unwrap();
    assert_eq!(config.url, "http://127.0.0.1");
    assert_eq!(config.retry, read("max_attempts = 9"));
    assert_eq!(config.other, PolicyConfig::default());
}

#[test]
fn an_empty_file_is_the_default_configuration() {
    assert_eq!(read(""), PolicyConfig::default());
}

#[test]
fn what_is_written_is_what_was_read() {
    let config = read(EVERY_FIELD);
    let text = toml::to_string(&config).unwrap();
    assert_eq!(read(&text), config);
    assert!(text.contains("server_hint_max = \"1m 30s\"\n"), "{text}");
    assert_eq!(toml::to_string(&PolicyConfig::default()).unwrap(), "");
}

#[test]
fn long_durations_and_numbers_are_written_exactly() {
    let config = read(&format!(
        "max_elapsed = '{}s 999999999ns'\nfactor = {:?}\nmax_attempts = {}",
        u64::MAX,
        f64::MAX,
        u32::MAX,
    ));
    assert_eq!(read(&toml::to_string(&config).unwrap()), config);
}

#[test]
fn a_refused_value_is_named_in_the_message() {
    for (field, value, expected) in refused::REFUSED {
        let refused = message(&format!("{field} = {value}"));
        assert_eq!(refused, format!("{field} is {value}, expected {expected}"));
    }
    assert_eq!(
        message("base_delay = '30s'"),
        r#"base_delay is "30s", expected at most max_delay, which is "20s""#
    );
}

#[test]
fn an_error_shows_the_position_in_the_file() {
    let error = toml::from_str::<PolicyConfig>("factor = 2\nmax_attempts = 0\n").unwrap_err();
    let text = error.to_string();
    assert!(text.contains("line 2, column 16"), "{text}");
}
