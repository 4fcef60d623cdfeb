//! The same work done by every contestant: what `overhead` times and `count`
//! counts.

mod twice;

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::mem::replace;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use twice::Twice;

/// One way to do a block's work, `n` times over.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) run: fn(u64),
}

/// Contestants that do the same work. The first ones are no crates: a direct
/// call, a loop by hand.
pub(crate) struct Block {
    pub(crate) name: &'static str,
    pub(crate) contestants: Vec<Contestant>,
}

/// An error as small as errors get.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure;

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failed")
    }
}

impl std::error::Error for Failure {}

/// A call that succeeds at once.
#[inline(never)]
fn fetch(n: u64) -> Result<u64, Failure> {
    if black_box(n) == u64::MAX {
        Err(Failure)
    } else {
        Ok(n)
    }
}

async fn fetch_later(n: u64) -> Result<u64, Failure> {
    fetch(n)
}

/// A call that is not ready when it is first polled, as any that waits for a
/// server is not.
async fn fetch_in_time(n: u64) -> Result<u64, Failure> {
    let mut is_ready = false;
    poll_fn(|_| {
        if replace(&mut is_ready, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    fetch(n)
}

/// A call of which each third succeeds.
#[inline(never)]
fn third(made: &Cell<u64>) -> Result<u64, Failure> {
    made.set(made.get() + 1);
    if black_box(made.get()) % 3 == 0 {
        Ok(made.get())
    } else {
        Err(Failure)
    }
}

#[expect(clippy::unused_async, reason = "an operation without a wait")]
async fn third_later(made: &Cell<u64>) -> Result<u64, Failure> {
    third(made)
}

/// Runs a future that is ready when polled.
#[inline]
fn now<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}

/// A runtime whose time jumps to the next timer, for peers that sleep for no time.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

macro_rules! block {
    ($name:literal, $($contestant:literal => $run:expr,)*) => {
        Block {
            name: $name,
            contestants: vec![$(Contestant { name: $contestant, run: $run },)*],
        }
    };
}

/// `n` calls of an expression.
macro_rules! times {
    ($n:ident, $call:expr) => {
        for i in 0..$n {
            let _ = $call(black_box(i));
        }
    };
}

/// `n` calls of an async expression on a runtime, for those that want one.
macro_rules! on_runtime {
    ($n:ident, $call:expr) => {{
        let runtime = runtime();
        runtime.block_on(async {
            for i in 0..$n {
                let _ = black_box($call(black_box(i)).await);
            }
        });
    }};
}

pub(crate) fn blocks() -> Vec<Block> {
    vec![
        sync_success(),
        async_success(),
        async_wait(),
        sync_third(),
        sync_jittered_third(),
        async_third(),
        ten_delays(),
        budget(),
    ]
}

const MILLI: Duration = Duration::from_millis(1);

/// Our policy where its users would put it, and one that the compiler cannot
/// look into, as one with a budget is.
static OURS: reattempt::RetryPolicy = reattempt::RetryPolicy::new(reattempt::Backoff::none());

fn made() -> reattempt::RetryPolicy {
    black_box(OURS.clone())
}

fn sync_success() -> Block {
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
    }
}

/// The same contestants for an operation that is ready at once and one that is not.
macro_rules! async_block {
    ($name:ident, $title:literal, $fetch:ident) => {
        fn $name() -> Block {
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
                "reattempt" => |n| times!(n, |i| now(OURS.retry(|_| $fetch(i)).into_future())),
                "reattempt, policy made at run time" => |n| {
                    let policy = made();
                    times!(n, |i| now(policy.retry(|_| $fetch(i)).into_future()));
                },
                "backon" => |n| {
                    use backon::Retryable;
                    let builder = backon::ConstantBuilder::default().with_delay(Duration::ZERO);
                    times!(n, |i| now((|| $fetch(i)).retry(builder).into_future()));
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
                "tower" => |n| {
                    use tower::{Service, ServiceExt};
                    let fetch = tower::service_fn($fetch);
                    let mut service = tower::retry::Retry::new(Twice(2), fetch);
                    times!(n, |i| now(async { service.ready().await?.call(i).await }));
                },
            }
        }
    };
}

async_block!(async_success, "async success", fetch_later);
async_block!(async_wait, "async success after a wait", fetch_in_time);

fn sync_third() -> Block {
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
    }
}

fn sync_jittered_third() -> Block {
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
    }
}

fn async_third() -> Block {
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
        "tower" => |n| {
            use tower::Service;
            let made = std::rc::Rc::new(Cell::new(0));
            let third = tower::service_fn(move |_: u64| {
                let made = std::rc::Rc::clone(&made);
                async move { third_later(&made).await }
            });
            let mut service = tower::retry::Retry::new(Twice(2), third);
            on_runtime!(n, |i| service.call(i));
        },
    }
}

fn sum(delays: impl Iterator<Item = Duration>) {
    let sum = delays
        .take(10)
        .fold(Duration::ZERO, Duration::saturating_add);
    black_box(sum);
}

fn ten_delays() -> Block {
    block! {
        "ten jittered delays",
        "reattempt" => |n| {
            let backoff = reattempt::Backoff::exponential(MILLI);
            times!(n, |_| sum(black_box(backoff).delays()));
        },
        "backon" => |n| {
            use backon::BackoffBuilder;
            let builder = backon::ExponentialBuilder::default()
                .with_min_delay(MILLI)
                .with_max_times(10)
                .with_jitter();
            times!(n, |_| sum(black_box(builder).build()));
        },
        "tokio-retry" => |n| times!(n, |_| sum(
            tokio_retry::strategy::ExponentialBackoff::from_millis(2)
                .max_delay(Duration::from_secs(20))
                .map(tokio_retry::strategy::jitter)
        )),
        "tokio-retry2" => |n| times!(n, |_| sum(
            tokio_retry2::strategy::ExponentialBackoff::from_millis(2)
                .max_delay(Duration::from_secs(20))
                .map(tokio_retry2::strategy::jitter)
        )),
        "backoff" => |n| times!(n, |_| {
            use backoff::backoff::Backoff;
            let mut backoff = backoff::ExponentialBackoff {
                initial_interval: MILLI,
                multiplier: 2.0,
                ..Default::default()
            };
            sum(std::iter::from_fn(|| backoff.next_backoff()));
        }),
        "retry" => |n| times!(n, |_| sum(
            retry::delay::Exponential::from_millis(1).map(retry::delay::jitter)
        )),
        "exponential-backoff" => |n| times!(n, |_| {
            let backoff = exponential_backoff::Backoff::new(11, MILLI, Duration::from_secs(20));
            sum(backoff.into_iter().flatten());
        }),
        "retry-policies" => |n| {
            use retry_policies::{RetryDecision, RetryPolicy};
            let policy = retry_policies::policies::ExponentialBackoff::builder()
                .retry_bounds(MILLI, Duration::from_secs(20))
                .jitter(retry_policies::Jitter::Full)
                .build_with_max_retries(10);
            let start = std::time::SystemTime::now();
            times!(n, |_| sum((0..10).filter_map(|made| {
                match policy.should_retry(start, made) {
                    RetryDecision::Retry { execute_after } => {
                        execute_after.duration_since(start).ok()
                    }
                    RetryDecision::DoNotRetry => None,
                }
            })));
        },
    }
}

/// What a full budget adds to a success.
fn budget() -> Block {
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
