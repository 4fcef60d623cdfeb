//! What `test.cjs` calls: the parts of reattempt that read a clock or draw random numbers.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use gloo_timers::future::TimeoutFuture;
use http::Response;
use http::header::RETRY_AFTER;
use reattempt::aws::{AwsClassifier, ClockSkew};
use reattempt::http::HttpClassifier;
use reattempt::{Backoff, Classify, Decision, Jitter, RetryBudget, RetryPolicy, Timer, Verdict};
use wasm_bindgen::prelude::wasm_bindgen;
use web_time::Instant;

/// The timer of the page "Other runtimes" of the cookbook.
struct WebTimer {
    start: Instant,
}

impl WebTimer {
    fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Timer for WebTimer {
    type Sleep = TimeoutFuture;

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> TimeoutFuture {
        // `setTimeout` returns at once if the delay is longer than 2³¹ - 1 ms.
        let millis = duration.as_nanos().div_ceil(1_000_000).min(0x7fff_ffff);
        TimeoutFuture::new(millis as u32)
    }
}

fn response(status: u16, retry_after: &str) -> Response<&'static str> {
    Response::builder()
        .status(status)
        .header(RETRY_AFTER, retry_after)
        .body("")
        .expect("the status and the header are valid")
}

fn hint(verdict: Verdict) -> Option<f64> {
    match verdict {
        Verdict::Retry { after, .. } => after.map(|hint| hint.as_secs_f64()),
        Verdict::Permanent | Verdict::Success => None,
    }
}

/// Returns the seconds that the classifiers read from a `Retry-After` header.
#[wasm_bindgen]
pub fn http_hint(retry_after: &str) -> Option<f64> {
    let sent = Ok::<_, std::io::Error>(response(503, retry_after));
    hint(HttpClassifier::new().classify(sent.as_ref()))
}

/// See [`http_hint`].
#[wasm_bindgen]
pub fn aws_hint(retry_after: &str) -> Option<f64> {
    let sent = Ok::<_, std::io::Error>(response(503, retry_after));
    hint(AwsClassifier::new().classify(sent.as_ref()))
}

/// Returns the time that requests are signed with, in seconds since 1970.
#[wasm_bindgen]
pub fn signing_time() -> f64 {
    let time = ClockSkew::new().now().time();
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH);
    since_1970.expect("it is after 1970").as_secs_f64()
}

/// Returns the first delays of two calls in milliseconds.
#[wasm_bindgen]
pub fn delays(seed: Option<u32>) -> Vec<f64> {
    let backoff = Backoff::exponential(Duration::from_secs(1));
    let draw = || match seed {
        Some(seed) => backoff.delays_seeded(seed.into()),
        None => backoff.delays(),
    };
    let two = draw().take(4).chain(draw().take(4));
    two.map(|delay| delay.as_secs_f64() * 1e3).collect()
}

/// A budget that gets 100 tokens per second.
#[wasm_bindgen]
pub struct Budget(RetryBudget);

#[wasm_bindgen]
impl Budget {
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self(RetryBudget::new(1_000).starting_at(0.0).refill(100.0))
    }

    /// Makes one sync call. The bucket refills from the first call on.
    pub fn call(&self) {
        let policy = RetryPolicy::default().budget(&self.0);
        let result = policy.retry_blocking(|_| Ok::<_, &str>(())).call();
        assert_eq!(result, Ok(()));
    }

    pub fn available(&self) -> u32 {
        self.0.available()
    }

    pub fn debug(&self) -> String {
        format!("{:?}", self.0)
    }

    /// The `Display` of a policy with this budget.
    pub fn display(&self) -> String {
        RetryPolicy::default().budget(&self.0).to_string()
    }
}

const fn short() -> RetryPolicy {
    RetryPolicy::new(Backoff::constant(Duration::from_millis(20)).jitter(Jitter::None))
        .max_attempts(4)
        .max_elapsed(Duration::from_secs(60))
}

/// Returns the number of attempts of an async call that succeeds at the third one.
#[wasm_bindgen]
pub async fn retry() -> Result<u32, String> {
    short()
        .retry(|attempt| async move {
            if attempt.number() < 3 {
                Err("busy")
            } else {
                Ok(attempt.number())
            }
        })
        .timer(WebTimer::new())
        .await
        .map_err(String::from)
}

/// Returns the number of attempts of a call that a time limit ends.
#[wasm_bindgen]
pub async fn out_of_time() -> u32 {
    let attempts = Cell::new(0);
    let policy = short()
        .max_attempts(1_000)
        .max_elapsed(Duration::from_millis(90));
    let call = policy.retry(|_| {
        attempts.set(attempts.get() + 1);
        async { Err::<(), _>("down") }
    });
    let result = call.timer(WebTimer::new()).await;
    assert_eq!(result, Err("down"));
    attempts.get()
}

/// Returns the number of attempts of a loop that succeeds at the third one.
#[wasm_bindgen]
pub async fn start_with() -> u32 {
    let policy = short();
    let mut calls = policy.start_with(WebTimer::new());
    loop {
        let attempt = calls.next_attempt().await;
        let result = if attempt.number() < 3 {
            Err("busy")
        } else {
            Ok(attempt.number())
        };
        if let ControlFlow::Break(result) = calls.check(result) {
            return result.expect("the third attempt succeeds");
        }
    }
}

/// Returns the delays of a session, in milliseconds, with the clock of JavaScript.
#[wasm_bindgen]
pub fn start_at(now: f64) -> Vec<f64> {
    let policy = short();
    let mut now = Duration::from_secs_f64(now / 1e3);
    let mut session = policy.start_at(now);
    let mut delays = Vec::new();
    while let Decision::RetryAfter(delay) = session.decide(Err::<&(), _>(&"down"), now) {
        delays.push(delay.as_secs_f64() * 1e3);
        now += delay;
    }
    delays
}

/// Returns the number of attempts of a sync call under a time limit.
#[wasm_bindgen]
pub fn retry_blocking() -> u32 {
    let attempts = Cell::new(0);
    let result = short()
        .retry_blocking(|_| {
            attempts.set(attempts.get() + 1);
            Err::<(), _>("down")
        })
        .sleep_with(|_| {})
        .call();
    assert_eq!(result, Err("down"));
    attempts.get()
}
