//! How often a call that never waits lets other tasks run.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "small numbers; a test may fail loudly"
)]

use std::sync::Mutex;

use reattempt::Limiter;

use super::*;

/// Polls `future` to its end and returns how often it was pending.
fn count_yields<F: Future>(future: F) -> u32 {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    let mut yields = 0;
    while future.as_mut().poll(&mut cx).is_pending() {
        yields += 1;
        assert!(yields < 10_000, "the call never ends");
    }
    yields
}

/// Counts the yields of a call and of a loop, both of `attempts` attempts.
fn yields_of(policy: &RetryPolicy, attempts: u32) -> [u32; 2] {
    let result = |attempt: reattempt::Attempt| {
        if attempt.number() < attempts {
            Err("down")
        } else {
            Ok(())
        }
    };
    let timer = ManualTimer::new();
    let call = policy.retry(|attempt| std::future::ready(result(attempt)));
    let by_call = count_yields(call.timer(&timer));
    let by_loop = count_yields(async {
        let mut calls = policy.start_with(&timer);
        loop {
            let attempt = calls.next_attempt().await;
            if calls.check(result(attempt)).is_break() {
                break;
            }
        }
    });
    [by_call, by_loop]
}

#[test]
fn a_call_without_delays_yields_every_64_attempts() {
    let none = RetryPolicy::new(Backoff::none()).unlimited_attempts();
    // The sleeps of this timer end at their first poll.
    let short = RetryPolicy::new(Backoff::constant(s(1))).unlimited_attempts();
    for (attempts, yields) in [(64, 0), (65, 1), (128, 1), (129, 2)] {
        assert_eq!(yields_of(&none, attempts), [yields; 2], "{attempts}");
        assert_eq!(yields_of(&short, attempts), [yields; 2], "{attempts}");
    }
}

/// A limiter that refuses this many times with this wait.
#[derive(Debug)]
struct Refusing(Mutex<u32>, Duration);

impl Limiter for Refusing {
    fn acquire(&self, _: Duration) -> Result<(), Duration> {
        let mut left = self.0.lock().unwrap();
        // Full again after each admission, for the next call.
        *left = left.checked_sub(1).unwrap_or(100);
        if *left == 100 { Ok(()) } else { Err(self.1) }
    }

    fn record(&self, _: Duration, _: bool) {}
}

#[test]
fn a_call_yields_each_time_a_limiter_returns_zero() {
    let policy = RetryPolicy::default().limiter(Refusing(Mutex::new(100), Duration::ZERO));
    assert_eq!(yields_of(&policy, 1), [100, 100]);
}

#[test]
fn a_call_whose_limiter_waits_end_at_once_yields() {
    // The sleeps of this timer end at their first poll.
    let policy = RetryPolicy::default().limiter(Refusing(Mutex::new(100), s(1)));
    assert_eq!(yields_of(&policy, 1), [1, 1]);
}
