//! `Retry`: the async call, and the settings that only async calls have.

use std::sync::Arc;
use std::time::Duration;

use super::{Async, Call, Operation, OutcomeFuture, PolicyClassifier, PolicyRef, SleepOf, Timed};
use crate::attempt::Attempt;
use crate::error::TimedOut;
use crate::policy::RetryPolicy;
use crate::timer::{DefaultTimer, Timer};

/// An async call of the operation `F`, which waits on the timer `M`.
pub type Retry<P, F, M = DefaultTimer, J = PolicyClassifier, H = ()> = Call<P, Async<F, M>, J, H>;

impl<C> RetryPolicy<C> {
    /// Calls the async operation `op` and retries it by this policy.
    ///
    /// Returns a future: await it, or change settings for this call first. `op` is a
    /// closure that receives the [`Attempt`] and returns a new future each time it is
    /// called. Write `|_|` if you do not need the attempt. A `Result` inside the `Ok` counts
    /// as a success, so flatten what `tokio::time::timeout` or `spawn_blocking` returns.
    ///
    /// The returned future borrows the policy; see [`retry_owned`](Self::retry_owned). It is
    /// `Send` if the closure and its futures are. It spawns nothing, and dropping it stops the
    /// call.
    ///
    /// # Panics
    ///
    /// With the default timer and outside a tokio runtime with time enabled, the future panics
    /// at its first wait, and at its first attempt with `attempt_timeout`. See
    /// [`timer`](super::Call::timer).
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # #[cfg(feature = "tokio")]
    /// # runtime.block_on(async {
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let result = policy
    ///     .retry(|attempt| async move {
    ///         if attempt.number() < 3 { Err("busy") } else { Ok("done") }
    ///     })
    ///     .when(|error| *error == "busy")
    ///     .await;
    /// assert_eq!(result, Ok("done"));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    pub const fn retry<F, Fut, T, E>(&self, op: F) -> Retry<&Self, F>
    where
        // rustc prints the next lines, comments included, if `op` moves a captured value out,
        // or does not return a future of a `Result`.
        F: FnMut(Attempt) -> Fut, // called once per attempt; for `&mut` state use `policy.start()`
        Fut: Future<Output = Result<T, E>>, // a future of a `Result`; for sync code use `retry_blocking`
    {
        Call::new(self, Async::new(op))
    }

    /// Calls the async operation `op` like [`retry`](Self::retry), with a shared policy.
    ///
    /// The future owns the policy, so it is `'static` if the operation is: use it for
    /// `tokio::spawn` and for futures that are stored in a struct. In an `async move` block
    /// that owns the policy, `retry` is enough.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use reattempt::RetryPolicy;
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # #[cfg(feature = "tokio")]
    /// # runtime.block_on(async {
    /// async fn send(text: String) -> std::io::Result<usize> {
    ///     Ok(text.len())
    /// }
    ///
    /// let policy = Arc::new(RetryPolicy::default());
    /// let text = "message".to_owned();
    /// let call = Arc::clone(&policy).retry_owned(move |_| send(text.clone()));
    /// let result = tokio::spawn(call).await;
    /// assert_eq!(result.ok().and_then(Result::ok), Some(7));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    pub const fn retry_owned<F, Fut, T, E>(self: Arc<Self>, op: F) -> Retry<Arc<Self>, F>
    where
        F: FnMut(Attempt) -> Fut, // called once per attempt; for `&mut` state use `policy.start()`
        Fut: Future<Output = Result<T, E>>, // a future of a `Result`; for sync code use `retry_blocking`
    {
        Call::new(self, Async::new(op))
    }
}

/// # Settings of an async call
impl<P, F, M, J, H> Call<P, Async<F, M>, J, H>
where
    P: PolicyRef,
    F: Operation<M>,
    M: SleepOf,
{
    /// Uses `timer` for waiting. `&T` is also a `Timer` if `T` is. Default: tokio's.
    ///
    /// Without the feature `tokio`, set it before [`attempt_timeout`](Self::attempt_timeout).
    ///
    /// ```
    /// use reattempt::{ManualTimer, RetryPolicy};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// let timer = ManualTimer::new();
    /// let policy = RetryPolicy::default();
    /// let result = policy.retry(|_| async { Err::<(), _>("down") }).timer(&timer).await;
    /// assert_eq!((result, timer.sleeps().len()), (Err("down"), 2));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn timer<N>(self, timer: N) -> Call<P, Async<F, N>, J, H>
    where
        N: Timer,
        F: Operation<N>,
    {
        self.map_driver(|driver| driver.map(|op, _| (op, timer)))
    }

    /// Cuts each attempt after `limit`, or after what is left of `max_elapsed` if that
    /// is less. Default: an attempt is never cut.
    ///
    /// The outcome of a cut attempt is an `Err` made from [`TimedOut`]. It is classified
    /// like any other. Use [`attempt_timeout_or`](Self::attempt_timeout_or) if the error
    /// type has no `From<TimedOut>`.
    ///
    /// ```
    /// use std::{io, time::Duration};
    /// use reattempt::RetryPolicy;
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    /// # #[cfg(feature = "tokio")]
    /// # runtime.block_on(async {
    /// let result: io::Result<()> = RetryPolicy::default()
    ///     .retry(|_| std::future::pending())
    ///     .attempt_timeout(Duration::from_secs(2))
    ///     .await;
    /// assert_eq!(result.unwrap_err().kind(), io::ErrorKind::TimedOut);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[expect(
        clippy::type_complexity,
        reason = "the function pointer names the error"
    )]
    #[doc(alias = "timeout")]
    pub fn attempt_timeout(
        self,
        limit: Duration,
    ) -> Call<P, Async<Timed<F, fn(TimedOut) -> F::Error>, M>, J, H>
    where
        M: Timer,
        F::Error: From<TimedOut>, // otherwise use `attempt_timeout_or(limit, |timed_out| ..)`, or the client's own timeout
    {
        self.attempt_timeout_or(limit, F::Error::from)
    }

    /// Cuts each attempt like [`attempt_timeout`](Self::attempt_timeout), and makes the
    /// error with a closure.
    ///
    /// With a policy of `http` or `aws`, keep the [`TimedOut`] as the source of the error.
    /// Otherwise the error is not recognised, and the cut attempt is not retried.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::RetryPolicy;
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    /// # #[cfg(feature = "tokio")]
    /// # runtime.block_on(async {
    /// let result: Result<(), String> = RetryPolicy::default()
    ///     .retry(|_| std::future::pending())
    ///     .attempt_timeout_or(Duration::from_secs(2), |timed_out| timed_out.to_string())
    ///     .await;
    /// assert_eq!(result, Err("the attempt timed out after 2 s".to_owned()));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn attempt_timeout_or<G>(
        self,
        limit: Duration,
        into_error: G,
    ) -> Call<P, Async<Timed<F, G>, M>, J, H>
    where
        M: Timer,
        G: Fn(TimedOut) -> F::Error + Clone,
    {
        let timed = |op| Timed {
            op,
            limit,
            into_error,
        };
        self.map_driver(|driver| driver.map(|op, timer| (timed(op), timer)))
    }

    /// Returns a future of the [`Outcome`](crate::Outcome): the result with a summary of the call.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy, StopReason};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # #[cfg(feature = "tokio")]
    /// # runtime.block_on(async {
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let outcome = policy.retry(|_| async { Err::<(), _>("down") }).outcome().await;
    /// assert_eq!((outcome.attempts, outcome.reason), (3, StopReason::OutOfAttempts));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub const fn outcome(self) -> OutcomeFuture<P, Async<F, M>, J, H> {
        OutcomeFuture { call: self }
    }

    fn map_driver<E>(self, change: impl FnOnce(Async<F, M>) -> E) -> Call<P, E, J, H> {
        Call {
            run: self.run,
            classifier: self.classifier,
            hook: self.hook,
            driver: change(self.driver),
        }
    }
}
