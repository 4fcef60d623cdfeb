//! Waits, limits and clocks.

use super::*;

#[tokio::test(start_paused = true)]
async fn waits_are_served_in_virtual_time() {
    let start = Instant::now();
    let outcome = RetryPolicy::new(Backoff::constant(s(3)))
        .retry(|_| async { Err::<(), _>("down") })
        .outcome()
        .await;
    assert_eq!((outcome.result, outcome.attempts), (Err("down"), 3));
    assert_eq!(outcome.waited, s(6));
    // Tokio's timer rounds up to whole milliseconds.
    assert!((s(6)..s(6) + Duration::from_millis(3)).contains(&start.elapsed()));
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_counts_from_the_first_poll() {
    let call = RetryPolicy::new(Backoff::constant(s(4)))
        .unlimited_attempts()
        .max_elapsed(s(10));
    let call = call.retry(|_| async { Err::<(), _>("down") }).outcome();
    tokio::time::sleep(s(60)).await;
    let outcome = call.await;
    assert_eq!(
        (outcome.attempts, outcome.reason),
        (3, StopReason::OutOfTime)
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_cut_at_its_limit_or_at_the_time_left() {
    let policy = RetryPolicy::new(Backoff::constant(s(1))).max_attempts(9);
    let mut cuts = Vec::new();
    let outcome = policy
        .retry(|_| std::future::pending::<Result<(), Failure>>())
        .attempt_timeout(s(4))
        .max_elapsed(s(12))
        .on_retry(|event| cuts.push(format!("{:?}", event.error())))
        .outcome()
        .await;
    assert_eq!(cuts, ["Some(Slow(4s))", "Some(Slow(4s))"]);
    let Err(Failure::Slow(last)) = outcome.result else {
        panic!("{outcome:?}");
    };
    assert!(
        last <= s(2) && last > Duration::from_millis(1_900),
        "{last:?}"
    );
    assert_eq!(outcome.reason, StopReason::OutOfTime);
}

#[tokio::test]
async fn a_running_attempt_is_not_cut_without_a_timeout() {
    let timer = ManualTimer::new();
    let result = RetryPolicy::new(Backoff::constant(s(1)))
        .max_elapsed(s(2))
        .retry(|_| async {
            timer.advance(s(100));
            Ok::<_, Failure>("late")
        })
        .timer(&timer)
        .await;
    assert_eq!(result, Ok("late"));
}

#[tokio::test]
async fn a_slow_hook_shortens_a_wait_only_for_the_time_limit() {
    // The hook takes 3 s before a wait of 4 s.
    for (limit, end, sleep) in [(10, 7, 4), (6, 4, 1)] {
        let timer = ManualTimer::new();
        let result = RetryPolicy::new(Backoff::constant(s(4)))
            .max_attempts(2)
            .max_elapsed(s(limit))
            .retry(|_| async { Err::<(), _>("down") })
            .on_retry(|_| timer.advance(s(3)))
            .timer(&timer)
            .await;
        assert_eq!(result, Err("down"));
        assert_eq!((timer.now(), timer.sleeps()), (s(end), vec![s(sleep)]));
    }
}

/// An operation that never waits, such as an endless download. It is pending only if the
/// task has used up tokio's budget.
async fn endless() -> Result<(), Failure> {
    loop {
        tokio::task::coop::consume_budget().await;
    }
}

#[tokio::test]
async fn an_attempt_that_never_waits_is_cut_too() {
    // Use the real clock, because a paused one does not move while a task is busy.
    let outcome = RetryPolicy::new(Backoff::none())
        .max_attempts(2)
        .retry(|_| endless())
        .attempt_timeout(Duration::from_millis(1))
        .outcome()
        .await;
    assert_eq!(outcome.attempts, 2);
}

/// A timer whose clock must not be read.
struct NoClock;

impl Timer for NoClock {
    type Sleep = std::future::Ready<()>;

    fn now(&self) -> Duration {
        unreachable!("the clock was read")
    }

    fn sleep(&self, _: Duration) -> Self::Sleep {
        std::future::ready(())
    }
}

#[tokio::test]
async fn no_clock_is_read_without_a_time_limit_or_a_refill() {
    let budget = RetryBudget::new(100);
    for policy in [
        RetryPolicy::default(),
        RetryPolicy::default().budget(&budget),
    ] {
        let call =
            |fails| policy.retry(move |_| async move { if fails { Err(()) } else { Ok(()) } });
        assert_eq!(call(false).timer(NoClock).await, Ok(()));
        assert_eq!(call(true).timer(NoClock).await, Err(()));
    }
    // A loop without delays.
    let policy = RetryPolicy::new(Backoff::none()).budget(&budget);
    let mut calls = policy.start_with(NoClock);
    while calls.stop_reason().is_none() {
        calls.next_attempt().await;
        let _ = calls.check(Err::<(), _>(()));
    }
}
