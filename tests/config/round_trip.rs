//! Configurations that are written and read again.

use proptest::prelude::*;

use super::*;

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
