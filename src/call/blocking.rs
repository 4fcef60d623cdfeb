//! `BlockingRetry`: the sync call.

use std::fmt;
use std::time::Duration;

use super::blocking_clock::BlockingClock;
use super::operation::DriverSeal;
use super::result::CallResult;
use super::sealed::Sealed;
use super::{Call, ClassifierRef, Driver, Hook, PolicyClassifier, PolicyRef};
use crate::attempt::Attempt;
use crate::classify::{Classify, Verdict, printable};
use crate::engine::{FIRST_SUCCESS, Overrides, Step, report_limited};
use crate::error::{Outcome, StopReason};
use crate::policy::RetryPolicy;
use crate::timer;

/// A sync call of the operation `F`, which waits by calling `S`.
pub type BlockingRetry<P, F, S = fn(Duration), J = PolicyClassifier, H = ()> =
    Call<P, Blocking<F, S>, J, H>;

impl<C> RetryPolicy<C> {
    /// Prepares a sync call of `op`: finish it with `.call()` or `.outcome()`.
    ///
    /// `op` is a closure that receives the [`Attempt`]; write `|_|` if you do not need
    /// it.
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
    pub const fn retry_blocking<F, T, E>(&self, op: F) -> BlockingRetry<&Self, F>
    where
        F: FnMut(Attempt) -> Result<T, E>, // a sync operation; for async ones use `retry`
    {
        Call::new(
            self,
            Blocking {
                op,
                overrides: None,
                sleep: timer::sleep_blocking,
            },
        )
    }
}

/// Runs a sync operation `F` and waits by calling `S`.
#[derive(Clone, Copy)]
pub struct Blocking<F, S = fn(Duration)> {
    op: F,
    /// `None` if no setting differs from the policy's.
    overrides: Option<Overrides>,
    sleep: S,
}

impl<F, S> fmt::Debug for Blocking<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").finish_non_exhaustive()
    }
}

impl<F, S> Sealed<DriverSeal> for Blocking<F, S> {}

impl<F, S, T, E> Driver for Blocking<F, S>
where
    F: FnMut(Attempt) -> Result<T, E>,
{
    type Ok = T;
    type Error = E;
    type LongPolling = Self;

    fn long_polling(self) -> Self {
        self
    }

    fn overrides(&mut self) -> Option<&mut Overrides> {
        Some(self.overrides.get_or_insert(Overrides::NONE))
    }
}

/// # Settings of a sync call
impl<P, F, S, J, H, T, E> Call<P, Blocking<F, S>, J, H>
where
    P: PolicyRef,
    F: FnMut(Attempt) -> Result<T, E>,
{
    /// Waits by calling `sleep` instead of `std::thread::sleep`.
    ///
    /// `sleep` may return early, for example at shutdown. The wait still counts in full
    /// against this call's `max_elapsed`. After an early return from a wait for a limiter
    /// that [has a queue](crate::Limiter::has_queue), the thread blocks until the wait is
    /// over. With another limiter it blocks for at most 10 ms, and then asks again. Each such
    /// wait counts in full against `max_elapsed`. A thread of `wasm32-unknown-unknown` cannot
    /// block: it asks again at once.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// let mut slept = Vec::new();
    /// let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(1)));
    /// let _ = policy
    ///     .retry_blocking(|_| Err::<(), _>("down"))
    ///     .sleep_with(|delay| slept.push(delay))
    ///     .call();
    /// assert_eq!(slept, [Duration::from_secs(1); 2]);
    /// ```
    pub fn sleep_with<N: FnMut(Duration)>(self, sleep: N) -> Call<P, Blocking<F, N>, J, H> {
        Call {
            run: self.run,
            classifier: self.classifier,
            hook: self.hook,
            driver: Blocking {
                op: self.driver.op,
                overrides: self.driver.overrides,
                sleep,
            },
        }
    }

    /// Makes the call and returns the operation's last result, unchanged.
    ///
    /// # Errors
    ///
    /// Returns the operation's error if it is not retried or no retry is left.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::none());
    /// assert_eq!(policy.retry_blocking(|_| Err::<(), _>("down")).call(), Err("down"));
    /// ```
    #[inline]
    pub fn call(self) -> Result<T, E>
    where
        J: ClassifierRef<P>,
        J::Classifier: Classify<T, E>,
        H: Hook<T, E>,
        S: FnMut(Duration),
    {
        self.finish()
    }

    /// Makes the call and returns its result with a summary of the call.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy, StopReason};
    ///
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let outcome = policy.retry_blocking(|_| Ok::<_, ()>(1)).outcome();
    /// assert_eq!((outcome.result, outcome.reason), (Ok(1), StopReason::Success));
    /// ```
    #[inline]
    pub fn outcome(self) -> Outcome<T, E>
    where
        J: ClassifierRef<P>,
        J::Classifier: Classify<T, E>,
        H: Hook<T, E>,
        S: FnMut(Duration),
    {
        self.finish()
    }

    /// Makes the call. The short path is inline here: a first attempt that succeeds, of a
    /// call without settings of its own, limiter, observer, time limit and refilling
    /// budget. Everything else is out of line. The bench `overhead` shows what that saves.
    #[inline]
    fn finish<R: CallResult<T, E>>(self) -> R
    where
        J: ClassifierRef<P>,
        J::Classifier: Classify<T, E>,
        H: Hook<T, E>,
        S: FnMut(Duration),
    {
        if self.driver.overrides.is_some() || !self.run.settings().is_simple {
            return self.run_on_general_path();
        }
        // Take the call apart, so that the short path does not keep it in memory.
        let Self {
            run,
            classifier,
            hook,
            mut driver,
        } = self;
        let result = (driver.op)(run.start_on_short_path());
        let verdict = classifier
            .classifier(run.policy())
            .classify(result.as_ref());
        if verdict == Verdict::Success && run.succeed_on_short_path() {
            return R::new(result, || FIRST_SUCCESS);
        }
        let call = Self {
            run,
            classifier,
            hook,
            driver,
        };
        call.continue_after(result, verdict)
    }

    #[inline]
    fn verdict(&self, result: &Result<T, E>) -> Verdict
    where
        J: ClassifierRef<P>,
        J::Classifier: Classify<T, E>,
    {
        let classifier = self.classifier.classifier(self.run.policy());
        classifier.classify(result.as_ref())
    }

    /// Runs a call that cannot take the short path.
    #[cold]
    #[inline(never)]
    fn run_on_general_path<R>(mut self) -> R
    where
        R: CallResult<T, E>,
        J: ClassifierRef<P>,
        J::Classifier: Classify<T, E>,
        H: Hook<T, E>,
        S: FnMut(Duration),
    {
        let clock = self.clock();
        self.run.start(self.overrides(), clock.now());
        let attempt = self.next_attempt(clock);
        let result = (self.driver.op)(attempt);
        let verdict = self.verdict(&result);
        self.continue_after(result, verdict)
    }

    /// Runs the call to its end after its first attempt.
    // It moves the result as rarely as possible: in a build without optimization, each move
    // takes up stack space for a further copy.
    #[cold]
    #[inline(never)]
    fn continue_after<R>(mut self, mut result: Result<T, E>, mut verdict: Verdict) -> R
    where
        R: CallResult<T, E>,
        J: ClassifierRef<P>,
        J::Classifier: Classify<T, E>,
        H: Hook<T, E>,
        S: FnMut(Duration),
    {
        let clock = self.clock();
        let reason = loop {
            let decided_at = clock.now();
            let delay = match self.decide(result.as_ref(), verdict, decided_at, clock) {
                Ok(delay) => delay,
                Err(reason) => break reason,
            };
            // The result may hold a connection. Dropping it may take time.
            drop(result);
            self.wait(delay, decided_at, clock);
            let attempt = self.next_attempt(clock);
            result = (self.driver.op)(attempt);
            verdict = self.verdict(&result);
        };
        R::new(result, || self.run.summary(reason))
    }

    fn overrides(&self) -> Overrides {
        self.driver.overrides.unwrap_or(Overrides::NONE)
    }

    fn clock(&self) -> BlockingClock {
        BlockingClock::new(self.overrides().needs_clock(self.run.settings()))
    }

    /// Decides what follows an attempt that ended at `decided_at`. Returns the delay before a
    /// retry.
    ///
    /// # Errors
    ///
    /// Returns why the call ended.
    fn decide(
        &mut self,
        result: Result<&T, &E>,
        verdict: Verdict,
        decided_at: Duration,
        clock: BlockingClock,
    ) -> Result<Duration, StopReason>
    where
        J: ClassifierRef<P>,
        J::Classifier: Classify<T, E>,
        H: Hook<T, E>,
        S: FnMut(Duration),
    {
        let cause = printable(self.classifier.classifier(self.run.policy()), result);
        let (settings, progress) = self.run.started();
        let step = progress.decide(settings, verdict, decided_at, true);
        progress.report(settings, step, decided_at, cause);
        let delay = match step {
            Step::Stop(end) => {
                if let Some(delay) = end.last_wait {
                    let left = progress.begin_last_wait(delay, decided_at, clock.now());
                    (self.driver.sleep)(left);
                }
                return Err(end.reason);
            }
            Step::Retry(delay) => delay,
        };
        let event = || progress.retry_event(settings, delay, decided_at);
        self.hook.before_wait(result, event);
        if progress.is_out_of_time(clock.now()) {
            progress.stop(settings, StopReason::OutOfTime);
            return Err(StopReason::OutOfTime);
        }
        Ok(delay)
    }

    /// Waits before a retry that was decided at `decided_at`.
    fn wait(&mut self, delay: Duration, decided_at: Duration, clock: BlockingClock)
    where
        S: FnMut(Duration),
    {
        let (_, progress) = self.run.started();
        let delay = progress.begin_wait(delay, decided_at, clock.now());
        let unserved = clock.wait(delay, &mut self.driver.sleep);
        progress.charge_unserved(unserved);
    }

    /// Waits for the limiter, then starts the next attempt.
    fn next_attempt(&mut self, clock: BlockingClock) -> Attempt
    where
        S: FnMut(Duration),
    {
        loop {
            let now = clock.now();
            let (settings, progress) = self.run.started();
            match progress.admit(settings, now) {
                Ok(()) => return progress.start_attempt(now),
                Err(delay) => {
                    report_limited(settings, delay);
                    let has_queue = settings.has_queue();
                    let sleep = &mut self.driver.sleep;
                    let unserved = clock.wait_for_limiter(delay, has_queue, sleep);
                    progress.charge_unserved(unserved);
                }
            }
        }
    }
}
