//! The immutable recipe of a retry, cheap to clone and share.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::budget::RetryBudget;
use crate::classify::{AnyError, Classify, ClassifyFn, DynClassify, Verdict, When};
use crate::event::Observer;
use crate::limiter::Limiter;

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
pub struct RetryPolicy<C = AnyError, P = ShortPolling> {
    pub(crate) plan: Plan,
    pub(crate) classifier: C,
    polling: PhantomData<P>,
}

/// All of a policy but its classifier, so that what is not generic is compiled once.
#[expect(clippy::struct_excessive_bools, reason = "switches and their summary")]
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
    pub(crate) budget: Option<RetryBudget>,
    pub(crate) limiter: Option<Arc<dyn Limiter>>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) assume_idempotent: bool,
    pub(crate) long_polling: bool,
    /// Whether a call concerns nobody but the caller and the budget, and the time
    /// nobody: no limiter, observer, refilling budget or bound in time. What then
    /// need not be asked is not, in the whole call.
    pub(crate) is_plain: bool,
    /// Whether a limiter or a refilling budget wants to know the time.
    pub(crate) is_clocked: bool,
}

impl Plan {
    const fn survey(&mut self) {
        let refills = match &self.budget {
            Some(budget) => budget.refills(),
            None => false,
        };
        self.is_clocked = refills || self.limiter.is_some();
        self.is_plain = !self.is_clocked && self.observer.is_none() && is_endless(self.max_elapsed);
    }
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
            .field("budget", &self.budget)
            .field("limiter", &self.limiter)
            .field("observed", &self.observer.is_some())
            .field("assume_idempotent", &self.assume_idempotent)
            .field("long_polling", &self.long_polling)
            .finish_non_exhaustive()
    }
}

/// A bound on attempts as people write it.
pub(crate) const fn bound(max_attempts: u32) -> Option<u32> {
    match max_attempts {
        0 => None,
        max => Some(max),
    }
}

/// Whether a bound in time is none: 584 billion years.
pub(crate) const fn is_endless(total: Duration) -> bool {
    total.as_secs() == u64::MAX
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
                budget: None,
                limiter: None,
                observer: None,
                assume_idempotent: false,
                long_polling: false,
                is_plain: true,
                is_clocked: false,
            },
            classifier: AnyError,
            polling: PhantomData,
        }
    }
}

impl Default for RetryPolicy {
    /// 3 attempts, 1 s doubling up to 20 s, full jitter.
    fn default() -> Self {
        Self::new(Backoff::exponential(Duration::from_secs(1)))
    }
}

impl<C, P> RetryPolicy<C, P> {
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
        self.plan.survey();
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

    /// Lets every call draw on `budget`, which its clones share: see
    /// [`RetryBudget`].
    pub fn budget(mut self, budget: &RetryBudget) -> Self {
        self.plan.budget = Some(budget.clone());
        self.plan.survey();
        self
    }

    /// Takes the budget away: retries are bounded for each call alone.
    pub fn no_budget(mut self) -> Self {
        self.plan.budget = None;
        self.plan.survey();
        self
    }

    /// Asks `limiter` before every attempt, first ones included.
    ///
    /// Its waits come on top of the backoff, are counted in `waited`, and are
    /// not cut by `max_elapsed`: there is no outcome to return in their place.
    pub fn limiter(mut self, limiter: impl Limiter + 'static) -> Self {
        self.plan.limiter = Some(Arc::new(limiter));
        self.plan.survey();
        self
    }

    /// Sets who hears of retries and ends; a pair of observers is one, too.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.plan.observer = Some(Arc::new(observer));
        self.plan.survey();
        self
    }

    /// With the budget empty, serves the wait all the same and then returns the
    /// outcome.
    ///
    /// For calls that hold a connection open until there is news (SQS
    /// `ReceiveMessage`, SWF `PollForActivityTask` and the like) and are made in
    /// an endless loop, which would otherwise spin while the service fails.
    ///
    /// The outcome is kept across that wait, so a call's future is `Send` only
    /// where its outcome is: hence the type of its own.
    pub fn long_polling(mut self) -> RetryPolicy<C, LongPolling> {
        self.plan.long_polling = true;
        RetryPolicy {
            plan: self.plan,
            classifier: self.classifier,
            polling: PhantomData,
        }
    }

    /// Says that every call may be repeated safely, whatever its HTTP method:
    /// for drivers that see the method and would retry a POST or a PATCH only
    /// when it was throttled.
    pub const fn assume_idempotent(mut self) -> Self {
        self.plan.assume_idempotent = true;
        self
    }

    /// Sets the classifier.
    pub fn classify<D>(self, classifier: D) -> RetryPolicy<D, P> {
        RetryPolicy {
            plan: self.plan,
            classifier,
            polling: PhantomData,
        }
    }

    /// Retries the errors for which `predicate` holds, and no other: in place of
    /// the classifier there was, so every `Ok` is a success.
    pub fn when<E, F: Fn(&E) -> bool>(self, predicate: F) -> RetryPolicy<When<F>, P> {
        self.classify(When(predicate))
    }

    /// Judges outcomes with a closure.
    pub fn classify_fn<T, E, F>(self, f: F) -> RetryPolicy<ClassifyFn<F>, P>
    where
        F: Fn(Result<&T, &E>) -> Verdict,
    {
        self.classify(ClassifyFn(f))
    }

    /// Hides the classifier's type, so that a policy with a closure inside can
    /// be a struct's field.
    pub fn erased<T, E>(self) -> RetryPolicy<DynClassify<T, E>, P>
    where
        C: Classify<T, E> + Send + Sync + 'static,
    {
        RetryPolicy {
            plan: self.plan,
            classifier: DynClassify(Arc::new(self.classifier)),
            polling: PhantomData,
        }
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "that is what seals")]
    pub trait Sealed {}
}

/// What a policy does with the outcome of a call whose budget is empty:
/// [`ShortPolling`] or [`LongPolling`]. Sealed.
pub trait Polling: sealed::Sealed {
    /// An outcome kept across a wait.
    #[doc(hidden)]
    type Kept<O>;

    /// Keeps an outcome, or returns it where nothing is to be waited for.
    #[doc(hidden)]
    fn keep<O>(outcome: O) -> Result<Self::Kept<O>, O>;

    #[doc(hidden)]
    fn release<O>(kept: Self::Kept<O>) -> O;
}

/// The outcome is returned at once, and never kept across a wait: the default.
#[expect(clippy::exhaustive_enums, reason = "only a type-level switch")]
#[derive(Clone, Copy, Debug)]
pub enum ShortPolling {}

impl sealed::Sealed for ShortPolling {}

impl Polling for ShortPolling {
    type Kept<O> = Infallible;

    #[inline]
    fn keep<O>(outcome: O) -> Result<Infallible, O> {
        Err(outcome)
    }

    fn release<O>(kept: Infallible) -> O {
        match kept {}
    }
}

/// The outcome is returned after the wait; chosen by
/// [`RetryPolicy::long_polling`].
#[expect(clippy::exhaustive_enums, reason = "only a type-level switch")]
#[derive(Clone, Copy, Debug)]
pub enum LongPolling {}

impl sealed::Sealed for LongPolling {}

impl Polling for LongPolling {
    type Kept<O> = O;

    fn keep<O>(outcome: O) -> Result<O, O> {
        Ok(outcome)
    }

    fn release<O>(kept: O) -> O {
        kept
    }
}
