//! Sync operations that succeed.

use std::hint::black_box;
use std::time::Duration;

use super::{Block, Contestant, OURS, made};
use crate::operations::fetch;
use crate::peers::MettleRetries;

/// An operation that succeeds at the first attempt.
pub(super) fn at_once() -> Block {
    block! {
        "sync success",
        "direct call" => |n| times!(n, fetch),
        "loop by hand" => |n| times!(n, |i| {
            let mut attempt = 0;
            loop {
                attempt += 1;
                match fetch(i) {
                    Err(_) if attempt < 3 => std::thread::sleep(black_box(Duration::ZERO)),
                    done => break done,
                }
            }
        }),
        "reattempt" => |n| times!(n, |i| OURS.retry_blocking(|_| fetch(i)).call()),
        "reattempt, policy made at run time" => |n| {
            let policy = made();
            times!(n, |i| policy.retry_blocking(|_| fetch(i)).call());
        },
        "backon" => |n| {
            use backon::BlockingRetryable;
            let builder = backon::ConstantBuilder::default().with_delay(Duration::ZERO);
            times!(n, |i| (|| fetch(i)).retry(builder).call());
        },
        "backoff" => |n| {
            times!(n, |i| backoff::retry(backoff::ExponentialBackoff::default(), || {
                fetch(i).map_err(backoff::Error::transient)
            }));
        },
        "retry" => |n| {
            times!(n, |i| retry::retry(retry::delay::NoDelay.take(2), || fetch(i)));
        },
        "mettle" => |n| times!(n, |i| {
            mettle::blocking::retry(|| fetch(i))
                .backoff(MettleRetries(2))
                .call()
        }),
    }
}

/// The same with a full retry budget.
pub(super) fn with_a_budget() -> Block {
    block! {
        "sync success with a full budget",
        "direct call" => |n| times!(n, fetch),
        "reattempt without" => |n| {
            let policy = made();
            times!(n, |i| policy.retry_blocking(|_| fetch(i)).call());
        },
        "reattempt" => |n| {
            let policy = made().budget(&reattempt::RetryBudget::new(500));
            times!(n, |i| policy.retry_blocking(|_| fetch(i)).call());
        },
    }
}
