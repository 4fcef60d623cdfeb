//! The rules of retrying, written in the simplest way from their text.

mod attempts;
mod decision;
mod delays;
mod tokens;

use std::collections::VecDeque;
use std::time::Duration;

use reattempt::ErrorKind;

use crate::drivers::{ClockKind, Driver};
use crate::script::Script;
use crate::trace::Run;
use attempts::{Cut, OneCall};
use tokens::Tokens;

/// Makes the script's calls by the rules. `drawn` is what a driver has done: where jitter
/// leaves a choice, the model takes the driver's and checks its bounds.
pub(crate) fn run(script: &Script, driver: Driver, drawn: &Run) -> Run {
    let mut model = Model {
        script,
        driver,
        now: Duration::ZERO,
        tokens: script.budget.map(Tokens::new),
        limiter: script.limiter.clone().unwrap_or_default().into(),
    };
    if script.refills() {
        // The first call starts the refill: drivers make one that succeeds at once.
        model.succeed(None);
    }
    let mut calls = Vec::new();
    for (index, call) in script.calls.iter().enumerate() {
        let drawn = drawn.calls.get(index).cloned().unwrap_or_default();
        let mut one = OneCall::new(&mut model, call, &drawn);
        let _: Result<(), Cut> = one.make();
        calls.push(one.finish());
    }
    Run {
        tokens: model.refilling_tokens(),
        calls,
    }
}

/// The state that calls share.
struct Model<'a> {
    script: &'a Script,
    driver: Driver,
    /// The time that really passed.
    now: Duration,
    tokens: Option<Tokens>,
    limiter: VecDeque<Option<Duration>>,
}

impl Model<'_> {
    fn shown(&self) -> Duration {
        self.script.clock.shown(self.now)
    }

    /// The time that is passed to a shared budget.
    fn shared(&self) -> Duration {
        match self.driver.clock() {
            ClockKind::Process => Duration::ZERO,
            ClockKind::Script => self.shown(),
        }
    }

    fn pay(&mut self, kind: ErrorKind) -> bool {
        let now = self.shared();
        let tokens = self.tokens.as_mut();
        tokens.is_none_or(|tokens| tokens.pay(kind, now))
    }

    fn succeed(&mut self, retried: Option<ErrorKind>) {
        let now = self.shared();
        if let Some(tokens) = &mut self.tokens {
            tokens.succeed(retried, now);
        }
    }

    fn refilling_tokens(&mut self) -> Option<u32> {
        let now = self.shared();
        self.script.budget?.refill?;
        self.tokens.as_mut().map(|tokens| tokens.whole_at(now))
    }

    fn plain_tokens(&self) -> Option<u32> {
        match self.script.budget {
            Some(bucket) if bucket.refill.is_none() => self.tokens.as_ref().map(Tokens::whole),
            _ => None,
        }
    }
}
