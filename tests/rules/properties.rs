//! Properties that hold for random policies and outcomes.

use super::*;

/// An observer that does nothing.
struct Silent;

impl Observer for Silent {}

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

proptest! {
    #![proptest_config(random::many_cases())]

    #[test]
    fn every_policy_stays_within_its_limits_without_a_panic(
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

/// The settings of a policy.
struct Setup {
    base: Duration,
    cap: Duration,
    form: u8,
    throttled: Option<Duration>,
    max_attempts: u32,
    most: Duration,
    mode: u8,
    tokens: Option<u32>,
}

impl Setup {
    const fn backoff(&self) -> Backoff {
        match self.form {
            0 => Backoff::constant(self.base),
            1 => Backoff::exponential(self.base),
            2 => Backoff::constant(self.base).cap(self.cap),
            _ => Backoff::linear(self.base)
                .jitter(Jitter::Decorrelated)
                .cap(self.cap),
        }
    }

    /// Each policy has a new budget, so that all runs start with the same tokens.
    fn policy(&self) -> RetryPolicy<impl Classify<(), Verdict>> {
        let hints = match self.mode {
            0 => ServerHint::Ignore,
            1 => ServerHint::Honor { max: self.most },
            _ => ServerHint::Bounded { slack: self.most },
        };
        let mut policy = RetryPolicy::new(self.backoff())
            .max_attempts(self.max_attempts)
            .server_hint(hints)
            .seed(7);
        if let Some(delay) = self.throttled {
            policy = policy.throttling_backoff(Backoff::constant(delay));
        }
        if let Some(tokens) = self.tokens {
            policy = policy.budget(&RetryBudget::new(tokens));
        }
        policy.classify_fn(|outcome: Result<&(), &Verdict>| match outcome {
            Ok(()) => Verdict::Success,
            Err(verdict) => *verdict,
        })
    }
}

type Driven = (Outcome<(), Verdict>, Vec<Duration>);

/// Makes attempts that return what `run` does, until the session ends.
fn drive_session<C: Classify<(), Verdict>>(
    session: &mut Session<'_, C>,
    run: impl Fn(u32) -> Result<(), Verdict>,
) -> (Result<(), Verdict>, StopReason, Vec<Duration>) {
    let mut waits = Vec::new();
    loop {
        let result = run(session.attempt().number());
        match session.decide(result.as_ref(), Duration::ZERO) {
            Decision::RetryAfter(delay) => waits.push(delay),
            Decision::Stop(reason) => return (result, reason, waits),
        }
    }
}

/// Makes a sync call of attempts that return what `run` does. Returns its sleeps too.
fn drive_blocking<C: Classify<(), Verdict>>(
    policy: &RetryPolicy<C>,
    once: bool,
    run: impl Fn(u32) -> Result<(), Verdict>,
) -> Driven {
    let timer = ManualTimer::new();
    let call = policy
        .retry_blocking(|attempt| run(attempt.number()))
        .sleep_with(|delay| timer.sleep_blocking(delay));
    let call = if once { call.non_idempotent() } else { call };
    (call.outcome(), timer.sleeps())
}

/// Makes an async call like [`drive_blocking`].
fn drive_async<C: Classify<(), Verdict>>(
    policy: &RetryPolicy<C>,
    once: bool,
    run: impl Fn(u32) -> Result<(), Verdict>,
) -> Driven {
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
}

proptest! {
    // Each case makes four calls, so a tenth of the cases is enough.
    #![proptest_config(ProptestConfig {
        cases: random::many_cases().cases.div_ceil(10),
        ..random::many_cases()
    })]

    /// The sync and async drivers have a short path for the first attempt. It must make
    /// the same decisions as the session.
    #[test]
    fn all_drivers_make_the_same_decisions(
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
        let setup = Setup { base, cap, form, throttled, max_attempts, most, mode, tokens };
        let policy = || setup.policy();
        let run = |number: u32| match verdicts.get(number as usize - 1) {
            Some(Verdict::Success) | None => Ok(()),
            Some(failure) => Err(*failure),
        };

        let by_hand = policy();
        let mut session = by_hand.start_at(Duration::ZERO);
        if once {
            session = session.non_idempotent();
        }
        let (result, reason, waits) = drive_session(&mut session, run);
        // A session stores a previous delay of at most 584 years.
        if throttled.is_none() && mode == 0 && (form < 3 || cap.as_secs() < 1 << 34) {
            let delays: Vec<Duration> = setup.backoff().delays_seeded(7).take(waits.len()).collect();
            prop_assert_eq!(&waits, &delays);
        }

        let drive = |policy: &RetryPolicy<_>| drive_blocking(policy, once, run);
        let drive_async = |policy: &RetryPolicy<_>| drive_async(policy, once, run);
        let (outcome, sleeps) = drive(&policy());
        prop_assert_eq!((outcome.result, outcome.reason), (result, reason));
        prop_assert_eq!(
            (outcome.attempts, outcome.waited),
            (session.attempts(), session.waited())
        );
        prop_assert_eq!(&sleeps, &waits);
        let expected = (outcome, sleeps);
        prop_assert_eq!(&drive(&policy().observer(Silent)), &expected);
        prop_assert_eq!(&drive_async(&policy()), &expected);
        prop_assert_eq!(&drive_async(&policy().observer(Silent)), &expected);
    }
}
