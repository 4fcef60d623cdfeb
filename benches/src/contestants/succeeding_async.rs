//! Async operations that succeed at the first attempt.

use std::hint::black_box;
use std::time::Duration;

use layered::Service as _;

use super::{Block, Contestant, OURS, made, now};
use crate::operations::{Failure, fetch_in_time, fetch_later};
use crate::peers::{self, MettleRetries, TowerRetries};

/// Defines a block for an async operation.
macro_rules! async_block {
    ($name:ident, $title:literal, $fetch:ident) => {
        pub(super) fn $name() -> Block {
            block! {
                $title,
                "direct call" => |n| times!(n, |i| now($fetch(i))),
                "loop by hand" => |n| times!(n, |i| now(async move {
                    let mut attempt = 0;
                    loop {
                        attempt += 1;
                        match $fetch(i).await {
                            Err(_) if attempt < 3 => tokio::time::sleep(black_box(Duration::ZERO)).await,
                            done => break done,
                        }
                    }
                })),
                "reattempt" => |n| times!(n, |i| now(OURS.retry(|_| $fetch(i)))),
                "reattempt, policy made at run time" => |n| {
                    let policy = made();
                    times!(n, |i| now(policy.retry(|_| $fetch(i))));
                },
                "backon" => |n| {
                    use backon::Retryable;
                    let builder = backon::ConstantBuilder::default().with_delay(Duration::ZERO);
                    times!(n, |i| now((|| $fetch(i)).retry(builder)));
                },
                "tokio-retry" => |n| {
                    let delays = tokio_retry::strategy::FixedInterval::new(Duration::ZERO);
                    times!(n, |i| now(tokio_retry::Retry::start(delays.clone().take(2), || $fetch(i))));
                },
                "tokio-retry2" => |n| {
                    let delays = tokio_retry2::strategy::FixedInterval::new(Duration::ZERO);
                    times!(n, |i| now(tokio_retry2::Retry::spawn(delays.clone().take(2), || async move {
                        $fetch(i).await.map_err(tokio_retry2::RetryError::transient)
                    })));
                },
                "tryhard" => |n| times!(n, |i| now(tryhard::retry_fn(|| $fetch(i)).retries(2))),
                "backoff" => |n| times!(n, |i| now(backoff::future::retry(
                    backoff::ExponentialBackoff::default(),
                    || async move { $fetch(i).await.map_err(backoff::Error::transient) },
                ))),
                "again" => |n| {
                    let policy = again::RetryPolicy::fixed(Duration::ZERO).with_max_retries(2);
                    times!(n, |i| now(policy.retry(|| $fetch(i))));
                },
                "tower" => |n| tower(n, $fetch),
                "mettle" => |n| times!(n, |i| {
                    now(mettle::retry(|| $fetch(i)).backoff(MettleRetries(2)))
                }),
                "seatbelt" => |n| seatbelt(n, $fetch),
            }
        }
    };
}

async_block!(at_once, "async success", fetch_later);
async_block!(after_a_wait, "async success after a wait", fetch_in_time);

fn tower<Fut>(n: u64, fetch: impl Fn(u64) -> Fut + Clone)
where
    Fut: Future<Output = Result<u64, Failure>>,
{
    use tower::{Service, ServiceExt};
    let mut service = tower::retry::Retry::new(TowerRetries(2), tower::service_fn(fetch));
    times!(n, |i| now(async { service.ready().await?.call(i).await }));
}

fn seatbelt<Fut>(n: u64, fetch: impl Fn(u64) -> Fut + Send + Sync + 'static)
where
    Fut: Future<Output = Result<u64, Failure>> + Send + 'static,
{
    let service = peers::seatbelt(fetch);
    times!(n, |i| now(service.execute(i)));
}
