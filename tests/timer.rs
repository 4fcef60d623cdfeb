//! Timers: smart pointers to them, the manual timer, and auto traits.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use reattempt::testing::{ManualSleep, Script};
use reattempt::{AdaptiveLimiter, Backoff, ManualTimer, RetryBudget, RetryPolicy, Timer};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Sleeps for two seconds with `timer` and returns the time it then reads.
fn sleep_with(timer: impl Timer) -> Duration {
    let sleep = pin!(timer.sleep(s(2)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(sleep.poll(&mut context).is_ready());
    timer.now()
}

#[test]
fn pointers_to_a_timer_are_timers() {
    let timer = ManualTimer::new();
    assert_eq!(sleep_with(&timer), s(2));
    assert_eq!(sleep_with(Arc::new(timer.clone())), s(4));
    assert_eq!(sleep_with(Rc::new(timer.clone())), s(6));
    assert_eq!(sleep_with(Box::new(timer.clone())), s(8));
    let unsized_timer: Arc<dyn Timer<Sleep = ManualSleep>> = Arc::new(timer.clone());
    assert_eq!(sleep_with(unsized_timer), s(10));
    assert_eq!(timer.sleeps(), [s(2); 5]);
}

#[test]
fn a_sleep_that_is_never_polled_takes_no_time() {
    let timer = ManualTimer::new();
    drop(timer.sleep(s(9)));
    assert_eq!((timer.now(), timer.sleeps()), (s(0), vec![]));
}

#[test]
fn a_polled_sleep_moves_the_time_once() {
    let timer = ManualTimer::new();
    let mut sleep = pin!(timer.sleep(s(9)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(sleep.as_mut().poll(&mut context).is_ready());
    assert!(sleep.as_mut().poll(&mut context).is_ready());
    assert_eq!((timer.now(), timer.sleeps()), (s(9), vec![s(9)]));
    timer.advance(Duration::MAX);
    timer.advance(s(1));
    assert_eq!(timer.now(), Duration::MAX);
}

#[test]
fn a_script_repeats_its_last_result() {
    let script = Script::new([1, 2], 9);
    let clone = script.clone();
    assert_eq!((script.call(), clone.call()), (1, 2));
    assert_eq!((script.call(), script.call()), (9, 9));
    assert_eq!((script.calls(), clone.calls()), (4, 4));
}

#[test]
fn a_blocking_call_without_delays_completes() {
    let script = Script::new([Err("down")], Ok(3));
    let policy = RetryPolicy::new(Backoff::none());
    assert_eq!(policy.retry_blocking(|_| script.call()).call(), Ok(3));
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn a_zero_sleep_of_tokio_completes_at_its_first_poll() {
    let timer = reattempt::TokioTimer::new();
    let mut context = Context::from_waker(Waker::noop());
    assert!(
        pin!(timer.sleep(Duration::ZERO))
            .poll(&mut context)
            .is_ready()
    );
    assert!(pin!(timer.sleep(s(1))).poll(&mut context).is_pending());
}

#[test]
fn timers_budgets_and_limiters_are_unwind_safe() {
    fn check<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
    check::<AdaptiveLimiter>();
    check::<Backoff>();
    check::<reattempt::Delays>();
    check::<ManualTimer>();
    check::<ManualSleep>();
    check::<RetryBudget>();
    check::<Script<u8>>();
    #[cfg(feature = "governor")]
    check::<reattempt::GovernorLimiter>();
    #[cfg(feature = "tokio")]
    check::<reattempt::TokioTimer>();
}
