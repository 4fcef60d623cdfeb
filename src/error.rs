//! How a call ended: its reason, its story, and the error that tells both.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use crate::classify::ErrorKind;

/// Why a call came to its end.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum StopReason {
    /// `max_attempts` were made.
    OutOfAttempts,
    /// The client's retry budget holds too few tokens for another retry.
    OutOfBudget,
    /// The next wait would have ended after `max_elapsed`.
    OutOfTime,
    /// The outcome is not worth a retry.
    Permanent,
    /// The server asked for this delay, longer than the policy honours.
    ServerDelayTooLong(Duration),
    /// The operation succeeded.
    Success,
    /// The request cannot be sent again, because it could not be cloned.
    Unrepeatable,
}

impl StopReason {
    /// Its name in lower case, for a label: `out_of_attempts` and so on.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OutOfAttempts => "out_of_attempts",
            Self::OutOfBudget => "out_of_budget",
            Self::OutOfTime => "out_of_time",
            Self::Permanent => "permanent",
            Self::ServerDelayTooLong(_) => "server_delay_too_long",
            Self::Success => "success",
            Self::Unrepeatable => "unrepeatable",
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfAttempts => f.write_str("attempts exhausted"),
            Self::OutOfBudget => f.write_str("the client's retry budget is empty"),
            Self::OutOfTime => f.write_str("the next wait would end after the time limit"),
            Self::Permanent => f.write_str("a retry would not help"),
            Self::ServerDelayTooLong(hint) => write!(
                f,
                "the server asked for a wait of {}, longer than the policy allows",
                Seconds(*hint)
            ),
            Self::Success => f.write_str("success"),
            Self::Unrepeatable => f.write_str("the request could not be cloned to be sent again"),
        }
    }
}

/// A call's outcome with its story, from `.outcome()` in place of `.await` or
/// `.call()`.
///
/// ```
/// use reattempt::{Backoff, RetryPolicy, StopReason};
///
/// let policy = RetryPolicy::new(Backoff::none());
/// let outcome = policy.retry_blocking(|_| Err::<(), _>("down")).outcome();
/// assert_eq!(outcome.result, Err("down"));
/// assert_eq!((outcome.attempts, outcome.reason), (3, StopReason::OutOfAttempts));
/// ```
#[must_use = "the operation's own result is inside"]
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Outcome<T, E> {
    /// What the last attempt returned.
    pub result: Result<T, E>,
    /// The attempts made, the first one included.
    pub attempts: u32,
    /// The sum of the delays served.
    pub waited: Duration,
    /// Why no further attempt was made.
    pub reason: StopReason,
    /// What was wrong with the last attempt, where its verdict was a retry.
    pub kind: Option<ErrorKind>,
    pub(crate) all_throttled: bool,
}

impl<T, E> Outcome<T, E> {
    /// The result, its error wrapped with the story of the call.
    ///
    /// An `Ok` stays what it is, also one that was judged worth a retry, such
    /// as a last 503 response: see [`reason`](Self::reason).
    ///
    /// # Errors
    ///
    /// [`RetryError`] around the operation's own error, where there is one.
    pub fn into_result(self) -> Result<T, RetryError<E>> {
        self.result.map_err(|source| RetryError {
            source,
            attempts: self.attempts,
            waited: self.waited,
            reason: self.reason,
            kind: self.kind,
            all_throttled: self.all_throttled,
        })
    }
}

/// The operation's last error with the story of the call.
///
/// Its message tells the story alone; the operation's error is its `source()`.
///
/// ```
/// use std::{io, time::Duration};
/// use reattempt::{Backoff, RetryPolicy};
///
/// let policy = RetryPolicy::new(Backoff::constant(Duration::from_millis(750)));
/// let error = policy
///     .retry_blocking(|_| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)))
///     .sleep_with(|_| ())
///     .outcome()
///     .into_result()
///     .unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "gave up after 3 attempts and 1.5 s of waiting: attempts exhausted",
/// );
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RetryError<E> {
    source: E,
    attempts: u32,
    waited: Duration,
    reason: StopReason,
    kind: Option<ErrorKind>,
    all_throttled: bool,
}

impl<E> RetryError<E> {
    /// The attempts made, the first one included.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The sum of the delays served.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.waited
    }

    /// Why no further attempt was made.
    #[must_use]
    pub const fn reason(&self) -> StopReason {
        self.reason
    }

    /// What was wrong with the last attempt, where its verdict was a retry.
    #[must_use]
    pub const fn kind(&self) -> Option<ErrorKind> {
        self.kind
    }

    /// The operation's own error.
    #[must_use]
    pub const fn get_ref(&self) -> &E {
        &self.source
    }

    /// The operation's own error, by value.
    #[must_use]
    pub fn into_inner(self) -> E {
        self.source
    }
}

// By hand, here and below: a derive would be two thirds of a base build.
impl<E> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            attempts,
            reason,
            waited,
            ..
        } = self;
        // An error that the classifier takes for a success is nothing given up.
        let ended = match reason {
            StopReason::Success => "ended",
            _ => "gave up",
        };
        let s = if *attempts == 1 { "" } else { "s" };
        let waited = Seconds(*waited);
        let advice = Advice(self.all_throttled);
        write!(
            f,
            "{ended} after {attempts} attempt{s} and {waited} of waiting: {reason}{advice}"
        )
    }
}

impl<E: Error + 'static> Error for RetryError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// The error of an attempt that ran longer than its `attempt_timeout`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TimedOut {
    limit: Duration,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the attempt timed out after {}", Seconds(self.limit))
    }
}

impl Error for TimedOut {}

impl TimedOut {
    pub(crate) const fn new(limit: Duration) -> Self {
        Self { limit }
    }

    /// How long the attempt was given.
    #[must_use]
    pub const fn limit(&self) -> Duration {
        self.limit
    }
}

impl From<TimedOut> for io::Error {
    fn from(error: TimedOut) -> Self {
        Self::new(io::ErrorKind::TimedOut, error)
    }
}

/// What to do when every attempt was throttled.
#[derive(Clone, Copy)]
pub(crate) struct Advice(pub(crate) bool);

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 {
            f.write_str("; every attempt was throttled, a service quota increase may be due")
        } else {
            Ok(())
        }
    }
}

/// A duration in seconds, to the millisecond: `1.5 s`.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        if seconds == 0 && millis == 0 && !self.0.is_zero() {
            f.write_str("under 0.001 s")
        } else if millis == 0 {
            write!(f, "{seconds} s")
        } else if millis % 100 == 0 {
            write!(f, "{seconds}.{} s", millis / 100)
        } else if millis % 10 == 0 {
            write!(f, "{seconds}.{:02} s", millis / 10)
        } else {
            write!(f, "{seconds}.{millis:03} s")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_read_as_a_person_writes_them() {
        for (millis, text) in [
            (0, "0 s"),
            (1, "0.001 s"),
            (50, "0.05 s"),
            (1_500, "1.5 s"),
            (20_000, "20 s"),
        ] {
            assert_eq!(Seconds(Duration::from_millis(millis)).to_string(), text);
        }
        assert_eq!(
            Seconds(Duration::from_nanos(1)).to_string(),
            "under 0.001 s"
        );
    }
}
