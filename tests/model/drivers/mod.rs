//! The drivers under test: each makes a script's calls and returns what happened.

#[macro_use]
mod settings;

mod calls;
mod loops;
mod session;
#[cfg(feature = "tower")]
mod tower;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use reattempt::{Backoff, Decision, RetryPolicy, StopReason};

use crate::script::{Call, Quirk, Script};
use crate::stage::Stage;
use crate::trace::Run;
use crate::world::Cut;

/// Which clock a call reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ClockKind {
    /// The process's: it stands still, because a test does not really wait.
    Process,
    /// The script's.
    Script,
}

/// One of the ways to make a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Driver {
    /// `policy.retry(op)`
    Async,
    /// `policy.retry_owned(op)`
    Owned,
    /// `policy.start_with(timer)`
    Loop,
    /// `policy.start_at(now)`
    Session,
    /// `RetryLayer`
    #[cfg(feature = "tower")]
    Tower,
    /// `policy.retry_blocking(op)`
    Blocking,
    /// `policy.start_blocking()`
    BlockingLoop,
}

pub(crate) const DRIVERS: &[Driver] = &[
    Driver::Async,
    Driver::Owned,
    Driver::Loop,
    Driver::Session,
    #[cfg(feature = "tower")]
    Driver::Tower,
    Driver::Blocking,
    Driver::BlockingLoop,
];

impl Driver {
    pub(crate) const fn clock(self) -> ClockKind {
        match self {
            Self::Blocking | Self::BlockingLoop => ClockKind::Process,
            _ => ClockKind::Script,
        }
    }

    pub(crate) const fn is_loop(self) -> bool {
        matches!(self, Self::Loop | Self::BlockingLoop)
    }

    /// True if this driver can make every call of the script.
    pub(crate) fn fits(self, script: &Script) -> bool {
        if self.clock() == ClockKind::Process && !script.only_waits() {
            return false;
        }
        // Where the process's clock has a part, only multiples of half a second can be
        // compared: the limiter waits of a blocking loop end by it.
        let is_measured = match self {
            Self::Blocking => script.has_time_limit(),
            Self::BlockingLoop => script.has_time_limit() || script.limiter.is_some(),
            _ => false,
        };
        if is_measured && script.has_jitter() {
            return false;
        }
        script.calls.iter().all(|call| {
            let has_timeout = call.attempt_timeout.is_some();
            match call.quirk {
                Quirk::Forget(_) if !self.is_loop() => return false,
                Quirk::Unclonable(_) if !self.clones() => return false,
                _ => {}
            }
            match self {
                Self::Loop | Self::BlockingLoop => !has_timeout && !call.long_polling,
                // Its caller would have to shorten the wait after a slow report.
                Self::Session => {
                    let is_slow = call.steps.iter().any(|step| !step.report.is_zero());
                    !(has_timeout || is_slow && script.limits(call).elapsed.is_some())
                }
                _ => true,
            }
        })
    }

    /// True if this driver clones what it sends.
    pub(crate) const fn clones(self) -> bool {
        match self {
            #[cfg(feature = "tower")]
            Self::Tower => true,
            _ => false,
        }
    }

    pub(crate) fn run(self, script: &Script) -> Run {
        let stage = Stage::new(script);
        let is_refilled = script.refills();
        if is_refilled {
            self.prime(&stage);
        }
        let mut calls = Vec::new();
        for call in &script.calls {
            stage.begin(call);
            self.make(&stage, call);
            calls.push(stage.end());
        }
        let tokens = is_refilled.then(|| self.count_tokens(&stage));
        Run { calls, tokens }
    }

    /// Makes one call. A panic of the script's own ends it.
    fn make(self, stage: &Stage<'_>, call: &Call) {
        let made = catch_unwind(AssertUnwindSafe(|| match self {
            Self::Async => calls::borrowed(stage, call),
            Self::Owned => calls::owned(stage, call),
            Self::Loop => loops::with_timer(stage, call),
            Self::Session => session::by_hand(stage, call),
            #[cfg(feature = "tower")]
            Self::Tower => tower::layered(stage, call),
            Self::Blocking => calls::blocking(stage, call),
            Self::BlockingLoop => loops::blocking(stage, call),
        }));
        if let Err(panic) = made
            && !panic.is::<Cut>()
        {
            resume_unwind(panic);
        }
    }

    /// A call that succeeds at once: with it, the refill begins.
    fn prime(self, stage: &Stage<'_>) {
        let budget = stage.budget.as_ref().expect("it refills");
        let policy = RetryPolicy::new(Backoff::none()).budget(budget);
        match self.clock() {
            ClockKind::Process => {
                let result = policy.retry_blocking(|_| Ok::<_, ()>(())).call();
                assert_eq!(result, Ok(()));
            }
            ClockKind::Script => {
                let now = stage.world.shown();
                let decision = policy.start_at(now).decide(Ok::<_, &()>(&()), now);
                assert_eq!(decision, Decision::Stop(StopReason::Success));
            }
        }
    }

    /// Counts the tokens that are left now by spending them one by one.
    fn count_tokens(self, stage: &Stage<'_>) -> u32 {
        let budget = stage.budget.clone().expect("it refills").costs(1, 1);
        let mut left = budget_capacity(stage);
        let policy = RetryPolicy::new(Backoff::none())
            .unlimited_attempts()
            .max_attempts(left + 1)
            .budget(&budget);
        let failed = Err::<&(), _>(&());
        match self.clock() {
            ClockKind::Process => {
                let call = policy.retry_blocking(|_| Err::<(), _>(()));
                left = call.outcome().attempts - 1;
            }
            ClockKind::Script => {
                let now = stage.world.shown();
                let mut session = policy.start_at(now);
                while let Decision::RetryAfter(_) = session.decide(failed, now) {}
                left = session.attempts() - 1;
            }
        }
        left
    }
}

fn budget_capacity(stage: &Stage<'_>) -> u32 {
    stage.script.budget.map_or(0, |bucket| bucket.capacity)
}
