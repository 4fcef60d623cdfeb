//! `Session`: the engine's public face, for calls that are driven without I/O.

use std::time::Duration;

use crate::attempt::Attempt;
use crate::classify::{AnyError, Classify, Verdict, printable};
use crate::engine::{Cause, Overrides, Progress, Run, Step, Stop, report_limited};
use crate::error::StopReason;
use crate::policy::RetryPolicy;

/// What to do after an outcome.
#[expect(clippy::exhaustive_enums, reason = "a call either goes on or stops")]
#[must_use = "a decision has to be followed"]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// Wait this long, then make the next attempt.
    RetryAfter(Duration),
    /// Return the outcome.
    Stop(StopReason),
}

/// One call without I/O: times are arguments, decisions are return values.
///
/// Use it in a simulation, an event loop or a runtime that cannot implement
/// [`Timer`](crate::Timer). [`RetryPolicy::start_at`] creates it. For a loop that waits
/// by itself, see [`RetryLoop`](crate::RetryLoop).
///
/// Call [`admit`](Self::admit) before each attempt and [`decide`](Self::decide) after it.
/// Dropping the session during a wait returns the cost of the retry to the budget.
///
/// ```
/// use std::time::Duration;
/// use reattempt::{Backoff, Decision, RetryPolicy, StopReason};
///
/// let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(2))).max_attempts(2);
/// let mut session = policy.start_at(Duration::ZERO);
/// let failed = Err::<&(), _>(&"down");
/// assert_eq!(session.admit(Duration::ZERO), Ok(()));
/// assert_eq!(
///     session.decide(failed, Duration::from_secs(1)),
///     Decision::RetryAfter(Duration::from_secs(2)),
/// );
/// assert_eq!(session.admit(Duration::from_secs(3)), Ok(()));
/// assert_eq!(
///     session.decide(failed, Duration::from_secs(4)),
///     Decision::Stop(StopReason::OutOfAttempts),
/// );
/// ```
#[must_use = "a session does nothing until it receives an outcome"]
#[derive(Debug)]
pub struct Session<'p, C = AnyError> {
    overrides: Overrides,
    run: Run<&'p RetryPolicy<C>>,
    /// When the call starts.
    start: Duration,
    /// When the current attempt starts, as far as the session knows.
    attempt_start: Duration,
    /// The limiter has admitted the current attempt.
    is_admitted: bool,
    /// How the call ended.
    end: Option<Stop>,
}

impl<C> RetryPolicy<C> {
    /// Starts a call without I/O at `now`.
    ///
    /// `now` is a time on a clock of your choice. Pass times of the same clock to
    /// [`Session::admit`] and [`Session::decide`].
    pub const fn start_at(&self, now: Duration) -> Session<'_, C> {
        Session {
            overrides: Overrides::NONE,
            run: Run::new(self),
            start: now,
            attempt_start: now,
            is_admitted: false,
            end: None,
        }
    }
}

impl<C> Session<'_, C> {
    /// Retries only throttling and requests that were never sent; see
    /// [`Call::non_idempotent`](crate::call::Call::non_idempotent). Call it before the
    /// first attempt. Default: off.
    pub const fn non_idempotent(mut self) -> Self {
        self.overrides.non_idempotent = true;
        self
    }

    /// If the budget is empty, leaves a [`last_wait`](Self::last_wait) to serve before
    /// the outcome is returned. Call it before the first attempt. Default: off.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, Decision, ErrorKind, RetryBudget, RetryPolicy, StopReason, Verdict};
    ///
    /// let second = Duration::from_secs(1);
    /// let budget = RetryBudget::new(500).starting_at(0.0);
    /// let policy = RetryPolicy::new(Backoff::constant(second)).budget(&budget);
    /// let mut session = policy.start_at(Duration::ZERO).long_polling();
    /// let failed = Verdict::retry(ErrorKind::Throttling);
    /// let decision = session.decide_as(failed, Duration::ZERO);
    /// assert_eq!(decision, Decision::Stop(StopReason::OutOfBudget));
    /// assert_eq!(session.last_wait(), Some(second));
    /// ```
    pub const fn long_polling(mut self) -> Self {
        self.overrides.long_polling = true;
        self
    }

    /// Returns the attempt that is running, or the next one.
    #[must_use]
    pub fn attempt(&self) -> Attempt {
        self.run.attempt(self.overrides, self.attempt_start)
    }

    /// Asks the policy's limiter whether the next attempt may start at `now`.
    ///
    /// Call it before every attempt, the first one included. Once it returns `Ok`, the
    /// attempt has started and its cost is spent, and further calls before the next decision
    /// change nothing. Without a limiter it always returns `Ok`.
    ///
    /// # Errors
    ///
    /// Returns how long to wait before asking again. Zero means: let other work run first.
    /// If the limiter [has a queue](crate::Limiter::has_queue), an earlier request takes a
    /// further place in it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Limiter, RetryPolicy};
    ///
    /// /// Admits nothing in the first second.
    /// #[derive(Debug)]
    /// struct Opening;
    ///
    /// impl Limiter for Opening {
    ///     fn acquire(&self, now: Duration) -> Result<(), Duration> {
    ///         let left = Duration::from_secs(1).saturating_sub(now);
    ///         if left.is_zero() { Ok(()) } else { Err(left) }
    ///     }
    ///
    ///     fn record(&self, _: Duration, _: bool) {}
    /// }
    ///
    /// let policy = RetryPolicy::default().limiter(Opening);
    /// let mut session = policy.start_at(Duration::ZERO);
    /// assert_eq!(session.admit(Duration::ZERO), Err(Duration::from_secs(1)));
    /// assert_eq!(session.admit(Duration::from_secs(1)), Ok(()));
    /// ```
    pub fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        if self.end.is_some() || self.is_admitted {
            return Ok(());
        }
        self.attempt_start = now;
        let (settings, progress) = self.run.start(self.overrides, self.start);
        if let Err(delay) = progress.admit(settings, now) {
            report_limited(settings, delay);
            return Err(delay);
        }
        progress.start_attempt(now);
        self.is_admitted = true;
        Ok(())
    }

    /// Classifies the outcome of an attempt that ended at `now` and decides what
    /// follows.
    ///
    /// After [`Decision::Stop`] the call has ended: further outcomes return the same
    /// decision.
    pub fn decide<T, E>(&mut self, outcome: Result<&T, &E>, now: Duration) -> Decision
    where
        C: Classify<T, E>,
    {
        if let Some(end) = self.end {
            return Decision::Stop(end.reason);
        }
        let classifier = self.run.classifier();
        let verdict = classifier.classify(outcome);
        let cause = printable(classifier, outcome);
        self.decide_judged(verdict, cause, now)
    }

    /// Decides what follows an attempt that ended at `now` with this verdict.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Decision, RetryPolicy, StopReason, Verdict};
    ///
    /// let policy = RetryPolicy::default();
    /// let decision = policy.start_at(Duration::ZERO).decide_as(Verdict::Permanent, Duration::ZERO);
    /// assert_eq!(decision, Decision::Stop(StopReason::Permanent));
    /// ```
    pub fn decide_as(&mut self, verdict: Verdict, now: Duration) -> Decision {
        self.decide_judged(verdict, None, now)
    }

    fn decide_judged(&mut self, verdict: Verdict, cause: Cause<'_>, now: Duration) -> Decision {
        if let Some(end) = self.end {
            return Decision::Stop(end.reason);
        }
        let (settings, progress) = self.run.start(self.overrides, self.start);
        // If the limiter panics, the call has ended. If the observer does, the step is kept.
        self.end = Some(Stop::without_wait(StopReason::Cancelled));
        self.is_admitted = false;
        let step = progress.decide(settings, verdict, now, true);
        let decision = match step {
            Step::Retry(delay) => {
                self.end = None;
                self.attempt_start = now.saturating_add(delay);
                Decision::RetryAfter(delay)
            }
            Step::Stop(end) => {
                self.end = Some(end);
                Decision::Stop(end.reason)
            }
        };
        let counting = CountingWait { progress, step };
        counting.progress.report(settings, step, now, cause);
        decision
    }

    /// Ends the call. Returns the cost of a retry that has not started to the budget.
    ///
    /// Dropping the session does the same.
    pub fn cancel(self) {
        drop(self);
    }

    /// Returns the number of attempts that have ended.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.run.attempts()
    }

    /// Returns the sum of all waits so far: before retries, for the limiter, and the
    /// [`last_wait`](Self::last_wait).
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.run.waited()
    }

    /// Returns why the call ended, or `None` if it has not ended.
    #[must_use]
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.end.map(|end| end.reason)
    }

    /// Returns the wait before the outcome is returned: that of a
    /// [`long_polling`](Self::long_polling) session whose budget is empty.
    #[must_use]
    pub fn last_wait(&self) -> Option<Duration> {
        self.end?.last_wait
    }
}

/// Adds the delay of a retry to `waited` on drop, so that a panic of the observer does not skip
/// it.
struct CountingWait<'a> {
    progress: &'a mut Progress,
    step: Step,
}

impl Drop for CountingWait<'_> {
    fn drop(&mut self) {
        if let Step::Retry(delay) = self.step {
            self.progress.add_wait(delay);
        }
    }
}
