//! The governor limiter with a clock that jumps or goes back.
#![cfg(feature = "governor")]

use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;
use reattempt::{GovernorLimiter, Limiter};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const YEAR: Duration = s(31_536_000);

/// Returns a limiter of one attempt per second, and at most `burst` at once.
fn one_per_second(burst: u32) -> GovernorLimiter {
    let burst = NonZeroU32::MIN.saturating_add(burst.saturating_sub(1));
    GovernorLimiter::new(Quota::per_second(NonZeroU32::MIN).allow_burst(burst))
}

#[test]
fn the_limiter_has_a_queue() {
    assert!(one_per_second(1).has_queue());
}

#[test]
fn a_clock_that_jumps_and_returns_does_not_block_other_calls() {
    for jump in [YEAR, Duration::MAX] {
        let limiter = one_per_second(1);
        assert_eq!(limiter.acquire(s(100)), Ok(()));
        assert_eq!(limiter.acquire(jump), Ok(()));
        assert_eq!(limiter.acquire(s(100)), Err(s(1)), "{jump:?}");
        assert_eq!(limiter.acquire(s(101)), Ok(()), "{jump:?}");
        assert_eq!(limiter.acquire(s(101)), Err(s(1)), "{jump:?}");
    }
}

#[test]
fn a_jump_admits_one_burst_at_most() {
    let limiter = one_per_second(3);
    let admitted = |at: Duration| (0..10).filter(|_| limiter.acquire(at).is_ok()).count();
    assert_eq!(admitted(s(0)), 3);
    assert_eq!(admitted(YEAR), 3);
    assert_eq!(admitted(s(0)), 0);
    assert_eq!(admitted(s(2)), 2);
}

#[test]
fn an_interrupted_thread_gets_no_extra_slot() {
    let limiter = one_per_second(1);
    let late = Duration::from_millis(950);
    assert_eq!(limiter.acquire(s(0)), Ok(()));
    for _ in 0..1_000 {
        assert!(limiter.acquire(late).is_err());
        assert!(
            limiter
                .acquire(late.saturating_sub(Duration::from_millis(100)))
                .is_err()
        );
    }
}

#[test]
fn clones_share_one_quota() {
    let limiter = one_per_second(1);
    let clone = limiter.clone();
    assert_eq!(limiter.acquire(s(5)), Ok(()));
    assert_eq!(clone.acquire(s(5)), Err(s(1)));
}

#[test]
fn jumps_beyond_the_end_of_the_clock_do_not_panic() {
    // Each jump moves the clock of the quota by 73 years. It ends at 292 years, because
    // governor adds a period to it in 64 bits.
    let period = Duration::from_nanos(1 << 61);
    let limiter = GovernorLimiter::new(Quota::with_period(period).expect("not zero"));
    let jump = || [Duration::MAX, s(0)].map(|now| limiter.acquire(now).is_ok());
    let admitted = (0..20).flat_map(|_| jump()).filter(|ok| *ok).count();
    assert_eq!(admitted, 3);
}
