//! What observers are told.

use std::time::Duration;

use crate::attempt::Attempt;
use crate::classify::ErrorKind;
#[cfg(feature = "tracing")]
use crate::error::Advice;
use crate::error::StopReason;

/// Hears of every call made from a policy: for metrics and logs.
///
/// It is told synchronously, between an outcome and its wait, so it should be
/// quick. Every method has an empty default.
pub trait Observer: Send + Sync {
    /// An attempt failed, and the wait in `event` follows.
    ///
    /// Heard once for each wait, with the delay that is really served.
    fn on_retry(&self, event: &RetryEvent) {
        let _ = event;
    }

    /// The limiter lets the next attempt wait for `delay`.
    fn on_limited(&self, delay: Duration) {
        let _ = delay;
    }

    /// A call has ended, well or not.
    fn on_stop(&self, event: &StopEvent) {
        let _ = event;
    }
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    fn on_retry(&self, event: &RetryEvent) {
        self.0.on_retry(event);
        self.1.on_retry(event);
    }

    fn on_limited(&self, delay: Duration) {
        self.0.on_limited(delay);
        self.1.on_limited(delay);
    }

    fn on_stop(&self, event: &StopEvent) {
        self.0.on_stop(event);
        self.1.on_stop(event);
    }
}

/// A retry that is about to be waited for.
///
/// A per-call `.on_retry(|event| ..)` also sees the outcome that failed, in `O`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RetryEvent<O = ()> {
    pub(crate) attempt: Attempt,
    pub(crate) delay: Duration,
    pub(crate) kind: ErrorKind,
    pub(crate) name: Option<&'static str>,
    pub(crate) outcome: O,
}

impl<O> RetryEvent<O> {
    /// The attempt that failed; its `remaining` is as of the failure.
    pub const fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// The delay that is served before the next attempt.
    pub const fn delay(&self) -> Duration {
        self.delay
    }

    /// Why the retry is worth it.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The policy's name.
    pub const fn name(&self) -> Option<&'static str> {
        self.name
    }

    pub(crate) fn with<P>(self, outcome: P) -> RetryEvent<P> {
        RetryEvent {
            attempt: self.attempt,
            delay: self.delay,
            kind: self.kind,
            name: self.name,
            outcome,
        }
    }
}

impl<'a, T, E> RetryEvent<Result<&'a T, &'a E>> {
    /// The outcome that failed.
    ///
    /// # Errors
    ///
    /// The operation's own error, where it returned one.
    pub const fn outcome(&self) -> Result<&'a T, &'a E> {
        self.outcome
    }

    /// The error that the operation returned, or `None` where it returned an
    /// `Ok` that is worth a retry.
    #[must_use]
    pub fn error(&self) -> Option<&'a E> {
        self.outcome.err()
    }
}

/// The end of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StopEvent {
    pub(crate) all_throttled: bool,
    pub(crate) attempts: u32,
    pub(crate) delay: Duration,
    pub(crate) kind: Option<ErrorKind>,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) name: Option<&'static str>,
    pub(crate) reason: StopReason,
    pub(crate) waited: Duration,
}

impl StopEvent {
    /// Why the call ended.
    #[must_use]
    pub const fn reason(&self) -> StopReason {
        self.reason
    }

    /// The attempts made, the first one included.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The bound on attempts, the first one included, or `None` without one.
    #[must_use]
    pub const fn max_attempts(&self) -> Option<u32> {
        self.max_attempts
    }

    /// The sum of the delays served, the [`delay`](Self::delay) included.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.waited
    }

    /// The delay still served before the outcome is returned: zero but for a
    /// long-polling call whose budget is empty.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        self.delay
    }

    /// What was wrong with the last attempt, where its verdict was a retry.
    #[must_use]
    pub const fn kind(&self) -> Option<ErrorKind> {
        self.kind
    }

    /// Whether every attempt was throttled, so that a service quota increase
    /// may be due.
    #[must_use]
    pub const fn all_throttled(&self) -> bool {
        self.all_throttled
    }

    /// The policy's name.
    #[must_use]
    pub const fn name(&self) -> Option<&'static str> {
        self.name
    }
}

/// Fields are named after OpenTelemetry's semantic conventions where these have
/// a name: `http.request.resend_count`, `error.type`.
#[cfg(feature = "tracing")]
impl RetryEvent {
    pub(crate) fn trace(&self) {
        tracing::debug!(
            "http.request.resend_count" = self.attempt.number,
            "error.type" = self.kind.as_str(),
            attempt = self.attempt.number,
            max_attempts = self.attempt.max_attempts,
            delay_ms = millis(self.delay),
            policy = self.name,
            "retrying"
        );
    }
}

#[cfg(feature = "tracing")]
impl StopEvent {
    pub(crate) fn trace(&self) {
        // A success, or an outcome that no retry would cure, is not given up.
        let Some(kind) = self.kind else { return };
        tracing::warn!(
            "http.request.resend_count" = self.attempts.saturating_sub(1),
            "error.type" = kind.as_str(),
            attempt = self.attempts,
            max_attempts = self.max_attempts,
            waited_ms = millis(self.waited),
            delay_ms = millis(self.delay),
            reason = %self.reason,
            policy = self.name,
            "gave up{}",
            Advice(self.all_throttled)
        );
    }
}

#[cfg(feature = "tracing")]
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
