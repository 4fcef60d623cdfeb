//! No header panics; seconds are read as they stand.
#![no_main]

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use reattempt::http::retry_after;

fuzz_target!(|input: (&[u8], u64)| {
    let (value, now) = input;
    let Ok(header) = HeaderValue::from_bytes(value) else {
        return;
    };
    let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, header)]);
    let now = SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(now))
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let hint = retry_after(&headers, now);
    if let Some(seconds) = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok()) {
        let plain = value.iter().all(u8::is_ascii_digit);
        assert!(!plain || hint == Some(Duration::from_secs(seconds)) || hint.is_none());
    }
});
