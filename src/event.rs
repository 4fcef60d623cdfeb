//! `Observer` and the events that it receives.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::classify::ErrorKind;
use crate::error::{Seconds, StopReason, Summary};

/// Receives events of every call that a policy makes, for metrics and logs.
///
/// The methods are called synchronously, between an outcome and its wait, so they
/// should return quickly. Every method has an empty default.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use reattempt::{Backoff, Observer, RetryPolicy, StopEvent, StopReason};
///
/// #[derive(Default)]
/// struct GivenUp(AtomicU32);
///
/// impl Observer for GivenUp {
///     fn on_stop(&self, event: &StopEvent) {
///         if event.reason() != StopReason::Success {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let given_up = Arc::new(GivenUp::default());
/// let policy = RetryPolicy::new(Backoff::none()).observer(Arc::clone(&given_up));
/// let _ = policy.retry_blocking(|_| Err::<(), _>("down")).call();
/// let _ = policy.retry_blocking(|_| Ok::<_, ()>(1)).call();
/// assert_eq!(given_up.0.load(Ordering::Relaxed), 1);
/// ```
pub trait Observer: Send + Sync {
    /// Called when an attempt failed and the wait in `event` follows.
    ///
    /// It is called once per wait, with the delay that is served. If callbacks take so long
    /// that the wait would end after `max_elapsed`, the wait is shorter, or the call ends.
    fn on_retry(&self, event: &RetryEvent) {
        let _ = event;
    }

    /// Called when the limiter delays the next attempt by `delay`.
    fn on_limited(&self, delay: Duration) {
        let _ = delay;
    }

    /// Called when a call ended, successfully or not, but not if a panic drops the call. If a
    /// call is dropped in an attempt, the future of that attempt is dropped after this method
    /// returns. Do not wait here for a lock that the future may hold.
    fn on_stop(&self, event: &StopEvent) {
        let _ = event;
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn on_retry(&self, event: &RetryEvent) {
        (**self).on_retry(event);
    }

    fn on_limited(&self, delay: Duration) {
        (**self).on_limited(delay);
    }

    fn on_stop(&self, event: &StopEvent) {
        (**self).on_stop(event);
    }
}

impl<O: Observer + ?Sized> Observer for Box<O> {
    fn on_retry(&self, event: &RetryEvent) {
        (**self).on_retry(event);
    }

    fn on_limited(&self, delay: Duration) {
        (**self).on_limited(delay);
    }

    fn on_stop(&self, event: &StopEvent) {
        (**self).on_stop(event);
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

/// A retry whose wait is about to begin.
///
/// For the hook of a call's `on_retry`, `O` is the outcome of the failed attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RetryEvent<O = ()> {
    pub(crate) attempt: Attempt,
    pub(crate) delay: Duration,
    pub(crate) kind: ErrorKind,
    pub(crate) name: Option<&'static str>,
    pub(crate) outcome: O,
}

impl<O> RetryEvent<O> {
    /// Returns the attempt that failed. Its `remaining` is measured at the failure.
    pub const fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// Returns the delay before the next attempt.
    pub const fn delay(&self) -> Duration {
        self.delay
    }

    /// Returns why a retry may succeed.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the policy's name.
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
    /// Returns the outcome of the failed attempt.
    ///
    /// # Errors
    ///
    /// Returns the operation's error if the attempt returned an `Err`.
    pub const fn outcome(&self) -> Result<&'a T, &'a E> {
        self.outcome
    }

    /// Returns the operation's error, or `None` if the attempt returned an `Ok` that
    /// is retried.
    #[must_use]
    pub fn error(&self) -> Option<&'a E> {
        self.outcome.err()
    }
}

/// Prints one line, such as `orders: attempt 1 of 3 failed (server), retrying in 0.25 s`.
impl<O> fmt::Display for RetryEvent<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(self.name, f)?;
        write!(f, "attempt {}", self.attempt.number())?;
        if let Some(max) = self.attempt.max_attempts() {
            write!(f, " of {max}")?;
        }
        let delay = Seconds(self.delay);
        write!(f, " failed ({}), retrying in {delay}", self.kind)
    }
}

/// The end of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StopEvent {
    pub(crate) delay: Duration,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) name: Option<&'static str>,
    pub(crate) summary: Summary,
}

impl StopEvent {
    /// Returns how the call ended.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Returns why the call ended.
    #[must_use]
    pub const fn reason(&self) -> StopReason {
        self.summary.reason
    }

    /// Returns the number of attempts made, the first one included.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.summary.attempts
    }

    /// Returns the limit on attempts, the first one included, or `None` if there
    /// is no limit.
    #[must_use]
    pub const fn max_attempts(&self) -> Option<u32> {
        self.max_attempts
    }

    /// Returns the sum of all delays, [`delay`](Self::delay) included.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.summary.waited
    }

    /// Returns the wait that follows before the outcome is returned. It is zero,
    /// except for a long-polling call whose budget is empty.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        self.delay
    }

    /// Returns the kind of the last failure, or `None` if its verdict was not a
    /// retry.
    #[must_use]
    pub const fn kind(&self) -> Option<ErrorKind> {
        self.summary.kind
    }

    /// Returns true if every attempt was throttled: a service quota increase may
    /// help.
    #[must_use]
    pub const fn all_throttled(&self) -> bool {
        self.summary.all_throttled
    }

    /// Returns the policy's name.
    #[must_use]
    pub const fn name(&self) -> Option<&'static str> {
        self.name
    }
}

/// Prints one line: the policy's name, if it has one, and the [`Summary`].
impl fmt::Display for StopEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(self.name, f)?;
        self.summary.fmt(f)
    }
}

fn write_name(name: Option<&str>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match name {
        Some(name) => write!(f, "{name}: "),
        None => Ok(()),
    }
}
