//! One call: its attempts, its waits and its end.

use std::time::Duration;

use reattempt::{ErrorKind, StopReason, Verdict};

use super::Model;
use super::decision::Next;
use crate::drivers::ClockKind;
use crate::script::{Attempts, Call, Quirk};
use crate::trace::{Ended, Failures, Retried, Returned, Seen, Stopped, Trace};
use crate::world::LONGEST;

/// The call ended where it was.
pub(super) struct Cut;

/// One call that is being made.
pub(super) struct OneCall<'m, 's> {
    pub(super) model: &'m mut Model<'s>,
    pub(super) call: &'m Call,
    /// What a driver did, for the choices that jitter leaves.
    pub(super) drawn: &'m Trace,
    /// What the clock showed at the start.
    start: Duration,
    /// When the call is dropped.
    cut: Option<Duration>,
    pub(super) trace: Trace,
    /// The attempt that runs, or ran last.
    pub(super) number: u32,
    /// How many attempts have ended.
    ended: u32,
    waited: Duration,
    /// What was paid for a retry that has not started.
    pub(super) paid: Option<ErrorKind>,
    /// Why the last retry was made.
    pub(super) retried: Option<ErrorKind>,
    /// The delay before the last retry.
    pub(super) previous: Option<Duration>,
    /// The delay of the retry that follows, and after which time its wait ends.
    next_wait: Option<(Duration, Duration)>,
    has_panicked: bool,
    /// The kind of the last failure, if the last verdict was a retry.
    pub(super) last_kind: Option<ErrorKind>,
    pub(super) all_throttled: bool,
}

impl<'m, 's> OneCall<'m, 's> {
    pub(super) fn new(model: &'m mut Model<'s>, call: &'m Call, drawn: &'m Trace) -> Self {
        Self {
            start: model.shown(),
            cut: call.cut.map(|cut| model.now.saturating_add(cut)),
            model,
            call,
            drawn,
            trace: Trace::default(),
            number: 0,
            ended: 0,
            waited: Duration::ZERO,
            paid: None,
            retried: None,
            previous: None,
            next_wait: None,
            has_panicked: false,
            last_kind: None,
            all_throttled: true,
        }
    }

    pub(super) fn make(&mut self) -> Result<(), Cut> {
        loop {
            let forgets = self.call.quirk == Quirk::Forget(self.number + 1);
            if forgets {
                // Its attempt was made, so it is not free.
                self.paid = None;
            } else {
                self.serve()?;
                // Rule 10: the limiter is asked until it admits the attempt.
                self.be_admitted()?;
                // Rule 9: once the attempt starts, its cost is spent.
                self.paid = None;
            }
            let (returned, verdict) = self.attempt(forgets)?;
            if forgets {
                return self.stop(StopReason::OutOfTurn, returned, Duration::ZERO);
            }
            self.ended = self.number;
            match self.decide(verdict) {
                Next::Stop(reason, last_wait) => {
                    return self.stop(reason, returned, last_wait);
                }
                Next::Retry(delay) => {
                    self.report(delay, verdict);
                    let is_over = self.remaining() == Some(Duration::ZERO);
                    if is_over && !self.model.driver.is_loop() {
                        // The report took all the time that was left.
                        return self.stop(StopReason::OutOfTime, returned, Duration::ZERO);
                    }
                }
            }
        }
    }

    pub(super) fn finish(mut self) -> Trace {
        let was_cut = self.trace.returned.is_none();
        if was_cut {
            self.return_payment();
            // After a panic nothing is reported: a second panic would end the process.
            if self.trace.stops.is_empty() && !self.has_panicked {
                let ended = self.ending(StopReason::Cancelled);
                self.report_stop(ended, Duration::ZERO);
            }
        }
        self.trace.at = self.model.now;
        self.trace.tokens = self.model.plain_tokens();
        self.trace
    }

    /// Rule 9: the cost of a retry that never starts is returned.
    fn return_payment(&mut self) {
        if let (Some(kind), Some(tokens)) = (self.paid.take(), &mut self.model.tokens) {
            tokens.give_back(kind);
        }
    }

    /// Lets time pass, unless the call is dropped meanwhile.
    fn wait(&mut self, time: Duration) -> Result<(), Cut> {
        if time.is_zero() {
            return Ok(());
        }
        let end = self.model.now.saturating_add(time.min(LONGEST));
        match self.cut {
            Some(cut) if cut < end => {
                self.model.now = self.model.now.max(cut);
                // A sync call is cut by a panic.
                self.has_panicked |= self.model.driver.clock() == ClockKind::Process;
                Err(Cut)
            }
            _ => {
                self.model.now = end;
                Ok(())
            }
        }
    }

    fn add_wait(&mut self, wait: Duration) {
        // The sum of the waits is limited to 584 years.
        let most = Duration::from_nanos(u64::MAX);
        self.waited = self.waited.saturating_add(wait).min(most);
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.model.shown().saturating_sub(self.start)
    }

    fn remaining(&self) -> Option<Duration> {
        let limit = self.model.script.limits(self.call).elapsed;
        limit.map(|limit| limit.saturating_sub(self.elapsed()))
    }

    pub(super) fn max_attempts(&self) -> Option<u32> {
        match self.model.script.limits(self.call).attempts {
            Attempts::Default => Some(3),
            Attempts::Most(n) => Some(n.max(1)),
            Attempts::Unlimited => None,
        }
    }

    fn be_admitted(&mut self) -> Result<(), Cut> {
        if self.model.script.limiter.is_none() {
            return Ok(());
        }
        loop {
            self.trace.asked.push(self.model.shown());
            match self.model.limiter.pop_front().flatten() {
                None => return Ok(()),
                Some(wait) => {
                    self.trace.limited.push(wait);
                    self.add_wait(wait);
                    if wait.is_zero() && self.cut.is_some_and(|cut| cut <= self.model.now) {
                        return Err(Cut);
                    }
                    self.wait(wait)?;
                }
            }
        }
    }

    /// Runs the operation once.
    fn attempt(&mut self, forgets: bool) -> Result<(Returned, Verdict), Cut> {
        self.number += 1;
        let (number, step) = (self.number, self.call.step(self.number));
        if !forgets {
            self.trace.attempts.push(Seen {
                number,
                max_attempts: self.max_attempts(),
                waited: self.waited,
                remaining: self.remaining(),
                at: self.model.now,
            });
        }
        if self.call.quirk == Quirk::Panic(number) {
            self.has_panicked = true;
            return Err(Cut);
        }
        // Rule 4: an attempt is cut only by its timeout, at min(d, what remains).
        let limit = self
            .call
            .attempt_timeout
            .map(|limit| match self.remaining() {
                None => limit,
                Some(remaining) => limit.min(remaining),
            });
        if let Some(limit) = limit.filter(|limit| *limit < step.time) {
            self.wait(limit)?;
            return Ok((Returned::TimedOut(limit), self.model.script.on_timeout));
        }
        self.wait(step.time)?;
        let returned = if step.is_ok {
            Returned::Ok(number)
        } else {
            Returned::Err(number)
        };
        Ok((returned, step.verdict))
    }

    /// Reports a retry, which takes its time.
    fn report(&mut self, delay: Duration, verdict: Verdict) {
        let Verdict::Retry { kind, .. } = verdict else {
            unreachable!("only this verdict is retried");
        };
        let retried = Retried {
            number: self.number,
            delay,
            kind,
            waited: self.waited,
            remaining: self.remaining(),
        };
        self.trace.retries.push(retried);
        self.trace.hooks.push(retried);
        self.next_wait = Some((delay, self.elapsed().saturating_add(delay)));
        let report = self.call.step(self.number).report;
        self.model.now = self.model.now.saturating_add(report);
    }

    /// Waits before a retry. Rule 20: a slow report shortens the wait only to keep
    /// `max_elapsed`, and then the wait ends when it would have ended without the report.
    fn serve(&mut self) -> Result<(), Cut> {
        let Some((delay, planned)) = self.next_wait.take() else {
            return Ok(());
        };
        let served = self.rest(delay, planned);
        self.add_wait(served);
        self.wait(served)
    }

    /// Returns what is left of a wait after a report.
    fn rest(&self, delay: Duration, planned: Duration) -> Duration {
        let limit = self.model.script.limits(self.call).elapsed;
        let elapsed = self.elapsed();
        let is_late = limit.is_some_and(|limit| elapsed.saturating_add(delay) >= limit);
        match limit {
            Some(limit) if elapsed >= limit => Duration::ZERO,
            Some(_) if is_late => planned.saturating_sub(elapsed),
            _ => delay,
        }
    }

    fn stop(
        &mut self,
        reason: StopReason,
        returned: Returned,
        last_wait: Duration,
    ) -> Result<(), Cut> {
        if reason != StopReason::OutOfBudget {
            self.return_payment();
        }
        self.add_wait(last_wait);
        let planned = self.elapsed().saturating_add(last_wait);
        self.report_stop(self.ending(reason), last_wait);
        let served = self.rest(last_wait, planned);
        self.waited = self.waited.saturating_sub(last_wait.saturating_sub(served));
        self.wait(served)?;
        self.trace.returned = Some(returned);
        self.trace.ended = Some(self.ending(reason));
        Ok(())
    }

    /// Reports the end of the call. An observer may take its time, a hook is not called.
    fn report_stop(&mut self, ended: Ended, delay: Duration) {
        self.trace.stops.push(Stopped { ended, delay });
        if self.model.script.slow_observer && ended.attempts > 0 {
            let report = self.call.step(ended.attempts).report;
            self.model.now = self.model.now.saturating_add(report);
        }
    }

    const fn ending(&self, reason: StopReason) -> Ended {
        Ended {
            reason,
            attempts: self.ended,
            waited: self.waited,
            failures: Some(Failures {
                kind: self.last_kind,
                all_throttled: self.ended > 0 && self.all_throttled,
            }),
        }
    }
}
