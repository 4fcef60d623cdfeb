//! Schedules of extreme policies.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reattempt::{Backoff, Jitter, RetryPolicy};

use crate::s;

/// How often a schedule called `counted_delay`.
static DRAWN: AtomicU32 = AtomicU32::new(0);

/// The source of `chance_to_outlast` aims at `DRAWS_FOR_A_CHANCE`, two million draws. A draw
/// calls the function twice.
const MOST_CALLS: u32 = 2 * 2_100_000;

fn counted_delay(_: u32) -> Duration {
    let calls = DRAWN.fetch_add(1, Ordering::Relaxed);
    assert!(calls < MOST_CALLS, "the chance takes too many draws");
    Duration::from_micros(1)
}

#[test]
fn the_chance_to_outlast_a_long_outage_takes_few_draws() {
    let policy = RetryPolicy::new(Backoff::from_fn(counted_delay)).unlimited_attempts();
    let schedule = policy.schedule();
    let _ = schedule.chance_to_outlast(s(86_400));
    assert!(DRAWN.load(Ordering::Relaxed) < MOST_CALLS);
}

#[test]
fn a_schedule_of_extreme_delays_is_in_order() {
    let jitters = [
        Jitter::None,
        Jitter::Full,
        Jitter::Equal,
        Jitter::Decorrelated,
        Jitter::Proportional(f64::INFINITY),
    ];
    let delays = [
        (Duration::ZERO, Duration::MAX),
        (Duration::from_nanos(1), Duration::ZERO),
        (Duration::from_nanos(7), s(1)),
        (Duration::MAX / 9, Duration::MAX),
        (Duration::MAX, Duration::MAX),
    ];
    for jitter in jitters {
        for (base, cap) in delays {
            let backoff = Backoff::exponential(base).cap(cap).jitter(jitter);
            let schedule = RetryPolicy::new(backoff).max_attempts(4).schedule();
            assert_eq!(schedule.retries().len(), 3);
            for retry in schedule.retries() {
                assert!(
                    retry.least <= retry.mean && retry.mean <= retry.most,
                    "{retry:?}"
                );
                assert!(retry.most <= retry.total_most, "{retry:?}");
            }
            let chance = schedule.chance_to_outlast(Duration::from_nanos(1));
            let is_possible = !base.is_zero() && !cap.is_zero();
            assert_eq!(chance > 0.0, is_possible, "{backoff}: {chance}");
        }
    }
}
