//! Policies from configuration files and environment variables.
#![cfg(feature = "serde")]
#![expect(clippy::unwrap_used, reason = "a test's own data")]

mod applied;
mod errors;
mod refused;
mod round_trip;

use std::time::Duration;

use reattempt::{
    Backoff, Decision, ErrorKind, Jitter, PolicyConfig, RetryBudget, RetryPolicy, ServerHint,
    Verdict,
};
use serde_core::Deserialize;
use serde_core::de::value::{Error as ValueError, MapDeserializer};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn json(text: &str) -> PolicyConfig {
    serde_json::from_str(text).unwrap()
}

/// Reads variables the way that the cookbook does.
fn variables(variables: &[(&str, &str)]) -> Result<PolicyConfig, ValueError> {
    let fields = variables.iter().filter_map(|(name, value)| {
        let field = name.strip_prefix("ORDERS_RETRY_")?.to_ascii_lowercase();
        Some((field, (*value).to_owned()))
    });
    PolicyConfig::deserialize(MapDeserializer::new(fields))
}

/// Returns the debug text of a policy, which has every setting.
fn settings<C: std::fmt::Debug>(policy: &RetryPolicy<C>) -> String {
    format!("{policy:?}")
}

fn assert_same(config: &PolicyConfig, expected: &RetryPolicy) {
    assert_eq!(settings(&config.policy()), settings(expected), "{config:?}");
}

/// A document with every field.
const EVERY_FIELD: &str = r#"{
    "max_attempts": 7,
    "max_elapsed": "2m",
    "base_delay": "50ms",
    "factor": 1.5,
    "max_delay": "10s",
    "throttling_base_delay": "1s",
    "jitter": "proportional",
    "jitter_fraction": 0.25,
    "server_hint": "exact",
    "server_hint_max": "1m 30s",
    "budget_capacity": 100,
    "budget_throttling_cost": 2,
    "budget_other_cost": 6,
    "budget_retries_per_success": 0.1,
    "budget_tokens_per_second": 0.5,
    "budget_starting_tokens": 20
}"#;

/// Returns the fields of that document, with each value as a text.
fn every_field() -> Vec<(String, String)> {
    let document: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(EVERY_FIELD).unwrap();
    document
        .into_iter()
        .map(|(field, value)| match value {
            serde_json::Value::String(text) => (field, text),
            number => (field, number.to_string()),
        })
        .collect()
}

fn every_setting() -> RetryPolicy {
    let backoff = |base| {
        Backoff::exponential(base)
            .factor(1.5)
            .cap(s(10))
            .jitter(Jitter::Proportional(0.25))
    };
    let budget = RetryBudget::ratio(0.1, 100)
        .costs(2, 6)
        .refill(0.5)
        .starting_at(20.0);
    RetryPolicy::new(backoff(ms(50)))
        .throttling_backoff(backoff(s(1)))
        .max_attempts(7)
        .max_elapsed(s(120))
        .server_hint(ServerHint::Exact { max: s(90) })
        .budget(&budget)
}

#[test]
fn a_document_sets_every_field() {
    assert_same(&json(EVERY_FIELD), &every_setting());
}

#[test]
fn an_empty_document_is_the_default_policy() {
    let default = RetryPolicy::default();
    for config in [json("{}"), PolicyConfig::default()] {
        assert_same(&config, &default);
    }
    assert_same(&variables(&[("PATH", "/bin")]).unwrap(), &default);
}

#[test]
fn null_is_an_absent_field() {
    let config = json(r#"{"max_attempts": null, "jitter": null, "base_delay": null}"#);
    assert_eq!(config, PolicyConfig::default());
}

#[test]
fn variables_set_every_field() {
    let lines: Vec<(String, String)> = every_field()
        .into_iter()
        .map(|(field, value)| {
            let name = format!("ORDERS_RETRY_{}", field.to_ascii_uppercase());
            (name, format!(" {value} "))
        })
        .collect();
    assert_eq!(lines.len(), 16);
    let pairs: Vec<_> = lines
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_same(&variables(&pairs).unwrap(), &every_setting());
}

#[test]
fn each_word_is_a_setting() {
    let base = Backoff::exponential(s(1));
    for (word, jitter) in [
        ("full", Jitter::Full),
        ("equal", Jitter::Equal),
        ("decorrelated", Jitter::Decorrelated),
        ("none", Jitter::None),
    ] {
        let config = json(&format!(r#"{{"jitter": {word:?}}}"#));
        assert_same(&config, &RetryPolicy::new(base.jitter(jitter)));
    }
    let max = s(300);
    for (text, hint) in [
        (r#"{"server_hint": "honor"}"#, ServerHint::Honor { max }),
        (r#"{"server_hint": "exact"}"#, ServerHint::Exact { max }),
        (r#"{"server_hint": "ignore"}"#, ServerHint::Ignore),
        (
            r#"{"server_hint": "bounded", "server_hint_slack": "5s"}"#,
            ServerHint::Bounded { slack: s(5) },
        ),
        (
            r#"{"server_hint_max": "7s"}"#,
            ServerHint::Honor { max: s(7) },
        ),
    ] {
        assert_same(&json(text), &RetryPolicy::default().server_hint(hint));
    }
    let unlimited = RetryPolicy::default().unlimited_attempts();
    assert_same(&json(r#"{"max_attempts": "unlimited"}"#), &unlimited);
}

#[test]
fn durations_have_units() {
    for (text, duration) in [
        ("50ms", ms(50)),
        ("20s", s(20)),
        ("2m", s(120)),
        ("1h 30m", s(5_400)),
        ("1.5s", ms(1_500)),
        ("0s", Duration::ZERO),
        ("250us", Duration::from_micros(250)),
        ("1ns", Duration::from_nanos(1)),
    ] {
        let config = json(&format!(r#"{{"max_elapsed": {text:?}}}"#));
        assert_same(&config, &RetryPolicy::default().max_elapsed(duration));
    }
}

#[test]
fn a_budget_has_the_costs_of_its_kind() {
    for (text, budget) in [
        (r#"{"budget_capacity": 500}"#, RetryBudget::new(500)),
        (
            r#"{"budget_capacity": 10, "budget_retries_per_success": 0.1}"#,
            RetryBudget::ratio(0.1, 10),
        ),
        (
            r#"{"budget_capacity": 10, "budget_other_cost": 7}"#,
            RetryBudget::new(10).costs(5, 7),
        ),
    ] {
        assert_same(&json(text), &RetryPolicy::default().budget(&budget));
    }
}

#[test]
fn each_policy_has_a_budget_of_its_own() {
    let config = json(r#"{"budget_capacity": 14}"#);
    for _ in 0..2 {
        let policy = config.policy().backoff(Backoff::none());
        let call = || policy.retry_blocking(|_| Err::<(), _>("down")).outcome();
        assert_eq!((call().attempts, call().attempts), (2, 1));
    }
}
