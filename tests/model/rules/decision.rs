//! What follows an outcome: rule 17.

use std::time::Duration;

use reattempt::{ErrorKind, StopReason, Verdict};

use super::attempts::OneCall;
use super::delays::{self, Bounds};
use crate::script::{Call, Quirk};
use crate::trace::Retried;

/// What follows an outcome.
pub(super) enum Next {
    Retry(Duration),
    Stop(StopReason, Duration),
}

impl OneCall<'_, '_> {
    /// Rule 17: the checks in their order.
    pub(super) fn decide(&mut self, verdict: Verdict) -> Next {
        let stop = |reason| Next::Stop(reason, Duration::ZERO);
        if self.model.script.limiter.is_some() {
            let throttled = is_throttled(verdict);
            self.trace.recorded.push((self.model.shown(), throttled));
        }
        self.all_throttled &= is_throttled(verdict);
        self.last_kind = match verdict {
            Verdict::Retry { kind, .. } => Some(kind),
            _ => None,
        };
        let (kind, hint) = match verdict {
            Verdict::Success => {
                self.model.succeed(self.retried);
                return stop(StopReason::Success);
            }
            Verdict::Retry { kind, after } => (kind, after),
            Verdict::Permanent => return stop(StopReason::Permanent),
        };
        let is_safe = matches!(kind, ErrorKind::Throttling | ErrorKind::Unsent);
        if self.call.non_idempotent && !is_safe {
            return stop(StopReason::NotIdempotent);
        }
        if self.max_attempts().is_some_and(|most| self.number >= most) {
            return stop(StopReason::OutOfAttempts);
        }
        if self.call.quirk == Quirk::Unclonable(self.number) {
            return stop(StopReason::Unrepeatable);
        }
        let delay = match self.delay(kind, hint) {
            Err(hint) => return stop(StopReason::ServerDelayTooLong(hint)),
            Ok(bounds) => self.draw(bounds),
        };
        let limit = self.model.script.limits(self.call).elapsed;
        let end = self.elapsed().saturating_add(delay);
        if limit.is_some_and(|limit| end >= limit) {
            return stop(StopReason::OutOfTime);
        }
        if !self.model.pay(kind) {
            let is_served = self.call.long_polling;
            let last_wait = if is_served { delay } else { Duration::ZERO };
            return Next::Stop(StopReason::OutOfBudget, last_wait);
        }
        self.paid = Some(kind);
        self.retried = Some(kind);
        self.previous = Some(delay);
        Next::Retry(delay)
    }

    fn delay(&self, kind: ErrorKind, hint: Option<Duration>) -> Result<Bounds, Duration> {
        let script = self.model.script;
        let plan = match script.throttling {
            Some(plan) if kind == ErrorKind::Throttling => plan,
            _ => script.backoff,
        };
        // With a hint or a second backoff, the last delay is not the last one drawn.
        let has_hint = |call: &Call| call.steps.iter().any(|step| hint_of(step.verdict));
        let is_plain = script.throttling.is_none()
            && !hint_of(script.on_timeout)
            && !script.any_call(has_hint);
        let previous = self.previous.filter(|_| is_plain);
        let delay = delays::spread(&plan, self.number, previous);
        delays::with_hint(script.hints, &plan, self.number, delay, hint)
    }

    /// Chooses a delay within `bounds`: the one that the driver has drawn.
    fn draw(&self, bounds: Bounds) -> Duration {
        if bounds.is_exact() {
            return bounds.least;
        }
        let is_this = |retried: &&Retried| retried.number == self.number;
        let stopped = self.drawn.stops.first();
        let drawn = match self.drawn.retries.iter().find(is_this) {
            Some(retried) => retried.delay,
            // Nobody has seen the delay of a retry that was refused.
            None => match stopped.map(|stop| (stop.ended.reason, stop.delay)) {
                Some((StopReason::OutOfTime, _)) => return bounds.most,
                Some((StopReason::OutOfBudget, delay)) if self.call.long_polling => delay,
                _ => return bounds.least,
            },
        };
        if !bounds.contain(drawn) {
            // The traces then differ here.
            return bounds.most;
        }
        drawn
    }
}

const fn is_throttled(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Retry {
            kind: ErrorKind::Throttling,
            ..
        }
    )
}

const fn hint_of(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Retry { after: Some(_), .. })
}
