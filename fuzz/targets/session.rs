//! Checks that a session never panics or exceeds a limit, with any outcomes and any policy that has
//! no limiter.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use reattempt::{
    Backoff, Decision, ErrorKind, RetryBudget, RetryPolicy, ServerHint, StopReason, Verdict,
};

#[derive(Arbitrary, Debug)]
struct Input {
    base: Duration,
    cap: Duration,
    max_attempts: u32,
    max_elapsed: Option<Duration>,
    hint: Hint,
    tokens: Option<u32>,
    refill: f64,
    non_idempotent: bool,
    start: Duration,
    /// The outcome of each attempt, with its hint and the duration of the attempt.
    outcomes: Vec<(Judged, Option<Duration>, Duration)>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Hint {
    Bounded(Duration),
    Exact(Duration),
    Honor(Duration),
    Ignore,
}

impl Hint {
    const fn setting(self) -> ServerHint {
        match self {
            Self::Bounded(slack) => ServerHint::Bounded { slack },
            Self::Exact(max) => ServerHint::Exact { max },
            Self::Honor(max) => ServerHint::Honor { max },
            Self::Ignore => ServerHint::Ignore,
        }
    }

    /// Returns the longest delay of a policy with this setting and this cap.
    fn longest(self, cap: Duration) -> Duration {
        match self {
            Self::Bounded(slack) => cap.saturating_add(slack),
            Self::Exact(max) => cap.max(max),
            Self::Honor(max) => max.saturating_add(cap),
            Self::Ignore => cap,
        }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Judged {
    Permanent,
    Server,
    Success,
    Throttling,
    Transient,
    Unsent,
}

impl Judged {
    const fn kind(self) -> Option<ErrorKind> {
        match self {
            Self::Server => Some(ErrorKind::Server),
            Self::Throttling => Some(ErrorKind::Throttling),
            Self::Transient => Some(ErrorKind::Transient),
            Self::Unsent => Some(ErrorKind::Unsent),
            Self::Permanent | Self::Success => None,
        }
    }

    const fn outcome(self, after: Option<Duration>) -> Result<(), Verdict> {
        match (self, self.kind()) {
            (Self::Success, _) => Ok(()),
            (_, Some(kind)) => Err(Verdict::Retry { kind, after }),
            (_, None) => Err(Verdict::Permanent),
        }
    }
}

fuzz_target!(|input: Input| {
    let mut policy = RetryPolicy::new(Backoff::exponential(input.base).cap(input.cap))
        .max_attempts(input.max_attempts);
    if let Some(total) = input.max_elapsed {
        policy = policy.max_elapsed(total);
    }
    policy = policy.server_hint(input.hint.setting());
    let budget = input
        .tokens
        .map(|tokens| RetryBudget::new(tokens).refill(input.refill));
    if let Some(budget) = &budget {
        policy = policy.budget(budget);
    }
    let policy = policy.classify_fn(|outcome: Result<&(), &Verdict>| match outcome {
        Ok(()) => Verdict::Success,
        Err(verdict) => *verdict,
    });
    let mut session = policy.start_at(input.start);
    if input.non_idempotent {
        session = session.non_idempotent();
    }
    let mut now = input.start;
    for (judged, after, took) in input.outcomes {
        session.admit(now).expect("there is no limiter");
        now = now.saturating_add(took);
        let kind = judged.kind();
        let outcome = judged.outcome(after);
        let tokens = budget.as_ref().map(RetryBudget::available);
        assert!(tokens <= input.tokens, "{tokens:?}");
        match session.decide(outcome.as_ref(), now) {
            Decision::RetryAfter(delay) => {
                assert!(session.attempts() < input.max_attempts.max(1));
                assert!(kind.is_some());
                assert!(delay <= input.hint.longest(input.cap), "{delay:?}");
                let is_safe = matches!(kind, Some(ErrorKind::Throttling | ErrorKind::Unsent));
                assert!(is_safe || !input.non_idempotent);
                now = now.saturating_add(delay);
                // A limit that ends in the last second of a `Duration` has no effect.
                let end = input
                    .start
                    .saturating_add(input.max_elapsed.unwrap_or(Duration::MAX));
                assert!(now <= end || end.as_secs() == u64::MAX);
            }
            Decision::Stop(reason) => {
                assert_eq!(reason == StopReason::Success, outcome.is_ok());
                return;
            }
        }
    }
});
