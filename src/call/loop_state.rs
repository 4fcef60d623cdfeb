//! `LoopState`: where a loop is. It decides and counts waits, and never waits itself.

use std::ops::ControlFlow;
use std::time::Duration;

use super::PolicyRef;
use crate::attempt::Attempt;
use crate::classify::{Classify, Verdict, printable};
use crate::engine::{Cause, Overrides, Run, Step, report_limited};
use crate::error::StopReason;
use crate::event::RetryEvent;

/// The part that async and blocking loops share.
#[derive(Debug)]
pub(super) struct LoopState<P: PolicyRef> {
    overrides: Overrides,
    run: Run<P>,
    turn: Turn,
}

/// Where a loop is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Turn {
    /// The wait is over. The limiter admits the next attempt.
    Admission,
    /// The attempt has started.
    Attempt(Attempt),
    Ended(StopReason),
    /// The next attempt may start after this wait.
    Wait(Wait),
}

/// The wait before an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    /// What is left of the wait.
    pub(super) left: Duration,
    pub(super) cause: WaitCause,
    /// When the wait ends, once it has begun.
    due: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum WaitCause {
    Limiter,
    /// A retry, which was decided at this time.
    Retry {
        decided_at: Duration,
    },
}

impl<P: PolicyRef> LoopState<P> {
    pub(super) const fn new(policy: P) -> Self {
        Self {
            overrides: Overrides::NONE,
            run: Run::new(policy),
            turn: Turn::Admission,
        }
    }

    pub(super) const fn non_idempotent(mut self) -> Self {
        self.overrides.non_idempotent = true;
        self
    }

    #[cfg(feature = "resume")]
    pub(super) fn classifier(&self) -> &P::Classifier {
        self.run.classifier()
    }

    pub(super) const fn turn(&self) -> Turn {
        self.turn
    }

    /// Ends a wait: the limiter comes next.
    pub(super) const fn end_wait(&mut self) {
        self.turn = Turn::Admission;
    }

    pub(super) fn needs_clock(&self) -> bool {
        match self.run.progress() {
            Some(progress) => progress.needs_clock(self.run.settings()),
            None => self.overrides.needs_clock(self.run.settings()),
        }
    }

    pub(super) fn has_queue(&self) -> bool {
        self.run.settings().has_queue()
    }

    /// Returns the attempt that starts at `now`, or the last one of a call that ended.
    pub(super) fn attempt(&self, now: Duration) -> Attempt {
        self.run.attempt(self.overrides, now)
    }

    pub(super) const fn attempts(&self) -> u32 {
        self.run.attempts()
    }

    pub(super) const fn waited(&self) -> Duration {
        self.run.waited()
    }

    pub(super) const fn stop_reason(&self) -> Option<StopReason> {
        match self.turn {
            Turn::Ended(reason) => Some(reason),
            Turn::Admission | Turn::Attempt(_) | Turn::Wait(_) => None,
        }
    }

    /// Starts a new call at `now`, whose first attempt is already running.
    #[cfg(feature = "resume")]
    pub(super) fn restart(&mut self, now: Duration) {
        let progress = self.run.restart(self.overrides, now);
        self.turn = Turn::Attempt(progress.attempt(now));
    }

    /// Charges the time limit for the part of a wait that was not served.
    pub(super) fn charge_unserved(&mut self, unserved: Duration) {
        let (_, progress) = self.run.started();
        progress.charge_unserved(unserved);
    }

    /// Classifies a result, unless the call has ended.
    pub(super) fn classify<T, E>(&self, result: &Result<T, E>) -> Verdict
    where
        P::Classifier: Classify<T, E>,
    {
        match self.turn {
            // The verdict has no effect then.
            Turn::Ended(_) => Verdict::Permanent,
            Turn::Admission | Turn::Attempt(_) | Turn::Wait(_) => {
                self.run.classifier().classify(result.as_ref())
            }
        }
    }

    /// Decides what follows an attempt that ended at `now`, and logs its error if the
    /// classifier can show it.
    pub(super) fn check<T, E>(
        &mut self,
        verdict: Verdict,
        result: Result<T, E>,
        now: Duration,
    ) -> ControlFlow<Result<T, E>, RetryEvent>
    where
        P::Classifier: Classify<T, E>,
    {
        let cause = printable(self.run.classifier(), result.as_ref());
        self.decide(verdict, cause, now).map_break(|()| result)
    }

    /// Decides what follows an attempt that ended at `now`.
    pub(super) fn decide(
        &mut self,
        verdict: Verdict,
        cause: Cause<'_>,
        now: Duration,
    ) -> ControlFlow<(), RetryEvent> {
        match self.turn {
            Turn::Attempt(_) => {}
            Turn::Ended(_) => return ControlFlow::Break(()),
            Turn::Admission | Turn::Wait(_) => {
                self.turn = Turn::Ended(StopReason::OutOfTurn);
                let (settings, progress) = self.run.start(self.overrides, now);
                // The attempt was made without its wait: it is not free.
                progress.start_attempt(now);
                progress.stop(settings, StopReason::OutOfTurn);
                return ControlFlow::Break(());
            }
        }
        let (settings, progress) = self.run.start(self.overrides, now);
        // If the limiter panics, the call has ended. If the observer does, the step is kept.
        self.turn = Turn::Ended(StopReason::Cancelled);
        let step = progress.decide(settings, verdict, now, true);
        let checked = match step {
            Step::Retry(delay) => {
                self.turn = Turn::Wait(Wait {
                    left: delay,
                    cause: WaitCause::Retry { decided_at: now },
                    due: None,
                });
                ControlFlow::Continue(progress.retry_event(settings, delay, now))
            }
            Step::Stop(end) => {
                self.turn = Turn::Ended(end.reason);
                ControlFlow::Break(())
            }
        };
        progress.report(settings, step, now, cause);
        checked
    }

    /// Returns what is left of a wait at `now`, and begins it if it has not begun.
    pub(super) fn resume_wait(&mut self, mut wait: Wait, now: Duration) -> Duration {
        wait.left = match (wait.due, wait.cause) {
            // Never longer than what was left before, even if the clock went back.
            (Some(due), _) => due.saturating_sub(now).min(wait.left),
            (None, WaitCause::Retry { decided_at }) => {
                let (_, progress) = self.run.start(self.overrides, now);
                progress.begin_wait(wait.left, decided_at, now)
            }
            // It is served in full, and has been counted.
            (None, WaitCause::Limiter) => wait.left,
        };
        wait.due = Some(now.saturating_add(wait.left));
        self.turn = Turn::Wait(wait);
        wait.left
    }

    /// Asks the limiter at `now`, and starts the attempt if it may start.
    ///
    /// # Errors
    ///
    /// Returns the wait that follows. If it is zero, the caller has to yield.
    pub(super) fn try_start(&mut self, now: Duration) -> Result<Attempt, Duration> {
        let (settings, progress) = self.run.start(self.overrides, now);
        match progress.admit(settings, now) {
            Ok(()) => {
                let attempt = progress.start_attempt(now);
                self.turn = Turn::Attempt(attempt);
                Ok(attempt)
            }
            Err(delay) => {
                if !delay.is_zero() {
                    self.turn = Turn::Wait(Wait {
                        left: delay,
                        cause: WaitCause::Limiter,
                        due: None,
                    });
                }
                report_limited(settings, delay);
                Err(delay)
            }
        }
    }
}
