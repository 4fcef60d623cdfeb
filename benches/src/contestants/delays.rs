//! Delays without calls.

use std::hint::black_box;
use std::time::Duration;

use super::{Block, Contestant, MILLI};

/// Adds up ten delays, so that the compiler cannot leave them out.
fn sum(delays: impl Iterator<Item = Duration>) {
    let sum = delays
        .take(10)
        .fold(Duration::ZERO, Duration::saturating_add);
    black_box(sum);
}

/// Ten exponential, jittered delays from a base of one millisecond.
pub(super) fn ten() -> Block {
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
        "mettle" => |n| times!(n, |_| {
            use mettle::Backoff;
            let config = mettle::ExponentialBackoffConfig {
                base: MILLI,
                max_retries: 10,
                max_delay: Duration::from_secs(20),
                ..Default::default()
            };
            if let Ok(backoff) = mettle::ExponentialBackoff::new(config) {
                let mut backoff = backoff.jittered();
                sum(std::iter::from_fn(|| backoff.next_delay()));
            }
        }),
    }
}
