//! AWS's own headers: the server hint of a response, and the headers that AWS's SDKs send
//! with each attempt.

use std::fmt;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::attempt::Attempt;
use crate::jitter;
use crate::timer::wall_clock;

/// Returns the value of the header `x-amz-retry-after`, in whole milliseconds. Returns
/// `None` for any other value.
pub(crate) fn amz_retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("x-amz-retry-after")?.to_str().ok()?;
    let value = value.trim_ascii();
    if !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    value.parse().ok().map(Duration::from_millis)
}

/// The id of one call: a random UUID (version 4).
///
/// Make one per call and pass it to [`sdk_headers`] for every attempt, so that all attempts
/// of the call have the same id.
///
/// ```
/// use reattempt::aws::InvocationId;
///
/// let id = InvocationId::new().to_string();
/// assert_eq!((id.len(), &id[14..15]), (36, "4"));
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct InvocationId(u128);

impl InvocationId {
    /// Returns a new random id.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "every id is different, so none is a default"
    )]
    pub fn new() -> Self {
        // RFC 9562, section 5.4: the version in bits 48 to 51, the variant 10 in
        // bits 64 and 65.
        const FIXED: u128 = 0xf000_c000_0000_0000_0000;
        const VERSION_4: u128 = 0x4000_8000_0000_0000_0000;
        let (high, low) = (jitter::entropy(), jitter::entropy());
        let random = u128::from(high) << 64 | u128::from(low);
        Self(random & !FIXED | VERSION_4)
    }
}

impl fmt::Display for InvocationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.to_be_bytes().iter().enumerate() {
            let dash = if matches!(index, 4 | 6 | 8 | 10) {
                "-"
            } else {
                ""
            };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for InvocationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvocationId({self})")
    }
}

/// Returns the two headers that AWS's SDKs send with each attempt.
///
/// - `amz-sdk-invocation-id` is the id of the call.
/// - `amz-sdk-request` contains the number of the attempt and `max_attempts`. If the call
///   has a `max_elapsed`, it also contains the date at which that ends. Call this at the
///   start of the attempt, because the date is now plus the time that was left then.
///
/// Add the headers before you sign the request: the signature covers both. The second one
/// differs between attempts, so each attempt needs its own signature.
///
/// ```
/// use reattempt::aws::{InvocationId, sdk_headers, standard};
///
/// let id = InvocationId::new();
/// let headers = sdk_headers(&id, &standard().start_at(std::time::Duration::ZERO).attempt());
/// assert_eq!(headers[0].1, id.to_string());
/// assert_eq!(headers[1].0, "amz-sdk-request");
/// assert_eq!(headers[1].1, "attempt=1; max=3");
/// ```
#[must_use]
pub fn sdk_headers(id: &InvocationId, attempt: &Attempt) -> [(HeaderName, HeaderValue); 2] {
    let ttl = attempt
        .remaining()
        .and_then(|left| ttl(wall_clock(), left))
        .map_or_else(String::new, |ttl| format!("ttl={ttl}; "));
    let max = attempt
        .max_attempts()
        .map_or_else(String::new, |max| format!("; max={max}"));
    let request = format!("{ttl}attempt={}{max}", attempt.number());
    [
        ("amz-sdk-invocation-id", id.to_string()),
        ("amz-sdk-request", request),
    ]
    .map(|(name, value)| {
        // The text is ASCII letters, digits and punctuation, so this never fails.
        let value = HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static(""));
        (HeaderName::from_static(name), value)
    })
}

/// Returns the date `left` after `now`, such as `20190601T000011Z`. Returns `None` for a
/// date after the year 9999.
fn ttl(now: SystemTime, left: Duration) -> Option<String> {
    /// The beginning of the year 10000, which an HTTP date cannot represent.
    const TOO_LATE: u64 = 253_402_300_800;
    let end = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?
        .checked_add(left)?;
    if end.as_secs() >= TOO_LATE {
        return None;
    }
    let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH.checked_add(end)?);
    // An HTTP date looks like `Sat, 01 Jun 2019 00:00:11 GMT`.
    let mut parts = date.split(' ').skip(1);
    let (day, month, year, time) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = match month {
        "Jan" => "01",
        "Feb" => "02",
        "Mar" => "03",
        "Apr" => "04",
        "May" => "05",
        "Jun" => "06",
        "Jul" => "07",
        "Aug" => "08",
        "Sep" => "09",
        "Oct" => "10",
        "Nov" => "11",
        _ => "12",
    };
    Some(format!("{year}{month}{day}T{}Z", time.replace(':', "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_a_basic_iso_8601_time() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_559_347_200);
        let at = |left| ttl(now, left);
        assert_eq!(
            at(Duration::from_secs(11)).as_deref(),
            Some("20190601T000011Z")
        );
        assert_eq!(
            at(Duration::from_secs(86_400 * 214)).as_deref(),
            Some("20200101T000000Z")
        );
        for (month, days) in [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
            .into_iter()
            .enumerate()
        {
            // The first day of a month of 1970.
            let date = ttl(SystemTime::UNIX_EPOCH, Duration::from_secs(86_400 * days));
            assert_eq!(date, Some(format!("1970{:02}01T000000Z", month + 1)));
        }
        assert_eq!(at(Duration::MAX), None);
        assert_eq!(at(Duration::from_secs(1 << 38)), None);
    }

    #[test]
    fn amz_retry_after_is_in_whole_milliseconds() {
        let of = |value: &'static str| {
            let pair = (
                HeaderName::from_static("x-amz-retry-after"),
                HeaderValue::from_static(value),
            );
            amz_retry_after(&HeaderMap::from_iter([pair]))
        };
        assert_eq!(of("1500"), Some(Duration::from_millis(1_500)));
        assert_eq!(of("0"), Some(Duration::ZERO));
        for bad in ["-5", "1.5", "", "soon", "+5", "99999999999999999999"] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
