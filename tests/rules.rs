//! The rules of retrying, through the sync driver and the sans-I/O session.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "figures of a test are small and known"
)]

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use reattempt::{
    Backoff, Decision, ErrorKind, Jitter, ManualTimer, Observer, RetryBudget, RetryEvent,
    RetryPolicy, ServerHint, StopEvent, StopReason, Verdict,
};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn constant(seconds: u64) -> RetryPolicy {
    RetryPolicy::new(Backoff::constant(s(seconds)))
}

/// A policy that gives every outcome this verdict.
fn always(policy: RetryPolicy, verdict: Verdict) -> RetryPolicy<impl reattempt::Classify<(), ()>> {
    policy.classify_fn(move |_: Result<&(), &()>| verdict)
}

const FAILED: Result<&(), &()> = Err(&());

#[test]
fn attempts_are_bounded_with_the_first_one_counted() {
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
fn a_policy_makes_three_attempts_unless_told_otherwise() {
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
fn success_and_permanent_run_the_operation_no_more() {
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
fn a_wait_that_would_end_late_is_not_begun() {
    let policy = constant(4).unlimited_attempts().max_elapsed(s(10));
    let mut session = policy.start_at(s(100));
    assert_eq!(session.decide(FAILED, s(101)), Decision::RetryAfter(s(4)));
    let just_in_time = s(106).saturating_sub(Duration::from_nanos(1));
    assert_eq!(
        session.decide(FAILED, just_in_time),
        Decision::RetryAfter(s(4))
    );
    // A wait that ends at 10 s exactly leaves the attempt no time.
    let mut late = policy.start_at(s(100));
    let stop = Decision::Stop(StopReason::OutOfTime);
    assert_eq!(late.decide(FAILED, s(106)), stop);
    assert_eq!(late.stop_reason(), Some(StopReason::OutOfTime));
}

#[test]
fn the_time_limit_counts_from_the_start_of_each_call() {
    let policy = constant(1).max_elapsed(s(10));
    for start in [0, 50, 1_000_000] {
        let mut session = policy.start_at(s(start));
        assert_eq!(session.attempt().remaining(), Some(s(10)));
        assert_eq!(
            session.decide(FAILED, s(start + 2)),
            Decision::RetryAfter(s(1))
        );
        assert_eq!(session.attempt().remaining(), Some(s(7)));
    }
}

#[test]
fn a_sync_call_takes_a_wait_for_served_when_its_sleep_returns() {
    let timer = ManualTimer::new();
    let outcome = constant(4)
        .unlimited_attempts()
        .max_elapsed(s(10))
        .retry_blocking(|_| Err::<(), _>("down"))
        .sleep_with(|delay| timer.sleep_blocking(delay))
        .outcome();
    assert_eq!(outcome.reason, StopReason::OutOfTime);
    assert_eq!(timer.sleeps(), [s(4), s(4)]);
    assert_eq!((outcome.attempts, outcome.waited), (3, s(8)));
}

#[test]
fn the_last_outcome_comes_back_as_it_was_returned() {
    // Neither Clone, Debug nor anything else.
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
fn an_outcome_to_be_retried_is_dropped_before_the_wait() {
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

#[track_caller]
fn hinted(hint: ServerHint, asked: u64) -> Decision {
    let verdict = Verdict::retry(ErrorKind::Throttling).after(s(asked));
    let policy = always(constant(10).server_hint(hint), verdict);
    policy
        .start_at(Duration::ZERO)
        .decide(FAILED, Duration::ZERO)
}

#[test]
fn a_server_hint_is_ignored_honoured_or_bounded() {
    let honor = ServerHint::Honor { max: s(60) };
    let bounded = ServerHint::Bounded { slack: s(5) };
    for (hint, asked, expected) in [
        (ServerHint::Ignore, 86_400, 10),
        (honor, 3, 10),
        (honor, 30, 30),
        (honor, 60, 60),
        (bounded, 3, 10),
        (bounded, 12, 12),
        (bounded, 86_400, 15),
    ] {
        assert_eq!(
            hinted(hint, asked),
            Decision::RetryAfter(s(expected)),
            "{hint:?} {asked}"
        );
    }
    let too_long = Decision::Stop(StopReason::ServerDelayTooLong(s(61)));
    assert_eq!(hinted(honor, 61), too_long);
    assert_eq!(ServerHint::default(), ServerHint::Honor { max: s(300) });
}

#[test]
fn a_thousand_clients_told_the_same_second_do_not_come_back_in_it() {
    let verdict = Verdict::retry(ErrorKind::Throttling).after(s(30));
    let policy = always(RetryPolicy::new(Backoff::exponential(s(8))), verdict);
    let delays: std::collections::HashSet<Duration> = (0..1_000)
        .map(|_| match policy.start_at(s(0)).decide(FAILED, s(0)) {
            Decision::RetryAfter(delay) => delay,
            Decision::Stop(reason) => panic!("{reason}"),
        })
        .collect();
    assert!(delays.len() > 990);
    assert!(delays.iter().all(|delay| (s(30)..=s(38)).contains(delay)));
    assert!(delays.iter().any(|delay| *delay > s(37)));
}

#[test]
fn the_spread_of_a_hint_is_at_most_half_of_it_and_follows_the_seed() {
    let backoff = Backoff::exponential(s(20));
    let hinted = |policy: RetryPolicy| {
        let verdict = Verdict::retry(ErrorKind::Server).after(s(30));
        let policy = always(policy, verdict);
        match policy.start_at(s(0)).decide(FAILED, s(0)) {
            Decision::RetryAfter(delay) => delay,
            Decision::Stop(reason) => unreachable!("{reason}"),
        }
    };
    // Ceiling 20 s, half of the hint 15 s: the smaller one bounds the spread.
    let delays: Vec<_> = (0..2_000)
        .map(|seed| hinted(RetryPolicy::new(backoff).seed(seed)))
        .collect();
    let longest = delays.iter().max().unwrap();
    assert!((s(44)..=s(45)).contains(longest), "{longest:?}");
    assert_eq!(delays[7], hinted(RetryPolicy::new(backoff).seed(7)));
    // No spread where there is no jitter to speak of.
    for share in [0.0, -1.0, f64::NAN] {
        let still = backoff.jitter(Jitter::Proportional(share));
        assert_eq!(hinted(RetryPolicy::new(still)), s(30));
    }
}

#[test]
fn a_call_draws_each_delay_after_the_one_before() {
    let backoff = Backoff::exponential(s(1))
        .cap(s(1_000))
        .jitter(Jitter::Decorrelated);
    let policy = RetryPolicy::new(backoff).max_attempts(7).seed(3);
    let timer = ManualTimer::new();
    let call = policy.retry_blocking(|_| Err::<(), _>("down"));
    let _ = call.sleep_with(|delay| timer.sleep_blocking(delay)).call();
    let expected: Vec<_> = backoff.delays_seeded(3).take(6).collect();
    assert_eq!(timer.sleeps(), expected);
}

#[test]
fn no_hint_passes_the_limits_of_attempts_and_time() {
    let verdict = Verdict::retry(ErrorKind::Throttling).after(s(6));
    let policy = always(constant(1).max_attempts(2).max_elapsed(s(10)), verdict);
    let mut session = policy.start_at(s(0));
    assert_eq!(session.decide(FAILED, s(3)), Decision::RetryAfter(s(6)));
    let stop = Decision::Stop(StopReason::OutOfAttempts);
    assert_eq!(session.decide(FAILED, s(10)), stop);
    let late = policy.start_at(s(0)).decide(FAILED, s(4));
    assert_eq!(late, Decision::Stop(StopReason::OutOfTime));
}

#[test]
fn a_non_idempotent_call_retries_only_throttling() {
    for (kind, attempts) in [
        (ErrorKind::Throttling, 3),
        (ErrorKind::Server, 1),
        (ErrorKind::Transient, 1),
    ] {
        let outcome = always(RetryPolicy::new(Backoff::none()), Verdict::retry(kind))
            .retry_blocking(|_| Err(()))
            .non_idempotent()
            .outcome();
        assert_eq!(outcome.attempts, attempts, "{kind}");
        assert_eq!(outcome.kind, Some(kind));
    }
}

#[test]
fn throttling_has_its_own_schedule_while_the_retry_number_counts_all() {
    let ms = Duration::from_millis;
    let policy = RetryPolicy::new(Backoff::exponential(ms(50)).jitter(Jitter::None))
        .throttling_backoff(Backoff::exponential(s(1)).jitter(Jitter::None))
        .max_attempts(5)
        .classify_fn(|outcome: Result<&(), &ErrorKind>| match outcome {
            Ok(()) => Verdict::Success,
            Err(kind) => Verdict::retry(*kind),
        });
    let mut session = policy.start_at(s(0));
    for (kind, delay) in [
        (ErrorKind::Server, ms(50)),
        (ErrorKind::Transient, ms(100)),
        (ErrorKind::Throttling, s(4)),
        (ErrorKind::Server, ms(400)),
    ] {
        assert_eq!(
            session.decide(Err(&kind), s(0)),
            Decision::RetryAfter(delay)
        );
    }
}

#[test]
fn decorrelated_jitter_grows_from_the_delay_before_whichever_schedule_it_was_of() {
    let delay = |seed: u64| {
        let policy = RetryPolicy::new(Backoff::constant(s(30)))
            .throttling_backoff(
                Backoff::exponential(s(1))
                    .cap(s(100))
                    .jitter(Jitter::Decorrelated),
            )
            .seed(seed)
            .classify_fn(|outcome: Result<&(), &ErrorKind>| {
                outcome.map_or_else(|kind| Verdict::retry(*kind), |()| Verdict::Success)
            });
        let mut session = policy.start_at(s(0));
        let first = session.decide(Err(&ErrorKind::Server), s(0));
        assert_eq!(first, Decision::RetryAfter(s(30)));
        match session.decide(Err(&ErrorKind::Throttling), s(0)) {
            Decision::RetryAfter(delay) => delay,
            Decision::Stop(reason) => unreachable!("{reason}"),
        }
    };
    // U[1 s, 90 s]: three times the delay before.
    let delays: Vec<Duration> = (0..200).map(delay).collect();
    assert!(delays.iter().all(|delay| (s(1)..=s(90)).contains(delay)));
    assert!(delays.iter().any(|delay| *delay > s(80)));
}

#[test]
fn an_over_long_hint_is_asked_about_before_the_time_and_after_the_attempts() {
    let verdict = Verdict::retry(ErrorKind::Server).after(s(1_000));
    let policy = always(constant(20).max_elapsed(s(10)), verdict);
    let reason = StopReason::ServerDelayTooLong(s(1_000));
    let found = policy.start_at(s(0)).decide(FAILED, s(1));
    assert_eq!(found, Decision::Stop(reason));
    let found = policy.max_attempts(1).start_at(s(0)).decide(FAILED, s(99));
    assert_eq!(found, Decision::Stop(StopReason::OutOfAttempts));
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

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<(Vec<RetryEvent>, Vec<StopEvent>)>>);

impl Observer for Heard {
    fn on_retry(&self, event: &RetryEvent) {
        self.0.lock().unwrap().0.push(*event);
    }

    fn on_stop(&self, event: &StopEvent) {
        self.0.lock().unwrap().1.push(*event);
    }
}

#[test]
fn an_observer_hears_of_each_wait_once_with_the_delay_that_is_served() {
    let (heard, timer) = (Heard::default(), ManualTimer::new());
    let mut hooked = Vec::new();
    let outcome = RetryPolicy::default()
        .max_attempts(4)
        .name("orders")
        .observer(heard.clone())
        .retry_blocking(|_| Err::<(), _>("down"))
        .on_retry(|event| {
            assert_eq!(event.error(), Some(&"down"));
            hooked.push((event.attempt(), event.delay()));
        })
        .sleep_with(|delay| timer.sleep_blocking(delay))
        .outcome();
    let (retries, stops) = &*heard.0.lock().unwrap();
    let told: Vec<_> = retries
        .iter()
        .map(|event| (event.attempt(), event.delay()))
        .collect();
    assert_eq!(told, hooked);
    let delays: Vec<_> = retries.iter().map(RetryEvent::delay).collect();
    assert_eq!(delays, timer.sleeps());
    let numbers: Vec<_> = retries
        .iter()
        .map(|event| event.attempt().number())
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(retries.iter().all(|event| event.name() == Some("orders")));
    assert_eq!(outcome.waited, delays.iter().sum());
    assert_eq!(stops.len(), 1);
    assert_eq!(
        (stops[0].attempts(), stops[0].reason()),
        (4, StopReason::OutOfAttempts)
    );
}

#[test]
fn calls_of_one_policy_draw_apart_and_a_seed_repeats_them() {
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
fn an_error_tells_the_story_and_keeps_its_source() {
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
fn only_a_call_throttled_from_end_to_end_advises_a_higher_quota() {
    let tell = |kinds: [ErrorKind; 2]| {
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
    assert!(tell([throttled, throttled]).ends_with("a service quota increase may be due"));
    assert!(!tell([server, throttled]).contains("quota"));
    assert!(!tell([throttled, server]).contains("quota"));
}

#[test]
fn a_predicate_chooses_errors_per_call_and_per_policy() {
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

#[test]
fn the_loop_form_borrows_what_it_likes() {
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

/// Hears everything and does nothing.
struct Nobody;

impl Observer for Nobody {}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    let kind = prop_oneof![
        Just(ErrorKind::Throttling),
        Just(ErrorKind::Server),
        Just(ErrorKind::Transient),
    ];
    let retry = (kind, proptest::option::of(any_duration()))
        .prop_map(|(kind, after)| Verdict::Retry { kind, after });
    prop_oneof![
        1 => Just(Verdict::Success),
        1 => Just(Verdict::Permanent),
        8 => retry,
    ]
}

fn any_duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        any::<u64>().prop_map(Duration::from_nanos),
        any::<u64>().prop_map(Duration::from_secs),
        (0..10_000_u64).prop_map(Duration::from_millis),
    ]
}

/// 100,000, unless `PROPTEST_CASES` says otherwise.
fn cases() -> u32 {
    let said = std::env::var("PROPTEST_CASES").ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(100_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn no_policy_runs_past_its_attempts_waits_past_its_time_or_panics(
        base in any_duration(),
        cap in any_duration(),
        factor in any::<f64>(),
        max_attempts in 0..9_u32,
        max_elapsed in any_duration(),
        hint in proptest::option::of(any_duration()),
        most in any_duration(),
        mode in 0..3_u8,
        start in any_duration(),
    ) {
        let hints = match mode {
            0 => ServerHint::Ignore,
            1 => ServerHint::Honor { max: most },
            _ => ServerHint::Bounded { slack: most },
        };
        let verdict = Verdict::Retry { kind: ErrorKind::Throttling, after: hint };
        let policy = RetryPolicy::new(Backoff::exponential(base).factor(factor).cap(cap))
            .max_attempts(max_attempts)
            .max_elapsed(max_elapsed)
            .server_hint(hints)
            .classify_fn(move |_: Result<&(), &()>| verdict);
        let mut session = policy.start_at(start);
        let mut now = start;
        let mut runs = 1;
        while let Decision::RetryAfter(delay) = session.decide(FAILED, now) {
            now = now.saturating_add(delay);
            runs += 1;
            prop_assert!(now.saturating_sub(start) <= max_elapsed);
            if hint.is_none() || mode == 0 {
                prop_assert!(delay <= cap);
            }
        }
        prop_assert!(runs <= max_attempts.max(1));
        prop_assert_eq!(session.attempts(), runs);
        if session.stop_reason() == Some(StopReason::OutOfAttempts) {
            prop_assert_eq!(runs, max_attempts.max(1));
        }
    }
}

proptest! {
    // Four calls a case: a tenth of the cases, for the time they take.
    #![proptest_config(ProptestConfig::with_cases(cases().div_ceil(10)))]

    /// What nobody but the caller is concerned with runs a shorter loop, and an
    /// async call begins with a shorter path: neither may decide anything else
    /// than the session does.
    #[test]
    fn however_a_call_is_driven_it_is_decided_alike(
        base in any_duration(),
        cap in any_duration(),
        form in 0..4_u8,
        throttled in proptest::option::of(any_duration()),
        max_attempts in 0..6_u32,
        most in any_duration(),
        mode in 0..3_u8,
        tokens in proptest::option::of(0..60_u32),
        once in any::<bool>(),
        verdicts in proptest::collection::vec(any_verdict(), 6),
    ) {
        let backoff = match form {
            0 => Backoff::constant(base),
            1 => Backoff::exponential(base),
            2 => Backoff::constant(base).cap(cap),
            _ => Backoff::linear(base).jitter(Jitter::Decorrelated).cap(cap),
        };
        let hints = match mode {
            0 => ServerHint::Ignore,
            1 => ServerHint::Honor { max: most },
            _ => ServerHint::Bounded { slack: most },
        };
        // A budget of its own for each run, so that all begin alike.
        let policy = || {
            let mut policy = RetryPolicy::new(backoff)
                .max_attempts(max_attempts)
                .server_hint(hints)
                .seed(7);
            if let Some(delay) = throttled {
                policy = policy.throttling_backoff(Backoff::constant(delay));
            }
            if let Some(tokens) = tokens {
                policy = policy.budget(&RetryBudget::new(tokens));
            }
            policy.classify_fn(|outcome: Result<&(), &Verdict>| match outcome {
                Ok(()) => Verdict::Success,
                Err(verdict) => *verdict,
            })
        };
        let run = |number: u32| match verdicts.get(number as usize - 1) {
            Some(Verdict::Success) | None => Ok(()),
            Some(failure) => Err(*failure),
        };

        // The session, by hand.
        let by_hand = policy();
        let mut session = by_hand.start_at(Duration::ZERO);
        if once {
            session = session.non_idempotent();
        }
        let mut waits = Vec::new();
        let (result, reason) = loop {
            let result = run(session.attempt().number());
            match session.decide(result.as_ref(), Duration::ZERO) {
                Decision::RetryAfter(delay) => waits.push(delay),
                Decision::Stop(reason) => break (result, reason),
            }
        };
        // A session remembers a delay up to 584 years.
        if throttled.is_none() && mode == 0 && (form < 3 || cap.as_secs() < 1 << 34) {
            let delays: Vec<Duration> = backoff.delays_seeded(7).take(waits.len()).collect();
            prop_assert_eq!(&waits, &delays);
        }

        let drive = |policy: &RetryPolicy<_>| {
            let timer = ManualTimer::new();
            let call = policy
                .retry_blocking(|attempt| run(attempt.number()))
                .sleep_with(|delay| timer.sleep_blocking(delay));
            let call = if once { call.non_idempotent() } else { call };
            (call.outcome(), timer.sleeps())
        };
        let drive_async = |policy: &RetryPolicy<_>| {
            let timer = ManualTimer::new();
            let call = policy
                .retry(|attempt| std::future::ready(run(attempt.number())))
                .timer(&timer);
            let call = if once { call.non_idempotent() } else { call };
            let mut future = std::pin::pin!(call.outcome());
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            match future.as_mut().poll(&mut cx) {
                std::task::Poll::Ready(outcome) => (outcome, timer.sleeps()),
                std::task::Poll::Pending => unreachable!("a manual sleep is over at once"),
            }
        };
        let (shown, slept) = drive(&policy());
        prop_assert_eq!((shown.result, shown.reason), (result, reason));
        prop_assert_eq!((shown.attempts, shown.waited), (session.attempts(), session.waited()));
        prop_assert_eq!(&slept, &waits);
        let told = (shown, slept);
        prop_assert_eq!(&drive(&policy().observer(Nobody)), &told);
        prop_assert_eq!(&drive_async(&policy()), &told);
        prop_assert_eq!(&drive_async(&policy().observer(Nobody)), &told);
    }
}
