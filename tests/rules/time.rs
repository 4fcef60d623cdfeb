//! The time limit of a call.

use super::*;

#[test]
fn a_wait_that_would_end_at_the_limit_is_refused() {
    let policy = constant(4).unlimited_attempts().max_elapsed(s(10));
    let mut session = policy.start_at(s(100));
    assert_eq!(session.decide(FAILED, s(101)), Decision::RetryAfter(s(4)));
    let just_in_time = s(106).saturating_sub(Duration::from_nanos(1));
    assert_eq!(
        session.decide(FAILED, just_in_time),
        Decision::RetryAfter(s(4))
    );
    // After a wait that ends at exactly 10 s, no time is left for the attempt.
    let mut late = policy.start_at(s(100));
    let stop = Decision::Stop(StopReason::OutOfTime);
    assert_eq!(late.decide(FAILED, s(106)), stop);
    assert_eq!(late.stop_reason(), Some(StopReason::OutOfTime));
}

#[test]
fn a_time_limit_of_any_size_is_kept() {
    for limit in [
        Duration::new(1, 999_999_999),
        Duration::new(u64::from(u32::MAX), 999_999_999),
        Duration::new(u64::MAX - 1, 999_999_999),
        Duration::new(u64::MAX, 0),
        Duration::new(u64::MAX, 999_999_998),
    ] {
        let policy = constant(0).max_elapsed(limit);
        let mut session = policy.start_at(s(0));
        assert_eq!(session.attempt().remaining(), Some(limit));
        assert_eq!(session.admit(s(0)), Ok(()));
        assert_eq!(session.attempt().remaining(), Some(limit));
        let stop = Decision::Stop(StopReason::OutOfTime);
        assert_eq!(session.decide(FAILED, limit), stop);
    }
}

#[test]
fn the_time_limit_counts_from_the_start_of_each_call() {
    let policy = constant(1).max_elapsed(s(10));
    for start in [0, 50, 1_000_000] {
        let mut session = policy.start_at(s(start));
        assert_eq!(session.attempt().remaining(), Some(s(10)));
        assert_eq!(
            session.decide(FAILED, s(start + 2)),
            Decision::RetryAfter(s(1))
        );
        assert_eq!(session.attempt().remaining(), Some(s(7)));
    }
}

#[test]
fn a_sync_call_counts_a_wait_in_full_if_its_sleep_is_short() {
    let timer = ManualTimer::new();
    let outcome = constant(4)
        .unlimited_attempts()
        .max_elapsed(s(10))
        .retry_blocking(|_| Err::<(), _>("down"))
        .sleep_with(|delay| timer.sleep_blocking(delay))
        .outcome();
    assert_eq!(outcome.reason, StopReason::OutOfTime);
    assert_eq!(timer.sleeps(), [s(4), s(4)]);
    assert_eq!((outcome.attempts, outcome.waited), (3, s(8)));
}

/// Fails without end, unless no clock ends the call.
const fn busy(number: u32) -> Result<(), &'static str> {
    if number < 1_000_000 {
        Err("busy")
    } else {
        Ok(())
    }
}

#[test]
fn a_sync_call_without_waits_ends_at_its_time_limit() {
    let policy = RetryPolicy::new(Backoff::none())
        .unlimited_attempts()
        .max_elapsed(Duration::from_millis(1));
    let outcome = policy
        .retry_blocking(|attempt| busy(attempt.number()))
        .outcome();
    assert_eq!(outcome.reason, StopReason::OutOfTime);
    assert_eq!(outcome.waited, s(0));

    let mut calls = policy.start_blocking();
    while calls.stop_reason().is_none() {
        let number = calls.next_attempt().number();
        let _ = calls.check(busy(number));
    }
    assert_eq!(calls.stop_reason(), Some(StopReason::OutOfTime));
}

#[test]
fn the_longest_time_limit_is_none() {
    let policy = RetryPolicy::default().max_elapsed(Duration::MAX);
    let mut session = policy.start_at(Duration::ZERO);
    assert_eq!(session.attempt().remaining(), None);
    assert_eq!(session.admit(Duration::ZERO), Ok(()));
    assert_eq!(session.attempt().remaining(), None);
    let remaining = |attempt: reattempt::Attempt| Ok::<_, ()>(attempt.remaining());
    assert_eq!(policy.retry_blocking(remaining).call(), Ok(None));
    let limited = policy.clone().max_elapsed(s(5));
    let call = limited.retry_blocking(remaining).max_elapsed(Duration::MAX);
    assert_eq!(call.call(), Ok(None));

    assert_eq!(policy.to_string(), RetryPolicy::default().to_string());
    let policy = constant(u64::MAX).max_elapsed(Duration::MAX);
    assert_eq!(policy.schedule().retries().len(), 2);
}
