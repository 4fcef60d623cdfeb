//! The correction of a wrong clock.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    reason = "small numbers and a test's own data"
)]

use std::cell::Cell;
use std::time::SystemTime;

use reattempt::aws::ClockSkew;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// A service that checks the time of a signature by its own clock.
struct Service {
    now: SystemTime,
    headers: Vec<(&'static str, String)>,
    code: &'static str,
}

impl Service {
    fn new(now: SystemTime) -> Self {
        let date = ("date", httpdate::fmt_http_date(now));
        Self {
            now,
            headers: vec![date],
            code: "RequestTimeTooSkewed",
        }
    }

    fn send(&self, signed_at: SystemTime) -> Response<String> {
        let age = self
            .now
            .duration_since(signed_at)
            .unwrap_or_else(|error| error.duration());
        let (status, body) = if age < 5 * MINUTE {
            (200, String::new())
        } else {
            (403, format!("<Error><Code>{}</Code></Error>", self.code))
        };
        let mut response = Response::builder().status(status);
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        response.body(body).expect("valid headers")
    }
}

/// This machine's time.
fn local() -> SystemTime {
    SystemTime::UNIX_EPOCH + 500_000 * HOUR
}

fn skew() -> ClockSkew {
    ClockSkew::new().clock(local)
}

fn policy() -> RetryPolicy<AwsClassifier> {
    RetryPolicy::new(Backoff::none())
        .max_attempts(9)
        .classify(AwsClassifier::new().retry_clock_skew())
}

/// Returns the number of attempts, and whether the call succeeded.
fn call(policy: &RetryPolicy<AwsClassifier>, skew: &ClockSkew, service: &Service) -> (u32, bool) {
    let outcome = policy
        .retry_blocking(|_| {
            let now = skew.now();
            let mut response = service.send(now.time());
            skew.observe(now, &mut response);
            Ok::<_, io::Error>(response)
        })
        .outcome();
    (outcome.attempts, outcome.reason == StopReason::Success)
}

#[test]
fn a_wrong_clock_is_corrected_with_one_retry() {
    for now in [local() + 3 * HOUR, local() - 3 * HOUR] {
        let (skew, service) = (skew(), Service::new(now));
        assert_eq!(call(&policy(), &skew, &service), (2, true));
        // Clones share the correction.
        assert_eq!(call(&policy(), &skew.clone(), &service), (1, true));
        assert_eq!(skew.now().time(), now);
    }
}

#[test]
fn every_code_for_a_rejected_time_is_retried_once() {
    for (code, attempts) in [
        ("AccessDeniedException", 2),
        ("AuthFailure", 2),
        ("InvalidSignatureException", 2),
        ("RequestExpired", 2),
        ("RequestTimeTooSkewed", 2),
        ("SignatureDoesNotMatch", 2),
        ("ExpiredToken", 1),
        ("NoSuchKey", 1),
    ] {
        let mut service = Service::new(local() + HOUR);
        service.code = code;
        assert_eq!(call(&policy(), &skew(), &service).0, attempts, "{code}");
    }
}

#[test]
fn a_request_that_stays_rejected_is_retried_once() {
    let (skew, attempts) = (skew(), Cell::new(0));
    let date = httpdate::fmt_http_date(local() + HOUR);
    let outcome = policy()
        .retry_blocking(|_| {
            attempts.set(attempts.get() + 1);
            let now = skew.now();
            let mut response = Response::builder()
                .status(403)
                .header("date", &date)
                .body("<Error><Code>SignatureDoesNotMatch</Code></Error>")
                .expect("valid headers");
            skew.observe(now, &mut response);
            Ok::<_, io::Error>(response)
        })
        .outcome();
    assert_eq!((attempts.get(), outcome.reason), (2, StopReason::Permanent));
}

#[test]
fn a_rejection_with_the_right_clock_is_permanent() {
    let mut service = Service::new(local() + 4 * MINUTE);
    service.now = local() + HOUR; // It rejects, although its date is close.
    assert_eq!(call(&policy(), &skew(), &service), (1, false));
    let mut service = Service::new(local() + 4 * MINUTE + Duration::from_secs(1));
    service.now = local() + HOUR;
    assert_eq!(call(&policy(), &skew(), &service), (2, false));
}

#[test]
fn a_wrong_clock_is_permanent_by_default() {
    let policy = policy().classify(AwsClassifier::new());
    let service = Service::new(local() + HOUR);
    assert_eq!(call(&policy, &skew(), &service), (1, false));
    // The measurement alone corrects the next call.
    let skew = skew();
    call(&policy, &skew, &service);
    assert_eq!(call(&policy, &skew, &service), (1, true));
}

#[test]
fn a_response_without_a_usable_date_is_not_measured() {
    let cached = ("age", "0".to_owned());
    let now = local() + HOUR;
    let mut service = Service::new(now);
    service.headers.push(cached);
    assert_eq!(call(&policy(), &skew(), &service), (1, false));
    for date in [None, Some("yesterday"), Some("")] {
        let mut service = Service::new(now);
        service.headers = date
            .map(|date| ("date", date.to_owned()))
            .into_iter()
            .collect();
        assert_eq!(call(&policy(), &skew(), &service), (1, false), "{date:?}");
    }
}

#[test]
fn a_slow_response_is_not_measured() {
    thread_local!(static NOW: Cell<u64> = const { Cell::new(1_000_000) });
    let clock = || SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.get());
    for (round_trip, ahead) in [(100, 3600 - 50), (101, 0)] {
        let skew = ClockSkew::new().clock(clock);
        let now = skew.now();
        let mut response = Service::new(clock() + HOUR).send(now.time());
        NOW.set(NOW.get() + round_trip);
        skew.observe(now, &mut response);
        let corrected = skew.now().time();
        assert_eq!(
            corrected,
            clock() + Duration::from_secs(ahead),
            "{round_trip} s"
        );
    }
    // The clock was set back while the request was on its way.
    let skew = ClockSkew::new().clock(clock);
    let now = skew.now();
    let mut response = Service::new(clock() + HOUR).send(now.time());
    NOW.set(NOW.get() - 1);
    skew.observe(now, &mut response);
    assert_eq!(skew.now().time(), clock());
}

#[test]
fn a_correction_by_another_call_counts_as_one() {
    let (skew, service) = (skew(), Service::new(local() + HOUR));
    let before = skew.now();
    assert_eq!(call(&policy(), &skew, &service), (2, true));
    // This request was signed before the other call measured the skew.
    let mut response = service.send(before.time());
    skew.observe(before, &mut response);
    let judge = AwsClassifier::new().retry_clock_skew();
    assert_eq!(
        verdict(&judge, &response),
        Verdict::retry(ErrorKind::Unsent)
    );
}

#[test]
fn the_error_of_a_service_has_the_verdict_on_the_skew() {
    let (skew, service) = (skew(), Service::new(local() + HOUR));
    let now = skew.now();
    let mut response = service.send(now.time());
    skew.observe(now, &mut response);
    let judge = AwsClassifier::new().retry_clock_skew();
    let error = ServiceError::from_response_by(&judge, &response).expect("a 403");
    assert_eq!(error.verdict(), Verdict::retry(ErrorKind::Unsent));
}

#[test]
fn overrides_take_precedence_over_the_clock_skew() {
    let service = Service::new(local() + HOUR);
    let judge = AwsClassifier::new().retry_clock_skew();
    for judge in [
        judge.clone().never_code("RequestTimeTooSkewed"),
        judge.never_retry(StatusCode::FORBIDDEN),
    ] {
        let policy = policy().classify(judge);
        assert_eq!(call(&policy, &skew(), &service), (1, false));
    }
}

#[test]
fn dates_at_the_ends_of_time_do_not_panic() {
    for date in [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
    ] {
        for clock in [
            || SystemTime::UNIX_EPOCH,
            local,
            || SystemTime::UNIX_EPOCH + 70_000_000 * HOUR,
        ] {
            let skew = ClockSkew::new().clock(clock);
            let now = skew.now();
            let mut response = Response::builder()
                .header("date", date)
                .body("")
                .expect("valid");
            skew.observe(now, &mut response);
            let _ = skew.now().time();
        }
    }
}

#[test]
fn a_false_date_lasts_until_the_next_response() {
    let skew = skew();
    let observe = |date: SystemTime| {
        let mut response = Response::new("");
        let date = httpdate::fmt_http_date(date).parse().expect("a date");
        response.headers_mut().insert("date", date);
        skew.observe(skew.now(), &mut response);
        skew.now().time()
    };
    for hours in [1_u32, 24, 100_000] {
        let false_date = local() + hours * HOUR;
        assert_eq!(observe(false_date), false_date);
        assert_eq!(observe(local()), local());
    }
}

#[test]
fn a_server_that_changes_its_date_is_limited_by_attempts() {
    let skew = skew();
    let mut service = Service::new(local());
    let policy = policy().max_attempts(4);
    let outcome = policy
        .retry_blocking(|_| {
            // The clock of the service jumps after each request is signed.
            let now = skew.now();
            service = Service::new(service.now + HOUR);
            let mut response = service.send(now.time());
            skew.observe(now, &mut response);
            Ok::<_, io::Error>(response)
        })
        .outcome();
    assert_eq!(
        (outcome.attempts, outcome.reason),
        (4, StopReason::OutOfAttempts)
    );
}
