//! How a call ended: `StopReason`, `Outcome`, `RetryError` and `TimedOut`.

use std::error::Error;
use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;
use std::time::Duration;

use crate::classify::ErrorKind;

/// Why a call ended.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum StopReason {
    /// The call was dropped before it ended. Observers are notified, but not if a panic drops
    /// the call, because a second panic would abort the process. A loop or a session
    /// has this reason too after its limiter or the function of
    /// [`Backoff::from_fn`](crate::Backoff::from_fn) panicked.
    Cancelled,
    /// The failure is of a kind that a
    /// [`non_idempotent`](crate::call::Call::non_idempotent) call does not retry.
    NotIdempotent,
    /// The call made `max_attempts` attempts.
    OutOfAttempts,
    /// The client's retry budget holds too few tokens for another retry.
    OutOfBudget,
    /// The next wait would have ended at or after `max_elapsed`.
    OutOfTime,
    /// An outcome was checked without a `next_attempt` before it, so the wait was
    /// skipped; see [`RetryLoop`](crate::RetryLoop).
    OutOfTurn,
    /// The classifier returned [`Verdict::Permanent`](crate::Verdict::Permanent).
    Permanent,
    /// The server asked for this delay, which is longer than the policy allows.
    ServerDelayTooLong(Duration),
    /// The operation succeeded.
    Success,
    /// The request could not be cloned, so it cannot be sent again.
    Unrepeatable,
}

impl StopReason {
    /// Returns the reason's name in lower case, for a label: `out_of_attempts`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::NotIdempotent => "not_idempotent",
            Self::OutOfAttempts => "out_of_attempts",
            Self::OutOfBudget => "out_of_budget",
            Self::OutOfTime => "out_of_time",
            Self::OutOfTurn => "out_of_turn",
            Self::Permanent => "permanent",
            Self::ServerDelayTooLong(_) => "server_delay_too_long",
            Self::Success => "success",
            Self::Unrepeatable => "unrepeatable",
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "the call was dropped",
            Self::NotIdempotent => "a retry is not safe, because the call is not idempotent",
            Self::OutOfAttempts => "attempts exhausted",
            Self::OutOfBudget => "the client's retry budget is empty",
            Self::OutOfTime => "the next wait would end after the time limit",
            Self::OutOfTurn => "the loop did not wait: call next_attempt before each attempt",
            Self::Permanent => "a retry would not help",
            Self::ServerDelayTooLong(hint) => {
                return write!(
                    f,
                    "the server asked for a wait of {}, longer than the policy allows",
                    Seconds(*hint)
                );
            }
            Self::Success => "success",
            Self::Unrepeatable => "the request could not be cloned to be sent again",
        })
    }
}

/// The facts about a call that has ended. [`Outcome`] derefs to it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Summary {
    /// True if every attempt was throttled: a service quota increase may help.
    pub all_throttled: bool,
    /// The attempts that have ended, the first one included, without one that was
    /// [`OutOfTurn`](StopReason::OutOfTurn).
    pub attempts: u32,
    /// The kind of the last failure, or `None` if the last verdict was not a retry.
    pub kind: Option<ErrorKind>,
    /// Why no further attempt was made.
    pub reason: StopReason,
    /// The sum of all delays, at most 584 years. A wait that was shortened to keep
    /// `max_elapsed` counts with the time that was served.
    pub waited: Duration,
}

/// The result of a call with a summary of how it ended. Returned by `.outcome()`.
///
/// ```
/// use reattempt::{Backoff, RetryPolicy, StopReason};
///
/// let policy = RetryPolicy::new(Backoff::none());
/// let outcome = policy.retry_blocking(|_| Err::<(), _>("down")).outcome();
/// assert_eq!(outcome.result, Err("down"));
/// assert_eq!((outcome.attempts, outcome.reason), (3, StopReason::OutOfAttempts));
/// ```
#[must_use = "the operation's result is inside"]
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Outcome<T, E> {
    /// The result of the last attempt, unchanged.
    pub result: Result<T, E>,
    /// How the call ended.
    pub summary: Summary,
}

impl<T, E> Outcome<T, E> {
    /// Returns the result, with its error wrapped in a [`RetryError`].
    ///
    /// An `Ok` is returned as it is, even if its verdict was a retry, such as a last
    /// 503 response. Check [`reason`](Summary::reason) to see that.
    ///
    /// # Errors
    ///
    /// Returns a [`RetryError`] if the last attempt returned an `Err`.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let outcome = policy.retry_blocking(|_| Err::<(), _>("down")).outcome();
    /// assert_eq!(outcome.into_result().unwrap_err().attempts(), 3);
    /// ```
    pub fn into_result(self) -> Result<T, RetryError<E>> {
        let summary = self.summary;
        self.result.map_err(|source| RetryError { source, summary })
    }
}

impl<T, E> Deref for Outcome<T, E> {
    type Target = Summary;

    fn deref(&self) -> &Summary {
        &self.summary
    }
}

impl<T, E> DerefMut for Outcome<T, E> {
    fn deref_mut(&mut self) -> &mut Summary {
        &mut self.summary
    }
}

/// The operation's last error with a summary of the call.
///
/// The message describes the call alone; the operation's error is the `source()`.
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
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{summary}")]
pub struct RetryError<E> {
    source: E,
    summary: Summary,
}

impl<E> RetryError<E> {
    /// Returns how the call ended.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Returns the number of attempts made, the first one included.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.summary.attempts
    }

    /// Returns the sum of all delays.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.summary.waited
    }

    /// Returns why no further attempt was made.
    #[must_use]
    pub const fn reason(&self) -> StopReason {
        self.summary.reason
    }

    /// Returns the kind of the last failure, or `None` if its verdict was not a
    /// retry.
    #[must_use]
    pub const fn kind(&self) -> Option<ErrorKind> {
        self.summary.kind
    }

    /// Returns a reference to the operation's error.
    #[must_use]
    pub const fn get_ref(&self) -> &E {
        &self.source
    }

    /// Returns the operation's error.
    #[must_use]
    pub fn into_inner(self) -> E {
        self.source
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            all_throttled,
            attempts,
            reason,
            waited,
            ..
        } = *self;
        // A classifier may accept an `Err` as a success: that call did not give up.
        let ended = match reason {
            StopReason::Success => "ended",
            _ => "gave up",
        };
        let s = if attempts == 1 { "" } else { "s" };
        let (waited, advice) = (Seconds(waited), Advice { all_throttled });
        write!(
            f,
            "{ended} after {attempts} attempt{s} and {waited} of waiting: {reason}{advice}"
        )
    }
}

/// The error of an attempt that was cut by `attempt_timeout`.
///
/// Its `source()` is an [`io::Error`] of kind
/// [`TimedOut`](io::ErrorKind::TimedOut), so that classifiers recognise it behind
/// `#[error(transparent)]` too.
///
/// ```
/// use std::error::Error;
/// use std::{io, time::Duration};
/// use reattempt::TimedOut;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
/// # #[cfg(feature = "tokio")]
/// # runtime.block_on(async {
/// let policy = reattempt::RetryPolicy::default().max_attempts(1);
/// let result = policy
///     .retry(|_| std::future::pending::<Result<(), TimedOut>>())
///     .attempt_timeout(Duration::from_secs(2))
///     .await;
/// let error = result.unwrap_err();
/// assert_eq!(error.limit(), Duration::from_secs(2));
/// assert_eq!(error.to_string(), "the attempt timed out after 2 s");
/// assert!(error.source().is_some_and(|source| source.is::<io::Error>()));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TimedOut {
    limit: Duration,
}

impl TimedOut {
    pub(crate) const fn new(limit: Duration) -> Self {
        Self { limit }
    }

    /// Returns how long the attempt was allowed to run.
    #[must_use]
    pub const fn limit(&self) -> Duration {
        self.limit
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the attempt timed out after {}", Seconds(self.limit))
    }
}

// Not derived: the source is shared by all values, and thiserror takes sources from fields.
impl Error for TimedOut {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        static TIMED_OUT: LazyLock<io::Error> =
            LazyLock::new(|| io::Error::from(io::ErrorKind::TimedOut));
        Some(&*TIMED_OUT)
    }
}

impl From<TimedOut> for io::Error {
    fn from(error: TimedOut) -> Self {
        Self::new(io::ErrorKind::TimedOut, error)
    }
}

/// The end of a message: what to do if every attempt was throttled.
#[derive(Clone, Copy)]
pub(crate) struct Advice {
    pub(crate) all_throttled: bool,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.all_throttled {
            f.write_str("; every attempt was throttled, a service quota increase may help")
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
    fn a_timeout_prints_its_limit() {
        let error = TimedOut::new(Duration::from_millis(2_500));
        assert_eq!(error.to_string(), "the attempt timed out after 2.5 s");
    }

    #[test]
    fn durations_print_as_short_decimal_seconds() {
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
