//! `RetryPolicy`: how to retry, made once and shared by many calls.

mod classifier;
mod display;
mod reference;
mod schedule;
mod settings;

use std::sync::Arc;
use std::time::Duration;

pub use reference::PolicyRef;
pub(crate) use reference::settings;
pub use schedule::{Schedule, ScheduledRetry};
#[cfg(any(feature = "serde", feature = "tonic"))]
pub(crate) use settings::LONGEST_HINT;
pub use settings::ServerHint;
pub(crate) use settings::{Settings, at_least_one};

use crate::backoff::Backoff;
use crate::budget::RetryBudget;
use crate::classify::AnyError;
use crate::event::Observer;
use crate::limiter::Limiter;
#[cfg(feature = "tracing")]
use crate::log::{LogLevel, LogLevels};

/// How to retry: a backoff, limits and a classifier.
///
/// Make a policy once, for example in a `static`, and share it by reference or by
/// clone. Setters never fail. A value out of range is clamped as each setter says.
///
/// | setting | default |
/// | --- | --- |
/// | [`max_attempts`](Self::max_attempts) | 3, the first attempt included |
/// | [`max_elapsed`](Self::max_elapsed) | no limit |
/// | backoff of `RetryPolicy::default()` | 1 s, doubling up to 20 s, full jitter |
/// | [`throttling_backoff`](Self::throttling_backoff) | the same as the backoff |
/// | [`server_hint`](Self::server_hint) | wait for hints of up to 300 s |
/// | [`budget`](Self::budget), [`limiter`](Self::limiter), [`observer`](Self::observer), [`name`](Self::name) | none |
/// | [`seed`](Self::seed) | none: each call draws its own delays |
/// | [`assume_idempotent`](Self::assume_idempotent) | off |
/// | classifier | [`AnyError`]: every `Err` is retried |
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
#[must_use = "a policy does nothing until a call uses it"]
#[derive(Clone, Debug)]
pub struct RetryPolicy<C = AnyError> {
    pub(crate) settings: Settings,
    pub(crate) classifier: C,
}

impl RetryPolicy {
    /// Creates a policy with this backoff and the defaults of the table above.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(2)));
    /// assert_eq!(policy.to_string(), "3 attempts, 2 s, hints up to 300 s");
    /// ```
    pub const fn new(backoff: Backoff) -> Self {
        Self {
            settings: Settings::new(backoff),
            classifier: AnyError,
        }
    }
}

impl Default for RetryPolicy {
    /// Creates a policy with 3 attempts and delays of 1 s, doubling up to 20 s, with full
    /// jitter.
    fn default() -> Self {
        Self::new(Backoff::exponential(Duration::from_secs(1)))
    }
}

/// # Delays
impl<C> RetryPolicy<C> {
    /// Sets the backoff: the delay before each retry. It replaces the backoff that the policy
    /// was created with.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, Decision, RetryPolicy};
    ///
    /// let policy = RetryPolicy::default().backoff(Backoff::constant(Duration::from_secs(3)));
    /// let mut session = policy.start_at(Duration::ZERO);
    /// let decision = session.decide(Err::<&(), _>(&"down"), Duration::ZERO);
    /// assert_eq!(decision, Decision::RetryAfter(Duration::from_secs(3)));
    /// ```
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.settings.backoff = backoff;
        self
    }

    /// Sets a separate backoff for [`ErrorKind::Throttling`].
    ///
    /// The kind of the latest failure selects the backoff. The retry number counts
    /// failures of every kind. Default: throttling uses the same backoff as other errors.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, Decision, ErrorKind, RetryPolicy, Verdict};
    ///
    /// let policy = RetryPolicy::new(Backoff::none())
    ///     .throttling_backoff(Backoff::constant(Duration::from_secs(1)));
    /// let throttled = Verdict::retry(ErrorKind::Throttling);
    /// let decision = policy.start_at(Duration::ZERO).decide_as(throttled, Duration::ZERO);
    /// assert_eq!(decision, Decision::RetryAfter(Duration::from_secs(1)));
    /// ```
    ///
    /// [`ErrorKind::Throttling`]: crate::ErrorKind::Throttling
    pub const fn throttling_backoff(mut self, backoff: Backoff) -> Self {
        self.settings.throttling_backoff = Some(backoff);
        self
    }

    /// Sets how the policy uses the delay that a server asks for; see [`ServerHint`].
    /// Default: [`Honor`](ServerHint::Honor) with a `max` of 300 s.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, Decision, ErrorKind, RetryPolicy, ServerHint, Verdict};
    ///
    /// let policy = RetryPolicy::new(Backoff::none()).server_hint(ServerHint::Ignore);
    /// let hinted = Verdict::retry(ErrorKind::Server).after(Duration::from_secs(60));
    /// let decision = policy.start_at(Duration::ZERO).decide_as(hinted, Duration::ZERO);
    /// assert_eq!(decision, Decision::RetryAfter(Duration::ZERO));
    /// ```
    pub const fn server_hint(mut self, hint: ServerHint) -> Self {
        self.settings.server_hint = hint;
        self
    }

    /// Makes every call draw the same delays: those of
    /// [`Backoff::delays_seeded`]. Use it in tests. Default: no seed, so each call draws its
    /// own delays.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, Decision, RetryPolicy};
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(1));
    /// let policy = RetryPolicy::new(backoff).seed(7);
    /// let decision = policy.start_at(Duration::ZERO).decide(Err::<&(), _>(&"down"), Duration::ZERO);
    /// let first = backoff.delays_seeded(7).next().unwrap_or_default();
    /// assert_eq!(decision, Decision::RetryAfter(first));
    /// ```
    pub const fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }
}

/// # Limits
impl<C> RetryPolicy<C> {
    /// Limits the attempts, the first one included; 0 counts as 1. Default: 3.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// let mut made = 0;
    /// let policy = RetryPolicy::new(Backoff::none()).max_attempts(5);
    /// let result = policy.retry_blocking(|_| { made += 1; Err::<(), _>("down") }).call();
    /// assert_eq!((result, made), (Err("down"), 5));
    /// ```
    #[doc(alias = "max_retries")]
    #[doc(alias = "with_max_times")]
    pub const fn max_attempts(mut self, n: u32) -> Self {
        self.settings.max_attempts = Some(at_least_one(n));
        self
    }

    /// Removes the limit on attempts.
    ///
    /// The other rules still end a call: a verdict, `non_idempotent`, `max_elapsed`, the
    /// budget, or a server hint that is too long.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::none()).unlimited_attempts();
    /// let result = policy
    ///     .retry_blocking(|attempt| if attempt.number() < 100 { Err("down") } else { Ok("up") })
    ///     .call();
    /// assert_eq!(result, Ok("up"));
    /// ```
    pub const fn unlimited_attempts(mut self) -> Self {
        self.settings.max_attempts = None;
        self
    }

    /// Limits the time from the start of a call to the end of its last wait.
    /// Default: no limit, as with `Duration::MAX`.
    ///
    /// It does not raise the limit on attempts: to retry for up to a minute, set
    /// [`unlimited_attempts`](Self::unlimited_attempts) too.
    ///
    /// A retry whose wait would end at or after the limit is refused at once, with
    /// [`OutOfTime`](crate::StopReason::OutOfTime). A running attempt is not cut:
    /// use a call's `attempt_timeout` for that. Waits for a
    /// [`limiter`](Self::limiter) are not limited.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, Decision, RetryPolicy, StopReason};
    ///
    /// let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(4)))
    ///     .max_elapsed(Duration::from_secs(10));
    /// let mut session = policy.start_at(Duration::ZERO);
    /// let decision = session.decide(Err::<&(), _>(&"slow"), Duration::from_secs(6));
    /// assert_eq!(decision, Decision::Stop(StopReason::OutOfTime));
    /// ```
    #[doc(alias = "max_elapsed_time")]
    #[doc(alias = "max_total_duration")]
    #[doc(alias = "deadline")]
    #[doc(alias = "timeout")]
    pub const fn max_elapsed(mut self, total: Duration) -> Self {
        self.settings.max_elapsed = if total.as_nanos() < Duration::MAX.as_nanos() {
            Some(total)
        } else {
            None
        };
        self.settings.update_is_simple();
        self
    }

    /// Makes every call pay for its retries from `budget`, which is shared with
    /// the budget's clones; see [`RetryBudget`]. Default: no budget.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryBudget, RetryPolicy, StopReason};
    ///
    /// let budget = RetryBudget::new(20);
    /// let policy = RetryPolicy::new(Backoff::none()).budget(&budget);
    /// let outcome = policy.retry_blocking(|_| Err::<(), _>("down")).outcome();
    /// assert_eq!(outcome.reason, StopReason::OutOfBudget);
    /// ```
    pub fn budget(mut self, budget: &RetryBudget) -> Self {
        self.settings.budget = Some(budget.clone());
        self.settings.update_is_simple();
        self
    }

    /// Removes the budget, for example from one of AWS's presets.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryBudget, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::none()).budget(&RetryBudget::new(0)).no_budget();
    /// let outcome = policy.retry_blocking(|_| Err::<(), _>("down")).outcome();
    /// assert_eq!(outcome.attempts, 3);
    /// ```
    pub fn no_budget(mut self) -> Self {
        self.settings.budget = None;
        self.settings.update_is_simple();
        self
    }

    /// Asks `limiter` for permission before every attempt, the first one included.
    /// Default: no limiter.
    ///
    /// Limiter waits are added to the backoff and counted in `waited`.
    /// [`max_elapsed`](Self::max_elapsed) does not limit them.
    ///
    /// ```
    /// use reattempt::{AdaptiveLimiter, Backoff, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::none()).limiter(AdaptiveLimiter::new());
    /// assert_eq!(policy.retry_blocking(|_| Ok::<_, ()>(1)).call(), Ok(1));
    /// ```
    pub fn limiter(mut self, limiter: impl Limiter + 'static) -> Self {
        self.settings.limiter = Some(Arc::new(limiter));
        self.settings.update_is_simple();
        self
    }
}

/// # Reports
impl<C> RetryPolicy<C> {
    /// Sets the observer that is notified of retries and of the end of each call.
    /// Use a tuple `(A, B)` for two observers. Default: none.
    ///
    /// To see the outcomes themselves, use [`inspect`](Self::inspect).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use reattempt::{Backoff, Observer, RetryEvent, RetryPolicy};
    ///
    /// #[derive(Default)]
    /// struct Retries(AtomicU32);
    ///
    /// impl Observer for Retries {
    ///     fn on_retry(&self, _: &RetryEvent) {
    ///         self.0.fetch_add(1, Ordering::Relaxed);
    ///     }
    /// }
    ///
    /// let retries = Arc::new(Retries::default());
    /// let policy = RetryPolicy::new(Backoff::none()).observer(Arc::clone(&retries));
    /// let _ = policy.retry_blocking(|_| Err::<(), _>("down")).call();
    /// assert_eq!(retries.0.load(Ordering::Relaxed), 2);
    /// ```
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.settings.observer = Some(Arc::new(observer));
        self.settings.update_is_simple();
        self
    }

    /// Names the policy in events. Default: no name.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::none()).name("orders");
    /// let mut names = Vec::new();
    /// let _ = policy
    ///     .retry_blocking(|_| Err::<(), _>("down"))
    ///     .on_retry(|event| names.push(event.name()))
    ///     .call();
    /// assert_eq!(names, [Some("orders"), Some("orders")]);
    /// ```
    pub const fn name(mut self, name: &'static str) -> Self {
        self.settings.name = Some(name);
        self
    }

    /// Sets the levels of the log events: of each retry, and of each call that gives up.
    /// Default: debug and warn.
    ///
    /// ```
    /// use reattempt::{LogLevel, RetryPolicy};
    ///
    /// let policy = RetryPolicy::default().log_levels(LogLevel::Info, LogLevel::Error);
    /// # let _ = policy;
    /// ```
    #[cfg(feature = "tracing")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
    pub const fn log_levels(mut self, retry: LogLevel, stop: LogLevel) -> Self {
        self.settings.log_levels = LogLevels { retry, stop };
        self
    }

    /// Declares that every call may be repeated safely, whatever its HTTP method.
    /// Default: off.
    ///
    /// Without this, the tower layer retries POST and PATCH requests only if they
    /// were throttled or never sent. AWS's presets switch it on.
    ///
    /// ```
    /// let policy = reattempt::RetryPolicy::default().assume_idempotent();
    /// assert!(format!("{policy:?}").contains("assume_idempotent: true"));
    /// ```
    pub const fn assume_idempotent(mut self) -> Self {
        self.settings.assume_idempotent = true;
        self
    }
}
