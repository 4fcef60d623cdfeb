//! Observers and timers that panic.

use std::cell::Cell;
use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use reattempt::{
    Backoff, ManualTimer, Observer, RetryBudget, RetryEvent, RetryPolicy, StopEvent, Timer, Verdict,
};

use crate::{now_or_never, s};

/// Panics in each method whose flag is set.
struct Panics {
    on_retry: bool,
    on_stop: bool,
}

impl Observer for Panics {
    fn on_retry(&self, _: &RetryEvent) {
        assert!(!self.on_retry, "an observer that panics at a retry");
    }

    fn on_stop(&self, _: &StopEvent) {
        assert!(!self.on_stop, "an observer that panics at the end");
    }
}

const AT_RETRY: Panics = Panics {
    on_retry: true,
    on_stop: false,
};
const AT_STOP: Panics = Panics {
    on_retry: false,
    on_stop: true,
};

fn caught<R>(run: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}

#[test]
fn a_success_whose_observer_panics_is_credited_once() {
    let budget = RetryBudget::new(100).starting_at(0.0);
    let policy = RetryPolicy::new(Backoff::none())
        .budget(&budget)
        .observer(AT_STOP);
    let mut session = policy.start_at(s(0));
    let mut calls = policy.start_with(ManualTimer::new());
    now_or_never(calls.next_attempt());
    for _ in 0..5 {
        let _ = caught(|| session.decide_as(Verdict::Success, s(0)));
        let _ = caught(|| calls.check(Ok::<_, ()>(())));
    }
    assert_eq!(budget.available(), 2, "one attempt of each call succeeded");
}

#[test]
fn an_observer_panic_does_not_let_a_loop_exceed_its_attempts() {
    let policy = RetryPolicy::new(Backoff::none())
        .max_attempts(2)
        .observer(AT_STOP);
    let mut calls = policy.start_with(ManualTimer::new());
    let mut attempts = 0;
    while calls.stop_reason().is_none() && attempts < 10 {
        now_or_never(calls.next_attempt());
        attempts += 1;
        let _ = caught(|| calls.check(Err::<(), _>("down")));
    }
    assert_eq!(attempts, 2);
}

#[test]
fn a_loop_whose_observer_panics_still_waits() {
    let policy = RetryPolicy::new(Backoff::constant(s(7))).observer(AT_RETRY);
    let timer = ManualTimer::new();
    let mut calls = policy.start_with(&timer);
    now_or_never(calls.next_attempt());
    assert!(caught(|| calls.check(Err::<(), _>("down"))).is_none());
    now_or_never(calls.next_attempt());
    assert_eq!(calls.stop_reason(), None);
    assert_eq!(timer.sleeps(), [s(7)]);
}

/// A timer that panics at its third sleep.
#[derive(Default)]
struct PanicsAtThird(ManualTimer);

impl Timer for PanicsAtThird {
    type Sleep = <ManualTimer as Timer>::Sleep;

    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.advance(s(1));
        assert!(self.0.now() < s(3), "a timer that panics");
        ManualTimer::new().sleep(duration)
    }
}

#[test]
fn a_timer_that_panics_before_an_attempt_returns_its_cost() {
    let budget = RetryBudget::new(20);
    let policy = RetryPolicy::new(Backoff::constant(s(1))).budget(&budget);
    let started = Cell::new(0);
    let call = policy
        .retry(|_| {
            started.set(started.get() + 1);
            ready(Err::<(), _>("down"))
        })
        .timer(PanicsAtThird::default())
        .attempt_timeout_or(s(9), |_| "slow");
    assert!(caught(|| now_or_never(call)).is_none());
    assert_eq!((started.get(), budget.available()), (1, 20));
}
