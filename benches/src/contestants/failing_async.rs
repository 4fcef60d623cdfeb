//! Async operations that fail twice, then succeed.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use layered::Service as _;

use super::{Block, Contestant, OURS, made, runtime};
use crate::operations::{third_later, third_sent};
use crate::peers::{self, MettleRetries, TowerRetries};

/// Retries with a delay of zero. Most peers sleep for zero on tokio's timer.
pub(super) fn without_delay() -> Block {
    block! {
        "async, two failures without delay",
        "direct calls" => |n| {
            let made = Cell::new(0);
            on_runtime!(n, |_| async {
                (third_later(&made).await, third_later(&made).await, third_later(&made).await)
            });
        },
        "reattempt" => |n| {
            let made = Cell::new(0);
            on_runtime!(n, |_| OURS.retry(|_| third_later(&made)));
        },
        "reattempt, policy made at run time" => |n| {
            let (policy, made) = (made(), Cell::new(0));
            on_runtime!(n, |_| policy.retry(|_| third_later(&made)));
        },
        "backon" => |n| {
            use backon::Retryable;
            let made = Cell::new(0);
            let builder = backon::ConstantBuilder::default().with_delay(Duration::ZERO);
            on_runtime!(n, |_| (|| third_later(&made)).retry(builder));
        },
        "tokio-retry" => |n| {
            let made = Cell::new(0);
            let delays = tokio_retry::strategy::FixedInterval::new(Duration::ZERO);
            on_runtime!(n, |_| tokio_retry::Retry::start(delays.clone().take(2), || third_later(&made)));
        },
        "tokio-retry2" => |n| {
            let made = Cell::new(0);
            let delays = tokio_retry2::strategy::FixedInterval::new(Duration::ZERO);
            on_runtime!(n, |_| tokio_retry2::Retry::spawn(delays.clone().take(2), || async {
                third_later(&made).await.map_err(tokio_retry2::RetryError::transient)
            }));
        },
        "tryhard" => |n| {
            let made = Cell::new(0);
            on_runtime!(n, |_| tryhard::retry_fn(|| third_later(&made)).retries(2));
        },
        "tower" => tower,
        "mettle" => |n| {
            let made = Cell::new(0);
            on_runtime!(n, |_| mettle::retry(|| third_later(&made)).backoff(MettleRetries(2)));
        },
        "seatbelt" => seatbelt,
    }
}

fn tower(n: u64) {
    use tower::Service;
    let made = std::rc::Rc::new(Cell::new(0));
    let third = tower::service_fn(move |_: u64| {
        let made = std::rc::Rc::clone(&made);
        async move { third_later(&made).await }
    });
    let mut service = tower::retry::Retry::new(TowerRetries(2), third);
    on_runtime!(n, |i| service.call(i));
}

fn seatbelt(n: u64) {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let service = peers::seatbelt(|_| third_sent(&MADE));
    on_runtime!(n, |i| service.execute(i));
}
