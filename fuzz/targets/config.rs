//! No configuration panics, and what is written is read as an equal value.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use reattempt::PolicyConfig;
use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer};

fuzz_target!(|text: &str| {
    // Lines of `field value`, as environment variables are.
    let fields = text.lines().filter_map(|line| line.split_once(' '));
    let fields = MapDeserializer::<_, Error>::new(fields);
    let config = PolicyConfig::deserialize(fields).ok();
    for config in config.into_iter().chain(toml::from_str(text)) {
        let policy = config.policy();
        let mut session = policy.start_at(Duration::ZERO);
        let _ = session.decide(Err::<&(), _>(&"down"), Duration::ZERO);
        let written = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str(&written), Ok(config), "{written}");
    }
});
