//! Limiters: each attempt asks for permission before it starts and is recorded at its end.
#![expect(
    clippy::float_cmp,
    clippy::unwrap_used,
    reason = "the numbers in a test are small and known"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reattempt::{
    AdaptiveLimiter, Backoff, Decision, ErrorKind, Limiter, ManualTimer, Observer, RetryEvent,
    RetryPolicy, Verdict,
};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn rates_match_the_test_vectors() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("data/aws-adaptive.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() > 10);
    // The result is the same if the clock started 34 years ago.
    for start in [0, 1_073_741_824] {
        let limiter = AdaptiveLimiter::new();
        for case in cases {
            let at = s(start) + Duration::from_secs_f64(case["at"].as_f64().unwrap());
            limiter.record(at, case["throttled"].as_bool().unwrap());
            let near = |found: f64, expected: &serde_json::Value| {
                let expected = expected.as_f64().unwrap();
                assert!(
                    (found - expected).abs() <= 1e-6 * expected,
                    "{case} {found}"
                );
            };
            near(limiter.measured_rate(), &case["measured"]);
            near(limiter.fill_rate(), &case["fill"]);
        }
    }
}

#[test]
fn every_attempt_is_admitted_until_the_first_throttling() {
    let limiter = AdaptiveLimiter::new();
    for _ in 0..1_000 {
        assert_eq!(limiter.acquire(s(1)), Ok(()));
        limiter.record(s(1), false);
    }
    limiter.record(s(1), true);
    assert!(limiter.acquire(s(1)).is_err());
}

#[test]
fn a_limited_client_is_admitted_at_its_rate() {
    let limiter = AdaptiveLimiter::new();
    limiter.record(s(0), true);
    assert_eq!(limiter.fill_rate(), 0.5);
    assert_eq!(limiter.acquire(s(0)), Err(s(2)));
    // Asking takes nothing: a second call gets the same wait.
    assert_eq!(limiter.acquire(s(0)), Err(s(2)));
    assert_eq!(limiter.acquire(s(1)), Err(s(1)));
    assert_eq!(limiter.acquire(s(2)), Ok(()));
    assert_eq!(limiter.acquire(s(2)), Err(s(2)));
    // A long pause adds one token, which is the capacity here.
    assert_eq!(limiter.acquire(s(1_000)), Ok(()));
    assert_eq!(limiter.acquire(s(1_000)), Err(s(2)));
    // A clock that goes back removes nothing.
    assert_eq!(limiter.acquire(s(1)), Err(s(2)));
}

#[test]
fn a_clock_that_jumps_and_returns_does_not_block_other_calls() {
    const YEAR: u64 = 31_536_000;
    let limiter = AdaptiveLimiter::new();
    limiter.record(s(10), true);
    // One call's clock jumps a year ahead and comes back.
    assert_eq!(limiter.acquire(s(YEAR)), Ok(()));
    assert_eq!(limiter.acquire(s(10)), Err(s(2)));
    assert_eq!(limiter.acquire(s(11)), Err(s(1)));
    assert_eq!(limiter.acquire(s(12)), Ok(()));
    // The same holds while the attempts of that call are recorded.
    limiter.record(s(YEAR), true);
    limiter.record(s(YEAR), false);
    for half in 26..50_u32 {
        limiter.record(Duration::from_millis(500) * half, false);
    }
    assert!(limiter.fill_rate() > 2.0, "{limiter:?}");
    assert!(limiter.measured_rate() > 1.5, "{limiter:?}");
}

#[test]
fn a_first_call_in_the_far_future_does_not_block_later_calls() {
    let limiter = AdaptiveLimiter::new();
    limiter.record(s(1_000_000), true);
    assert_eq!(limiter.acquire(s(7)), Err(s(2)));
    assert_eq!(limiter.acquire(s(9)), Ok(()));

    let limiter = AdaptiveLimiter::new();
    limiter.record(Duration::MAX, false);
    limiter.record(s(0), true);
    assert_eq!(limiter.acquire(s(0)), Err(s(2)));
    assert_eq!(limiter.acquire(s(2)), Ok(()));
}

#[test]
fn an_interrupted_thread_creates_no_tokens() {
    let limiter = AdaptiveLimiter::new();
    limiter.record(s(0), true);
    let late = Duration::from_millis(1_900);
    for _ in 0..1_000 {
        assert!(limiter.acquire(late).is_err());
        assert!(limiter.acquire(late + Duration::from_millis(50)).is_err());
    }
}

#[test]
fn pointers_to_a_limiter_are_limiters() {
    fn assert_limits(limiter: &impl Limiter) {
        limiter.record(s(0), true);
        assert!(limiter.acquire(s(0)).is_err());
        assert!(limiter.has_queue());
    }
    assert_limits(&AdaptiveLimiter::new());
    assert_limits(&Arc::new(AdaptiveLimiter::new()));
    assert_limits(&Box::new(AdaptiveLimiter::new()));
    let unsized_limiter: Box<dyn Limiter> = Box::new(AdaptiveLimiter::new());
    assert_limits(&unsized_limiter);
    let unsized_limiter: Arc<dyn Limiter> = Arc::new(AdaptiveLimiter::new());
    assert_limits(&unsized_limiter);
}

#[test]
fn a_limiter_has_no_queue_by_default() {
    assert!(!Alternating::default().has_queue());
    assert!(!Arc::new(Alternating::default()).has_queue());
}

#[test]
fn clones_share_one_rate() {
    let limiter = AdaptiveLimiter::new();
    let clone = limiter.clone();
    clone.record(s(0), true);
    assert!(limiter.acquire(s(0)).is_err());
}

#[test]
fn no_time_makes_the_limiter_panic() {
    let limiter = AdaptiveLimiter::new();
    for now in [Duration::MAX, Duration::ZERO, s(1), Duration::MAX] {
        limiter.record(now, true);
        let _ = limiter.acquire(now);
        limiter.record(now, false);
    }
    assert!(limiter.fill_rate().is_finite() && limiter.measured_rate().is_finite());
}

/// A limiter that refuses every second request, beginning with the first. It logs all calls.
#[derive(Clone, Debug, Default)]
struct Alternating(Arc<Mutex<Vec<String>>>);

impl Limiter for Alternating {
    fn acquire(&self, now: Duration) -> Result<(), Duration> {
        let mut log = self.0.lock().unwrap();
        let refused = log.iter().filter(|line| line.starts_with("ask")).count() % 2 == 0;
        log.push(format!("ask {}", now.as_secs()));
        if refused { Err(s(10)) } else { Ok(()) }
    }

    fn record(&self, now: Duration, throttled: bool) {
        let line = format!(
            "{} {}",
            if throttled { "throttled" } else { "fine" },
            now.as_secs()
        );
        self.0.lock().unwrap().push(line);
    }
}

/// An observer that records each wait: true for a wait of the limiter, and its seconds.
#[derive(Clone, Debug, Default)]
struct Waits(Arc<Mutex<Vec<(bool, u64)>>>);

impl Observer for Waits {
    fn on_retry(&self, event: &RetryEvent) {
        self.0
            .lock()
            .unwrap()
            .push((false, event.delay().as_secs()));
    }

    fn on_limited(&self, delay: Duration) {
        self.0.lock().unwrap().push((true, delay.as_secs()));
    }
}

const LOG: [&str; 6] = [
    "ask 0",
    "ask 10",
    "throttled 10",
    "ask 11",
    "ask 21",
    "fine 21",
];

fn policy(
    limiter: &Alternating,
    waits: &Waits,
) -> RetryPolicy<impl reattempt::Classify<(), Verdict>> {
    RetryPolicy::new(Backoff::constant(s(1)))
        .limiter(limiter.clone())
        .observer(waits.clone())
        .classify_fn(|outcome: Result<&(), &Verdict>| {
            outcome.map_or_else(|v| *v, |()| Verdict::Success)
        })
}

const fn attempt(number: u32) -> Result<(), Verdict> {
    if number == 1 {
        Err(Verdict::retry(ErrorKind::Throttling))
    } else {
        Ok(())
    }
}

#[test]
fn a_session_asks_and_records_each_attempt() {
    let (limiter, waits) = (Alternating::default(), Waits::default());
    let policy = policy(&limiter, &waits);
    let mut session = policy.start_at(s(0));
    assert_eq!(session.admit(s(0)), Err(s(10)));
    assert_eq!(session.admit(s(10)), Ok(()));
    // The limiter is not asked again for an attempt that it has admitted.
    assert_eq!(session.admit(s(10)), Ok(()));
    assert_eq!(
        session.decide(attempt(1).as_ref(), s(10)),
        Decision::RetryAfter(s(1))
    );
    assert_eq!(session.admit(s(11)), Err(s(10)));
    assert_eq!(session.admit(s(21)), Ok(()));
    let _ = session.decide(attempt(2).as_ref(), s(21));
    assert_eq!(session.waited(), s(21));
    assert_eq!(*limiter.0.lock().unwrap(), LOG);
    assert_eq!(
        *waits.0.lock().unwrap(),
        [(true, 10), (false, 1), (true, 10)]
    );
}

#[test]
fn a_blocking_call_asks_before_every_attempt() {
    let (limiter, waits) = (Alternating::default(), Waits::default());
    let timer = ManualTimer::new();
    let outcome = policy(&limiter, &waits)
        .retry_blocking(|made| attempt(made.number()))
        .sleep_with(|delay| timer.sleep_blocking(delay))
        .outcome();
    assert_eq!((outcome.attempts, outcome.waited), (2, s(21)));
    assert_eq!(timer.sleeps(), [s(10), s(1), s(10)]);
    let kind = |line: &&str| line.split(' ').next().unwrap().to_owned();
    let kinds: Vec<_> = limiter
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|line| kind(&line.as_str()))
        .collect();
    assert_eq!(kinds, LOG.iter().map(kind).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_async_call_asks_before_every_attempt() {
    let (limiter, waits) = (Alternating::default(), Waits::default());
    let timer = ManualTimer::new();
    let policy = policy(&limiter, &waits);
    let outcome = policy
        .retry(|made| async move { attempt(made.number()) })
        .timer(&timer)
        .outcome()
        .await;
    assert_eq!((outcome.attempts, outcome.waited), (2, s(21)));
    assert_eq!(*limiter.0.lock().unwrap(), LOG);
    assert_eq!(
        *waits.0.lock().unwrap(),
        [(true, 10), (false, 1), (true, 10)]
    );
}

#[tokio::test]
async fn a_retry_loop_asks_before_every_attempt() {
    let (limiter, waits) = (Alternating::default(), Waits::default());
    let timer = ManualTimer::new();
    let policy = policy(&limiter, &waits);
    let mut session = policy.start_with(&timer);
    loop {
        let made = session.next_attempt().await;
        if session.check(attempt(made.number())).is_break() {
            break;
        }
    }
    assert_eq!((session.attempts(), session.waited()), (2, s(21)));
    assert_eq!(*limiter.0.lock().unwrap(), LOG);
}

#[tokio::test]
async fn a_call_dropped_while_it_is_limited_never_starts() {
    #[derive(Debug)]
    struct Never;
    impl Limiter for Never {
        fn acquire(&self, _: Duration) -> Result<(), Duration> {
            Err(s(1))
        }
        fn record(&self, _: Duration, _: bool) {}
    }
    let policy = RetryPolicy::default().limiter(Never);
    let mut runs = 0;
    let call = policy
        .retry(|_| {
            runs += 1;
            async { Ok::<_, ()>(()) }
        })
        .timer(ManualTimer::new())
        .into_future();
    let mut call = Box::pin(call);
    // The call is always refused and its timer never waits, but it yields.
    let mut polled = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut polled).is_pending());
    drop(call);
    assert_eq!(runs, 0);
}
