//! Checks that a Retry-After never causes a panic, and that seconds and dates are exact.
#![no_main]

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use reattempt::http::retry_after;
use reattempt_fuzz::line;

fuzz_target!(|text: &[u8]| {
    // The first line is the present in seconds, and the second one is the header.
    let (seconds, text) = line(text);
    let value = line(text).0;
    let Ok(header) = HeaderValue::from_bytes(value) else {
        return;
    };
    let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, header)]);
    let seconds = std::str::from_utf8(seconds).ok();
    let seconds = seconds.and_then(|text| text.parse::<u64>().ok());
    let now = SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds.unwrap_or_default()))
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let hint = retry_after(&headers, now);
    let text = String::from_utf8_lossy(value);
    let text = text.trim_matches([' ', '\t']);
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        assert_eq!(hint, text.parse().ok().map(Duration::from_secs));
    } else if let Some(hint) = hint {
        // A date. Reading it from the point in time that it means gives zero.
        let date = now + hint;
        assert_eq!(retry_after(&headers, date), Some(Duration::ZERO));
        // Reading it from one hour before gives an hour, unless it has passed.
        if let (false, Some(before)) = (hint.is_zero(), date.checked_sub(HOUR)) {
            assert_eq!(retry_after(&headers, before), Some(HOUR));
        }
    }
});

const HOUR: Duration = Duration::from_secs(3600);
