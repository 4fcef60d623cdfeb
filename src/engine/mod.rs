//! The rules of retrying: the progress of one call and the decision after each
//! attempt. No clock and no sleep: times are arguments, waits are return values.

mod deadline;
mod delay;
mod overrides;
mod report;
mod run;

use std::num::NonZeroU32;
use std::time::Duration;

use deadline::Deadline;
pub(crate) use overrides::Overrides;
use overrides::count;
pub(crate) use report::{Cause, FIRST_SUCCESS, report_limited};
pub(crate) use run::Run;

use crate::attempt::Attempt;
use crate::classify::{ErrorKind, Verdict};
use crate::error::StopReason;
use crate::policy::Settings;
use crate::timer::nanos;

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// Wait this long, then make the next attempt.
    Retry(Duration),
    Stop(Stop),
}

/// The end of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stop {
    pub(crate) reason: StopReason,
    /// The wait before the outcome is returned. Only long-polling calls have one.
    pub(crate) last_wait: Option<Duration>,
}

impl Stop {
    pub(crate) const fn without_wait(reason: StopReason) -> Self {
        Self {
            reason,
            last_wait: None,
        }
    }
}

/// The cost of the retry that is being waited for. The progress owns it until the
/// attempt starts, which spends it, or the call is dropped, which returns it.
#[derive(Debug)]
struct Payment {
    kind: ErrorKind,
}

/// How far a call has come.
#[derive(Debug)]
enum Phase {
    /// An attempt runs or may start, and nothing is owed.
    Open,
    /// The call waits for a retry that it has paid for.
    Paid(Payment),
    Ended,
}

/// What the verdicts so far say about the failures of a call.
#[derive(Clone, Copy, Debug)]
enum Failure {
    /// No attempt has failed, or the last verdict was not a retry.
    None,
    /// Every attempt was throttled.
    OnlyThrottling,
    /// The last failure is of this kind.
    Kind(ErrorKind),
}

impl Failure {
    const fn kind(self) -> Option<ErrorKind> {
        match self {
            Self::None => None,
            Self::OnlyThrottling => Some(ErrorKind::Throttling),
            Self::Kind(kind) => Some(kind),
        }
    }
}

/// What one call remembers from attempt to attempt. Delays are in nanoseconds, which
/// saturate at 584 years, to keep futures small.
#[derive(Debug)]
pub(crate) struct Progress {
    deadline: Deadline,
    /// The number of attempts that have ended.
    executed: u32,
    max_attempts: Option<NonZeroU32>,
    /// The last delay that was drawn from a backoff, for decorrelated jitter.
    previous: u64,
    waited: u64,
    failure: Failure,
    long_polling: bool,
    non_idempotent: bool,
    phase: Phase,
}

impl Progress {
    pub(crate) fn start(settings: &Settings, overrides: Overrides, now: Duration) -> Self {
        Self {
            deadline: Deadline::after(overrides.time_limit(settings), now),
            executed: 0,
            max_attempts: overrides.attempts_limit(settings),
            previous: 0,
            waited: 0,
            failure: Failure::None,
            long_polling: overrides.long_polling,
            non_idempotent: overrides.non_idempotent,
            phase: Phase::Open,
        }
    }

    /// Returns true if a decision or a wait of this call depends on the time.
    pub(crate) const fn needs_clock(&self, settings: &Settings) -> bool {
        self.deadline.exists() || settings.shares_clock()
    }

    /// Returns true if the call has a time limit.
    pub(crate) const fn has_time_limit(&self) -> bool {
        self.deadline.exists()
    }

    /// Asks the limiter whether the next attempt may start at `now`.
    ///
    /// # Errors
    ///
    /// Returns how long to wait before asking again. Zero means: yield first. Record the wait,
    /// then call [`report_limited`].
    pub(crate) fn admit(&mut self, settings: &Settings, now: Duration) -> Result<(), Duration> {
        let Some(limiter) = &settings.limiter else {
            return Ok(());
        };
        let admitted = limiter.acquire(now);
        if let Err(delay) = admitted {
            self.add_wait(delay);
        }
        admitted
    }

    /// Starts the next attempt at `now`. From here on its cost is spent.
    pub(crate) fn start_attempt(&mut self, now: Duration) -> Attempt {
        self.spend();
        self.attempt(now)
    }

    /// Returns the attempt that starts at `now`, the one that is running, or the last one of
    /// a call that has ended.
    pub(crate) fn attempt(&self, now: Duration) -> Attempt {
        let number = if self.has_ended() {
            self.executed.max(1)
        } else {
            self.executed.saturating_add(1)
        };
        Attempt {
            max_attempts: count(self.max_attempts),
            number,
            remaining: self.deadline.remaining(now),
            waited: self.waited(),
        }
    }

    /// Decides what follows an attempt that ended at `now` with this verdict. The operation
    /// cannot run again unless it `is_repeatable`.
    ///
    /// Call [`report`](Self::report) afterwards. A caller that can go on after a panic
    /// records the step first, because an observer may panic.
    #[inline(never)]
    pub(crate) fn decide(
        &mut self,
        settings: &Settings,
        verdict: Verdict,
        now: Duration,
        is_repeatable: bool,
    ) -> Step {
        // The attempt has been made, even if the caller did not announce its start.
        self.spend();
        if let Some(limiter) = &settings.limiter {
            limiter.record(now, verdict.is_throttling());
        }
        self.executed = self.executed.saturating_add(1);
        self.next_step(settings, verdict, now, is_repeatable)
    }

    /// Reports a step that was decided at `now` to the observer and the log.
    #[inline]
    pub(crate) fn report(
        &mut self,
        settings: &Settings,
        step: Step,
        now: Duration,
        cause: Cause<'_>,
    ) {
        match step {
            Step::Retry(delay) => self.report_retry(settings, delay, now, cause),
            Step::Stop(end) => self.report_stop(settings, end, cause),
        }
    }

    /// Checks the rules in their order, so that a retry that one rule refuses costs
    /// nothing under a later one: success, permanent, idempotency, attempts, whether the
    /// operation can run again, the delay with its hint, time, budget.
    fn next_step(
        &mut self,
        settings: &Settings,
        verdict: Verdict,
        now: Duration,
        is_repeatable: bool,
    ) -> Step {
        let (kind, hint) = match verdict {
            Verdict::Success => {
                let retried = self.failure.kind();
                self.failure = Failure::None;
                if let Some(budget) = &settings.budget {
                    budget.succeeded(retried, now);
                }
                return Step::Stop(Stop::without_wait(StopReason::Success));
            }
            Verdict::Permanent => {
                self.failure = Failure::None;
                return Step::Stop(Stop::without_wait(StopReason::Permanent));
            }
            Verdict::Retry { kind, after } => (kind, after),
        };
        self.add_failure(kind);
        if let Some(reason) = self.refusal(kind, is_repeatable) {
            return Step::Stop(Stop::without_wait(reason));
        }
        let delay = match self.draw_delay(settings, kind, hint) {
            Ok(delay) => delay,
            Err(hint) => {
                return Step::Stop(Stop::without_wait(StopReason::ServerDelayTooLong(hint)));
            }
        };
        if self.deadline.is_reached_by_wait(delay, now) {
            return Step::Stop(Stop::without_wait(StopReason::OutOfTime));
        }
        if let Some(budget) = &settings.budget {
            if !budget.spend(kind, now) {
                return Step::Stop(Stop {
                    reason: StopReason::OutOfBudget,
                    last_wait: self.long_polling.then_some(delay),
                });
            }
            self.phase = Phase::Paid(Payment { kind });
        }
        Step::Retry(delay)
    }

    /// Returns why a failure of this kind is not retried, whatever the delay is.
    fn refusal(&self, kind: ErrorKind, is_repeatable: bool) -> Option<StopReason> {
        let is_safe = matches!(kind, ErrorKind::Throttling | ErrorKind::Unsent);
        if self.non_idempotent && !is_safe {
            Some(StopReason::NotIdempotent)
        } else if self
            .max_attempts
            .is_some_and(|max| self.executed >= max.get())
        {
            Some(StopReason::OutOfAttempts)
        // Checked after the attempts: a tower call keeps no copy of its request during its last
        // attempt.
        } else if !is_repeatable {
            Some(StopReason::Unrepeatable)
        } else {
            None
        }
    }

    /// Counts a wait that begins.
    pub(crate) const fn add_wait(&mut self, delay: Duration) {
        self.waited = self.waited.saturating_add(nanos(delay));
    }

    /// Charges the time limit for the part of a wait that was not served, for
    /// example because a sleep was interrupted. Only this call is affected.
    pub(crate) fn charge_unserved(&mut self, unserved: Duration) {
        self.deadline = self.deadline.earlier(unserved);
    }

    /// Ends the call without a decision: the retry that was decided is not made.
    #[cold]
    pub(crate) fn stop(&mut self, settings: &Settings, reason: StopReason) -> Stop {
        let stop = Stop::without_wait(reason);
        self.return_payment(settings);
        if !self.has_ended() {
            self.report_stop(settings, stop, None);
        }
        stop
    }

    /// Ends a call that is dropped. Does nothing if the call has ended.
    // `&self`: for a sync call on the short path the compiler then knows that it still has
    // no progress when it is dropped, and keeps the call in registers.
    pub(crate) fn cancel(&self, settings: &Settings) {
        self.return_payment(settings);
        match &settings.observer {
            // During a panic, a second panic in the observer would abort the process.
            Some(observer) if !self.has_ended() && !std::thread::panicking() => {
                observer
                    .on_stop(&self.stop_event(settings, Stop::without_wait(StopReason::Cancelled)));
            }
            _ => {}
        }
    }

    /// Returns the cost of the retry that is being waited for. The caller must end the call, so
    /// that the cost is returned once.
    fn return_payment(&self, settings: &Settings) {
        if let (Phase::Paid(Payment { kind }), Some(budget)) = (&self.phase, &settings.budget) {
            budget.give_back(*kind);
        }
    }

    /// Spends the cost of a retry, which starts now or has been made.
    pub(crate) const fn spend(&mut self) {
        if let Phase::Paid(_) = self.phase {
            self.phase = Phase::Open;
        }
    }

    const fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    const fn add_failure(&mut self, kind: ErrorKind) {
        // `None` is the state before the first failure. A verdict that is not a retry ends
        // the call, so it never comes back.
        self.failure = match (kind, self.failure) {
            (ErrorKind::Throttling, Failure::None | Failure::OnlyThrottling) => {
                Failure::OnlyThrottling
            }
            _ => Failure::Kind(kind),
        };
    }

    const fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited)
    }
}
