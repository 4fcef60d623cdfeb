//! Checks that no configuration causes a panic, that a policy keeps the limits of its
//! configuration, and that a written configuration is read as an equal value.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use reattempt::{Decision, ErrorKind, PolicyConfig, Verdict};
use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer};

fuzz_target!(|text: &str| {
    // Lines of `field value`, as environment variables are.
    let fields = text.lines().filter_map(|line| line.split_once(' '));
    let fields = MapDeserializer::<_, Error>::new(fields);
    let config = PolicyConfig::deserialize(fields).ok();
    for config in config.into_iter().chain(toml::from_str(text)) {
        let written = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str(&written), Ok(config.clone()), "{written}");
        check_policy(&config, &written);
    }
});

/// Checks that a call keeps to the written `max_attempts`, `max_delay` and `max_elapsed`.
fn check_policy(config: &PolicyConfig, written: &str) {
    let fields: toml::Table = written.parse().unwrap();
    let whole = |field: &str| fields.get(field).and_then(toml::Value::as_integer);
    let policy = config.policy();
    assert!(!policy.to_string().is_empty());
    let mut session = policy.start_at(Duration::ZERO);
    let is_unlimited = fields.get("max_attempts").is_some_and(toml::Value::is_str);
    let max = whole("max_attempts").unwrap_or(3);
    let cap = match fields.get("max_delay") {
        Some(cap) => whole_seconds(cap),
        None => Some(Duration::from_secs(20)),
    };
    let limit = fields.get("max_elapsed").and_then(whole_seconds);
    let mut now = Duration::ZERO;
    for attempt in 1..=20 {
        let verdict = Verdict::retry(ErrorKind::Server);
        match session.decide_as(verdict, now) {
            Decision::RetryAfter(delay) => {
                assert!(is_unlimited || attempt < max, "{written}");
                assert!(cap.is_none_or(|cap| delay <= cap), "{delay:?} {written}");
                now = now.saturating_add(delay);
                // A retry does not start at the end of the time or later.
                assert!(limit.is_none_or(|limit| now < limit), "{now:?} {written}");
            }
            Decision::Stop(_) => return,
        }
    }
}

/// Reads a duration such as `20s`. Returns `None` for any other form.
fn whole_seconds(value: &toml::Value) -> Option<Duration> {
    let seconds = value.as_str()?.strip_suffix('s')?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
