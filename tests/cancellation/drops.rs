//! Calls, waits and sessions that are dropped or cancelled.

use super::*;

/// An attempt that is pending at its first poll, then fails.
struct FailLater(bool);

impl Future for FailLater {
    type Output = Result<(), &'static str>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.0 {
            return Poll::Ready(Err("down"));
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A timer whose sleeps are pending at their first poll and end at the second.
struct OnePoll;

impl Timer for OnePoll {
    type Sleep = SleepOnce;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> SleepOnce {
        SleepOnce(false)
    }
}

struct SleepOnce(bool);

impl Future for SleepOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        Poll::Pending
    }
}

#[test]
fn a_dropped_call_pays_only_for_the_retries_it_started() {
    let runs_at_end = |polls: usize, owned: bool| {
        let budget = RetryBudget::new(100);
        let runs = Cell::new(0);
        let op = |_| {
            runs.set(runs.get() + 1);
            FailLater(false)
        };
        let policy = Arc::new(policy(&budget, s(1)));
        let drive = |call: Pin<&mut dyn Future<Output = _>>| {
            let mut call = call;
            (0..polls).any(|_| poll(call.as_mut()).is_ready())
        };
        let has_ended = if owned {
            drive(pin!(
                Arc::clone(&policy).retry_owned(op).timer(OnePoll).outcome()
            ))
        } else {
            drive(pin!(policy.retry(op).timer(OnePoll).outcome()))
        };
        let retries: u32 = u32::saturating_sub(runs.get(), 1);
        assert_eq!(budget.available(), 100 - 14 * retries, "{polls} polls");
        (runs.get(), has_ended)
    };
    for owned in [false, true] {
        let seen: Vec<_> = (0..12).map(|polls| runs_at_end(polls, owned)).collect();
        // The first poll starts the first attempt. Each attempt and each wait is pending
        // once.
        assert_eq!(seen[0], (0, false));
        assert_eq!(seen[1], (1, false));
        assert!(seen.contains(&(2, false)));
        assert_eq!(seen[11], (3, true));
    }
}

#[tokio::test(start_paused = true)]
async fn cutting_a_wait_does_not_make_a_retry_free() {
    let budget = RetryBudget::new(14);
    let policy = policy(&budget, s(60)).unlimited_attempts();
    let start = tokio::time::Instant::now();
    let mut calls = policy.start();
    calls.next_attempt().await;
    assert!(calls.check(Err::<(), _>("down")).is_continue());
    // The next attempt starts after 60 s, no matter how often its wait is cut.
    let mut cuts = 0;
    while tokio::time::timeout(s(1), calls.next_attempt())
        .await
        .is_err()
    {
        cuts += 1;
        assert_eq!(budget.available(), 0);
    }
    assert!((58..=60).contains(&cuts), "{cuts}");
    assert_eq!(start.elapsed().as_secs(), 60);
    assert_eq!(calls.waited(), s(60));
    assert!(calls.check(Err::<(), _>("down")).is_break());
    assert_eq!(calls.stop_reason(), Some(StopReason::OutOfBudget));
    drop(calls);
    assert_eq!(budget.available(), 0);
}

#[test]
fn a_dropped_or_cancelled_session_returns_its_cost_once() {
    let budget = RetryBudget::new(100);
    let policy = policy(&budget, s(1));
    let failed = Err::<&(), _>(&"down");
    let mut cancelled = policy.start_at(s(0));
    assert_eq!(cancelled.decide(failed, s(0)), Decision::RetryAfter(s(1)));
    let mut dropped = policy.start_at(s(0));
    assert_eq!(dropped.decide(failed, s(0)), Decision::RetryAfter(s(1)));
    assert_eq!(budget.available(), 72);
    cancelled.cancel();
    assert_eq!(budget.available(), 86);
    drop(dropped);
    assert_eq!(budget.available(), 100);
    // A retry that has started stays paid. A later success returns its cost once.
    let mut session = policy.start_at(s(0));
    let _ = session.decide(failed, s(0));
    assert_eq!(session.admit(s(1)), Ok(()));
    assert_eq!(budget.available(), 86);
    let _ = session.decide(Ok::<_, &&str>(&()), s(1));
    session.cancel();
    assert_eq!(budget.available(), 100);
}

#[test]
fn an_attempt_out_of_turn_ends_the_loop_and_is_not_free() {
    let budget = RetryBudget::new(100);
    let policy = policy(&budget, s(60)).unlimited_attempts();
    let mut calls = policy.start_blocking().sleep_with(|_| ());
    calls.next_attempt();
    assert!(calls.check(Err::<(), _>("down")).is_continue());
    assert_eq!(
        calls.check(Err::<(), _>("again")),
        ControlFlow::Break(Err("again"))
    );
    assert_eq!(calls.stop_reason(), Some(StopReason::OutOfTurn));
    assert_eq!(calls.check(Ok::<_, &str>(1)), ControlFlow::Break(Ok(1)));
    drop(calls);
    assert_eq!(budget.available(), 86);
}

#[test]
fn sessions_and_loops_are_not_clone() {
    trait AmbiguousIfClone<A> {
        fn check() {}
    }
    impl<T: ?Sized> AmbiguousIfClone<()> for T {}
    struct Yes;
    impl<T: Clone> AmbiguousIfClone<Yes> for T {}
    fn check<P: PolicyRef>(_: &P) {
        <RetryLoop<P> as AmbiguousIfClone<_>>::check();
        <BlockingLoop<P> as AmbiguousIfClone<_>>::check();
    }
    <Session<'static> as AmbiguousIfClone<_>>::check();
    check(&&RetryPolicy::default());
}

/// An observer that records how calls end.
#[derive(Debug, Default)]
struct Ends(Mutex<Vec<(StopReason, u32)>>);

impl Observer for Ends {
    fn on_stop(&self, event: &StopEvent) {
        self.0
            .lock()
            .unwrap()
            .push((event.reason(), event.attempts()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_receives_the_end_of_a_dropped_call() {
    let ends = Arc::new(Ends::default());
    let policy = RetryPolicy::new(Backoff::constant(s(10))).observer(Arc::clone(&ends));
    let call = policy.retry(|_| async { Err::<(), _>("down") });
    assert!(tokio::time::timeout(s(15), call).await.is_err());
    let mut session = policy.start_at(s(0));
    let _ = session.decide(Err::<&(), _>(&"down"), s(0));
    session.cancel();
    let never_polled = policy.retry(|_| async { Err::<(), _>("down") });
    drop(never_polled);
    let ended = policy.retry(|_| async { Ok::<_, ()>(()) });
    assert_eq!(ended.await, Ok(()));
    assert_eq!(
        *ends.0.lock().unwrap(),
        [
            (StopReason::Cancelled, 2),
            (StopReason::Cancelled, 1),
            (StopReason::Success, 1)
        ]
    );
}
