//! Delays without calls.

use std::hint::black_box;
use std::time::Duration;

use super::{Block, Contestant, MILLI};

const CAP: Duration = Duration::from_secs(20);

/// Ten exponential, jittered delays from a base of one millisecond.
///
/// `black_box` hides the settings from the compiler, which otherwise computes the delays
/// before jitter of some crates at compile time.
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
            black_box(tokio_retry::strategy::ExponentialBackoff::from_millis(2).max_delay(CAP))
                .map(tokio_retry::strategy::jitter)
        )),
        "tokio-retry2" => |n| times!(n, |_| sum(
            black_box(tokio_retry2::strategy::ExponentialBackoff::from_millis(2).max_delay(CAP))
                .map(tokio_retry2::strategy::jitter)
        )),
        "backoff" => backoff,
        "retry" => |n| times!(n, |_| sum(
            black_box(retry::delay::Exponential::from_millis(1)).map(retry::delay::jitter)
        )),
        "exponential-backoff" => |n| times!(n, |_| {
            let backoff = black_box(exponential_backoff::Backoff::new(11, MILLI, CAP));
            sum(backoff.into_iter().flatten());
        }),
        "retry-policies" => retry_policies,
        "mettle" => mettle,
    }
}

/// Adds ten delays, so that the compiler cannot remove them.
fn sum(delays: impl Iterator<Item = Duration>) {
    let sum = delays
        .take(10)
        .fold(Duration::ZERO, Duration::saturating_add);
    black_box(sum);
}

fn backoff(n: u64) {
    use backoff::backoff::Backoff;
    times!(n, |_| {
        let mut backoff = black_box(backoff::ExponentialBackoff {
            initial_interval: MILLI,
            multiplier: 2.0,
            ..Default::default()
        });
        sum(std::iter::from_fn(|| backoff.next_backoff()));
    });
}

fn retry_policies(n: u64) {
    use retry_policies::{RetryDecision, RetryPolicy};
    let policy = retry_policies::policies::ExponentialBackoff::builder()
        .retry_bounds(MILLI, CAP)
        .jitter(retry_policies::Jitter::Full)
        .build_with_max_retries(10);
    let start = std::time::SystemTime::now();
    times!(n, |_| {
        let policy = black_box(policy);
        sum(
            (0..10).filter_map(|made| match policy.should_retry(start, made) {
                RetryDecision::Retry { execute_after } => execute_after.duration_since(start).ok(),
                RetryDecision::DoNotRetry => None,
            }),
        );
    });
}

fn mettle(n: u64) {
    use mettle::Backoff;
    times!(n, |_| {
        let config = black_box(mettle::ExponentialBackoffConfig {
            base: MILLI,
            max_retries: 10,
            max_delay: CAP,
            ..Default::default()
        });
        if let Ok(backoff) = mettle::ExponentialBackoff::new(config) {
            let mut backoff = backoff.jittered();
            sum(std::iter::from_fn(|| backoff.next_delay()));
        }
    });
}
