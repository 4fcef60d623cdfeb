//! Calls that are dropped, interrupted or panic: their tokens, waits and shared state.
#![cfg(feature = "tokio")]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "small numbers; the clock is paused; a lock is never poisoned"
)]

mod drops;
mod panics;
#[cfg(feature = "tower")]
mod readiness;
mod waits;

use std::cell::Cell;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reattempt::call::PolicyRef;
use reattempt::{
    Backoff, BlockingLoop, Classify, Decision, ErrorKind, Limiter, ManualTimer, Observer,
    RetryBudget, RetryEvent, RetryLoop, RetryPolicy, Session, StopEvent, StopReason, Timer,
    Verdict,
};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Retries every `Err` as a server error, which costs 14 tokens.
#[derive(Clone, Copy, Debug)]
struct ServerError;

impl<T, E> Classify<T, E> for ServerError {
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(_) => Verdict::retry(ErrorKind::Server),
        }
    }
}

fn policy(budget: &RetryBudget, delay: Duration) -> RetryPolicy<ServerError> {
    RetryPolicy::new(Backoff::constant(delay))
        .budget(budget)
        .classify(ServerError)
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
