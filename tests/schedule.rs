//! The schedule of a policy: the delays to expect, and the chance to outlast an outage.

#![expect(clippy::float_cmp, reason = "the compared values are exact")]

use std::time::Duration;

use reattempt::{Backoff, ErrorKind, Jitter, RetryPolicy, Schedule};

const SECOND: Duration = Duration::from_secs(1);

fn seconds(of: impl Fn(&reattempt::ScheduledRetry) -> Duration, schedule: &Schedule) -> Vec<f64> {
    schedule
        .retries()
        .iter()
        .map(|retry| of(retry).as_secs_f64())
        .collect()
}

const fn with_jitter(jitter: Jitter) -> RetryPolicy {
    RetryPolicy::new(Backoff::exponential(SECOND).jitter(jitter)).max_attempts(4)
}

#[test]
fn full_jitter_spreads_each_delay_from_zero_to_its_ceiling() {
    let schedule = with_jitter(Jitter::Full).schedule();
    assert_eq!(seconds(|r| r.least, &schedule), [0.0, 0.0, 0.0]);
    assert_eq!(seconds(|r| r.mean, &schedule), [0.5, 1.0, 2.0]);
    assert_eq!(seconds(|r| r.most, &schedule), [1.0, 2.0, 4.0]);
    assert_eq!(seconds(|r| r.total_least, &schedule), [0.0, 0.0, 0.0]);
    assert_eq!(seconds(|r| r.total_mean, &schedule), [0.5, 1.5, 3.5]);
    assert_eq!(seconds(|r| r.total_most, &schedule), [1.0, 3.0, 7.0]);
    let numbers: Vec<u32> = schedule.retries().iter().map(|r| r.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn each_jitter_has_its_own_bounds() {
    let equal = with_jitter(Jitter::Equal).schedule();
    assert_eq!(seconds(|r| r.least, &equal), [0.5, 1.0, 2.0]);
    assert_eq!(seconds(|r| r.mean, &equal), [0.75, 1.5, 3.0]);
    let none = with_jitter(Jitter::None).schedule();
    assert_eq!(seconds(|r| r.least, &none), [1.0, 2.0, 4.0]);
    assert_eq!(seconds(|r| r.most, &none), [1.0, 2.0, 4.0]);
    let quarter = with_jitter(Jitter::Proportional(0.25)).schedule();
    assert_eq!(seconds(|r| r.least, &quarter), [0.75, 1.5, 3.0]);
    assert_eq!(seconds(|r| r.most, &quarter), [1.25, 2.5, 5.0]);
    let decorrelated = with_jitter(Jitter::Decorrelated).schedule();
    assert_eq!(seconds(|r| r.least, &decorrelated), [1.0, 1.0, 1.0]);
    assert_eq!(seconds(|r| r.most, &decorrelated), [3.0, 9.0, 20.0]);
}

#[test]
fn the_means_are_those_of_many_drawn_delays() {
    for jitter in [Jitter::Decorrelated, Jitter::Proportional(0.7)] {
        let backoff = Backoff::exponential(SECOND).cap(7 * SECOND).jitter(jitter);
        let schedule = RetryPolicy::new(backoff).max_attempts(8).schedule();
        let mut sums = [0.0; 7];
        let draws = 20_000;
        for seed in 1_000_000..1_000_000 + draws {
            for (sum, delay) in sums.iter_mut().zip(backoff.delays_seeded(seed)) {
                *sum += delay.as_secs_f64();
            }
        }
        for (mean, sum) in seconds(|r| r.mean, &schedule).iter().zip(sums) {
            let average = sum / f64::from(u32::try_from(draws).unwrap());
            // The standard error of the drawn mean is at most 0.7 %.
            assert!(
                (mean / average - 1.0).abs() < 0.03,
                "{jitter:?} {mean} {average}"
            );
        }
    }
}

#[test]
fn a_delay_above_the_cap_is_capped_in_the_schedule() {
    let backoff = Backoff::exponential(30 * SECOND).jitter(Jitter::Full);
    let schedule = RetryPolicy::new(backoff).max_attempts(3).schedule();
    assert_eq!(seconds(|r| r.most, &schedule), [20.0, 20.0]);
    assert_eq!(seconds(|r| r.mean, &schedule), [10.0, 10.0]);
}

#[test]
fn one_attempt_has_an_empty_schedule() {
    let schedule = RetryPolicy::default().max_attempts(1).schedule();
    assert!(schedule.retries().is_empty());
    assert_eq!(schedule.chance_to_outlast(Duration::from_nanos(1)), 0.0);
}

#[test]
fn an_endless_schedule_has_a_thousand_rows() {
    for policy in [
        RetryPolicy::default().unlimited_attempts(),
        RetryPolicy::default().max_attempts(u32::MAX),
    ] {
        assert_eq!(policy.schedule().retries().len(), 1_000);
    }
}

#[test]
fn a_retry_that_cannot_start_before_the_limit_has_no_row() {
    let policy = with_jitter(Jitter::None);
    // The waits end at 1, 3 and 7 s, and a wait must end before the limit.
    for (limit, rows) in [(1, 0), (2, 1), (3, 1), (4, 2), (7, 2), (8, 3)] {
        let schedule = policy.clone().max_elapsed(limit * SECOND).schedule();
        assert_eq!(schedule.retries().len(), rows, "{limit}");
    }
    let jittered = with_jitter(Jitter::Full).max_elapsed(SECOND).schedule();
    assert_eq!(jittered.retries().len(), 3);
}

#[test]
fn throttling_has_the_schedule_of_its_own_backoff() {
    let policy = with_jitter(Jitter::None).throttling_backoff(Backoff::constant(5 * SECOND));
    let throttled = policy.schedule_for(ErrorKind::Throttling);
    assert_eq!(seconds(|r| r.least, &throttled), [5.0, 5.0, 5.0]);
    for kind in [ErrorKind::Server, ErrorKind::Transient, ErrorKind::Unsent] {
        assert_eq!(policy.schedule_for(kind), policy.schedule());
    }
    let without = with_jitter(Jitter::None);
    assert_eq!(
        without.schedule_for(ErrorKind::Throttling),
        without.schedule()
    );
}

#[test]
fn without_jitter_an_outage_is_outlasted_or_not() {
    let schedule = with_jitter(Jitter::None).schedule();
    for (outage, chance) in [
        (0.0, 1.0),
        (3.0, 1.0),
        (7.0, 1.0),
        (7.001, 0.0),
        (60.0, 0.0),
    ] {
        let outage = Duration::from_secs_f64(outage);
        assert_eq!(schedule.chance_to_outlast(outage), chance, "{outage:?}");
    }
}

#[test]
fn the_chance_to_outlast_is_that_of_a_sum_of_uniform_delays() {
    // One delay: P(U[0, 1] >= t) = 1 - t.
    let one = with_jitter(Jitter::Full).max_attempts(2).schedule();
    for tenths in 0..=10 {
        let expected = 1.0 - f64::from(tenths) / 10.0;
        let chance = one.chance_to_outlast(SECOND * tenths / 10);
        assert!((chance - expected).abs() < 0.01, "{tenths} {chance}");
    }
    // Two delays: P(U[0, 1] + U[0, 2] >= t) = 1 - t²/4 up to 1, and 1.25 - t/2 up to 2.
    let two = with_jitter(Jitter::Full).max_attempts(3).schedule();
    for (t, expected) in [
        (0.5, 0.9375),
        (1.0, 0.75),
        (1.5, 0.5),
        (2.0, 0.25),
        (3.0, 0.0),
    ] {
        let chance = two.chance_to_outlast(Duration::from_secs_f64(t));
        assert!((chance - expected).abs() < 0.01, "{t} {chance}");
    }
}

#[test]
fn a_time_limit_bounds_the_outage_that_can_be_outlasted() {
    let schedule = with_jitter(Jitter::Full).max_elapsed(3 * SECOND).schedule();
    assert!(schedule.chance_to_outlast(2 * SECOND) > 0.1);
    assert_eq!(schedule.chance_to_outlast(3 * SECOND), 0.0);
    // The waits end at 1 and 3 s, and a wait must end before the limit.
    for (millis, expected) in [(3_000, 0.0), (3_001, 1.0)] {
        let limit = Duration::from_millis(millis);
        let exact = with_jitter(Jitter::None).max_elapsed(limit).schedule();
        assert_eq!(exact.chance_to_outlast(2 * SECOND), expected);
    }
    // One delay of U[0, 2] that must end in [1, 1.5): a quarter.
    let backoff = Backoff::exponential(2 * SECOND);
    let one = RetryPolicy::new(backoff)
        .max_attempts(2)
        .max_elapsed(SECOND * 3 / 2);
    let chance = one.schedule().chance_to_outlast(SECOND);
    assert!((chance - 0.25).abs() < 0.01, "{chance}");
}

#[test]
fn the_chance_does_not_change_between_two_questions() {
    let schedule = with_jitter(Jitter::Decorrelated).schedule();
    let first = schedule.chance_to_outlast(10 * SECOND);
    assert!(first > 0.0 && first < 1.0);
    assert_eq!(schedule.chance_to_outlast(10 * SECOND), first);
}

#[test]
fn a_call_of_very_many_retries_outlasts_what_its_delays_allow() {
    let chance = |policy: RetryPolicy, seconds| {
        let outage = Duration::from_secs(seconds);
        policy.schedule().chance_to_outlast(outage)
    };
    let year = 31_536_000;
    let each_second = RetryPolicy::new(Backoff::constant(SECOND));
    let limited = each_second.clone().max_attempts(20_000);
    assert_eq!(chance(limited.clone(), 15_000), 1.0);
    assert_eq!(chance(limited, 25_000), 0.0);
    let unlimited = each_second.unlimited_attempts();
    assert_eq!(chance(unlimited.clone(), 1_000 * year), 1.0);
    let day = Duration::from_secs(86_400);
    let limited = unlimited.max_elapsed(day);
    assert_eq!(chance(limited.clone(), 86_399), 1.0);
    assert_eq!(chance(limited, 86_400), 0.0);
}

#[test]
fn extreme_policies_have_a_schedule_and_an_answer() {
    let day = Duration::from_secs(86_400);
    let endless = RetryPolicy::new(Backoff::none())
        .unlimited_attempts()
        .schedule();
    assert_eq!(endless.chance_to_outlast(day), 0.0);
    let quick = Backoff::constant(Duration::from_millis(2)).jitter(Jitter::Full);
    let quick = RetryPolicy::new(quick).unlimited_attempts().schedule();
    assert_eq!(quick.chance_to_outlast(SECOND), 1.0);
    for jitter in [
        Jitter::None,
        Jitter::Full,
        Jitter::Decorrelated,
        Jitter::Proportional(f64::NAN),
    ] {
        let longest = Backoff::exponential(Duration::MAX)
            .cap(Duration::MAX)
            .jitter(jitter);
        let schedule = RetryPolicy::new(longest).max_attempts(5).schedule();
        let last = schedule.retries().last().unwrap();
        assert_eq!(last.total_most, Duration::MAX, "{jitter:?}");
        assert!(last.total_mean <= Duration::MAX);
        assert!(schedule.chance_to_outlast(Duration::MAX) <= 1.0);
    }
}
