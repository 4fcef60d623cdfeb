//! The limiter of the feature `governor`.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;
use reattempt::{Backoff, GovernorLimiter, Limiter, ManualTimer, RetryPolicy};

fn per_second(rate: u32, burst: u32) -> GovernorLimiter {
    let nonzero = |n| NonZeroU32::new(n).unwrap();
    GovernorLimiter::new(Quota::per_second(nonzero(rate)).allow_burst(nonzero(burst)))
}

#[test]
fn no_quota_and_no_clock_makes_the_limiter_panic() {
    let bursts = [1, 1_000, u32::MAX];
    let nanos = [1, 5_000_000_000, u64::MAX];
    let periods = nanos.map(Duration::from_nanos).into_iter();
    for period in periods.chain([Duration::from_secs(86_400), Duration::MAX]) {
        for burst in bursts {
            let quota = Quota::with_period(period).unwrap();
            let limiter = GovernorLimiter::new(quota.allow_burst(NonZeroU32::new(burst).unwrap()));
            assert_eq!(limiter.acquire(Duration::ZERO), Ok(()));
            for now in [Duration::MAX, Duration::ZERO, Duration::MAX] {
                let _ = limiter.acquire(now);
            }
        }
    }
    let zero = Quota::per_second(NonZeroU32::MAX);
    assert_eq!(GovernorLimiter::new(zero).acquire(Duration::ZERO), Ok(()));

    let limiter = GovernorLimiter::new(Quota::per_second(NonZeroU32::MIN));
    let (old, young) = (Duration::from_secs(1 << 30), Duration::from_secs(60));
    assert_eq!(limiter.acquire(old), Ok(()));
    assert_eq!(limiter.acquire(young), Err(Duration::from_secs(1)));
}

#[test]
fn a_quota_is_exact_to_the_nanosecond_on_any_clock() {
    for start in [Duration::ZERO, Duration::from_secs(1 << 30)] {
        let limiter = per_second(100, 1);
        assert_eq!(limiter.acquire(start), Ok(()));
        let wait = limiter.acquire(start).unwrap_err();
        assert_eq!(wait, Duration::from_millis(10));
        let almost = start + Duration::from_nanos(9_999_999);
        assert_eq!(limiter.acquire(almost), Err(Duration::from_nanos(1)));
        assert_eq!(limiter.clone().acquire(start + wait), Ok(()));
    }
    let limiter = per_second(1, 1);
    for now in [Duration::MAX, Duration::ZERO, Duration::MAX] {
        let _ = limiter.acquire(now);
    }
}

#[tokio::test]
async fn many_calls_are_sent_at_the_rate_of_the_quota() {
    let timer = ManualTimer::new();
    let policy = RetryPolicy::new(Backoff::none()).limiter(per_second(20, 5));
    for _ in 0..105 {
        let call = policy.retry(|_| async { Ok::<_, ()>(()) }).timer(&timer);
        assert_eq!(call.await, Ok(()));
    }
    // The first 5 calls start at once, and the other 100 start at 20 per second.
    assert_eq!(timer.now(), Duration::from_secs(5));
}
