//! Uses of the core that other tests do not have: settings after a poll, callbacks that
//! panic, calls after their end, and features in combination.
#![cfg(all(feature = "tokio", not(loom)))]

mod panics;
mod schedule;

use std::cell::Cell;
use std::future::{pending, ready};
use std::iter::repeat_with;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use reattempt::{
    Backoff, Decision, ErrorKind, Limiter, ManualTimer, Observer, Outcome, RetryBudget,
    RetryPolicy, StopEvent, StopReason, Verdict,
};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Returns the output of a future that is ready at its first poll.
fn now_or_never<F: Future>(future: F) -> F::Output {
    match poll_once(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the future is not ready"),
    }
}

#[test]
fn setting_a_timer_after_a_poll_does_not_repeat_the_attempt() {
    let (policy, timer) = (RetryPolicy::default(), ManualTimer::new());
    let started = Cell::new(0);
    let mut call = policy
        .retry(|_| {
            started.set(started.get() + 1);
            pending::<Result<(), &str>>()
        })
        .timer(&timer);
    assert!(poll_once(Pin::new(&mut call)).is_pending());
    let mut call = call.timer(&timer);
    let _ = poll_once(Pin::new(&mut call));
    assert_eq!(started.get(), 1);
}

#[test]
fn a_setting_after_the_end_does_not_run_the_operation_again() {
    let (policy, timer) = (RetryPolicy::default(), ManualTimer::new());
    let started = Cell::new(0);
    let mut call = policy
        .retry(|_| {
            started.set(started.get() + 1);
            ready(Ok::<_, &str>(()))
        })
        .timer(&timer);
    assert!(poll_once(Pin::new(&mut call)).is_ready());
    let mut call = call.long_polling();
    let _ = poll_once(Pin::new(&mut call));
    assert_eq!(started.get(), 1);
}

#[test]
fn a_retry_that_costs_nothing_is_never_refused() {
    let budget = RetryBudget::new(10).costs(5, 0).refill(1.0);
    let policy = RetryPolicy::new(Backoff::none()).budget(&budget);
    let late = s(100) + Duration::from_millis(50);
    for _ in 0..2 {
        let mut session = policy.start_at(late);
        let throttled = Verdict::retry(ErrorKind::Throttling);
        assert_eq!(
            session.decide_as(throttled, late),
            Decision::RetryAfter(s(0))
        );
        assert_eq!(session.admit(late), Ok(()));
    }
    // Another thread read the clock 50 ms earlier, and was interrupted after that.
    let mut session = policy.start_at(s(100));
    let free = session.decide_as(Verdict::retry(ErrorKind::Server), s(100));
    assert_eq!(free, Decision::RetryAfter(s(0)));
}

/// Advances the time at the end of a call.
struct SlowEnd(ManualTimer);

impl Observer for SlowEnd {
    fn on_stop(&self, _: &StopEvent) {
        self.0.advance(s(8));
    }
}

#[test]
fn a_slow_observer_does_not_move_a_last_wait_past_the_limit() {
    let timer = ManualTimer::new();
    let policy = RetryPolicy::new(Backoff::constant(s(4)))
        .budget(&RetryBudget::new(0))
        .max_elapsed(s(10))
        .observer(SlowEnd(timer.clone()));
    let call = policy.retry(|_| ready(Err::<(), _>("down"))).long_polling();
    let outcome = now_or_never(call.timer(&timer).outcome());
    assert_eq!(outcome.result, Err("down"));
    assert!(timer.now() <= s(10), "the call took {:?}", timer.now());
    // Only the rest of the wait counts.
    assert_eq!(outcome.waited, timer.sleeps().iter().sum());
}

/// Takes 25 ms of the process's clock, which sync calls read.
#[expect(clippy::disallowed_methods, reason = "the call reads the same clock")]
fn be_busy() {
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(25) {}
}

/// An observer that takes its time at the end of a call.
struct BusyEnd;

impl Observer for BusyEnd {
    fn on_stop(&self, _: &StopEvent) {
        be_busy();
    }
}

/// A wait that would end 20 ms before a limit of an hour.
const fn long_delay() -> Duration {
    s(3600).saturating_sub(Duration::from_millis(20))
}

#[test]
fn a_slow_observer_shortens_the_last_wait_of_a_sync_call() {
    let policy = RetryPolicy::new(Backoff::constant(long_delay()))
        .budget(&RetryBudget::new(0))
        .max_elapsed(s(3600))
        .observer(BusyEnd);
    let outcome_and_sleep = || {
        let mut slept = Vec::new();
        let call = policy
            .retry_blocking(|_| Err::<(), _>("down"))
            .long_polling();
        let outcome = call.sleep_with(|delay| slept.push(delay)).outcome();
        (outcome, slept)
    };
    // If the machine stops the thread for 20 ms, the call has no last wait.
    let has_last_wait =
        |(outcome, _): &(Outcome<_, _>, _)| outcome.reason == StopReason::OutOfBudget;
    let (outcome, slept) = repeat_with(outcome_and_sleep)
        .take(100)
        .find(has_last_wait)
        .unwrap();
    assert_eq!(slept, [outcome.waited]);
    assert!(outcome.waited < long_delay(), "{outcome:?}");
}

/// An error that takes its time to be dropped.
struct BusyDrop;

impl Drop for BusyDrop {
    fn drop(&mut self) {
        be_busy();
    }
}

#[test]
fn a_slow_drop_shortens_the_wait_of_a_sync_call() {
    let policy = RetryPolicy::new(Backoff::constant(long_delay())).max_elapsed(s(3600));
    let waits = || {
        let mut slept = Vec::new();
        let fails_once = |attempt: reattempt::Attempt| match attempt.number() {
            1 => Err(BusyDrop),
            _ => Ok(()),
        };
        let call = policy.retry_blocking(fails_once);
        let outcome = call.sleep_with(|delay| slept.push(delay)).outcome();
        assert_eq!(slept.iter().sum::<Duration>(), outcome.waited);
        slept
    };
    // If the machine stops the thread for 20 ms, the call does not wait.
    let slept = repeat_with(waits)
        .take(100)
        .find(|slept| !slept.is_empty())
        .unwrap();
    assert!(slept[0] < long_delay(), "{slept:?}");
}

#[test]
fn a_loop_that_ended_returns_its_last_attempt() {
    let policy = RetryPolicy::new(Backoff::none()).max_attempts(2);
    let mut calls = policy.start_with(ManualTimer::new());
    for _ in 0..2 {
        now_or_never(calls.next_attempt());
        let _ = calls.check(Err::<(), _>("down"));
    }
    assert!(calls.stop_reason().is_some());
    assert_eq!(now_or_never(calls.next_attempt()).number(), 2);
}

/// Admits every request, and counts them.
#[derive(Debug, Default)]
struct Admits {
    asked: AtomicU32,
}

impl Limiter for Admits {
    fn acquire(&self, _: Duration) -> Result<(), Duration> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn record(&self, _: Duration, _: bool) {}
}

#[test]
fn a_session_that_ended_does_not_ask_the_limiter() {
    let limiter = Arc::new(Admits::default());
    let policy = RetryPolicy::new(Backoff::none()).limiter(Arc::clone(&limiter));
    let mut session = policy.start_at(s(0));
    assert_eq!(session.admit(s(0)), Ok(()));
    let _ = session.decide_as(Verdict::Success, s(0));
    let _ = session.admit(s(0));
    assert_eq!(limiter.asked.load(Ordering::Relaxed), 1);
}

#[cfg(feature = "tower")]
#[tokio::test(start_paused = true)]
async fn a_tower_call_with_a_timeout_serves_its_last_wait() {
    use reattempt::{Timer, TokioTimer};
    use tower::{Layer, Service};

    let policy = RetryPolicy::new(Backoff::constant(s(4))).budget(&RetryBudget::new(14));
    let sent = Cell::new(0);
    let service = tower::service_fn(|_: u32| {
        sent.set(sent.get() + 1);
        pending::<std::io::Result<u32>>()
    });
    let layer = reattempt::tower::RetryLayer::cloning(policy, |number: &u32| Some(*number));
    let mut service = layer.attempt_timeout(s(2)).layer(service);
    let start = TokioTimer::new().now();
    let outcome = service
        .call(7)
        .long_polling()
        .max_attempts(9)
        .outcome()
        .await;
    assert_eq!((outcome.attempts, sent.get()), (2, 2));
    assert_eq!(outcome.reason, StopReason::OutOfBudget);
    // Two attempts of 2 s, and two waits of 4 s.
    assert_eq!(TokioTimer::new().now().saturating_sub(start), s(12));
}
