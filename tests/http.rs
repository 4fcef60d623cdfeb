//! HTTP verdicts, Retry-After and transport errors.
#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::error::Error;
use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use proptest::prelude::*;
use reattempt::http::{
    ErrorClassifier, HttpClassifier, error_policy, judge_error, policy, retry_after,
};
use reattempt::{Backoff, Classify, ErrorKind, ManualTimer, StopReason, TimedOut, Verdict};

fn response(status: u16) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

fn judge(classifier: &HttpClassifier, status: u16) -> Verdict {
    let response = response(status);
    let outcome: Result<_, &io::Error> = Ok(&response);
    classifier.classify(outcome)
}

const SERVER: Verdict = Verdict::retry(ErrorKind::Server);
const THROTTLING: Verdict = Verdict::retry(ErrorKind::Throttling);
const UNSENT: Verdict = Verdict::retry(ErrorKind::Unsent);
const TRANSIENT: Verdict = Verdict::retry(ErrorKind::Transient);

#[test]
fn each_status_has_the_verdict_of_its_class() {
    let classifier = HttpClassifier::new();
    for status in 100..1_000 {
        let expected = match status {
            429 => THROTTLING,
            400..500 => Verdict::Permanent,
            500..600 => SERVER,
            _ => Verdict::Success,
        };
        assert_eq!(judge(&classifier, status), expected, "{status}");
    }
}

#[test]
fn the_last_override_of_a_status_wins() {
    let status = |code| StatusCode::from_u16(code).unwrap();
    for code in 100..1_000 {
        let never = HttpClassifier::new().never_retry(status(code));
        assert!(!judge(&never, code).is_retry(), "{code}");
        let also = never.also_retry(status(code));
        let expected = match code {
            429 => THROTTLING,
            500..600 => SERVER,
            _ => TRANSIENT,
        };
        assert_eq!(judge(&also, code), expected);
        let other = if code == 400 { 404 } else { 400 };
        assert_eq!(judge(&also, other), Verdict::Permanent);
    }
}

#[test]
fn retry_after_matches_the_test_vectors() {
    let text = include_str!("data/retry-after.json");
    let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(vectors["now"], "2026-11-23T12:00:00Z");
    let now = httpdate::parse_http_date("Mon, 23 Nov 2026 12:00:00 GMT").unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 13);
    for case in cases {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(case["value"].as_str().unwrap()).unwrap();
        headers.insert(RETRY_AFTER, value);
        let expected = case["ms"].as_u64().map(Duration::from_millis);
        assert_eq!(retry_after(&headers, now), expected, "{case}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), now), None);
}

#[test]
fn only_a_verdict_to_retry_has_a_hint() {
    for (status, hinted) in [
        (200, false),
        (404, false),
        (429, true),
        (500, true),
        (503, true),
    ] {
        let mut response = response(status);
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("7"));
        let outcome: Result<_, &io::Error> = Ok(&response);
        let verdict = HttpClassifier::new().classify(outcome);
        let found =
            matches!(verdict, Verdict::Retry { after: Some(after), .. } if after.as_secs() == 7);
        assert_eq!(found, hinted, "{status}");
    }
}

#[derive(Debug)]
struct Wrapped<E>(E);

impl<E: fmt::Debug> fmt::Display for Wrapped<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrapped")
    }
}

impl<E: Error + 'static> Error for Wrapped<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn of<E: Error + 'static>(error: &E) -> Verdict {
    let outcome: Result<&Response<()>, _> = Err(error);
    HttpClassifier::new().classify(outcome)
}

#[test]
fn lost_connections_and_timeouts_are_transient_at_any_depth() {
    use io::ErrorKind as Io;
    for kind in [
        Io::ConnectionReset,
        Io::ConnectionAborted,
        Io::BrokenPipe,
        Io::NotConnected,
        Io::TimedOut,
        Io::UnexpectedEof,
        Io::Interrupted,
        Io::HostUnreachable,
        Io::NetworkUnreachable,
        Io::NetworkDown,
    ] {
        assert_eq!(of(&io::Error::from(kind)), TRANSIENT, "{kind}");
        assert_eq!(
            of(&Wrapped(Wrapped(io::Error::from(kind)))),
            TRANSIENT,
            "{kind}"
        );
        let inside = io::Error::other(io::Error::from(kind));
        assert_eq!(of(&inside), TRANSIENT, "{kind}");
        let boxed: Box<dyn Error + Send + Sync> = Box::new(Wrapped(io::Error::from(kind)));
        let outcome: Result<&Response<()>, _> = Err(&boxed);
        assert_eq!(HttpClassifier::new().boxed().classify(outcome), TRANSIENT);
    }
    for kind in [
        Io::NotFound,
        Io::PermissionDenied,
        Io::InvalidData,
        Io::AddrInUse,
        Io::Other,
    ] {
        assert_eq!(of(&io::Error::from(kind)), Verdict::Permanent, "{kind}");
    }
    assert_eq!(of(&Wrapped(fmt::Error)), Verdict::Permanent);
}

#[test]
fn a_timeout_behind_a_transparent_error_is_transient() {
    #[derive(Debug, thiserror::Error)]
    enum Failure {
        #[error(transparent)]
        TimedOut(#[from] TimedOut),
    }
    let policy = error_policy().max_attempts(1);
    let call = policy
        .retry(|_| std::future::pending::<Result<(), Failure>>())
        .timer(ManualTimer::new())
        .attempt_timeout(Duration::from_secs(2));
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Err(error)) = pin!(call).poll(&mut cx) else {
        panic!("the attempt is cut at its first poll");
    };
    assert_eq!(of(&error), TRANSIENT);
    assert_eq!(of(&Wrapped(error)), TRANSIENT);
}

#[test]
fn a_refused_connection_is_unsent_at_any_depth() {
    let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
    assert_eq!(of(&refused()), UNSENT);
    assert_eq!(of(&Wrapped(Wrapped(refused()))), UNSENT);
    assert_eq!(of(&io::Error::other(refused())), UNSENT);
    let invalid = io::Error::new(io::ErrorKind::InvalidData, refused());
    assert_eq!(of(&invalid), UNSENT);
    let boxed: Box<dyn Error + Send + Sync> = Box::new(Wrapped(refused()));
    let outcome: Result<&Response<()>, _> = Err(&boxed);
    assert_eq!(HttpClassifier::new().boxed().classify(outcome), UNSENT);
}

#[test]
fn an_error_in_a_report_box_or_arc_is_recognised() {
    let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
    let judge = ErrorClassifier::new().error_as(|error: &anyhow::Error| error.as_ref());
    let report = anyhow::Error::from(refused()).context("cannot load");
    assert_eq!(judge.classify(Err::<&(), _>(&report)), UNSENT);
    let boxed: Box<dyn Error> = Box::new(Wrapped(refused()));
    let judge = ErrorClassifier::new().boxed();
    assert_eq!(judge.classify(Err::<&(), _>(&boxed)), UNSENT);
    let shared: Arc<dyn Error + Send + Sync> = Arc::new(refused());
    assert_eq!(of(&Wrapped(shared)), UNSENT);
}

#[cfg(all(feature = "tokio", feature = "tower"))]
#[tokio::test(start_paused = true)]
async fn a_shared_time_limit_is_recognised() {
    let limit = Duration::from_secs(1);
    let pending = std::future::pending::<()>();
    let by_tokio = tokio::time::timeout(limit, pending).await.unwrap_err();
    let by_tower = || tower::timeout::error::Elapsed::new();
    for error in [
        &Arc::new(by_tokio) as &(dyn Error + 'static),
        &Box::new(by_tower()),
        &Arc::new(by_tower()),
    ] {
        assert_eq!(judge_error(error), TRANSIENT, "{error:?}");
    }
}

#[test]
fn the_error_policy_accepts_every_success() {
    let policy = error_policy().backoff(Backoff::none());
    assert_eq!(
        policy
            .retry_blocking(|_| Ok::<_, io::Error>(7))
            .call()
            .unwrap(),
        7
    );
    let failing = || Err::<u8, _>(io::Error::from(io::ErrorKind::ConnectionReset));
    let outcome = policy.retry_blocking(|_| failing()).outcome();
    assert_eq!(outcome.attempts, 3);
}

#[test]
fn the_debug_text_lists_the_overridden_statuses() {
    let classifier = HttpClassifier::new()
        .also_retry(StatusCode::TOO_EARLY)
        .also_retry(StatusCode::REQUEST_TIMEOUT)
        .never_retry(StatusCode::NOT_IMPLEMENTED);
    let text = format!("{classifier:?}");
    assert!(text.contains("also_retry: {408, 425}"), "{text}");
    assert!(text.contains("never_retry: {501}"), "{text}");
}

#[cfg(feature = "tower")]
#[test]
fn a_tower_timeout_is_transient() {
    assert_eq!(
        of(&Wrapped(tower::timeout::error::Elapsed::new())),
        TRANSIENT
    );
}

#[test]
fn an_error_that_is_its_own_source_is_permanent() {
    #[derive(Debug)]
    struct Circle;
    impl fmt::Display for Circle {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("circle")
        }
    }
    impl Error for Circle {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }
    assert_eq!(of(&Circle), Verdict::Permanent);
}

#[test]
fn a_closure_judges_transport_errors_of_any_type() {
    let classifier = HttpClassifier::new().transport(|e: &&str| {
        if *e == "reset" {
            Verdict::retry(ErrorKind::Transient)
        } else {
            Verdict::Permanent
        }
    });
    let outcome: Result<&Response<()>, _> = Err(&"reset");
    assert_eq!(classifier.classify(outcome), TRANSIENT);
    let outcome: Result<&Response<()>, _> = Err(&"tls");
    assert_eq!(classifier.classify(outcome), Verdict::Permanent);
}

#[test]
fn the_last_response_is_returned_unchanged() {
    let outcome = policy()
        .backoff(Backoff::none())
        .retry_blocking(|_| Ok::<_, io::Error>(response(503)))
        .outcome();
    assert_eq!(
        (outcome.attempts, outcome.reason),
        (3, StopReason::OutOfAttempts)
    );
    assert_eq!(outcome.result.unwrap().status(), 503);
    let refused = policy()
        .retry_blocking(|_| Ok::<_, io::Error>(response(403)))
        .outcome();
    assert_eq!(
        (refused.attempts, refused.reason),
        (1, StopReason::Permanent)
    );
}

proptest! {
    #[test]
    fn no_header_makes_retry_after_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value);
            let _ = retry_after(&headers, SystemTime::UNIX_EPOCH);
        }
    }
}

#[test]
fn an_io_error_in_an_arc_or_a_box_is_recognised() {
    #[derive(Debug, thiserror::Error)]
    enum Failure {
        #[error("boxed")]
        Boxed(#[source] Box<io::Error>),
        #[error("shared")]
        Source(#[source] Arc<io::Error>),
    }
    let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
    assert_eq!(
        of(&Failure::Boxed(reset().into())),
        Verdict::retry(ErrorKind::Transient)
    );
    assert_eq!(
        of(&Failure::Source(reset().into())),
        Verdict::retry(ErrorKind::Transient)
    );
    let shared = Arc::new(reset());
    assert_eq!(of(&shared), Verdict::retry(ErrorKind::Transient));
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn a_tokio_timeout_is_transient() {
    let late = tokio::time::timeout(Duration::from_secs(1), std::future::pending::<()>());
    assert_eq!(
        of(&late.await.unwrap_err()),
        Verdict::retry(ErrorKind::Transient)
    );
}
