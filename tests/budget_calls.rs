//! Calls with a retry budget: cancelled, dropped, long-polling and many at once.

use std::time::Duration;

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

const WAIT: Decision = Decision::RetryAfter(s(1));

#[test]
fn cancelling_a_session_returns_its_tokens() {
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
fn a_long_polling_call_waits_without_tokens_then_returns() {
    let budget = RetryBudget::new(0);
    let timer = ManualTimer::new();
    let outcome = policy(&budget)
        .retry_blocking(|_| Err::<Verdict, _>(THROTTLED))
        .long_polling()
        .sleep_with(|delay| timer.sleep_blocking(delay))
        .outcome();
    assert_eq!(outcome.reason, StopReason::OutOfBudget);
    assert_eq!((outcome.attempts, outcome.waited), (1, s(1)));
    assert_eq!(timer.sleeps(), [s(1)]);

    let policy = policy(&budget);
    let mut session = policy.start_at(s(0)).long_polling();
    assert_eq!(session.decide::<Verdict, _>(Err(&SERVER), s(0)), REFUSED);
    assert_eq!(session.last_wait(), Some(s(1)));
    // A long-polling call that ends for another reason returns at once.
    let mut done = policy.start_at(s(0)).long_polling();
    let _ = done.decide::<Verdict, _>(Err(&Verdict::Permanent), s(0));
    assert_eq!(done.last_wait(), None);
}

#[test]
fn a_hint_lengthens_a_long_polling_calls_last_wait() {
    let budget = RetryBudget::new(0);
    let policy = policy(&budget);
    let mut session = policy.start_at(s(0)).long_polling();
    let _ = session.decide::<Verdict, _>(Err(&SERVER.after(s(7))), s(0));
    assert_eq!((session.last_wait(), session.waited()), (Some(s(7)), s(7)));
}

#[cfg(feature = "tokio")]
#[expect(clippy::disallowed_methods, reason = "the clock is paused")]
mod in_virtual_time {
    use std::future::pending;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn dropping_the_wait_returns_the_tokens() {
        let budget = RetryBudget::new(100);
        let policy = policy(&budget);
        let call = policy.retry(|_| async { Err::<Verdict, _>(SERVER) });
        let cut = tokio::time::timeout(Duration::from_millis(500), call);
        assert!(cut.await.is_err());
        assert_eq!(budget.available(), 100);

        let call = policy.retry(|_| async { Err::<Verdict, _>(SERVER) });
        let cut = tokio::time::timeout(Duration::from_millis(1_500), call.outcome());
        assert!(cut.await.is_err());
        // The first retry has started, so its cost stays spent.
        assert_eq!(budget.available(), 86);

        let mut calls = policy.start();
        calls.next_attempt().await;
        assert!(calls.check::<Verdict, _>(Err(SERVER)).is_continue());
        let cut = tokio::time::timeout(Duration::from_millis(500), calls.next_attempt());
        assert!(cut.await.is_err());
        assert_eq!(budget.available(), 72);
        drop(calls);
        assert_eq!(budget.available(), 86);
    }

    #[tokio::test(start_paused = true)]
    async fn dropping_the_attempt_returns_no_tokens() {
        let budget = RetryBudget::new(100);
        let policy = policy(&budget);
        let call = policy.retry(async |attempt| {
            if attempt.number() == 2 {
                pending::<()>().await;
            }
            Err::<Verdict, _>(SERVER)
        });
        assert!(tokio::time::timeout(s(5), call).await.is_err());
        assert_eq!(budget.available(), 86);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_polling_call_keeps_its_outcome_while_it_waits() {
        let budget = RetryBudget::new(14);
        let policy = RetryPolicy::new(Backoff::constant(s(3))).budget(&budget);
        let start = tokio::time::Instant::now();
        // The error is neither `Send` nor `Clone`.
        let result = policy
            .retry(|attempt| async move { Err::<(), _>(Rc::new(attempt.number())) })
            .long_polling()
            .await;
        assert_eq!((result, start.elapsed()), (Err(Rc::new(2)), s(6)));

        let outcome = policy
            .retry(|_| async { Err::<(), _>(Rc::new(7)) })
            .long_polling()
            .outcome()
            .await;
        assert_eq!(outcome.result, Err(Rc::new(7)));
        assert_eq!((start.elapsed(), outcome.waited), (s(9), s(3)));
        assert_eq!(outcome.reason, StopReason::OutOfBudget);
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
    async fn ten_thousand_calls_send_no_more_retries_than_tokens_allow() {
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
                    let call = policy.retry(|attempt| {
                        retries.fetch_add(attempt.number().min(2) - 1, Ordering::Relaxed);
                        std::future::ready(if down { Err(call % 2 == 0) } else { Ok(()) })
                    });
                    call.outcome().await.reason
                });
            }
            calls.join_all().await
        };
        let reasons = outage(true).await;
        let sent = retries.swap(0, Ordering::Relaxed);
        // The most expensive retry costs 14 and the cheapest 5.
        assert!((500 / 14..=500 / 5).contains(&sent), "{sent}");
        assert!(budget.available() < 14);
        let refused = reasons
            .iter()
            .filter(|&&r| r == StopReason::OutOfBudget)
            .count();
        assert!(refused > 9_900, "{refused}");
        // The server works again: each success adds a token.
        let reasons = outage(false).await;
        assert!(reasons.iter().all(|&reason| reason == StopReason::Success));
        assert_eq!(
            (budget.available(), retries.load(Ordering::Relaxed)),
            (500, 0)
        );
    }
}
