//! `Call`: one call that is being prepared, with the settings that async and sync
//! calls share.
//!
//! These types rarely have to be named. [`RetryPolicy::retry`] and
//! [`RetryPolicy::retry_blocking`] return them, and rustc names them in messages:
//!
//! | parameter of [`Call`] | meaning |
//! | --- | --- |
//! | `P` | the policy: a [`PolicyRef`] |
//! | `D` | the driver with the operation: [`Async`] or [`Blocking`] |
//! | `J` | the classifier: [`PolicyClassifier`] or an [`Override`] |
//! | `H` | the hook: `()` or [`OnRetry`] |

mod async_driver;
mod blocking;
mod blocking_clock;
mod blocking_loop;
mod classifier;
mod hook;
mod long_polling;
mod loop_state;
mod loops;
mod operation;
mod pause;
mod poll;
mod result;
mod retry;
mod steps;
mod timeout;
#[cfg(feature = "tower")]
pub(crate) mod tower;

use std::fmt;
use std::time::Duration;

use pin_project_lite::pin_project;

pub use async_driver::{Async, SleepOf};
pub use blocking::{Blocking, BlockingRetry};
pub use blocking_loop::BlockingLoop;
pub use classifier::{ClassifierRef, Override, PolicyClassifier};
pub use hook::{Hook, OnRetry};
pub use long_polling::LongPolling;
pub use loops::RetryLoop;
pub use operation::{Driver, Operation};
#[cfg(feature = "resume")]
pub(crate) use pause::Pause;
pub use poll::OutcomeFuture;
pub use retry::Retry;
pub use timeout::{Timed, TimedFuture};

use crate::attempt::Attempt;
pub use crate::classify::Inspect;
use crate::classify::{ClassifyFn, Verdict, When};
use crate::engine::Run;
pub use crate::error::Summary;
use crate::event::RetryEvent;
pub use crate::policy::PolicyRef;
use crate::policy::{RetryPolicy, at_least_one};
pub use crate::timer::DefaultTimer;
#[cfg(all(
    feature = "tokio",
    not(all(target_family = "wasm", target_os = "unknown"))
))]
pub use crate::timer::TokioSleep;

/// Kept private, so that only this crate implements the traits of this module.
pub(crate) mod sealed {
    #[expect(unnameable_types, reason = "an unnameable supertrait seals a trait")]
    pub trait Sealed<Trait = ()> {}
}

/// The policy of calls that name none.
static DEFAULT: RetryPolicy = RetryPolicy::new(crate::Backoff::exponential(Duration::from_secs(1)));

/// Retries an async operation by the default policy: 3 attempts, 1 s doubling up to
/// 20 s, full jitter, every `Err` retried.
///
/// It is the same as `RetryPolicy::default().retry(op)`. Use
/// [`when`] to retry some errors only.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
/// # #[cfg(feature = "tokio")]
/// # runtime.block_on(async {
/// let result = reattempt::retry(|attempt| async move {
///     if attempt.number() < 3 { Err("busy") } else { Ok("done") }
/// })
/// .when(|error| *error == "busy")
/// .await;
/// assert_eq!(result, Ok("done"));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// [`when`]: crate::call::Call::when
pub fn retry<F, Fut, T, E>(op: F) -> Retry<&'static RetryPolicy, F>
where
    F: FnMut(Attempt) -> Fut, // called once per attempt; for `&mut` state use `policy.start()`
    Fut: Future<Output = Result<T, E>>, // a future of a `Result`; for sync code use `retry_blocking`
{
    DEFAULT.retry(op)
}

/// Retries a sync operation by the default policy: 3 attempts, 1 s doubling up to
/// 20 s, full jitter, every `Err` retried.
///
/// It is the same as `RetryPolicy::default().retry_blocking(op)`.
///
/// ```
/// let parsed = reattempt::retry_blocking(|_| "12".parse::<u8>()).call();
/// assert_eq!(parsed, Ok(12));
/// ```
pub fn retry_blocking<F, T, E>(op: F) -> BlockingRetry<&'static RetryPolicy, F>
where
    F: FnMut(Attempt) -> Result<T, E>,
{
    DEFAULT.retry_blocking(op)
}

pin_project! {
    /// One call of an operation: await it, or finish it with `.call()` if it is a
    /// sync one.
    ///
    /// Created by [`RetryPolicy::retry`] and [`RetryPolicy::retry_blocking`]. The
    /// setters override the policy for this call alone. A call makes no attempt and
    /// reads no clock before it is polled, or before `.call()`. Do not change settings
    /// after that: some have no effect, and after `timer`, `attempt_timeout` or `long_polling`
    /// the future stays pending forever.
    #[must_use = "no attempt is made until the call is awaited, or `.call()` if it is a sync one"]
    pub struct Call<P, D, J = PolicyClassifier, H = ()>
    where
        P: PolicyRef,
    {
        run: Run<P>,
        classifier: J,
        hook: H,
        #[pin]
        driver: D,
    }
}

impl<P: PolicyRef, D> Call<P, D> {
    #[inline]
    pub(crate) const fn new(policy: P, driver: D) -> Self {
        Self {
            run: Run::new(policy),
            classifier: PolicyClassifier,
            hook: (),
            driver,
        }
    }
}

/// # Settings of one call
impl<P: PolicyRef, D: Driver, J, H> Call<P, D, J, H> {
    /// Limits this call's attempts, the first one included; 0 counts as 1.
    /// Default: the policy's limit.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let outcome = policy.retry_blocking(|_| Err::<(), _>("down")).max_attempts(7).outcome();
    /// assert_eq!(outcome.attempts, 7);
    /// ```
    pub fn max_attempts(mut self, n: u32) -> Self {
        if let Some(overrides) = self.driver.overrides() {
            overrides.max_attempts = Some(at_least_one(n));
        }
        self
    }

    /// Limits this call's time; see [`RetryPolicy::max_elapsed`]. Waits for a limiter
    /// are not limited. Default: the policy's limit.
    ///
    /// For a sync call, a wait of *d* counts as at least *d*, even if `sleep_with`
    /// returns early.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, RetryPolicy, StopReason};
    ///
    /// let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(4))).max_attempts(9);
    /// let outcome = policy
    ///     .retry_blocking(|_| Err::<(), _>("down"))
    ///     .max_elapsed(Duration::from_secs(10))
    ///     .sleep_with(|_| ())
    ///     .outcome();
    /// assert_eq!((outcome.attempts, outcome.reason), (3, StopReason::OutOfTime));
    /// ```
    pub fn max_elapsed(mut self, total: Duration) -> Self {
        if let Some(overrides) = self.driver.overrides() {
            overrides.max_elapsed = Some(total);
        }
        self
    }

    /// Retries only throttling and requests that were never sent. Default: off.
    ///
    /// Use it for an operation that must not run twice: after any other failure the
    /// server may have processed the request. Such a failure ends the call with
    /// [`NotIdempotent`](crate::StopReason::NotIdempotent). With the default classifier and
    /// with `when` every error is transient, so nothing is retried: use a classifier that
    /// knows throttling and unsent requests.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy, StopReason};
    ///
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let outcome = policy.retry_blocking(|_| Err::<(), _>("reset")).non_idempotent().outcome();
    /// assert_eq!((outcome.attempts, outcome.reason), (1, StopReason::NotIdempotent));
    /// ```
    pub fn non_idempotent(mut self) -> Self {
        if let Some(overrides) = self.driver.overrides() {
            overrides.non_idempotent = true;
        }
        self
    }

    /// If the retry budget is empty, serves the wait before the outcome is returned.
    /// Default: off.
    ///
    /// Use it for calls that hold a connection open until there is news (SQS
    /// `ReceiveMessage`, SWF `PollForActivityTask`) and that are made in an endless
    /// loop, which would otherwise spin while the service fails. The outcome is kept
    /// during that wait, so the future is `Send` only if the outcome is.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, RetryBudget, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(2)))
    ///     .budget(&RetryBudget::new(0));
    /// let mut slept = Vec::new();
    /// let result = policy
    ///     .retry_blocking(|_| Err::<(), _>("down"))
    ///     .long_polling()
    ///     .sleep_with(|delay| slept.push(delay))
    ///     .call();
    /// assert_eq!((result, slept), (Err("down"), vec![Duration::from_secs(2)]));
    /// ```
    pub fn long_polling(mut self) -> Call<P, D::LongPolling, J, H> {
        if let Some(overrides) = self.driver.overrides() {
            overrides.long_polling = true;
        }
        Call {
            run: self.run,
            classifier: self.classifier,
            hook: self.hook,
            driver: self.driver.long_polling(),
        }
    }

    /// Classifies this call's outcomes with `classifier`. Default: the policy's classifier.
    ///
    /// ```
    /// use reattempt::{AnyError, Backoff, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::none()).when(|_: &&str| false);
    /// let outcome = policy.retry_blocking(|_| Err::<(), _>("down")).classify(AnyError).outcome();
    /// assert_eq!(outcome.attempts, 3);
    /// ```
    pub fn classify<C>(self, classifier: C) -> Call<P, D, Override<C>, H> {
        Call {
            run: self.run,
            classifier: Override(classifier),
            hook: self.hook,
            driver: self.driver,
        }
    }

    /// Retries the errors for which `predicate` returns true and no others.
    ///
    /// This replaces the policy's classifier for this call, so every `Ok` is a
    /// success. The kind of each error is [`Transient`](crate::ErrorKind::Transient), so a
    /// [`non_idempotent`](Self::non_idempotent) call retries none.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let call = policy.retry_blocking(|_| Err::<(), _>("forbidden"));
    /// assert_eq!(call.when(|error| *error == "busy").outcome().attempts, 1);
    /// ```
    pub fn when<Q>(self, predicate: Q) -> Call<P, D, Override<When<Q>>, H>
    where
        Q: Fn(&D::Error) -> bool,
    {
        self.classify(When(predicate))
    }

    /// Classifies this call's outcomes with a closure.
    ///
    /// ```
    /// use reattempt::{Backoff, ErrorKind, RetryPolicy, Verdict};
    ///
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let call = policy.retry_blocking(|_| Ok::<_, ()>(503)).classify_fn(|outcome| match outcome {
    ///     Ok(503) => Verdict::retry(ErrorKind::Server),
    ///     _ => Verdict::Success,
    /// });
    /// assert_eq!(call.outcome().attempts, 3);
    /// ```
    pub fn classify_fn<Q>(self, f: Q) -> Call<P, D, Override<ClassifyFn<Q>>, H>
    where
        Q: Fn(Result<&D::Ok, &D::Error>) -> Verdict,
    {
        self.classify(ClassifyFn(f))
    }

    /// Calls `hook` before each wait, with the failed outcome and the delay. A second call
    /// of this method replaces the hook. Default: no hook.
    ///
    /// The hook should return quickly. Its time does not shorten the wait, except to
    /// keep `max_elapsed`.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let mut failed = Vec::new();
    /// let _ = policy
    ///     .retry_blocking(|_| Err::<(), _>("down"))
    ///     .on_retry(|event| failed.push((event.attempt().number(), event.error().copied())))
    ///     .call();
    /// assert_eq!(failed, [(1, Some("down")), (2, Some("down"))]);
    /// ```
    #[doc(alias = "notify")]
    pub fn on_retry<Q>(self, hook: Q) -> Call<P, D, J, OnRetry<Q>>
    where
        Q: FnMut(&RetryEvent<Result<&D::Ok, &D::Error>>),
    {
        Call {
            run: self.run,
            classifier: self.classifier,
            hook: OnRetry(hook),
            driver: self.driver,
        }
    }
}

impl<P: PolicyRef + fmt::Debug, D, J, H> fmt::Debug for Call<P, D, J, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}
