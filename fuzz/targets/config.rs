//! Checks that no configuration causes a panic, that a policy does what it says, and that what
//! is written is read as an equal value.
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

/// Checks that a call makes no more attempts, and waits no longer, than the written settings
/// say.
fn check_policy(config: &PolicyConfig, written: &str) {
    let fields: toml::Table = written.parse().unwrap();
    let whole = |field: &str| fields.get(field).and_then(toml::Value::as_integer);
    let policy = config.policy();
    assert!(!policy.to_string().is_empty());
    let mut session = policy.start_at(Duration::ZERO);
    let is_unlimited = fields.get("max_attempts").is_some_and(toml::Value::is_str);
    let max = whole("max_attempts").unwrap_or(3);
    // Only whole seconds are read here.
    let cap = match fields.get("max_delay").and_then(toml::Value::as_str) {
        Some(text) => text.strip_suffix('s').and_then(|text| text.parse().ok()),
        None => Some(20),
    };
    let cap = cap.map(Duration::from_secs);
    for attempt in 1..=20 {
        let verdict = Verdict::retry(ErrorKind::Server);
        match session.decide_as(verdict, Duration::ZERO) {
            Decision::RetryAfter(delay) => {
                assert!(is_unlimited || attempt < max, "{written}");
                assert!(cap.is_none_or(|cap| delay <= cap), "{delay:?} {written}");
            }
            Decision::Stop(_) => return,
        }
    }
}
