//! Observers, hooks and errors.

use super::*;

/// An observer that records its events.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<(Vec<RetryEvent>, Vec<StopEvent>)>>);

impl Observer for Events {
    fn on_retry(&self, event: &RetryEvent) {
        self.0.lock().unwrap().0.push(*event);
    }

    fn on_stop(&self, event: &StopEvent) {
        self.0.lock().unwrap().1.push(*event);
    }
}

#[test]
fn an_observer_receives_each_wait_once_with_its_delay() {
    let (events, timer) = (Events::default(), ManualTimer::new());
    let mut hooked = Vec::new();
    let outcome = RetryPolicy::default()
        .max_attempts(4)
        .name("orders")
        .observer(events.clone())
        .retry_blocking(|_| Err::<(), _>("down"))
        .on_retry(|event| {
            assert_eq!(event.error(), Some(&"down"));
            hooked.push((event.attempt(), event.delay()));
        })
        .sleep_with(|delay| timer.sleep_blocking(delay))
        .outcome();
    let (retries, stops) = &*events.0.lock().unwrap();
    let observed: Vec<_> = retries
        .iter()
        .map(|event| (event.attempt(), event.delay()))
        .collect();
    assert_eq!(observed, hooked);
    let delays: Vec<_> = retries.iter().map(RetryEvent::delay).collect();
    assert_eq!(delays, timer.sleeps());
    let numbers: Vec<_> = retries
        .iter()
        .map(|event| event.attempt().number())
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(retries.iter().all(|event| event.name() == Some("orders")));
    assert!(
        retries
            .iter()
            .all(|event| event.kind() == ErrorKind::Transient)
    );
    assert_eq!(outcome.waited, delays.iter().sum());
    assert_eq!(stops.len(), 1);
    assert_eq!(
        (stops[0].attempts(), stops[0].reason(), stops[0].kind()),
        (4, StopReason::OutOfAttempts, Some(ErrorKind::Transient))
    );
}

#[test]
fn a_stop_event_describes_its_call() {
    let stop_of = |policy: RetryPolicy, kind| {
        let events = Events::default();
        let _ = policy
            .observer(events.clone())
            .classify_fn(move |_: Result<&(), &()>| Verdict::retry(kind))
            .retry_blocking(|_| Err(()))
            .call();
        let stop = *events.0.lock().unwrap().1.first().unwrap();
        (stop.name(), stop.max_attempts(), stop.all_throttled())
    };
    let policy = RetryPolicy::new(Backoff::none()).max_attempts(2);
    assert_eq!(
        stop_of(policy.clone().name("orders"), ErrorKind::Throttling),
        (Some("orders"), Some(2), true)
    );
    assert_eq!(stop_of(policy, ErrorKind::Server), (None, Some(2), false));
}

#[test]
fn events_print_as_one_line() {
    let texts = |policy: RetryPolicy| {
        let events = Events::default();
        let mut hooked = Vec::new();
        let _ = policy
            .observer(events.clone())
            .retry_blocking(|attempt| {
                if attempt.number() == 2 {
                    Ok(())
                } else {
                    Err("down")
                }
            })
            .on_retry(|event| hooked.push(event.to_string()))
            .sleep_with(|_| ())
            .call();
        let (retries, stops) = &*events.0.lock().unwrap();
        assert_eq!(hooked, [retries[0].to_string()]);
        (hooked, stops[0].to_string())
    };
    let policy = RetryPolicy::new(Backoff::constant(Duration::from_millis(250)));
    let (retry, stop) = texts(policy.clone().name("orders"));
    assert_eq!(
        retry,
        ["orders: attempt 1 of 3 failed (transient), retrying in 0.25 s"]
    );
    assert_eq!(
        stop,
        "orders: ended after 2 attempts and 0.25 s of waiting: success"
    );
    let (retry, _) = texts(policy.unlimited_attempts());
    assert_eq!(retry, ["attempt 1 failed (transient), retrying in 0.25 s"]);
}

#[test]
fn calls_draw_different_delays_and_a_seed_repeats_them() {
    let delays = |policy: &RetryPolicy| {
        let timer = ManualTimer::new();
        let _ = policy
            .retry_blocking(|_| Err::<(), _>(()))
            .sleep_with(|delay| timer.sleep_blocking(delay))
            .call();
        timer.sleeps()
    };
    let policy = RetryPolicy::default().max_attempts(5);
    assert_ne!(delays(&policy), delays(&policy));
    let seeded = policy.seed(42);
    assert_eq!(delays(&seeded), delays(&seeded));
    let schedule: Vec<_> = Backoff::exponential(s(1))
        .delays_seeded(42)
        .take(4)
        .collect();
    assert_eq!(delays(&seeded), schedule);
}

#[test]
fn a_seed_repeats_delays_of_centuries() {
    let backoff = Backoff::exponential(s(500 * 31_536_000))
        .cap(Duration::MAX)
        .jitter(Jitter::Decorrelated);
    let policy = RetryPolicy::new(backoff).max_attempts(5).seed(0);
    let mut session = policy.start_at(s(0));
    let delays: Vec<_> = (0..4)
        .map(|_| match session.decide(Err::<&(), _>(&()), s(0)) {
            Decision::RetryAfter(delay) => delay,
            Decision::Stop(reason) => unreachable!("{reason}"),
        })
        .collect();
    assert!(backoff.delays_seeded(0).take(4).eq(delays));
}

#[test]
fn an_error_describes_the_call_and_keeps_its_source() {
    let error = constant(2)
        .retry_blocking(|_| Err::<(), _>(io::Error::other("disk")))
        .sleep_with(|_| ())
        .outcome()
        .into_result()
        .unwrap_err();
    let text = "gave up after 3 attempts and 4 s of waiting: attempts exhausted";
    assert_eq!(error.to_string(), text);
    assert_eq!(error.source().unwrap().to_string(), "disk");
    assert_eq!((error.attempts(), error.waited()), (3, s(4)));
    assert_eq!(error.reason(), StopReason::OutOfAttempts);
    assert_eq!(error.kind(), Some(ErrorKind::Transient));
    assert_eq!(error.get_ref().to_string(), "disk");
    assert_eq!(error.into_inner().to_string(), "disk");

    let permanent = constant(2)
        .retry_blocking(|_| Err::<(), _>(io::Error::other("disk")))
        .when(|_| false)
        .outcome()
        .into_result()
        .unwrap_err();
    let text = "gave up after 1 attempt and 0 s of waiting: a retry would not help";
    assert_eq!(permanent.to_string(), text);

    let accepted = constant(2)
        .retry_blocking(|_| Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)))
        .classify_fn(|_| Verdict::Success)
        .outcome()
        .into_result()
        .unwrap_err();
    let text = "ended after 1 attempt and 0 s of waiting: success";
    assert_eq!(accepted.to_string(), text);
}

#[test]
fn only_a_call_that_was_always_throttled_mentions_a_quota() {
    let message = |kinds: [ErrorKind; 2]| {
        RetryPolicy::new(Backoff::none())
            .max_attempts(2)
            .retry_blocking(|attempt| {
                Err::<(), _>(io::Error::other(format!("{}", attempt.number())))
            })
            .classify_fn(|outcome| match outcome {
                Err(error) if error.to_string() == "1" => Verdict::retry(kinds[0]),
                _ => Verdict::retry(kinds[1]),
            })
            .outcome()
            .into_result()
            .unwrap_err()
            .to_string()
    };
    let (throttled, server) = (ErrorKind::Throttling, ErrorKind::Server);
    assert!(message([throttled, throttled]).ends_with("a service quota increase may help"));
    assert!(!message([server, throttled]).contains("quota"));
    assert!(!message([throttled, server]).contains("quota"));
}
