//! Checks that a header value never causes a panic, and that whole seconds are read
//! unchanged.
#![no_main]

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use reattempt::http::{retry_after, server_hint};

fuzz_target!(|input: (&[u8], u64)| {
    let (value, now) = input;
    let Ok(header) = HeaderValue::from_bytes(value) else {
        return;
    };
    let millis = http::HeaderName::from_static("retry-after-ms");
    let millis = HeaderMap::from_iter([(millis, header.clone())]);
    let _ = server_hint(&millis, SystemTime::UNIX_EPOCH);
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
