//! What one call did, as far as code outside the crate can observe it.

use std::time::Duration;

use reattempt::{ErrorKind, StopReason};

/// How one execution of the operation looked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) number: u32,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) waited: Duration,
    pub(crate) remaining: Option<Duration>,
    /// When it started.
    pub(crate) at: Duration,
}

/// A retry, as an observer or a hook sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Retried {
    pub(crate) number: u32,
    pub(crate) delay: Duration,
    pub(crate) kind: ErrorKind,
    pub(crate) waited: Duration,
    pub(crate) remaining: Option<Duration>,
}

/// What a summary says about the failures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Failures {
    /// The kind of the last one, if the last verdict was a retry.
    pub(crate) kind: Option<ErrorKind>,
    pub(crate) all_throttled: bool,
}

/// How a call ended. Loops and sessions do not return the failures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) reason: StopReason,
    pub(crate) attempts: u32,
    pub(crate) waited: Duration,
    pub(crate) failures: Option<Failures>,
}

/// The end of a call, as an observer sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stopped {
    pub(crate) ended: Ended,
    pub(crate) delay: Duration,
}

/// The operation's result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Returned {
    /// The `Ok` of this attempt.
    Ok(u32),
    /// The `Err` of this attempt.
    Err(u32),
    /// The error of an attempt that was cut after this time.
    TimedOut(Duration),
}

/// One call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trace {
    pub(crate) attempts: Vec<Seen>,
    /// What the observer's `on_retry` received, if there is an observer.
    pub(crate) retries: Vec<Retried>,
    /// What the hook received, or the loop's `check` returned.
    pub(crate) hooks: Vec<Retried>,
    /// What the observer's `on_limited` received.
    pub(crate) limited: Vec<Duration>,
    /// What the observer's `on_stop` received.
    pub(crate) stops: Vec<Stopped>,
    /// When the limiter was asked.
    pub(crate) asked: Vec<Duration>,
    /// What the limiter has recorded.
    pub(crate) recorded: Vec<(Duration, bool)>,
    /// None if the call was dropped or panicked.
    pub(crate) returned: Option<Returned>,
    /// None if the call was dropped or panicked, or if the driver does not say.
    pub(crate) ended: Option<Ended>,
    /// When the call ended.
    pub(crate) at: Duration,
    /// The tokens left in a budget without refill.
    pub(crate) tokens: Option<u32>,
}

/// All calls of a script.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Run {
    pub(crate) calls: Vec<Trace>,
    /// The tokens left in a refilling budget at the end.
    pub(crate) tokens: Option<u32>,
}
