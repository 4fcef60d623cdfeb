//! The retry budget: what a retry costs, what a success adds, and which retries are refused.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "the numbers in a test are small and known"
)]

use std::time::Duration;

use proptest::prelude::*;
use reattempt::{
    Backoff, Classify, Decision, ErrorKind, RetryBudget, RetryPolicy, Session, StopReason, Verdict,
};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const THROTTLED: Verdict = Verdict::retry(ErrorKind::Throttling);
const SERVER: Verdict = Verdict::retry(ErrorKind::Server);
const REFUSED: Decision = Decision::Stop(StopReason::OutOfBudget);

/// A policy whose operations return their own verdict.
fn policy(budget: &RetryBudget) -> RetryPolicy<impl Classify<Verdict, Verdict> + Copy + use<>> {
    RetryPolicy::new(Backoff::constant(s(1)))
        .unlimited_attempts()
        .budget(budget)
        .classify_fn(|outcome: Result<&Verdict, &Verdict>| match outcome {
            Ok(verdict) | Err(verdict) => *verdict,
        })
}

/// Passes these outcomes to one call. Returns each decision, with the tokens that are left
/// after it.
fn decide_all(budget: &RetryBudget, verdicts: &[Verdict]) -> Vec<(Decision, u32)> {
    let policy = policy(budget);
    let mut session = policy.start_at(Duration::ZERO);
    let decide = |verdict| {
        let decision = session.decide::<Verdict, _>(Err(verdict), Duration::ZERO);
        (decision, budget.available())
    };
    let decisions = verdicts.iter().map(decide).collect();
    start_retry(session);
    decisions
}

/// Starts the retry that was decided, so that its cost stays spent. A session that is
/// dropped before the retry starts returns its cost.
fn start_retry<C>(mut session: Session<'_, C>) {
    assert_eq!(session.admit(Duration::ZERO), Ok(()));
}

/// Makes a new call that fails once with a server error. Its retry starts if the budget
/// pays for it.
fn fail_once<C: Classify<Verdict, Verdict>>(policy: &RetryPolicy<C>) -> Decision {
    let mut session = policy.start_at(s(0));
    let decision = session.decide::<Verdict, _>(Err(&SERVER), s(0));
    start_retry(session);
    decision
}

const fn stop(reason: StopReason) -> Decision {
    Decision::Stop(reason)
}

const WAIT: Decision = Decision::RetryAfter(s(1));

#[test]
fn a_retry_pays_before_its_wait_or_is_refused() {
    let budget = RetryBudget::new(20);
    assert_eq!(
        decide_all(&budget, &[SERVER, SERVER]),
        [(WAIT, 6), (REFUSED, 6)]
    );
    // The remaining tokens still pay for a cheaper retry.
    assert_eq!(decide_all(&budget, &[THROTTLED]), [(WAIT, 1)]);
    assert_eq!(decide_all(&budget, &[THROTTLED]), [(REFUSED, 1)]);
}

#[test]
fn a_success_adds_tokens_and_a_failure_adds_none() {
    let budget = RetryBudget::new(100);
    let success = stop(StopReason::Success);
    assert_eq!(
        decide_all(&budget, &[SERVER, THROTTLED, Verdict::Success]),
        [(WAIT, 86), (WAIT, 81), (success, 86)],
    );
    assert_eq!(
        decide_all(&budget, &[THROTTLED, SERVER, Verdict::Success]),
        [(WAIT, 81), (WAIT, 67), (success, 81)],
    );
    assert_eq!(decide_all(&budget, &[Verdict::Success]), [(success, 82)]);
    let failed = stop(StopReason::Permanent);
    assert_eq!(
        decide_all(&budget, &[SERVER, Verdict::Permanent]),
        [(WAIT, 68), (failed, 68)],
    );
    assert_eq!(decide_all(&budget, &[Verdict::Permanent]), [(failed, 68)]);
}

#[test]
fn a_bucket_never_holds_more_than_its_capacity() {
    let budget = RetryBudget::new(3);
    for _ in 0..10 {
        decide_all(&budget, &[Verdict::Success]);
    }
    assert_eq!(budget.available(), 3);
    let refilling = RetryBudget::new(3).refill(1e9);
    for _ in 0..10 {
        decide_all(&refilling, &[Verdict::Success]);
    }
    assert_eq!(refilling.available(), 3);
}

#[test]
fn a_retry_refused_for_another_reason_costs_nothing() {
    let budget = RetryBudget::new(100);
    let policy = policy(&budget).max_elapsed(s(10)).max_attempts(3);
    let too_late = policy
        .start_at(s(0))
        .decide::<Verdict, _>(Err(&SERVER), s(10));
    assert_eq!(too_late, stop(StopReason::OutOfTime));
    let too_long = SERVER.after(s(301));
    let too_long = policy
        .start_at(s(0))
        .decide::<Verdict, _>(Err(&too_long), s(0));
    assert_eq!(too_long, stop(StopReason::ServerDelayTooLong(s(301))));
    let once = policy.clone().max_attempts(1);
    let out = once.start_at(s(0)).decide::<Verdict, _>(Err(&SERVER), s(0));
    assert_eq!(out, stop(StopReason::OutOfAttempts));
    let mut careful = policy.start_at(s(0)).non_idempotent();
    let refused = careful.decide::<Verdict, _>(Err(&SERVER), s(0));
    assert_eq!(refused, stop(StopReason::NotIdempotent));
    assert_eq!(budget.available(), 100);
}

#[test]
fn clones_of_a_budget_and_of_a_policy_share_one_bucket() {
    let budget = RetryBudget::new(28);
    let policy = policy(&budget.clone());
    let clone = policy.clone();
    for policy in [&policy, &clone] {
        assert_eq!(fail_once(policy), WAIT);
    }
    assert_eq!(budget.available(), 0);
    assert_eq!(fail_once(&policy), REFUSED);
    assert_eq!(fail_once(&policy.no_budget()), WAIT);
}

#[test]
fn a_ratio_allows_exactly_its_share_of_retries() {
    for (ratio, successes, retries) in [
        (0.1, 100, 10),
        (0.6, 100, 60),
        (0.07, 1_000, 70),
        (1.0 / 3.0, 300, 100),
        (1.0, 50, 50),
        (2.5, 10, 25),
        (0.0, 100, 0),
        (-1.0, 100, 0),
        (f64::NAN, 100, 0),
    ] {
        let budget = RetryBudget::ratio(ratio, 1_000);
        while budget.available() > 0 {
            decide_all(&budget, &[SERVER]);
        }
        for _ in 0..successes {
            decide_all(&budget, &[Verdict::Success]);
        }
        let mut paid = 0;
        while decide_all(&budget, &[THROTTLED])[0].0 == WAIT {
            paid += 1;
        }
        assert_eq!(paid, retries, "{ratio}");
    }
}

#[test]
fn costs_are_in_tokens() {
    let budget = RetryBudget::new(10).costs(1, 3);
    assert_eq!(
        decide_all(&budget, &[THROTTLED, SERVER, Verdict::Success]),
        [(WAIT, 9), (WAIT, 6), (stop(StopReason::Success), 9)],
    );
}

#[test]
fn an_empty_bucket_refills_by_itself_up_to_its_capacity() {
    let budget = RetryBudget::new(28).refill(7.0);
    let policy = policy(&budget);
    let refused = |at: Duration| {
        let mut session = policy.start_at(at);
        let decision = session.decide::<Verdict, _>(Err(&SERVER), at);
        start_retry(session);
        decision == REFUSED
    };
    assert!(!refused(s(100)) && !refused(s(100)));
    assert!(refused(s(100)));
    // 14 tokens take two seconds, to a nanosecond each.
    assert!(refused(s(101) + Duration::from_nanos(999_999_980)));
    assert!(!refused(s(102)));
    assert!(refused(s(102)));
    // A year later the bucket is full and holds no more than that.
    let year = s(31_536_000);
    assert!(!refused(year) && !refused(year));
    assert!(refused(year));
}

#[test]
fn no_rate_ratio_or_capacity_panics_or_creates_tokens() {
    for rate in [
        0.0,
        -1.0,
        f64::NAN,
        f64::INFINITY,
        f64::MIN_POSITIVE,
        1e-300,
        1e-12,
        1.0,
        1e12,
        f64::MAX,
    ] {
        for capacity in [0, 1, 14, u32::MAX] {
            let budget = RetryBudget::new(capacity).refill(rate);
            assert_eq!(budget.available(), capacity, "{rate}");
            let dear = budget.clone().costs(u32::MAX, u32::MAX);
            let paid = capacity == u32::MAX;
            assert_eq!(
                decide_all(&dear, &[SERVER])[0].0 == WAIT,
                paid,
                "{rate} {capacity}"
            );
        }
    }
    for ratio in [f64::INFINITY, f64::MAX] {
        let budget = RetryBudget::ratio(ratio, u32::MAX);
        decide_all(&budget, &[SERVER, Verdict::Success]);
        assert_eq!(budget.available(), u32::MAX);
    }
}

proptest! {
    #[test]
    fn retries_never_spend_more_tokens_than_there_are(
        capacity in 0_u32..200,
        steps in proptest::collection::vec(0_u8..4, 0..300),
    ) {
        let budget = RetryBudget::new(capacity);
        let mut tokens = i64::from(capacity);
        for step in steps {
            match step {
                0 => {
                    decide_all(&budget, &[Verdict::Success]);
                    tokens += 1;
                }
                1 => {
                    let paid = decide_all(&budget, &[SERVER])[0].0 == WAIT;
                    prop_assert_eq!(paid, tokens >= 14);
                    tokens -= if paid { 14 } else { 0 };
                }
                2 => {
                    let paid = decide_all(&budget, &[THROTTLED])[0].0 == WAIT;
                    prop_assert_eq!(paid, tokens >= 5);
                    tokens -= if paid { 5 } else { 0 };
                }
                _ => {
                    if decide_all(&budget, &[THROTTLED, Verdict::Success])[0].0 == REFUSED {
                        prop_assert!(tokens < 5);
                    }
                }
            }
            tokens = tokens.min(i64::from(capacity));
            prop_assert_eq!(i64::from(budget.available()), tokens);
        }
    }
}

#[test]
fn threads_share_the_tokens_without_losing_any() {
    let budget = RetryBudget::new(1_000).costs(1, 1);
    let paid: usize = std::thread::scope(|scope| {
        let spend = || {
            (0..1_000)
                .filter(|_| decide_all(&budget, &[SERVER])[0].0 == WAIT)
                .count()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(spend)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!((paid, budget.available()), (1_000, 0));
}
