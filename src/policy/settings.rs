//! `Settings`: the part of a policy that does not depend on its classifier.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::budget::RetryBudget;
use crate::classify::ErrorKind;
use crate::event::Observer;
use crate::limiter::Limiter;
#[cfg(feature = "tracing")]
use crate::log::LogLevels;

/// What a policy does with the delay that a server asks for.
///
/// In the formulas *d* is the backoff delay, jitter included.
///
/// ```
/// use std::time::Duration;
/// use reattempt::{Backoff, Decision, ErrorKind, RetryPolicy, ServerHint, Verdict};
///
/// let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(1)))
///     .server_hint(ServerHint::Honor { max: Duration::from_secs(60) });
/// let busy = Verdict::retry(ErrorKind::Throttling).after(Duration::from_secs(30));
/// let decision = policy.start_at(Duration::ZERO).decide_as(busy, Duration::ZERO);
/// assert_eq!(decision, Decision::RetryAfter(Duration::from_secs(30)));
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ServerHint {
    /// Clamps the hint into \[d, d + slack\], as AWS's SDKs do.
    Bounded {
        /// The most that a hint may add to the delay.
        slack: Duration,
    },
    /// Waits for the hint itself, even if it is shorter than *d*.
    ///
    /// Use it for servers that compute the best delay themselves, such as gRPC's
    /// pushback or the `retry-after-ms` of a language model service. A hint longer
    /// than `max` ends the call with
    /// [`ServerDelayTooLong`](crate::StopReason::ServerDelayTooLong).
    Exact {
        /// The longest hint to wait for.
        max: Duration,
    },
    /// Never retries before the hint has passed: waits for max(d, hint + s).
    ///
    /// Without jitter s is 0. With jitter s is drawn from
    /// U\[0, min(ceiling, hint / 2)\], so that clients that received the same
    /// hint do not all retry at the same time. A hint longer than `max` ends the
    /// call with [`ServerDelayTooLong`](crate::StopReason::ServerDelayTooLong).
    Honor {
        /// The longest hint to wait for.
        max: Duration,
    },
    /// Waits for *d* and ignores the hint.
    Ignore,
}

impl Default for ServerHint {
    /// Returns `Honor` with a `max` of 300 s.
    fn default() -> Self {
        DEFAULT_HINT
    }
}

const DEFAULT_HINT: ServerHint = ServerHint::Honor { max: LONGEST_HINT };

/// The longest server hint that is waited for by default.
pub(crate) const LONGEST_HINT: Duration = Duration::from_secs(300);

/// The default limit on attempts.
const DEFAULT_ATTEMPTS: NonZeroU32 = at_least_one(3);

/// The part of a policy that does not depend on its classifier. Code that needs
/// only this part is compiled once, not once per classifier.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) assume_idempotent: bool,
    pub(crate) backoff: Backoff,
    pub(crate) budget: Option<RetryBudget>,
    pub(crate) limiter: Option<Arc<dyn Limiter>>,
    #[cfg(feature = "tracing")]
    pub(crate) log_levels: LogLevels,
    pub(crate) max_attempts: Option<NonZeroU32>,
    pub(crate) max_elapsed: Option<Duration>,
    pub(crate) name: Option<&'static str>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) seed: Option<u64>,
    pub(crate) server_hint: ServerHint,
    pub(crate) throttling_backoff: Option<Backoff>,
    /// True if a call with these settings may take the short path: no limiter, no
    /// observer, no refilling budget and no time limit. Follows from the other
    /// fields. It is stored because each call checks it.
    pub(crate) is_simple: bool,
}

impl Settings {
    pub(crate) const fn new(backoff: Backoff) -> Self {
        Self {
            assume_idempotent: false,
            backoff,
            budget: None,
            limiter: None,
            #[cfg(feature = "tracing")]
            log_levels: LogLevels::DEFAULT,
            max_attempts: Some(DEFAULT_ATTEMPTS),
            max_elapsed: None,
            name: None,
            observer: None,
            seed: None,
            server_hint: DEFAULT_HINT,
            throttling_backoff: None,
            is_simple: true,
        }
    }

    /// Returns the backoff after an error of this kind.
    #[inline]
    pub(crate) const fn backoff_for(&self, kind: ErrorKind) -> &Backoff {
        match (&self.throttling_backoff, kind) {
            (Some(backoff), ErrorKind::Throttling) => backoff,
            _ => &self.backoff,
        }
    }

    /// Computes `is_simple` again. Every setter of a field that it depends on calls this.
    pub(crate) const fn update_is_simple(&mut self) {
        self.is_simple =
            !self.shares_clock() && self.observer.is_none() && self.max_elapsed.is_none();
    }

    /// Returns true if the limiter or the budget depends on the time.
    pub(crate) const fn shares_clock(&self) -> bool {
        let refills = match &self.budget {
            Some(budget) => budget.refills(),
            None => false,
        };
        refills || self.limiter.is_some()
    }

    /// Returns true if the limiter's waiting calls have places in a queue.
    pub(crate) fn has_queue(&self) -> bool {
        self.limiter.as_ref().is_some_and(Limiter::has_queue)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("name", &self.name)
            .field("backoff", &self.backoff)
            .field("throttling_backoff", &self.throttling_backoff)
            .field("server_hint", &self.server_hint)
            .field("max_attempts", &self.max_attempts)
            .field("max_elapsed", &self.max_elapsed)
            .field("seed", &self.seed)
            .field("budget", &self.budget)
            .field("limiter", &self.limiter)
            .field("has_observer", &self.observer.is_some())
            .field("assume_idempotent", &self.assume_idempotent)
            .finish_non_exhaustive()
    }
}

/// Returns the limit on attempts for `n`; 0 counts as 1.
pub(crate) const fn at_least_one(n: u32) -> NonZeroU32 {
    match NonZeroU32::new(n) {
        Some(n) => n,
        None => NonZeroU32::MIN,
    }
}
