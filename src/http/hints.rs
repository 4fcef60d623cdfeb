//! Server hints: the headers by which a server asks for a delay.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

use super::retry_after;

/// Returns the delay that a server asks for in the headers of a response.
///
/// Reads `retry-after-ms` and `x-ms-retry-after-ms`, in whole or decimal
/// milliseconds, and then Retry-After, as [`retry_after`] does. The first header
/// that is present and well formed is used. If a header is repeated, only its first
/// line counts. `now` is the wall clock time to which a date in Retry-After is
/// relative.
///
/// [`HttpClassifier`](crate::http::HttpClassifier) does this for each response
/// that is to be retried. Call it in a classifier of your own.
///
/// [`retry_after`]: crate::http::retry_after()
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use http::{HeaderMap, HeaderValue};
/// use reattempt::http::server_hint;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("retry-after", HeaderValue::from_static("2"));
/// headers.insert("retry-after-ms", HeaderValue::from_static("1500.5"));
/// let hint = server_hint(&headers, SystemTime::UNIX_EPOCH);
/// assert_eq!(hint, Some(Duration::from_micros(1_500_500)));
/// ```
#[must_use]
pub fn server_hint(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    parse(headers, || now)
}

/// Does what [`server_hint`] does, and reads the clock only for a date.
pub(crate) fn parse(headers: &HeaderMap, now: impl FnOnce() -> SystemTime) -> Option<Duration> {
    millis(headers, "retry-after-ms")
        .or_else(|| millis(headers, "x-ms-retry-after-ms"))
        .or_else(|| retry_after::parse(headers, now))
}

/// Returns the value of `x-should-retry`: `true`, `false`, or `None` for
/// anything else.
pub(super) fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match text(headers, "x-should-retry")? {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Reads milliseconds, such as `1500` or `1500.25`. Digits below a nanosecond
/// are cut off.
fn millis(headers: &HeaderMap, name: &str) -> Option<Duration> {
    let value = text(headers, name)?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    if !(is_digits(whole) && is_digits(fraction)) {
        return None;
    }
    let whole = Duration::from_millis(whole.parse().ok()?);
    // Six digits after the point of a millisecond are nanoseconds.
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    let nanos = digits.fold(0_u64, |nanos, digit| {
        let digit = u64::from(digit.saturating_sub(b'0'));
        nanos.saturating_mul(10).saturating_add(digit)
    });
    Some(whole.saturating_add(Duration::from_nanos(nanos)))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the first value of a header without the white space around it.
fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.trim_matches([' ', '\t']))
}
