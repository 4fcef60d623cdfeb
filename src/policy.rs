//! The immutable recipe of a retry, cheap to clone and share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::classify::{AnyError, Classify, ClassifyFn, DynClassify, Verdict, When};
use crate::event::Observer;

/// What to do with the delay that a server asks for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ServerHint {
    /// The hint is clamped into [d, d + slack], d being the backoff delay.
    Bounded {
        /// By how much a hint may lengthen the delay.
        slack: Duration,
    },
    /// Never earlier than the hint: max(d, hint + s), d being the backoff
    /// delay. Without jitter s is 0, with jitter it is U[0, min(ceiling,
    /// hint / 2)], so that clients told the same second do not come back in it.
    ///
    /// A hint above `max` ends the call with
    /// [`ServerDelayTooLong`](crate::StopReason::ServerDelayTooLong).
    Honor {
        /// The longest hint to wait for.
        max: Duration,
    },
    /// The hint is not looked at.
    Ignore,
}

impl Default for ServerHint {
    /// `Honor` up to 300 s.
    fn default() -> Self {
        HINT
    }
}

const HINT: ServerHint = ServerHint::Honor {
    max: Duration::from_secs(300),
};

/// How to retry: a backoff, bounds, and a classifier. Made once, usable in a
/// `static`, shared by reference or by cheap clones.
///
/// Setters never fail: a value out of range is clamped as each one says.
///
/// ```
/// use std::time::Duration;
/// use reattempt::{Backoff, RetryPolicy};
///
/// static POLICY: RetryPolicy =
///     RetryPolicy::new(Backoff::exponential(Duration::from_millis(100))).max_attempts(5);
///
/// let parsed = POLICY.retry_blocking(|_| "12".parse::<u8>()).call();
/// assert_eq!(parsed, Ok(12));
/// ```
#[must_use = "a policy does nothing until a call is made with it"]
#[derive(Clone, Debug)]
pub struct RetryPolicy<C = AnyError> {
    pub(crate) plan: Plan,
    pub(crate) classifier: C,
}

/// All of a policy but its classifier, so that what is not generic is compiled once.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) backoff: Backoff,
    pub(crate) throttling_backoff: Option<Backoff>,
    pub(crate) server_hint: ServerHint,
    /// 0 stands for no bound.
    pub(crate) max_attempts: u32,
    /// `Duration::MAX` stands for no bound.
    pub(crate) max_elapsed: Duration,
    pub(crate) seed: Option<u64>,
    pub(crate) name: Option<&'static str>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("name", &self.name)
            .field("backoff", &self.backoff)
            .field("throttling_backoff", &self.throttling_backoff)
            .field("server_hint", &self.server_hint)
            .field("max_attempts", &bound(self.max_attempts))
            .field("max_elapsed", &self.max_elapsed)
            .field("seed", &self.seed)
            .field("observed", &self.observer.is_some())
            .finish()
    }
}

/// A bound on attempts as people write it.
pub(crate) const fn bound(max_attempts: u32) -> Option<u32> {
    match max_attempts {
        0 => None,
        max => Some(max),
    }
}

/// A bound on attempts as it is stored: 0 counts as 1.
pub(crate) const fn at_least_one(max_attempts: u32) -> u32 {
    if max_attempts == 0 { 1 } else { max_attempts }
}

impl RetryPolicy {
    /// A policy of 3 attempts, the first one included, that retries any `Err`.
    pub const fn new(backoff: Backoff) -> Self {
        Self {
            plan: Plan {
                backoff,
                throttling_backoff: None,
                server_hint: HINT,
                max_attempts: 3,
                max_elapsed: Duration::MAX,
                seed: None,
                name: None,
                observer: None,
            },
            classifier: AnyError,
        }
    }
}

impl Default for RetryPolicy {
    /// 3 attempts, 1 s doubling up to 20 s, full jitter.
    fn default() -> Self {
        Self::new(Backoff::exponential(Duration::from_secs(1)))
    }
}

impl<C> RetryPolicy<C> {
    /// Bounds the attempts, the first one included; 0 counts as 1.
    pub const fn max_attempts(mut self, n: u32) -> Self {
        self.plan.max_attempts = at_least_one(n);
        self
    }

    /// Lifts the bound on attempts.
    pub const fn unlimited_attempts(mut self) -> Self {
        self.plan.max_attempts = 0;
        self
    }

    /// Bounds the time from the start of a call to the end of its last wait.
    ///
    /// A wait that would end later is not begun. A running attempt is not cut;
    /// that is what a call's `attempt_timeout` is for.
    pub const fn max_elapsed(mut self, total: Duration) -> Self {
        self.plan.max_elapsed = total;
        self
    }

    /// Sets the schedule of the delays.
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.plan.backoff = backoff;
        self
    }

    /// Sets a schedule of its own for [`ErrorKind::Throttling`].
    ///
    /// The latest failure chooses the schedule; the retry number counts all.
    ///
    /// [`ErrorKind::Throttling`]: crate::ErrorKind::Throttling
    pub const fn throttling_backoff(mut self, backoff: Backoff) -> Self {
        self.plan.throttling_backoff = Some(backoff);
        self
    }

    /// Sets what is done with the delay that a server asks for.
    pub const fn server_hint(mut self, hint: ServerHint) -> Self {
        self.plan.server_hint = hint;
        self
    }

    /// Makes every call draw the same delays, for tests: those of
    /// [`Backoff::delays_seeded`].
    pub const fn seed(mut self, seed: u64) -> Self {
        self.plan.seed = Some(seed);
        self
    }

    /// Names the policy in events.
    pub const fn name(mut self, name: &'static str) -> Self {
        self.plan.name = Some(name);
        self
    }

    /// Sets who hears of retries and ends; a pair of observers is one, too.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.plan.observer = Some(Arc::new(observer));
        self
    }

    /// Sets the classifier.
    pub fn classify<D>(self, classifier: D) -> RetryPolicy<D> {
        RetryPolicy {
            plan: self.plan,
            classifier,
        }
    }

    /// Retries the errors for which `predicate` holds, and no other.
    pub fn when<E, P: Fn(&E) -> bool>(self, predicate: P) -> RetryPolicy<When<P>> {
        self.classify(When(predicate))
    }

    /// Judges outcomes with a closure.
    pub fn classify_fn<T, E, F>(self, f: F) -> RetryPolicy<ClassifyFn<F>>
    where
        F: Fn(Result<&T, &E>) -> Verdict,
    {
        self.classify(ClassifyFn(f))
    }

    /// Hides the classifier's type, so that a policy with a closure inside can
    /// be a struct's field.
    pub fn erased<T, E>(self) -> RetryPolicy<DynClassify<T, E>>
    where
        C: Classify<T, E> + Send + Sync + 'static,
    {
        RetryPolicy {
            plan: self.plan,
            classifier: DynClassify(Arc::new(self.classifier)),
        }
    }
}
