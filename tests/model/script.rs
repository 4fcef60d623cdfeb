//! A script: a policy, and the calls that are made by it.

use std::time::Duration;

use reattempt::{Backoff, ErrorKind, Jitter, ServerHint, Verdict};

use crate::world::Clock;

/// Everything that happens in one case.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    pub(crate) backoff: Plan,
    pub(crate) throttling: Option<Plan>,
    pub(crate) hints: ServerHint,
    pub(crate) limits: Limits,
    pub(crate) budget: Option<Bucket>,
    /// What the limiter answers, in order: the waits, and `None` for admission. After
    /// the end it admits everything.
    pub(crate) limiter: Option<Vec<Option<Duration>>>,
    pub(crate) has_observer: bool,
    /// The observer takes the time of each report, not the hook. Only with an observer.
    pub(crate) slow_observer: bool,
    /// The verdict on an attempt that was cut by its timeout.
    pub(crate) on_timeout: Verdict,
    pub(crate) clock: Clock,
    pub(crate) calls: Vec<Call>,
}

/// A backoff.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) shape: Shape,
    /// None for the default cap.
    pub(crate) cap: Option<Duration>,
    pub(crate) jitter: Jitter,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    None,
    Constant(Duration),
    /// The factor in halves.
    Exponential(Duration, u32),
    Fibonacci(Duration),
    Function,
    Linear(Duration),
}

/// The delays of [`Shape::Function`].
pub(crate) fn zigzag(retry: u32) -> Duration {
    Duration::from_secs(u64::from(retry % 3))
}

impl Plan {
    pub(crate) fn backoff(&self) -> Backoff {
        let backoff = match self.shape {
            Shape::None => Backoff::none(),
            Shape::Constant(delay) => Backoff::constant(delay),
            Shape::Exponential(base, factor) => {
                Backoff::exponential(base).factor(f64::from(factor) / 2.0)
            }
            Shape::Fibonacci(base) => Backoff::fibonacci(base),
            Shape::Function => Backoff::from_fn(zigzag),
            Shape::Linear(step) => Backoff::linear(step),
        };
        let backoff = backoff.jitter(self.jitter);
        match self.cap {
            None => backoff,
            Some(cap) => backoff.cap(cap),
        }
    }

    pub(crate) fn has_jitter(&self) -> bool {
        self.jitter != Jitter::None
    }
}

/// Limits of a policy or of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) attempts: Attempts,
    pub(crate) elapsed: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Attempts {
    Default,
    Most(u32),
    Unlimited,
}

/// A retry budget. Every figure is in tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    pub(crate) capacity: u32,
    /// In thousandths, what a success adds; `None` for AWS's rule.
    pub(crate) ratio: Option<u32>,
    /// After throttling, and after any other failure.
    pub(crate) costs: Option<(u32, u32)>,
    pub(crate) start: Option<u32>,
    pub(crate) refill: Option<Refill>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refill {
    /// Thousandths of a token per second.
    Rate(u32),
    Infinite,
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The call's own limits: they replace the policy's.
    pub(crate) attempts: Option<u32>,
    pub(crate) elapsed: Option<Duration>,
    pub(crate) non_idempotent: bool,
    pub(crate) long_polling: bool,
    pub(crate) attempt_timeout: Option<Duration>,
    /// What each attempt returns; every later attempt succeeds.
    pub(crate) steps: Vec<Step>,
    /// How long after the start of the call it is dropped.
    pub(crate) cut: Option<Duration>,
    pub(crate) quirk: Quirk,
    pub(crate) style: Style,
}

/// One attempt, and what follows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) verdict: Verdict,
    pub(crate) is_ok: bool,
    /// How long the operation runs.
    pub(crate) time: Duration,
    /// How long the observer and the hook take if the attempt is retried.
    pub(crate) report: Duration,
}

pub(crate) const SUCCESS: Step = Step {
    verdict: Verdict::Success,
    is_ok: true,
    time: Duration::ZERO,
    report: Duration::ZERO,
};

/// What only some drivers can do. The number is that of an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Quirk {
    None,
    /// A loop checks a result without waiting for this attempt.
    Forget(u32),
    /// The request of this attempt cannot be cloned. Only tower clones.
    Unclonable(u32),
    /// The operation panics.
    Panic(u32),
}

/// Which of two equal ways a driver uses.
#[expect(
    clippy::struct_excessive_bools,
    reason = "any of them go together in any way"
)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// `decide_as` and `check_as` instead of `decide` and `check`.
    pub(crate) by_verdict: bool,
    /// The classifier is the call's own.
    pub(crate) own_classifier: bool,
    pub(crate) has_hook: bool,
    /// `outcome()` instead of the plain result.
    pub(crate) with_outcome: bool,
}

impl Call {
    /// True if a hook has to spend time in this call.
    pub(crate) fn needs_hook(&self) -> bool {
        self.style.has_hook || self.steps.iter().any(|step| !step.report.is_zero())
    }

    pub(crate) fn step(&self, number: u32) -> Step {
        let index = number as usize - 1;
        self.steps.get(index).copied().unwrap_or(SUCCESS)
    }
}

impl Script {
    /// The limits that hold for `call`.
    pub(crate) fn limits(&self, call: &Call) -> Limits {
        Limits {
            attempts: call.attempts.map_or(self.limits.attempts, Attempts::Most),
            elapsed: call.elapsed.or(self.limits.elapsed),
        }
    }

    pub(crate) fn has_jitter(&self) -> bool {
        self.backoff.has_jitter() || self.throttling.is_some_and(|plan| plan.has_jitter())
    }

    /// Returns true if the rules determine everything that can be observed.
    ///
    /// They do not determine how a time limit is measured on a clock that goes back, nor
    /// which delays are drawn if they are not reported.
    pub(crate) fn is_fixed(&self) -> bool {
        let is_odd = self.clock.goes_back() && (self.refills() || self.has_time_limit());
        !is_odd && (self.has_observer || !self.has_jitter())
    }

    /// True if nothing takes time but waits, and the clock is a good one. Sync calls
    /// read the process's clock, so only such scripts fit them.
    pub(crate) fn only_waits(&self) -> bool {
        let idle = |step: &Step| step.time.is_zero() && step.report.is_zero();
        // A factor of 1.5 makes fractions of half a second.
        let has_fractions = |plan: Plan| matches!(plan.shape, Shape::Exponential(_, 3));
        !has_fractions(self.backoff)
            && !self.throttling.is_some_and(has_fractions)
            && !self.clock.stands
            && self.clock.jumps.is_empty()
            && self
                .calls
                .iter()
                .all(|call| call.attempt_timeout.is_none() && call.steps.iter().all(idle))
    }

    pub(crate) fn has_time_limit(&self) -> bool {
        self.any_call(|call| self.limits(call).elapsed.is_some())
    }

    pub(crate) fn refills(&self) -> bool {
        self.budget.is_some_and(|bucket| bucket.refill.is_some())
    }

    pub(crate) fn has_slow_reports(&self) -> bool {
        let is_slow = |step: &Step| !step.report.is_zero();
        self.any_call(|call| call.steps.iter().any(is_slow))
    }

    pub(crate) fn any_call(&self, holds: impl FnMut(&Call) -> bool) -> bool {
        self.calls.iter().any(holds)
    }
}

pub(crate) const KINDS: [ErrorKind; 4] = [
    ErrorKind::Server,
    ErrorKind::Throttling,
    ErrorKind::Transient,
    ErrorKind::Unsent,
];
