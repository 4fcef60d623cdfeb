//! `RetryLoop`: an async call in a loop that the caller writes.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::PolicyRef;
use super::loop_state::{LoopState, Turn};
use super::pause::Pause;
use super::steps::{ATTEMPTS_PER_YIELD, has_to_yield, now_if};
use crate::attempt::Attempt;
use crate::classify::{Classify, Verdict};
use crate::error::StopReason;
use crate::event::RetryEvent;
use crate::policy::RetryPolicy;
use crate::timer::{DefaultTimer, Timer};

/// An async call in a loop of your own, with any borrow and any control flow.
///
/// Use it if the operation needs `&mut` state that a closure cannot lend, if only a
/// part of a batch is sent again, or if the call lives in a struct. Created by
/// [`RetryPolicy::start`].
///
/// Deciding and waiting are two steps, and the wait cannot be forgotten:
/// [`next_attempt`](Self::next_attempt) waits, [`check`](Self::check) decides at once.
/// A `check` without a `next_attempt` since the last one ends the call with
/// [`OutOfTurn`](StopReason::OutOfTurn).
///
/// Dropping the loop during a wait returns the cost of the retry to the budget. The time
/// limit counts from the first `next_attempt`.
///
/// A loop has the settings of its policy, and `timer` and `non_idempotent` of its own. To
/// change another setting for one loop, change a clone of the policy, which shares the budget:
/// `let policy = policy.clone().max_attempts(7);`.
///
/// ```
/// use std::ops::ControlFlow;
/// use reattempt::{Backoff, RetryPolicy};
///
/// async fn send(buffer: &mut Vec<u8>) -> Result<usize, &'static str> {
///     buffer.push(1);
///     if buffer.len() < 3 { Err("busy") } else { Ok(buffer.len()) }
/// }
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # #[cfg(feature = "tokio")]
/// # runtime.block_on(async {
/// let policy = RetryPolicy::new(Backoff::none());
/// let mut buffer = Vec::new();
/// let mut calls = policy.start();
/// let sent = loop {
///     calls.next_attempt().await;
///     let result = send(&mut buffer).await;
///     match calls.check(result) {
///         ControlFlow::Break(done) => break done,
///         ControlFlow::Continue(event) => println!("retry in {:?}", event.delay()),
///     }
/// };
/// assert_eq!(sent, Ok(3));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a loop makes no attempt by itself"]
#[derive(Debug)]
pub struct RetryLoop<P: PolicyRef, M = DefaultTimer> {
    state: LoopState<P>,
    timer: M,
}

impl<C> RetryPolicy<C> {
    /// Starts an async call in a loop of your own; see [`RetryLoop`]. Without the feature
    /// `tokio`, use [`start_with`](Self::start_with).
    pub const fn start(&self) -> RetryLoop<&Self> {
        RetryLoop::new(self, DefaultTimer)
    }

    /// Starts an async call in a loop of your own that waits on `timer`.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use reattempt::{ManualTimer, RetryPolicy};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// let (policy, timer) = (RetryPolicy::default(), ManualTimer::new());
    /// let mut calls = policy.start_with(&timer);
    /// let result = loop {
    ///     let attempt = calls.next_attempt().await;
    ///     let result = if attempt.is_last() { Ok("done") } else { Err("busy") };
    ///     if let ControlFlow::Break(done) = calls.check(result) {
    ///         break done;
    ///     }
    /// };
    /// assert_eq!((result, timer.sleeps().len()), (Ok("done"), 2));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub const fn start_with<M: Timer>(&self, timer: M) -> RetryLoop<&Self, M> {
        RetryLoop::new(self, timer)
    }

    /// Starts an async call in a loop of your own that owns its policy, for body
    /// streams and structs that live on.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use reattempt::{RetryLoop, RetryPolicy};
    ///
    /// struct Download {
    ///     calls: RetryLoop<Arc<RetryPolicy>>,
    /// }
    ///
    /// let download = Download { calls: Arc::new(RetryPolicy::default()).start_owned() };
    /// assert_eq!(download.calls.attempts(), 0);
    /// ```
    pub const fn start_owned(self: Arc<Self>) -> RetryLoop<Arc<Self>> {
        RetryLoop::new(self, DefaultTimer)
    }
}

impl<P: PolicyRef, M> RetryLoop<P, M> {
    pub(crate) const fn new(policy: P, timer: M) -> Self {
        Self {
            state: LoopState::new(policy),
            timer,
        }
    }

    /// Waits on `timer`. Call it before the first attempt. Default: tokio's.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use reattempt::{ManualTimer, RetryPolicy};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// let policy = Arc::new(RetryPolicy::default());
    /// let mut calls = policy.start_owned().timer(ManualTimer::new());
    /// assert_eq!(calls.next_attempt().await.number(), 1);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn timer<N: Timer>(self, timer: N) -> RetryLoop<P, N> {
        RetryLoop {
            state: self.state,
            timer,
        }
    }

    /// Returns the policy's classifier.
    #[cfg(feature = "resume")]
    pub(crate) fn classifier(&self) -> &P::Classifier {
        self.state.classifier()
    }

    /// Retries only throttling and requests that were never sent; see
    /// [`Call::non_idempotent`](super::Call::non_idempotent). Call it before the first
    /// attempt. Default: off.
    pub fn non_idempotent(self) -> Self {
        Self {
            state: self.state.non_idempotent(),
            ..self
        }
    }

    /// Returns the number of attempts that have ended.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.state.attempts()
    }

    /// Returns the sum of the waits that have begun.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.state.waited()
    }

    /// Returns why the call ended, or `None` if it has not ended.
    #[must_use]
    pub const fn stop_reason(&self) -> Option<StopReason> {
        self.state.stop_reason()
    }
}

impl<P: PolicyRef, M: Timer> RetryLoop<P, M> {
    /// Waits until the next attempt may start, and returns it: for the backoff, then
    /// for the limiter. Before the first attempt only the limiter can cause a wait.
    ///
    /// Dropping this future and calling the method again continues the same wait. A wait
    /// is shortened only to keep `max_elapsed`. Limiter waits are not limited by it. After
    /// the call has ended it returns at once.
    pub async fn next_attempt(&mut self) -> Attempt {
        let mut pause = pin!(Pause::new());
        poll_fn(|cx| self.poll_next_attempt(pause.as_mut(), cx)).await
    }

    /// Does what [`next_attempt`](Self::next_attempt) does, for callers that poll. `pause`
    /// holds the wait between two polls.
    pub(crate) fn poll_next_attempt(
        &mut self,
        mut pause: Pin<&mut Pause<M::Sleep>>,
        cx: &mut Context<'_>,
    ) -> Poll<Attempt> {
        loop {
            if ready!(pause.as_mut().poll_end(cx)) {
                self.state.end_wait();
                if has_to_yield(self.attempts()) {
                    return yield_now(cx);
                }
            }
            match self.state.turn() {
                Turn::Attempt(attempt) => return Poll::Ready(attempt),
                Turn::Ended(_) => return Poll::Ready(self.state.attempt(self.now())),
                Turn::Wait(wait) if wait.left.is_zero() => {
                    self.state.end_wait();
                    if has_to_yield(self.attempts()) {
                        return yield_now(cx);
                    }
                }
                Turn::Wait(wait) => {
                    let left = self.state.resume_wait(wait, self.timer.now());
                    pause.as_mut().begin(self.timer.sleep(left));
                }
                Turn::Admission => {
                    let Err(delay) = self.state.try_start(self.now()) else {
                        continue;
                    };
                    // A limiter that never admits must not block the thread if the sleeps end
                    // at once.
                    let refusals = pause.as_mut().count_refusal();
                    if delay.is_zero() || refusals % ATTEMPTS_PER_YIELD == 0 {
                        return yield_now(cx);
                    }
                }
            }
        }
    }

    /// Classifies the result of the attempt and decides at once what follows.
    ///
    /// `Break` holds the result to return, unchanged. `Continue` holds the event of the
    /// retry, whose wait `next_attempt` serves. A result that is retried is dropped.
    pub fn check<T, E>(&mut self, result: Result<T, E>) -> ControlFlow<Result<T, E>, RetryEvent>
    where
        P::Classifier: Classify<T, E>,
    {
        let verdict = self.state.classify(&result);
        let now = self.now();
        self.state.check(verdict, result, now)
    }

    /// Decides at once what follows the attempt, with a verdict from the caller.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use reattempt::{Backoff, RetryPolicy, StopReason, Verdict};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # #[cfg(feature = "tokio")]
    /// # runtime.block_on(async {
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let mut calls = policy.start();
    /// calls.next_attempt().await;
    /// let checked = calls.check_as(Verdict::Permanent, Err::<(), _>("forbidden"));
    /// assert_eq!(checked, ControlFlow::Break(Err("forbidden")));
    /// assert_eq!(calls.stop_reason(), Some(StopReason::Permanent));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn check_as<T, E>(
        &mut self,
        verdict: Verdict,
        result: Result<T, E>,
    ) -> ControlFlow<Result<T, E>, RetryEvent> {
        self.decide_as(verdict).map_break(|()| result)
    }

    /// Does what [`check_as`](Self::check_as) does, for callers that keep the result.
    pub(crate) fn decide_as(&mut self, verdict: Verdict) -> ControlFlow<(), RetryEvent> {
        let now = self.now();
        self.state.decide(verdict, None, now)
    }

    /// Starts a new call, whose first attempt is already running. The limiter is not
    /// asked, and the time limit counts from now.
    #[cfg(feature = "resume")]
    pub(crate) fn restart(&mut self) {
        self.state.restart(self.now());
    }

    fn now(&self) -> Duration {
        now_if(self.state.needs_clock(), &self.timer)
    }
}

/// Lets other tasks run once.
fn yield_now<T>(cx: &mut Context<'_>) -> Poll<T> {
    cx.waker().wake_by_ref();
    Poll::Pending
}
