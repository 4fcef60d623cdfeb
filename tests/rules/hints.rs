//! Delays, server hints and the backoff after throttling.

use super::*;

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
fn clients_with_the_same_hint_spread_out() {
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
fn the_spread_of_a_hint_is_at_most_half_and_seeded() {
    let backoff = Backoff::exponential(s(20));
    let hinted = |policy: RetryPolicy| {
        let verdict = Verdict::retry(ErrorKind::Server).after(s(30));
        let policy = always(policy, verdict);
        match policy.start_at(s(0)).decide(FAILED, s(0)) {
            Decision::RetryAfter(delay) => delay,
            Decision::Stop(reason) => unreachable!("{reason}"),
        }
    };
    // The ceiling is 20 s and half of the hint is 15 s. The smaller one limits the spread.
    let delays: Vec<_> = (0..2_000)
        .map(|seed| hinted(RetryPolicy::new(backoff).seed(seed)))
        .collect();
    let longest = delays.iter().max().unwrap();
    assert!((s(44)..=s(45)).contains(longest), "{longest:?}");
    assert_eq!(delays[7], hinted(RetryPolicy::new(backoff).seed(7)));
    // Without jitter the hint is not spread.
    for share in [0.0, -1.0, f64::NAN] {
        let still = backoff.jitter(Jitter::Proportional(share));
        assert_eq!(hinted(RetryPolicy::new(still)), s(30));
    }
}

#[test]
fn each_spread_of_a_hint_is_an_independent_draw() {
    let policy = RetryPolicy::new(Backoff::constant(s(10)).jitter(Jitter::Full)).max_attempts(3);
    let delays = |seed, hint: Option<Duration>| {
        let kind = ErrorKind::Server;
        let policy = always(
            policy.clone().seed(seed),
            Verdict::Retry { kind, after: hint },
        );
        let mut session = policy.start_at(s(0));
        [(); 2].map(|()| match session.decide(FAILED, s(0)) {
            Decision::RetryAfter(delay) => delay,
            Decision::Stop(reason) => unreachable!("{reason}"),
        })
    };
    for seed in 0..100 {
        let [first, second] = delays(seed, Some(s(100))).map(|delay| delay.saturating_sub(s(100)));
        assert_ne!(first, second, "one draw serves both retries");
        // The backoff and the spread have the same range here.
        let drawn = delays(seed, None);
        assert!(!drawn.contains(&first) && !drawn.contains(&second));
    }
}

#[test]
fn decorrelated_delays_of_a_call_equal_those_of_its_backoff() {
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
fn no_hint_exceeds_the_limits_of_attempts_and_time() {
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
fn throttling_backoff_counts_all_retries() {
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
fn decorrelated_jitter_grows_from_any_previous_delay() {
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
    // Uniform in [1 s, 90 s]: up to three times the previous delay.
    let delays: Vec<Duration> = (0..200).map(delay).collect();
    assert!(delays.iter().all(|delay| (s(1)..=s(90)).contains(delay)));
    assert!(delays.iter().any(|delay| *delay > s(80)));
}

#[test]
fn the_hint_limit_is_checked_after_attempts_and_before_time() {
    let verdict = Verdict::retry(ErrorKind::Server).after(s(1_000));
    let policy = always(constant(20).max_elapsed(s(10)), verdict);
    let reason = StopReason::ServerDelayTooLong(s(1_000));
    let found = policy.start_at(s(0)).decide(FAILED, s(1));
    assert_eq!(found, Decision::Stop(reason));
    let found = policy.max_attempts(1).start_at(s(0)).decide(FAILED, s(99));
    assert_eq!(found, Decision::Stop(StopReason::OutOfAttempts));
}
