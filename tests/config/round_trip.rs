//! Configurations that are written and read again.

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_written_is_what_was_read() {
    let config = json(EVERY_FIELD);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(json(&text), config);
    assert!(text.contains(r#","server_hint_max":"1m 30s","#), "{text}");
    let text = serde_json::to_string(&PolicyConfig::default()).unwrap();
    assert_eq!(text, "{}");
    let text = r#"{"max_attempts":"unlimited","max_elapsed":"1h 30m","jitter":"none"}"#;
    assert_eq!(serde_json::to_string(&json(text)).unwrap(), text);
}

/// Writes a configuration and reads it again.
fn written_and_read(config: &PolicyConfig) -> PolicyConfig {
    // Not a text, since serde_json rounds long numbers in texts.
    let written = serde_json::to_value(config).unwrap();
    serde_json::from_value(written).unwrap()
}

proptest! {
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
        prop_assert_eq!(written_and_read(&config), config);
    }

    #[test]
    fn no_text_panics(
        line in 0..16_usize,
        text in "\\PC{0,40}|[0-9]{1,25}(ns|us|ms|s|m|h)( [0-9]{1,25}ms)?|[0-9]{1,25}([.][0-9]{1,9})?",
    ) {
        let mut fields = every_field();
        fields[line].1 = text;
        let config = PolicyConfig::deserialize(MapDeserializer::<_, ValueError>::new(fields.into_iter()));
        if let Ok(config) = config {
            prop_assert_eq!(&written_and_read(&config), &config);
            let policy = config.policy();
            let decision = policy.start_at(Duration::ZERO).decide(Err::<&(), _>(&"down"), s(1));
            prop_assert!(matches!(decision, Decision::RetryAfter(_) | Decision::Stop(_)));
        }
    }
}
