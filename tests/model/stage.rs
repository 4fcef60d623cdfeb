//! What a driver works with: the policy of a script, its operation and everything that
//! records.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reattempt::call::Summary;
use reattempt::{
    Attempt, Classify, Limiter, Observer, RetryBudget, RetryEvent, RetryPolicy, StopEvent,
    TimedOut, Verdict,
};

use crate::script::{Attempts, Bucket, Call, Limits, Quirk, Refill, Script};
use crate::trace::{Ended, Failures, Retried, Returned, Seen, Stopped, Trace};
use crate::world::{Cut, World};

/// The `Ok` and the `Err` of an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) number: u32,
    pub(crate) verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Failure {
    Reply(Reply),
    TimedOut(Duration),
}

impl From<TimedOut> for Failure {
    fn from(error: TimedOut) -> Self {
        Self::TimedOut(error.limit())
    }
}

pub(crate) type Replied = Result<Reply, Failure>;

/// Reads the verdict that the script has put into the reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scripted {
    pub(crate) on_timeout: Verdict,
}

impl Scripted {
    pub(crate) const fn verdict(self, result: Result<&Reply, &Failure>) -> Verdict {
        match result {
            Ok(reply) | Err(Failure::Reply(reply)) => reply.verdict,
            Err(Failure::TimedOut(_)) => self.on_timeout,
        }
    }
}

impl Classify<Reply, Failure> for Scripted {
    fn classify(&self, result: Result<&Reply, &Failure>) -> Verdict {
        self.verdict(result)
    }
}

pub(crate) type Policy = RetryPolicy<Scripted>;

/// One run of a script by one driver.
pub(crate) struct Stage<'s> {
    pub(crate) script: &'s Script,
    pub(crate) world: Arc<World>,
    records: Arc<Records>,
    pub(crate) budget: Option<RetryBudget>,
    limiter: Option<Arc<Answers>>,
}

/// What the parts of a policy share.
#[derive(Debug)]
struct Records {
    world: Arc<World>,
    trace: Mutex<Trace>,
    /// How long the observer takes after each attempt of this call.
    reports: Mutex<Vec<Duration>>,
}

impl Records {
    fn note(&self, note: impl FnOnce(&mut Trace)) {
        note(&mut self.trace.lock().expect("no panic under this lock"));
    }

    /// Spends the time that the observer takes after the attempt `number`.
    fn take_time(&self, number: u32) {
        let reports = self.reports.lock().expect("no panic under this lock");
        let report = (number as usize)
            .checked_sub(1)
            .map(|index| reports.get(index));
        self.world
            .pass(report.flatten().copied().unwrap_or_default());
    }
}

impl<'s> Stage<'s> {
    pub(crate) fn new(script: &'s Script) -> Self {
        let world = World::new(script.clock.clone());
        let records = Arc::new(Records {
            world: Arc::clone(&world),
            trace: Mutex::default(),
            reports: Mutex::default(),
        });
        let limiter = script.limiter.clone().map(|answers| {
            Arc::new(Answers {
                answers: Mutex::new(answers.into()),
                records: Arc::clone(&records),
            })
        });
        Self {
            script,
            world,
            records,
            budget: script.budget.map(budget),
            limiter,
        }
    }

    /// Prepares for `call`.
    pub(crate) fn begin(&self, call: &Call) {
        let cut = call.cut.map(|cut| self.world.time().saturating_add(cut));
        self.world.set_cut(cut);
        let reports = if self.script.slow_observer {
            call.steps.iter().map(|step| step.report).collect()
        } else {
            Vec::new()
        };
        *self.records.reports.lock().expect("no panic") = reports;
    }

    /// Returns what was recorded since the last call.
    pub(crate) fn end(&self) -> Trace {
        let mut trace = Trace::default();
        self.records.note(|noted| std::mem::swap(noted, &mut trace));
        trace.at = self.world.time();
        if self
            .script
            .budget
            .is_some_and(|bucket| bucket.refill.is_none())
        {
            trace.tokens = self.budget.as_ref().map(RetryBudget::available);
        }
        self.world.set_cut(None);
        trace
    }

    /// The script's policy with these limits.
    pub(crate) fn policy(&self, limits: Limits) -> Policy {
        let script = self.script;
        let mut policy = RetryPolicy::new(script.backoff.backoff())
            .server_hint(script.hints)
            .seed(script.seed)
            .classify(self.classifier());
        policy = match limits.attempts {
            Attempts::Default => policy,
            Attempts::Most(n) => policy.max_attempts(n),
            Attempts::Unlimited => policy.unlimited_attempts(),
        };
        if let Some(limit) = limits.elapsed {
            policy = policy.max_elapsed(limit);
        }
        if let Some(plan) = script.throttling {
            policy = policy.throttling_backoff(plan.backoff());
        }
        if let Some(budget) = &self.budget {
            policy = policy.budget(budget);
        }
        if let Some(limiter) = &self.limiter {
            policy = policy.limiter(Arc::clone(limiter));
        }
        if script.has_observer {
            policy = policy.observer(Recorder(Arc::clone(&self.records)));
        }
        policy
    }

    pub(crate) const fn classifier(&self) -> Scripted {
        Scripted {
            on_timeout: self.script.on_timeout,
        }
    }

    /// Records that the operation starts, and panics if the script says so.
    pub(crate) fn start_attempt(&self, call: &Call, attempt: Attempt) {
        let seen = Seen {
            number: attempt.number(),
            max_attempts: attempt.max_attempts(),
            waited: attempt.waited(),
            remaining: attempt.remaining(),
            at: self.world.time(),
        };
        self.records.note(|trace| trace.attempts.push(seen));
        if call.quirk == Quirk::Panic(seen.number) {
            resume_unwind(Box::new(Cut));
        }
    }

    /// Records a retry as the caller sees it, and spends the time that this takes.
    pub(crate) fn hook<O>(&self, call: &Call, event: &RetryEvent<O>) {
        let retried = retried(event);
        self.records.note(|trace| trace.hooks.push(retried));
        self.report(call, retried.number);
    }

    /// Spends the time that the caller takes after the attempt `number`.
    pub(crate) fn report(&self, call: &Call, number: u32) {
        if !self.script.slow_observer {
            self.world.pass(call.step(number).report);
        }
    }

    pub(crate) fn note_end(&self, returned: Replied, ended: Option<Ended>) {
        let returned = match returned {
            Ok(reply) => Returned::Ok(reply.number),
            Err(Failure::Reply(reply)) => Returned::Err(reply.number),
            Err(Failure::TimedOut(limit)) => Returned::TimedOut(limit),
        };
        self.records.note(|trace| {
            trace.returned = Some(returned);
            trace.ended = ended;
        });
    }
}

/// What the attempt `number` returns.
pub(crate) fn reply(call: &Call, number: u32) -> Replied {
    let step = call.step(number);
    let reply = Reply {
        number,
        verdict: step.verdict,
    };
    if step.is_ok {
        Ok(reply)
    } else {
        Err(Failure::Reply(reply))
    }
}

const fn retried<O>(event: &RetryEvent<O>) -> Retried {
    Retried {
        number: event.attempt().number(),
        delay: event.delay(),
        kind: event.kind(),
        waited: event.attempt().waited(),
        remaining: event.attempt().remaining(),
    }
}

pub(crate) const fn ended(summary: &Summary) -> Ended {
    Ended {
        reason: summary.reason,
        attempts: summary.attempts,
        waited: summary.waited,
        failures: Some(Failures {
            kind: summary.kind,
            all_throttled: summary.all_throttled,
        }),
    }
}

fn budget(bucket: Bucket) -> RetryBudget {
    let mut budget = match bucket.ratio {
        Some(ratio) => RetryBudget::ratio(f64::from(ratio) / 1000.0, bucket.capacity),
        None => RetryBudget::new(bucket.capacity),
    };
    if let Some((throttling, other)) = bucket.costs {
        budget = budget.costs(throttling, other);
    }
    if let Some(start) = bucket.start {
        budget = budget.starting_at(f64::from(start));
    }
    match bucket.refill {
        None => budget,
        Some(Refill::Infinite) => budget.refill(f64::INFINITY),
        Some(Refill::Rate(rate)) => budget.refill(f64::from(rate) / 1000.0),
    }
}

/// A limiter that answers what the script says.
#[derive(Debug)]
struct Answers {
    answers: Mutex<VecDeque<Option<Duration>>>,
    records: Arc<Records>,
}

impl Limiter for Answers {
    fn acquire(&self, now: Duration) -> Result<(), Duration> {
        self.records.note(|trace| trace.asked.push(now));
        let mut answers = self.answers.lock().expect("no panic under this lock");
        answers.pop_front().flatten().map_or(Ok(()), Err)
    }

    fn record(&self, now: Duration, throttled: bool) {
        self.records
            .note(|trace| trace.recorded.push((now, throttled)));
    }
}

/// An observer that records, and that takes its time if the script says so.
struct Recorder(Arc<Records>);

impl Observer for Recorder {
    fn on_retry(&self, event: &RetryEvent) {
        let retried = retried(event);
        self.0.note(|trace| trace.retries.push(retried));
        self.0.take_time(retried.number);
    }

    fn on_limited(&self, delay: Duration) {
        self.0.note(|trace| trace.limited.push(delay));
    }

    fn on_stop(&self, event: &StopEvent) {
        let stopped = Stopped {
            ended: ended(event.summary()),
            delay: event.delay(),
        };
        self.0.note(|trace| trace.stops.push(stopped));
        self.0.take_time(stopped.ended.attempts);
    }
}
