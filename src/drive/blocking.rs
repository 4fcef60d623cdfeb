//! The sync driver.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::classify::{Classify, ClassifyFn, Verdict, When};
use crate::drive::call::{Hook, OnRetry, Parts, Recipe, Reclassified};
use crate::error::Outcome;
use crate::event::RetryEvent;
use crate::policy::RetryPolicy;
use crate::session::{Decision, Session, State};
use crate::timer;

impl<C, P> RetryPolicy<C, P> {
    /// Prepares a sync call of `op`: finish it with `.call()` or `.outcome()`.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let mut left = vec![Ok("up"), Err("down")];
    /// let result = policy.retry_blocking(|_| left.pop().unwrap_or(Err("gone"))).call();
    /// assert_eq!(result, Ok("up"));
    /// ```
    #[inline]
    pub fn retry_blocking<F, T, E>(&self, op: F) -> BlockingRetry<&Self, F>
    where
        F: FnMut(Attempt) -> Result<T, E>,
    {
        BlockingRetry {
            recipe: self,
            op,
            hook: (),
            sleep: timer::sleep_blocking,
            state: State::new(),
        }
    }

    /// Begins a call that is driven by hand with
    /// [`check`](Session::check) or [`check_blocking`](Session::check_blocking).
    ///
    /// The clock is read where `max_elapsed`, a limiter or a refilling budget
    /// needs it, and only there.
    pub fn start(&self) -> Session<'_, C, P> {
        let timed = State::new().needs_clock(&self.plan);
        let mut session = self.start_at(if timed { timer::now() } else { Duration::ZERO });
        session.own_clock = true;
        session
    }
}

/// A sync call being prepared; made by [`RetryPolicy::retry_blocking`].
#[must_use = "nothing is called until `.call()` or `.outcome()`"]
#[derive(Clone)]
pub struct BlockingRetry<R, F, H = (), S = fn(Duration)> {
    recipe: R,
    op: F,
    hook: H,
    sleep: S,
    state: State,
}

impl<R: fmt::Debug, F, H, S> fmt::Debug for BlockingRetry<R, F, H, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingRetry")
            .field("recipe", &self.recipe)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl<R, F, H, S, T, E> BlockingRetry<R, F, H, S>
where
    R: Recipe,
    F: FnMut(Attempt) -> Result<T, E>,
{
    /// Bounds this call's attempts, the first one included; 0 counts as 1.
    pub const fn max_attempts(mut self, n: u32) -> Self {
        self.state = self.state.max_attempts(n);
        self
    }

    /// Bounds this call's time; see [`RetryPolicy::max_elapsed`].
    ///
    /// A wait of d is taken to last at least d, also where `sleep_with` returns
    /// sooner.
    pub const fn max_elapsed(mut self, total: Duration) -> Self {
        self.state = self.state.max_elapsed(total);
        self
    }

    /// Retries only throttling: for an operation that must not be done twice.
    pub const fn non_idempotent(mut self) -> Self {
        self.state = self.state.non_idempotent();
        self
    }

    /// Judges this call's outcomes with `classifier`.
    pub fn classify<D>(self, classifier: D) -> BlockingRetry<Reclassified<R, D>, F, H, S> {
        BlockingRetry {
            recipe: Reclassified {
                recipe: self.recipe,
                classifier,
            },
            op: self.op,
            hook: self.hook,
            sleep: self.sleep,
            state: self.state,
        }
    }

    /// Retries the errors for which `predicate` holds, and no other: in place of
    /// the policy's classifier, so every `Ok` is a success.
    pub fn when<P>(self, predicate: P) -> BlockingRetry<Reclassified<R, When<P>>, F, H, S>
    where
        P: Fn(&E) -> bool,
    {
        self.classify(When(predicate))
    }

    /// Judges this call's outcomes with a closure.
    pub fn classify_fn<P>(self, f: P) -> BlockingRetry<Reclassified<R, ClassifyFn<P>>, F, H, S>
    where
        P: Fn(Result<&T, &E>) -> Verdict,
    {
        self.classify(ClassifyFn(f))
    }

    /// Tells `hook` of each retry before its wait. It should be quick: its own
    /// time is not held against `max_elapsed` before that wait.
    pub fn on_retry<P>(self, hook: P) -> BlockingRetry<R, F, OnRetry<P>, S>
    where
        P: FnMut(&RetryEvent<Result<&T, &E>>),
    {
        BlockingRetry {
            recipe: self.recipe,
            op: self.op,
            hook: OnRetry(hook),
            sleep: self.sleep,
            state: self.state,
        }
    }

    /// Waits with `sleep` in place of `std::thread::sleep`.
    pub fn sleep_with<P: FnMut(Duration)>(self, sleep: P) -> BlockingRetry<R, F, H, P> {
        BlockingRetry {
            recipe: self.recipe,
            op: self.op,
            hook: self.hook,
            sleep,
            state: self.state,
        }
    }

    /// Makes the call and returns the operation's own last result, unchanged.
    ///
    /// # Errors
    ///
    /// The operation's error, when it is not worth a retry or no retry is left.
    #[inline]
    pub fn call(self) -> Result<T, E>
    where
        R::Classifier: Classify<T, E>,
        H: Hook<T, E>,
        S: FnMut(Duration),
    {
        // Both apart, so that the story that nobody asks for is not told.
        if self.is_plain() {
            self.run::<true>().result
        } else {
            self.run_in_full().result
        }
    }

    /// Makes the call and returns its result with the story of it.
    #[inline]
    pub fn outcome(self) -> Outcome<T, E>
    where
        R::Classifier: Classify<T, E>,
        H: Hook<T, E>,
        S: FnMut(Duration),
    {
        if self.is_plain() {
            self.run::<true>()
        } else {
            self.run_in_full()
        }
    }

    #[inline]
    fn is_plain(&self) -> bool {
        self.state.is_plain(self.recipe.parts().plan)
    }

    #[cold]
    #[inline(never)]
    fn run_in_full(self) -> Outcome<T, E>
    where
        R::Classifier: Classify<T, E>,
        H: Hook<T, E>,
        S: FnMut(Duration),
    {
        self.run::<false>()
    }

    /// Makes the call; `PLAIN` says that it is one of nobody else's concern and
    /// without a bound in time, whose loop is short enough to be inlined.
    #[inline]
    fn run<const PLAIN: bool>(mut self) -> Outcome<T, E>
    where
        R::Classifier: Classify<T, E>,
        H: Hook<T, E>,
        S: FnMut(Duration),
    {
        let Parts { plan, classifier } = self.recipe.parts();
        let mut clock = Clock {
            is_read: !PLAIN && self.state.needs_clock(plan),
            ahead: Duration::ZERO,
            sleep: self.sleep,
        };
        let mut now = clock.now();
        if !PLAIN {
            self.state.start(plan, now);
        }
        loop {
            let attempt = if PLAIN {
                self.state.plain_attempt(plan)
            } else {
                while let Some(delay) = self.state.admit(plan, now) {
                    now = clock.wait(delay);
                }
                self.state.attempt(plan, now)
            };
            let result = (self.op)(attempt);
            now = clock.now();
            let verdict = classifier.classify(result.as_ref());
            match self.state.decide_as::<PLAIN>(plan, verdict, now) {
                Decision::Stop(reason) => {
                    if let Some(delay) = self.state.last_wait(plan, reason) {
                        clock.wait(delay);
                    }
                    return self.state.outcome(result, reason);
                }
                Decision::RetryAfter(delay) => {
                    let event = || self.state.event(plan, delay, now);
                    self.hook.retrying(result.as_ref(), event);
                    drop(result);
                    now = clock.wait(delay);
                }
            }
        }
    }
}

/// The time of one call, and its waits.
struct Clock<S> {
    is_read: bool,
    /// How far the waits of a `sleep_with` run ahead of the clock.
    ahead: Duration,
    sleep: S,
}

impl<S: FnMut(Duration)> Clock<S> {
    #[inline]
    fn now(&self) -> Duration {
        if self.is_read {
            timer::now().saturating_add(self.ahead)
        } else {
            Duration::ZERO
        }
    }

    /// Waits, and tells the time after it: at least that much later.
    #[inline]
    fn wait(&mut self, delay: Duration) -> Duration {
        if self.is_read {
            self.wait_by_it(delay)
        } else {
            (self.sleep)(delay);
            Duration::ZERO
        }
    }

    #[inline(never)]
    fn wait_by_it(&mut self, delay: Duration) -> Duration {
        let due = self.now().saturating_add(delay);
        (self.sleep)(delay);
        let now = self.now();
        self.ahead = self.ahead.saturating_add(due.saturating_sub(now));
        now.max(due)
    }
}

impl<C, P> Session<'_, C, P> {
    /// Blocks this thread until the limiter lets the next attempt go, if there
    /// is a limiter; to be called before the first attempt.
    pub fn ready_blocking(&mut self) -> Attempt {
        while let Err(delay) = self.admit(self.process_time()) {
            timer::sleep_blocking(delay);
        }
        self.attempt()
    }

    /// The time on the process's own clock, where it is needed.
    fn process_time(&self) -> Duration {
        if self.state.needs_clock(&self.policy.plan) {
            // A clock that stands still, as tokio's paused one does, is ahead by
            // the waits that were served.
            timer::now().max(self.now)
        } else {
            self.now
        }
    }

    /// Judges an outcome and blocks this thread for the wait, if there is one.
    ///
    /// `Continue` says to make the next attempt; `Break` holds the outcome to
    /// return. An outcome that is to be retried is dropped before the wait.
    pub fn check_blocking<T, E>(&mut self, outcome: Result<T, E>) -> ControlFlow<Result<T, E>>
    where
        C: Classify<T, E>,
    {
        match self.decide(outcome.as_ref(), self.process_time()) {
            Decision::Stop(_) => {
                if let Some(delay) = self.last_wait() {
                    timer::sleep_blocking(delay);
                }
                ControlFlow::Break(outcome)
            }
            Decision::RetryAfter(delay) => {
                drop(outcome);
                timer::sleep_blocking(delay);
                self.ready_blocking();
                ControlFlow::Continue(())
            }
        }
    }
}
