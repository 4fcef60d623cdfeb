//! Loops and sessions.

use super::*;

#[test]
fn a_loop_borrows_mutable_state() {
    let policy = RetryPolicy::new(Backoff::none());
    let mut sent = Vec::new();
    let buffer = &mut sent;
    let mut session = policy.start_blocking();
    let done = loop {
        buffer.push(session.next_attempt().number());
        let result = if buffer.len() < 3 {
            Err("busy")
        } else {
            Ok(buffer.len())
        };
        if let ControlFlow::Break(done) = session.check(result) {
            break done;
        }
    };
    assert_eq!(done, Ok(3));
    assert_eq!((session.attempts(), session.waited()), (3, s(0)));
    assert_eq!(session.stop_reason(), Some(StopReason::Success));
    assert_eq!(sent, [1, 2, 3]);
}

#[test]
fn a_session_that_has_stopped_stays_stopped() {
    let policy = RetryPolicy::new(Backoff::none()).max_attempts(1);
    let mut session = policy.start_at(s(0));
    let stop = Decision::Stop(StopReason::OutOfAttempts);
    assert_eq!(session.decide(FAILED, s(0)), stop);
    assert_eq!(session.decide(FAILED, s(0)), stop);
    assert_eq!(session.attempts(), 1);
}

/// A limiter that answers what is left of its list, and then admits everything.
#[derive(Debug)]
struct Answers(Mutex<Vec<Duration>>);

impl reattempt::Limiter for Answers {
    fn acquire(&self, _: Duration) -> Result<(), Duration> {
        self.0.lock().unwrap().pop().map_or(Ok(()), Err)
    }

    fn record(&self, _: Duration, _: bool) {}
}

#[test]
fn a_sync_loop_yields_once_if_a_limiter_returns_zero() {
    let policy = RetryPolicy::new(Backoff::none()).limiter(Answers(Mutex::new(vec![s(2), s(0)])));
    let mut slept = Vec::new();
    let mut calls = policy
        .start_blocking()
        .sleep_with(|delay| slept.push(delay));
    assert_eq!(calls.next_attempt().number(), 1);
    drop(calls);
    assert_eq!(slept, [s(0), s(2)]);
}
