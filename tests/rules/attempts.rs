//! The number of attempts, and the handling of their outcomes.

use super::*;

#[test]
fn attempts_are_limited_with_the_first_one_counted() {
    for (max, expected) in [(0, 1), (1, 1), (2, 2), (7, 7)] {
        let mut runs = 0;
        let outcome = RetryPolicy::new(Backoff::none())
            .max_attempts(max)
            .retry_blocking(|attempt| {
                runs += 1;
                assert_eq!(attempt.number(), runs);
                assert_eq!(attempt.max_attempts(), Some(expected));
                assert_eq!(attempt.is_last(), runs == expected);
                Err::<(), _>("down")
            })
            .outcome();
        assert_eq!((runs, outcome.attempts), (expected, expected));
        assert_eq!(outcome.reason, StopReason::OutOfAttempts);
    }
}

#[test]
fn a_policy_makes_three_attempts_by_default() {
    let (policy, lifted) = (
        RetryPolicy::default(),
        RetryPolicy::default().unlimited_attempts(),
    );
    assert_eq!(policy.start_at(s(0)).attempt().max_attempts(), Some(3));
    assert_eq!(lifted.start_at(s(0)).attempt().max_attempts(), None);
    assert_eq!(
        policy.start_blocking().next_attempt().max_attempts(),
        Some(3)
    );
}

#[test]
fn success_and_permanent_do_not_run_the_operation_again() {
    for (verdict, reason) in [
        (Verdict::Success, StopReason::Success),
        (Verdict::Permanent, StopReason::Permanent),
    ] {
        let runs = Cell::new(0);
        let outcome = always(constant(1), verdict)
            .retry_blocking(|_| {
                runs.set(runs.get() + 1);
                Err::<(), ()>(())
            })
            .outcome();
        assert_eq!((runs.get(), outcome.reason), (1, reason));
    }
}

#[test]
fn the_last_outcome_is_returned_unchanged() {
    // A type that implements no trait.
    struct Opaque(u32);
    let result = RetryPolicy::new(Backoff::none())
        .retry_blocking(|attempt| Err::<Opaque, Opaque>(Opaque(attempt.number())))
        .call();
    assert!(matches!(result, Err(Opaque(3))));

    let kept = RetryPolicy::new(Backoff::none())
        .classify_fn(|_: Result<&u16, &()>| Verdict::retry(ErrorKind::Server))
        .retry_blocking(|_| Ok::<u16, ()>(503))
        .outcome();
    assert_eq!(kept.result, Ok(503));
    assert_eq!(kept.reason, StopReason::OutOfAttempts);
    assert_eq!(kept.kind, Some(ErrorKind::Server));
    assert_eq!(kept.into_result(), Ok(503));
}

#[test]
fn an_outcome_that_is_retried_is_dropped_before_the_wait() {
    struct Held<'a>(&'a Cell<u32>);
    impl Drop for Held<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    let held = Cell::new(0);
    let result = constant(1)
        .retry_blocking(|_| {
            held.set(held.get() + 1);
            Err::<(), _>(Held(&held))
        })
        .sleep_with(|_| assert_eq!(held.get(), 0))
        .call();
    assert_eq!(held.get(), 1);
    drop(result);
    assert_eq!(held.get(), 0);
}

#[test]
fn the_operation_is_called_after_the_wait() {
    let log = RefCell::new(Vec::new());
    let _ = constant(1)
        .retry_blocking(|attempt| {
            log.borrow_mut()
                .push(format!("attempt {}", attempt.number()));
            Err::<(), _>(())
        })
        .sleep_with(|_| log.borrow_mut().push("wait".to_owned()))
        .call();
    let expected = ["attempt 1", "wait", "attempt 2", "wait", "attempt 3"];
    assert_eq!(*log.borrow(), expected);
}

#[test]
fn a_predicate_selects_errors_per_call_and_per_policy() {
    let policy =
        RetryPolicy::new(Backoff::none()).when(|e: &io::Error| e.kind() == io::ErrorKind::TimedOut);
    let timed_out = || Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut));
    assert_eq!(policy.retry_blocking(|_| timed_out()).outcome().attempts, 3);
    let per_call = policy
        .retry_blocking(|_| timed_out())
        .when(|_| false)
        .outcome();
    assert_eq!(per_call.attempts, 1);
    let erased: RetryPolicy<reattempt::DynClassify<(), io::Error>> = policy.erased();
    assert_eq!(
        erased
            .clone()
            .retry_blocking(|_| timed_out())
            .outcome()
            .attempts,
        3
    );
}
