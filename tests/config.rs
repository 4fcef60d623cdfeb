//! Policies from configuration files and environment variables.
#![cfg(feature = "serde")]
#![expect(clippy::unwrap_used, reason = "a test's own data")]

use std::time::Duration;

use proptest::prelude::*;
use reattempt::{
    Backoff, Decision, ErrorKind, Jitter, PolicyConfig, RetryBudget, RetryPolicy, ServerHint,
    Verdict,
};
use serde::Deserialize;
use serde::de::value::{Error as ValueError, MapDeserializer};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn toml(text: &str) -> PolicyConfig {
    toml::from_str(text).unwrap()
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
fn a_toml_table_sets_every_field() {
    assert_same(&toml(EVERY_FIELD), &every_setting());
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
    assert_eq!(config.retry, json(r#"{"max_attempts": 9}"#));
    assert_eq!(config.other, PolicyConfig::default());
}

#[test]
fn an_empty_document_is_the_default_policy() {
    let default = RetryPolicy::default();
    for config in [toml(""), json("{}"), PolicyConfig::default()] {
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
    let lines: Vec<(String, String)> = EVERY_FIELD
        .lines()
        .filter_map(|line| line.trim().split_once(" = "))
        .map(|(field, value)| {
            let name = format!("ORDERS_RETRY_{}", field.to_ascii_uppercase());
            (name, format!(" {} ", value.trim_matches('"')))
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
        let config = toml(&format!("jitter = {word:?}"));
        assert_same(&config, &RetryPolicy::new(base.jitter(jitter)));
    }
    let max = s(300);
    for (text, hint) in [
        ("server_hint = 'honor'", ServerHint::Honor { max }),
        ("server_hint = 'exact'", ServerHint::Exact { max }),
        ("server_hint = 'ignore'", ServerHint::Ignore),
        (
            "server_hint = 'bounded'\nserver_hint_slack = '5s'",
            ServerHint::Bounded { slack: s(5) },
        ),
        ("server_hint_max = '7s'", ServerHint::Honor { max: s(7) }),
    ] {
        assert_same(&toml(text), &RetryPolicy::default().server_hint(hint));
    }
    let unlimited = RetryPolicy::default().unlimited_attempts();
    assert_same(&toml("max_attempts = 'unlimited'"), &unlimited);
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
        let config = toml(&format!("max_elapsed = {text:?}"));
        assert_same(&config, &RetryPolicy::default().max_elapsed(duration));
    }
}

#[test]
fn a_budget_has_the_costs_of_its_kind() {
    for (text, budget) in [
        ("budget_capacity = 500", RetryBudget::new(500)),
        (
            "budget_capacity = 10\nbudget_retries_per_success = 0.1",
            RetryBudget::ratio(0.1, 10),
        ),
        (
            "budget_capacity = 10\nbudget_other_cost = 7",
            RetryBudget::new(10).costs(5, 7),
        ),
    ] {
        assert_same(&toml(text), &RetryPolicy::default().budget(&budget));
    }
}

#[test]
fn each_policy_has_a_budget_of_its_own() {
    let config = toml("budget_capacity = 14");
    for _ in 0..2 {
        let policy = config.policy().backoff(Backoff::none());
        let call = || policy.retry_blocking(|_| Err::<(), _>("down")).outcome();
        assert_eq!((call().attempts, call().attempts), (2, 1));
    }
}

const DURATION: &str = r#"a duration with a unit, such as "50ms", "1.5s" or "2m""#;

#[test]
fn a_refused_value_is_named_in_the_message() {
    let attempts = r#"a whole number of at least 1, or "unlimited""#;
    let tokens = "a whole number from 0 to 4294967295";
    let rate = "a number from 0.000001 to 1000000000";
    let jitter = r#"one of "full", "equal", "decorrelated", "proportional", "none""#;
    let hint = r#"one of "honor", "exact", "bounded", "ignore""#;
    for (field, value, expected) in [
        ("max_attempts", "0", attempts),
        ("max_attempts", "-1", attempts),
        ("max_attempts", "4294967296", attempts),
        ("max_attempts", "2.5", attempts),
        ("max_attempts", "true", attempts),
        ("max_attempts", r#""three""#, attempts),
        ("max_attempts", r#""""#, attempts),
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
        ("jitter", r#""half""#, jitter),
        ("jitter", r#""Full""#, jitter),
        ("jitter", "1", jitter),
        ("jitter_fraction", "1.5", "a number from 0 to 1"),
        ("jitter_fraction", "-0.5", "a number from 0 to 1"),
        ("server_hint", r#""honour""#, hint),
        ("budget_capacity", "-1", tokens),
        ("budget_capacity", "1.5", tokens),
        ("budget_throttling_cost", "4294967296", tokens),
        ("budget_other_cost", "-1", tokens),
        (
            "budget_retries_per_success",
            "-0.5",
            "a number of at least 0",
        ),
        ("budget_tokens_per_second", "0", rate),
        ("budget_tokens_per_second", "2000000000", rate),
        ("budget_starting_tokens", "-1", "a number of at least 0"),
    ] {
        let message = format!("{field} is {value}, expected {expected}");
        let document = format!("{{{field:?}: {value}}}");
        let error = serde_json::from_str::<PolicyConfig>(&document).unwrap_err();
        assert!(error.to_string().starts_with(&message), "{error}");
        let error = toml::from_str::<PolicyConfig>(&format!("{field} = {value}")).unwrap_err();
        assert_eq!(error.message(), message);
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

#[test]
fn contradictions_are_refused() {
    for (document, message) in [
        (
            "base_delay = '30s'",
            r#"base_delay is "30s", expected at most max_delay, which is "20s""#,
        ),
        (
            "throttling_base_delay = '2s'\nmax_delay = '1500ms'",
            r#"throttling_base_delay is "2s", expected at most max_delay, which is "1s 500ms""#,
        ),
        (
            "jitter = 'proportional'",
            r#"jitter is "proportional", expected jitter_fraction to be set too"#,
        ),
        (
            "jitter = 'full'\njitter_fraction = 0.5",
            r#"jitter_fraction is 0.5, expected jitter to be "proportional""#,
        ),
        (
            "jitter_fraction = 0.5",
            r#"jitter_fraction is 0.5, expected jitter to be "proportional""#,
        ),
        (
            "server_hint = 'ignore'\nserver_hint_max = '5s'",
            r#"server_hint_max is "5s", expected server_hint to be "honor" or "exact""#,
        ),
        (
            "server_hint = 'bounded'\nserver_hint_slack = '5s'\nserver_hint_max = '5s'",
            r#"server_hint_max is "5s", expected server_hint to be "honor" or "exact""#,
        ),
        (
            "server_hint_slack = '5s'",
            r#"server_hint_slack is "5s", expected server_hint to be "bounded""#,
        ),
        (
            "server_hint = 'bounded'",
            r#"server_hint is "bounded", expected server_hint_slack to be set too"#,
        ),
        (
            "budget_other_cost = 3",
            "budget_other_cost is 3, expected budget_capacity to be set too",
        ),
        (
            "budget_starting_tokens = 0.5",
            "budget_starting_tokens is 0.5, expected budget_capacity to be set too",
        ),
        (
            "budget_capacity = 10",
            "budget_capacity is 10, expected at least budget_other_cost, which is 14",
        ),
        (
            "budget_capacity = 10\nbudget_throttling_cost = 20",
            "budget_capacity is 10, expected at least budget_throttling_cost, which is 20",
        ),
        (
            "budget_capacity = 20\nbudget_starting_tokens = 20.5",
            "budget_starting_tokens is 20.5, expected at most budget_capacity, which is 20",
        ),
    ] {
        let error = toml::from_str::<PolicyConfig>(document).unwrap_err();
        assert_eq!(error.message(), message);
    }
}

#[test]
fn an_error_shows_the_position_in_the_file() {
    let error = toml::from_str::<PolicyConfig>("factor = 2\nmax_attempts = 0\n").unwrap_err();
    let text = error.to_string();
    assert!(text.contains("line 2, column 16"), "{text}");
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

#[test]
fn absent_fields_leave_the_policy_as_it_is() {
    let policy = every_setting()
        .name("orders")
        .seed(7)
        .assume_idempotent()
        .when(|error: &&str| *error == "busy");
    let before = settings(&policy);
    let policy = PolicyConfig::default().apply(policy);
    assert_eq!(settings(&policy), before);
    let policy = toml("max_attempts = 2").apply(policy);
    let expected = before.replace("max_attempts: Some(7)", "max_attempts: Some(2)");
    assert_eq!(settings(&policy), expected);
    let call = |error| {
        policy
            .start_at(Duration::ZERO)
            .decide(Err::<&(), _>(&error), Duration::ZERO)
    };
    assert!(matches!(call("busy"), Decision::RetryAfter(_)));
    assert!(matches!(call("forbidden"), Decision::Stop(_)));
}

#[test]
fn a_part_of_a_backoff_leaves_the_rest() {
    let own = Backoff::exponential(ms(50))
        .factor(3.0)
        .cap(s(5))
        .jitter(Jitter::Equal);
    let throttling = Backoff::constant(s(4));
    let applied = |text: &str| {
        let policy = RetryPolicy::new(own).throttling_backoff(throttling);
        settings(&toml(text).apply(policy))
    };
    let expected =
        |own, throttling| settings(&RetryPolicy::new(own).throttling_backoff(throttling));
    let faster = Backoff::exponential(ms(20))
        .factor(3.0)
        .cap(s(5))
        .jitter(Jitter::Equal);
    assert_eq!(applied("base_delay = '20ms'"), expected(faster, throttling));
    let capped = expected(own.cap(s(2)), throttling.cap(s(2)));
    assert_eq!(applied("max_delay = '2s'"), capped);
    let plain = expected(own.jitter(Jitter::None), throttling);
    assert_eq!(applied("jitter = 'none'"), plain);
    let doubled = expected(own.factor(2.0), Backoff::exponential(s(4)));
    assert_eq!(applied("factor = 2"), doubled);
    let separate = expected(own, Backoff::exponential(s(2)));
    assert_eq!(applied("throttling_base_delay = '2s'"), separate);
}

#[test]
fn a_constant_backoff_becomes_exponential() {
    let policy = toml("base_delay = '2s'").apply(RetryPolicy::new(Backoff::none()));
    assert_eq!(
        settings(&policy),
        settings(&RetryPolicy::new(Backoff::exponential(s(2))))
    );
}

#[test]
fn a_hint_keeps_what_the_policy_has() {
    let applied = |text: &str, own| {
        let policy = RetryPolicy::new(Backoff::none()).server_hint(own);
        let policy = toml(text).apply(policy);
        let hinted = Verdict::retry(ErrorKind::Server).after(s(30));
        (
            policy
                .start_at(Duration::ZERO)
                .decide_as(hinted, Duration::ZERO),
            policy.to_string(),
        )
    };
    let exact = ServerHint::Exact { max: s(60) };
    let (decision, text) = applied("server_hint_max = '40s'", exact);
    assert_eq!(decision, Decision::RetryAfter(s(30)));
    assert!(text.ends_with("exact hints up to 40 s"), "{text}");
    let (_, text) = applied("server_hint = 'honor'", exact);
    assert!(text.ends_with("hints up to 60 s"), "{text}");
    let (_, text) = applied("server_hint = 'exact'", ServerHint::Honor { max: s(60) });
    assert!(text.ends_with("exact hints up to 60 s"), "{text}");
    let (_, text) = applied("server_hint = 'exact'", ServerHint::Ignore);
    assert!(text.ends_with("exact hints up to 300 s"), "{text}");
    let (decision, text) = applied("", exact);
    assert_eq!(decision, Decision::RetryAfter(s(30)));
    assert!(text.ends_with("exact hints up to 60 s"), "{text}");
}

#[test]
fn what_is_written_is_what_was_read() {
    let config = toml(EVERY_FIELD);
    let text = toml::to_string(&config).unwrap();
    assert_eq!(toml(&text), config);
    assert!(text.contains("server_hint_max = \"1m 30s\"\n"), "{text}");
    assert_eq!(toml::to_string(&PolicyConfig::default()).unwrap(), "");
    let text = r#"{"max_attempts":"unlimited","max_elapsed":"1h 30m","jitter":"none"}"#;
    assert_eq!(serde_json::to_string(&json(text)).unwrap(), text);
}

proptest! {
    // TOML, since serde_json rounds long numbers.
    #[test]
    fn any_duration_and_number_is_written_exactly(
        seconds in 0..=u64::MAX,
        nanos in 0..1_000_000_000_u32,
        factor in 1.0..f64::MAX,
        max in 1..=u32::MAX,
    ) {
        let config = json(&format!(
            r#"{{"max_elapsed":"{seconds}s {nanos}ns","factor":{factor:?},"max_attempts":{max}}}"#
        ));
        let limit = Duration::new(seconds, nanos);
        let text = settings(&config.policy());
        let expected = format!("max_attempts: Some({max}), max_elapsed: Some({limit:?})");
        prop_assert!(text.contains(&expected), "{}", text);
        let again = toml(&toml::to_string(&config).unwrap());
        prop_assert_eq!(again, config);
    }

    #[test]
    fn no_text_panics(
        line in 0..16_usize,
        text in "\\PC{0,40}|[0-9]{1,25}(ns|us|ms|s|m|h)( [0-9]{1,25}ms)?|[0-9]{1,25}([.][0-9]{1,9})?",
    ) {
        let lines = EVERY_FIELD.lines().filter_map(|line| line.trim().split_once(" = "));
        let fields: Vec<_> = lines
            .enumerate()
            .map(|(n, (field, value))| (field, if n == line { &text } else { value.trim_matches('"') }))
            .collect();
        let config = PolicyConfig::deserialize(MapDeserializer::<_, ValueError>::new(fields.into_iter()));
        if let Ok(config) = config {
            let again = toml(&toml::to_string(&config).unwrap());
            prop_assert_eq!(&again, &config);
            let policy = config.policy();
            let decision = policy.start_at(Duration::ZERO).decide(Err::<&(), _>(&"down"), s(1));
            prop_assert!(matches!(decision, Decision::RetryAfter(_) | Decision::Stop(_)));
        }
    }
}
