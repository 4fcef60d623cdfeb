//! The retry budget: what a retry costs, what a success brings, and who is
//! refused.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "figures of a test are small and known"
)]

use std::time::Duration;

use proptest::prelude::*;
use reattempt::{
    Backoff, Classify, Decision, ErrorKind, ManualTimer, RetryBudget, RetryPolicy, StopReason,
    Verdict,
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

/// Tells a call these outcomes one after the other, a second apart.
fn tell(budget: &RetryBudget, verdicts: &[Verdict]) -> Vec<(Decision, u32)> {
    let policy = policy(budget);
    let mut session = policy.start_at(Duration::ZERO);
    let decide = |verdict| {
        let decision = session.decide::<Verdict, _>(Err(verdict), Duration::ZERO);
        (decision, budget.available())
    };
    verdicts.iter().map(decide).collect()
}

const fn stop(reason: StopReason) -> Decision {
    Decision::Stop(reason)
}

const WAIT: Decision = Decision::RetryAfter(s(1));

#[test]
fn a_retry_takes_its_cost_before_the_wait_and_is_refused_when_short() {
    let budget = RetryBudget::new(20);
    assert_eq!(tell(&budget, &[SERVER, SERVER]), [(WAIT, 6), (REFUSED, 6)]);
    // What is left still pays for a cheaper one.
    assert_eq!(tell(&budget, &[THROTTLED]), [(WAIT, 1)]);
    assert_eq!(tell(&budget, &[THROTTLED]), [(REFUSED, 1)]);
}

#[test]
fn a_success_brings_one_token_or_the_last_retrys_cost_and_a_failure_nothing() {
    let budget = RetryBudget::new(100);
    let success = stop(StopReason::Success);
    assert_eq!(
        tell(&budget, &[SERVER, THROTTLED, Verdict::Success]),
        [(WAIT, 86), (WAIT, 81), (success, 86)],
    );
    assert_eq!(
        tell(&budget, &[THROTTLED, SERVER, Verdict::Success]),
        [(WAIT, 81), (WAIT, 67), (success, 81)],
    );
    assert_eq!(tell(&budget, &[Verdict::Success]), [(success, 82)]);
    let failed = stop(StopReason::Permanent);
    assert_eq!(
        tell(&budget, &[SERVER, Verdict::Permanent]),
        [(WAIT, 68), (failed, 68)],
    );
    assert_eq!(tell(&budget, &[Verdict::Permanent]), [(failed, 68)]);
}

#[test]
fn a_bucket_never_holds_more_than_its_capacity() {
    let budget = RetryBudget::new(3);
    for _ in 0..10 {
        tell(&budget, &[Verdict::Success]);
    }
    assert_eq!(budget.available(), 3);
    let refilling = RetryBudget::new(3).refill(1e9);
    for _ in 0..10 {
        tell(&refilling, &[Verdict::Success]);
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
    assert_eq!(refused, stop(StopReason::Permanent));
    assert_eq!(budget.available(), 100);
}

#[test]
fn clones_of_a_budget_and_of_its_policy_share_one_bucket() {
    let budget = RetryBudget::new(28);
    let policy = policy(&budget.clone());
    let clone = policy.clone();
    for policy in [&policy, &clone] {
        let waits = policy
            .start_at(s(0))
            .decide::<Verdict, _>(Err(&SERVER), s(0));
        assert_eq!(waits, WAIT);
    }
    assert_eq!(budget.available(), 0);
    let refused = policy
        .start_at(s(0))
        .decide::<Verdict, _>(Err(&SERVER), s(0));
    assert_eq!(refused, REFUSED);
    let unbound = policy.no_budget();
    let waits = unbound
        .start_at(s(0))
        .decide::<Verdict, _>(Err(&SERVER), s(0));
    assert_eq!(waits, WAIT);
}

#[test]
fn a_ratio_allows_its_share_of_retries_and_no_more() {
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
            tell(&budget, &[SERVER]);
        }
        for _ in 0..successes {
            tell(&budget, &[Verdict::Success]);
        }
        let mut paid = 0;
        while tell(&budget, &[THROTTLED])[0].0 == WAIT {
            paid += 1;
        }
        assert_eq!(paid, retries, "{ratio}");
    }
}

#[test]
fn costs_are_set_in_tokens() {
    let budget = RetryBudget::new(10).costs(1, 3);
    assert_eq!(
        tell(&budget, &[THROTTLED, SERVER, Verdict::Success]),
        [(WAIT, 9), (WAIT, 6), (stop(StopReason::Success), 9)],
    );
}

#[test]
fn a_drained_bucket_refills_by_itself_however_long_it_idled() {
    let budget = RetryBudget::new(28).refill(7.0);
    let policy = policy(&budget);
    let refused = |at: Duration| {
        let mut session = policy.start_at(at);
        session.decide::<Verdict, _>(Err(&SERVER), at) == REFUSED
    };
    assert!(!refused(s(100)) && !refused(s(100)));
    assert!(refused(s(100)));
    // 14 tokens take two seconds, to a nanosecond each.
    assert!(refused(s(101) + Duration::from_nanos(999_999_980)));
    assert!(!refused(s(102)));
    assert!(refused(s(102)));
    // A year later there is a full bucket, and no more.
    let year = s(31_536_000);
    assert!(!refused(year) && !refused(year));
    assert!(refused(year));
}

#[test]
fn no_figure_panics_or_opens_the_bucket() {
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
                tell(&dear, &[SERVER])[0].0 == WAIT,
                paid,
                "{rate} {capacity}"
            );
        }
    }
    for ratio in [f64::INFINITY, f64::MAX] {
        let budget = RetryBudget::ratio(ratio, u32::MAX);
        tell(&budget, &[SERVER, Verdict::Success]);
        assert_eq!(budget.available(), u32::MAX);
    }
}

proptest! {
    #[test]
    fn tokens_out_are_never_more_than_tokens_in(
        capacity in 0_u32..200,
        steps in proptest::collection::vec(0_u8..4, 0..300),
    ) {
        let budget = RetryBudget::new(capacity);
        let mut tokens = i64::from(capacity);
        for step in steps {
            match step {
                0 => {
                    tell(&budget, &[Verdict::Success]);
                    tokens += 1;
                }
                1 => {
                    let paid = tell(&budget, &[SERVER])[0].0 == WAIT;
                    prop_assert_eq!(paid, tokens >= 14);
                    tokens -= if paid { 14 } else { 0 };
                }
                2 => {
                    let paid = tell(&budget, &[THROTTLED])[0].0 == WAIT;
                    prop_assert_eq!(paid, tokens >= 5);
                    tokens -= if paid { 5 } else { 0 };
                }
                _ => {
                    if tell(&budget, &[THROTTLED, Verdict::Success])[0].0 == REFUSED {
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
                .filter(|_| tell(&budget, &[SERVER])[0].0 == WAIT)
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

#[test]
fn a_hand_driven_call_gives_its_tokens_back_when_cancelled() {
    let budget = RetryBudget::new(100);
    let policy = policy(&budget);
    let mut session = policy.start_at(s(0));
    assert_eq!(session.decide::<Verdict, _>(Err(&SERVER), s(0)), WAIT);
    session.cancel();
    assert_eq!(budget.available(), 100);
    let mut over = policy.start_at(s(0));
    let _ = over.decide::<Verdict, _>(Err(&SERVER), s(0));
    let _ = over.decide::<Verdict, _>(Err(&Verdict::Permanent), s(1));
    over.cancel();
    assert_eq!(budget.available(), 86);
}

#[test]
fn a_long_polling_call_waits_with_an_empty_budget_and_then_returns() {
    let budget = RetryBudget::new(0);
    let timer = ManualTimer::new();
    let outcome = policy(&budget)
        .long_polling()
        .retry_blocking(|_| Err::<Verdict, _>(THROTTLED))
        .sleep_with(|delay| timer.sleep_blocking(delay))
        .outcome();
    assert_eq!(outcome.reason, StopReason::OutOfBudget);
    assert_eq!((outcome.attempts, outcome.waited), (1, s(1)));
    assert_eq!(timer.sleeps(), [s(1)]);

    let policy = policy(&budget).long_polling();
    let mut session = policy.start_at(s(0));
    assert_eq!(session.decide::<Verdict, _>(Err(&SERVER), s(0)), REFUSED);
    assert_eq!(session.last_wait(), Some(s(1)));
    // A long-polling call that ends otherwise returns at once.
    let mut done = policy.start_at(s(0));
    let _ = done.decide::<Verdict, _>(Err(&Verdict::Permanent), s(0));
    assert_eq!(done.last_wait(), None);
}

#[test]
fn a_hint_lengthens_the_last_wait_of_a_long_polling_call_too() {
    let budget = RetryBudget::new(0);
    let policy = policy(&budget).long_polling();
    let mut session = policy.start_at(s(0));
    let _ = session.decide::<Verdict, _>(Err(&SERVER.after(s(7))), s(0));
    assert_eq!((session.last_wait(), session.waited()), (Some(s(7)), s(7)));
}

#[cfg(feature = "tokio")]
#[expect(clippy::disallowed_methods, reason = "the clock is paused")]
mod in_virtual_time {
    use std::future::pending;
    use std::ops::ControlFlow;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_dropped_in_its_wait_gives_its_tokens_back() {
        let budget = RetryBudget::new(100);
        let policy = policy(&budget);
        let call = policy.retry(|_| async { Err::<Verdict, _>(SERVER) });
        let cut = tokio::time::timeout(Duration::from_millis(500), call.into_future());
        assert!(cut.await.is_err());
        assert_eq!(budget.available(), 100);

        let call = policy.retry(|_| async { Err::<Verdict, _>(SERVER) });
        let cut = tokio::time::timeout(Duration::from_millis(1_500), call.outcome());
        assert!(cut.await.is_err());
        // The first retry was made and stays paid for.
        assert_eq!(budget.available(), 86);

        let mut session = policy.start();
        let check = session.check::<Verdict, _>(Err(SERVER));
        let cut = tokio::time::timeout(Duration::from_millis(500), check);
        assert!(cut.await.is_err());
        assert_eq!(budget.available(), 86);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_dropped_in_its_attempt_gives_nothing_back() {
        let budget = RetryBudget::new(100);
        let policy = policy(&budget);
        let call = policy.retry(async |attempt| {
            if attempt.number() == 2 {
                pending::<()>().await;
            }
            Err::<Verdict, _>(SERVER)
        });
        assert!(
            tokio::time::timeout(s(5), call.into_future())
                .await
                .is_err()
        );
        assert_eq!(budget.available(), 86);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_polling_call_keeps_its_outcome_across_the_last_wait() {
        let budget = RetryBudget::new(14);
        let policy = RetryPolicy::new(Backoff::constant(s(3)))
            .budget(&budget)
            .long_polling();
        let start = tokio::time::Instant::now();
        // Neither Send nor Clone.
        let result = policy
            .retry(|attempt| async move { Err::<(), _>(Rc::new(attempt.number())) })
            .await;
        assert_eq!((result, start.elapsed()), (Err(Rc::new(2)), s(6)));

        let mut session = policy.start();
        let checked = session.check(Err::<(), _>(Rc::new(7))).await;
        assert_eq!(checked, ControlFlow::Break(Err(Rc::new(7))));
        assert_eq!((start.elapsed(), session.waited()), (s(9), s(3)));
        assert_eq!(session.stop_reason(), Some(StopReason::OutOfBudget));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refilling_budget_follows_the_paused_clock() {
        let budget = RetryBudget::new(14).refill(1.0);
        let policy = policy(&budget).max_attempts(2);
        let call = async || {
            policy
                .retry(|_| async { Err::<Verdict, _>(SERVER) })
                .outcome()
                .await
        };
        assert_eq!(call().await.reason, StopReason::OutOfAttempts);
        assert_eq!(budget.available(), 1);
        assert_eq!(call().await.reason, StopReason::OutOfBudget);
        tokio::time::advance(s(13)).await;
        assert_eq!(budget.available(), 14);
        assert_eq!(call().await.reason, StopReason::OutOfAttempts);
    }

    #[tokio::test(start_paused = true)]
    async fn ten_thousand_calls_in_an_outage_send_no_more_retries_than_the_tokens_allow() {
        const CALLS: u32 = 10_000;
        let budget = RetryBudget::new(500);
        let policy = Arc::new(
            RetryPolicy::new(Backoff::exponential(Duration::from_millis(50)))
                .budget(&budget)
                .classify_fn(|outcome: Result<&(), &bool>| match outcome {
                    Ok(()) => Verdict::Success,
                    Err(true) => THROTTLED,
                    Err(false) => SERVER,
                }),
        );
        let retries = Arc::new(AtomicU32::new(0));
        let outage = async |down: bool| {
            let mut calls = tokio::task::JoinSet::new();
            for call in 0..CALLS {
                let (policy, retries) = (Arc::clone(&policy), Arc::clone(&retries));
                calls.spawn(async move {
                    policy
                        .retry(|attempt| {
                            let retries = &retries;
                            async move {
                                retries.fetch_add(attempt.number().min(2) - 1, Ordering::Relaxed);
                                if down { Err(call % 2 == 0) } else { Ok(()) }
                            }
                        })
                        .outcome()
                        .await
                        .reason
                });
            }
            calls.join_all().await
        };
        let reasons = outage(true).await;
        let sent = retries.swap(0, Ordering::Relaxed);
        // The dearest retry costs 14, the cheapest 5.
        assert!((500 / 14..=500 / 5).contains(&sent), "{sent}");
        assert!(budget.available() < 14);
        let refused = reasons
            .iter()
            .filter(|&&r| r == StopReason::OutOfBudget)
            .count();
        assert!(refused > 9_900, "{refused}");
        // Everything is well again: each success brings a token.
        let reasons = outage(false).await;
        assert!(reasons.iter().all(|&reason| reason == StopReason::Success));
        assert_eq!(
            (budget.available(), retries.load(Ordering::Relaxed)),
            (500, 0)
        );
    }
}
