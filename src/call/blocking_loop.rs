//! `BlockingLoop`: a sync call in a loop that the caller writes.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use super::PolicyRef;
use super::blocking_clock::BlockingClock;
use super::loop_state::{LoopState, Turn, WaitCause};
use crate::attempt::Attempt;
use crate::classify::{Classify, Verdict};
use crate::error::StopReason;
use crate::event::RetryEvent;
use crate::policy::RetryPolicy;
use crate::timer;

/// A sync call in a loop of your own: [`RetryLoop`](crate::RetryLoop) for code that
/// blocks. Created by [`RetryPolicy::start_blocking`].
///
/// ```
/// use std::ops::ControlFlow;
/// use reattempt::{Backoff, RetryPolicy};
///
/// let policy = RetryPolicy::new(Backoff::none());
/// let mut calls = policy.start_blocking();
/// let result = loop {
///     let attempt = calls.next_attempt();
///     let result = if attempt.is_last() { Ok("done") } else { Err("busy") };
///     if let ControlFlow::Break(done) = calls.check(result) {
///         break done;
///     }
/// };
/// assert_eq!((result, calls.attempts()), (Ok("done"), 3));
/// ```
#[must_use = "a loop makes no attempt by itself"]
pub struct BlockingLoop<P: PolicyRef, S = fn(Duration)> {
    state: LoopState<P>,
    sleep: S,
}

impl<C> RetryPolicy<C> {
    /// Starts a sync call in a loop of your own; see [`BlockingLoop`].
    pub const fn start_blocking(&self) -> BlockingLoop<&Self> {
        BlockingLoop {
            state: LoopState::new(self),
            sleep: timer::sleep_blocking,
        }
    }
}

impl<P: PolicyRef, S> BlockingLoop<P, S> {
    /// Waits by calling `sleep` instead of `std::thread::sleep`. Call it before the first
    /// attempt.
    ///
    /// `sleep` may return early; see
    /// [`Call::sleep_with`](crate::call::Call::sleep_with).
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(1)));
    /// let mut slept = Vec::new();
    /// let mut calls = policy.start_blocking().sleep_with(|delay| slept.push(delay));
    /// while calls.stop_reason().is_none() {
    ///     calls.next_attempt();
    ///     let _ = calls.check(Err::<(), _>("down"));
    /// }
    /// drop(calls);
    /// assert_eq!(slept, [Duration::from_secs(1); 2]);
    /// ```
    pub fn sleep_with<N: FnMut(Duration)>(self, sleep: N) -> BlockingLoop<P, N> {
        BlockingLoop {
            state: self.state,
            sleep,
        }
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

impl<P: PolicyRef, S: FnMut(Duration)> BlockingLoop<P, S> {
    /// Blocks this thread until the next attempt may start, and returns it: for the
    /// backoff, then for the limiter. Before the first attempt only the limiter can cause
    /// a wait.
    ///
    /// After the call has ended it returns at once.
    pub fn next_attempt(&mut self) -> Attempt {
        let clock = self.clock();
        loop {
            match self.state.turn() {
                Turn::Attempt(attempt) => return attempt,
                Turn::Ended(_) => return self.state.attempt(clock.now()),
                Turn::Wait(wait) => {
                    let left = self.state.resume_wait(wait, clock.now());
                    let unserved = match wait.cause {
                        WaitCause::Limiter => {
                            let has_queue = self.state.has_queue();
                            clock.wait_for_limiter(left, has_queue, &mut self.sleep)
                        }
                        WaitCause::Retry { .. } => clock.wait(left, &mut self.sleep),
                    };
                    self.state.charge_unserved(unserved);
                    self.state.end_wait();
                }
                Turn::Admission => {
                    if self.state.try_start(clock.now()) == Err(Duration::ZERO) {
                        (self.sleep)(Duration::ZERO);
                    }
                }
            }
        }
    }
}

impl<P: PolicyRef, S> BlockingLoop<P, S> {
    /// Classifies the result of the attempt and decides at once what follows; see
    /// [`RetryLoop::check`](crate::RetryLoop::check).
    pub fn check<T, E>(&mut self, result: Result<T, E>) -> ControlFlow<Result<T, E>, RetryEvent>
    where
        P::Classifier: Classify<T, E>,
    {
        let verdict = self.state.classify(&result);
        let now = self.clock().now();
        self.state.check(verdict, result, now)
    }

    /// Decides at once what follows the attempt, with a verdict from the caller; see
    /// [`RetryLoop::check_as`](crate::RetryLoop::check_as).
    pub fn check_as<T, E>(
        &mut self,
        verdict: Verdict,
        result: Result<T, E>,
    ) -> ControlFlow<Result<T, E>, RetryEvent> {
        let now = self.clock().now();
        self.state.decide(verdict, None, now).map_break(|()| result)
    }

    fn clock(&self) -> BlockingClock {
        BlockingClock::new(self.state.needs_clock())
    }
}

impl<P: PolicyRef + fmt::Debug, S> fmt::Debug for BlockingLoop<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingLoop")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
