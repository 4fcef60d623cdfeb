//! The Retry-After header.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// Returns the delay that the Retry-After header of a response asks for.
///
/// The header holds whole seconds or an HTTP date in any of its three forms
/// (RFC 9110, sections 10.2.3 and 5.6.7). `now` is the wall clock time to which a
/// date is relative. A date in the past gives a zero delay. Returns `None` for
/// dates before 1970 and for any other value, and without the header. If there
/// are several headers, only the first is read.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use http::{HeaderMap, HeaderValue, header::RETRY_AFTER};
/// use reattempt::http::retry_after;
///
/// let now = SystemTime::UNIX_EPOCH;
/// let mut headers = HeaderMap::new();
/// headers.insert(RETRY_AFTER, HeaderValue::from_static("120"));
/// assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(120)));
///
/// headers.insert(RETRY_AFTER, HeaderValue::from_static("Thu, 01 Jan 1970 00:00:05 GMT"));
/// assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(5)));
/// ```
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    parse(headers, || now)
}

/// Does what [`retry_after`] does, and reads the clock only for a date.
pub(crate) fn parse(headers: &HeaderMap, now: impl FnOnce() -> SystemTime) -> Option<Duration> {
    let value = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim_matches([' ', '\t']);
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().ok().map(Duration::from_secs);
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now()).unwrap_or_default())
}
