//! The rules of retrying in sync code and in the sans-I/O session.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "the numbers in a test are small and known"
)]

mod attempts;
mod hints;
mod loops;
mod properties;
#[path = "../common/random.rs"]
mod random;
mod reports;
mod time;

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use reattempt::{
    Backoff, Classify, Decision, ErrorKind, Jitter, ManualTimer, Observer, Outcome, RetryBudget,
    RetryEvent, RetryPolicy, ServerHint, Session, StopEvent, StopReason, Verdict,
};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn constant(seconds: u64) -> RetryPolicy {
    RetryPolicy::new(Backoff::constant(s(seconds)))
}

/// Returns `policy` with a classifier that returns this verdict for every outcome.
fn always(policy: RetryPolicy, verdict: Verdict) -> RetryPolicy<impl Classify<(), ()>> {
    policy.classify_fn(move |_: Result<&(), &()>| verdict)
}

const FAILED: Result<&(), &()> = Err(&());

#[test]
fn a_non_idempotent_call_retries_only_throttling() {
    for (kind, attempts) in [
        (ErrorKind::Throttling, 3),
        (ErrorKind::Server, 1),
        (ErrorKind::Transient, 1),
    ] {
        let outcome = always(RetryPolicy::new(Backoff::none()), Verdict::retry(kind))
            .retry_blocking(|_| Err(()))
            .non_idempotent()
            .outcome();
        assert_eq!(outcome.attempts, attempts, "{kind}");
        assert_eq!(outcome.kind, Some(kind));
    }
}
