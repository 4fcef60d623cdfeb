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
