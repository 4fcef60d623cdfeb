//! Sync operations that fail twice, then succeed.

use std::cell::Cell;
use std::hint::black_box;
use std::time::Duration;

use super::{Block, Contestant, MILLI, OURS, made};
use crate::operations::third;
use crate::peers::{MettleClock, MettleRetries};

/// Retries with a delay of zero. No contestant sleeps.
pub(super) fn without_delay() -> Block {
    block! {
        "sync, two failures without delay",
        "direct calls" => |n| {
            let made = Cell::new(0);
            times!(n, |_| (third(&made), third(&made), third(&made)));
        },
        "reattempt" => |n| {
            let made = Cell::new(0);
            times!(n, |_| OURS.retry_blocking(|_| third(&made)).sleep_with(|_| ()).call());
        },
        "reattempt, policy made at run time" => |n| {
            let (policy, made) = (made(), Cell::new(0));
            times!(n, |_| policy.retry_blocking(|_| third(&made)).sleep_with(|_| ()).call());
        },
        "backon" => |n| {
            use backon::BlockingRetryable;
            let made = Cell::new(0);
            let builder = backon::ConstantBuilder::default().with_delay(Duration::ZERO);
            times!(n, |_| (|| third(&made)).retry(builder).sleep(|_| ()).call());
        },
        "retry" => |n| {
            let made = Cell::new(0);
            times!(n, |_| retry::retry(retry::delay::NoDelay.take(2), || third(&made)));
        },
        "mettle" => |n| {
            let made = Cell::new(0);
            times!(n, |_| {
                mettle::blocking::retry(|| third(&made))
                    .backoff(MettleRetries(2))
                    .clock(MettleClock)
                    .call()
            });
        },
    }
}

/// Retries with an exponential, jittered delay. No contestant sleeps.
pub(super) fn with_jitter() -> Block {
    block! {
        "sync, two failures with jitter",
        "reattempt" => |n| {
            static JITTERED: reattempt::RetryPolicy =
                reattempt::RetryPolicy::new(reattempt::Backoff::exponential(MILLI));
            let made = Cell::new(0);
            times!(n, |_| JITTERED.retry_blocking(|_| third(&made)).sleep_with(|_| ()).call());
        },
        "backon" => |n| {
            use backon::BlockingRetryable;
            let made = Cell::new(0);
            let builder = backon::ExponentialBuilder::default()
                .with_min_delay(MILLI)
                .with_jitter();
            times!(n, |_| (|| third(&made)).retry(builder).sleep(|_| ()).call());
        },
        "mettle" => |n| {
            let made = Cell::new(0);
            times!(n, |_| {
                use mettle::Backoff;
                mettle::blocking::retry(|| third(&made))
                    .backoff(mettle::ExponentialBackoff::default().jittered())
                    .clock(MettleClock)
                    .call()
            });
        },
    }
}
