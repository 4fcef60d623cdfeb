//! `ClockSkew`: the difference between this machine's clock and the server's.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use http::header::{AGE, DATE};
use http::{HeaderMap, Response};

use crate::timer::wall_clock;

/// The skew from which AWS rejects a signature, less a margin: a signature is valid for 5
/// minutes.
const TOLERATED: Duration = Duration::from_secs(4 * 60);

/// A response that took longer is not measured. The date is taken for the middle of the round
/// trip, which is wrong by at most half of it. That error and the tolerated skew together stay
/// below 5 minutes.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(100);

/// Marks a response to a request that was signed with a wrong time.
#[derive(Clone, Copy, Debug)]
struct SignedAtWrongTime;

/// The difference between this machine's clock and the clock of a service, for clients that
/// sign their own requests.
///
/// A signature carries a date, and AWS rejects one that is more than five minutes off. A
/// machine with a wrong clock thus fails at every call, with a 4xx that is not retried.
/// `ClockSkew` measures the difference from the `Date` header of each response, and corrects
/// the time that you sign with:
///
/// 1. Keep one `ClockSkew` per client. Clones share the measurement.
/// 2. Sign with [`now`](Self::now).
/// 3. Pass each response to [`observe`](Self::observe).
/// 4. Give the policy a classifier with
///    [`retry_clock_skew`](crate::aws::AwsClassifier::retry_clock_skew). It retries a
///    request that was rejected because it was signed with a wrong time.
///
/// A response with an `Age` header comes from a cache and is not measured, nor is one that
/// took more than 100 seconds.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use http::{Response, StatusCode};
/// use reattempt::aws::{self, AwsClassifier, ClockSkew};
/// use reattempt::Backoff;
///
/// # fn date(time: SystemTime) -> String { httpdate::fmt_http_date(time) }
/// /// A service whose clock is 3 hours ahead of ours.
/// fn send(signed_at: SystemTime) -> Response<&'static str> {
///     let now = SystemTime::now() + Duration::from_secs(3 * 3600);
///     let is_valid = now.duration_since(signed_at).is_ok_and(|age| age.as_secs() < 300);
///     let mut response = Response::new("");
///     if !is_valid {
///         *response.status_mut() = StatusCode::FORBIDDEN;
///         *response.body_mut() = "<Error><Code>RequestTimeTooSkewed</Code></Error>";
///     }
///     response.headers_mut().insert("date", date(now).parse().expect("a date"));
///     response
/// }
///
/// let skew = ClockSkew::new();
/// let policy = aws::standard()
///     .backoff(Backoff::none())
///     .classify(AwsClassifier::new().retry_clock_skew());
/// let outcome = policy
///     .retry_blocking(|_| {
///         let now = skew.now();
///         let mut response = send(now.time());
///         skew.observe(now, &mut response);
///         Ok::<_, std::io::Error>(response)
///     })
///     .outcome();
/// assert_eq!(outcome.attempts, 2);
/// assert!(outcome.result.is_ok_and(|response| response.status().is_success()));
/// ```
#[derive(Clone)]
pub struct ClockSkew {
    clock: fn() -> SystemTime,
    /// How far the server's clock is ahead of ours, in milliseconds.
    ahead: Arc<AtomicI64>,
}

impl Default for ClockSkew {
    fn default() -> Self {
        Self::new()
    }
}

impl ClockSkew {
    /// Creates a `ClockSkew` that has not measured a difference yet. It shares nothing with
    /// other ones.
    #[must_use]
    pub fn new() -> Self {
        Self {
            clock: wall_clock,
            ahead: Arc::default(),
        }
    }

    /// Sets this machine's clock. The default is the system's. Use this in tests.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use reattempt::aws::ClockSkew;
    ///
    /// let skew = ClockSkew::new().clock(|| SystemTime::UNIX_EPOCH);
    /// assert_eq!(skew.now().time(), SystemTime::UNIX_EPOCH);
    /// ```
    #[must_use]
    pub fn clock(mut self, now: fn() -> SystemTime) -> Self {
        self.clock = now;
        self
    }

    /// Returns the corrected time, to sign a request with.
    ///
    /// Call it once for each attempt, before the request is sent.
    pub fn now(&self) -> SigningTime {
        SigningTime {
            sent: (self.clock)(),
            ahead: self.ahead.load(Ordering::Relaxed),
        }
    }

    /// Measures the difference between the clocks from the `Date` header of a response.
    /// `signed` is the time with which its request was signed.
    ///
    /// If that time was wrong by more than 4 minutes, this marks the response in its
    /// extensions. The mark is what
    /// [`retry_clock_skew`](crate::aws::AwsClassifier::retry_clock_skew) retries, so that the
    /// request is repeated only if it is signed with another time.
    pub fn observe<B>(&self, signed: SigningTime, response: &mut Response<B>) {
        let received = (self.clock)();
        let Some(ahead) = measure(response.headers(), signed.sent, received) else {
            return;
        };
        self.ahead.store(ahead, Ordering::Relaxed);
        if Duration::from_millis(ahead.abs_diff(signed.ahead)) > TOLERATED {
            response.extensions_mut().insert(SignedAtWrongTime);
        }
    }
}

impl fmt::Debug for ClockSkew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ahead = self.ahead.load(Ordering::Relaxed);
        f.debug_struct("ClockSkew")
            .field("server_ahead_ms", &ahead)
            .finish_non_exhaustive()
    }
}

/// The corrected time with which one attempt is signed. Created by [`ClockSkew::now`].
#[must_use = "sign the request with its `time()`, and pass it to `ClockSkew::observe`"]
#[derive(Clone, Copy, Debug)]
pub struct SigningTime {
    /// The uncorrected time.
    sent: SystemTime,
    ahead: i64,
}

impl SigningTime {
    /// Returns the time to sign with.
    #[must_use]
    pub fn time(self) -> SystemTime {
        let correction = Duration::from_millis(self.ahead.unsigned_abs());
        let corrected = if self.ahead < 0 {
            self.sent.checked_sub(correction)
        } else {
            self.sent.checked_add(correction)
        };
        corrected.unwrap_or(self.sent)
    }
}

impl From<SigningTime> for SystemTime {
    fn from(time: SigningTime) -> Self {
        time.time()
    }
}

/// Returns true if [`ClockSkew::observe`] has marked the response.
pub(crate) fn is_signed_at_wrong_time<B>(response: &Response<B>) -> bool {
    response.extensions().get::<SignedAtWrongTime>().is_some()
}

/// Returns true for the codes with which services reject a signature because of its time.
/// Some of them have other causes too.
pub(crate) fn may_mean_skew(code: &str) -> bool {
    matches!(
        code,
        "AccessDeniedException"
            | "AuthFailure"
            | "InvalidSignatureException"
            | "RequestExpired"
            | "RequestTimeTooSkewed"
            | "SignatureDoesNotMatch"
    )
}

/// Returns by how many milliseconds the server's clock is ahead: its date less the middle
/// of the time between sending and receiving. Returns `None` if the response has no usable
/// date.
fn measure(headers: &HeaderMap, sent: SystemTime, received: SystemTime) -> Option<i64> {
    if headers.contains_key(AGE) {
        return None;
    }
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    // An error means that this machine's clock was set back meanwhile.
    let round_trip = received.duration_since(sent).ok()?;
    if round_trip > LONGEST_ROUND_TRIP {
        return None;
    }
    let middle = sent.checked_add(round_trip.checked_div(2)?)?;
    let millis = |length: Duration| i64::try_from(length.as_millis()).ok();
    match date.duration_since(middle) {
        Ok(ahead) => millis(ahead),
        Err(behind) => millis(behind.duration())?.checked_neg(),
    }
}
