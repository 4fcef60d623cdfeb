//! Server hints: the headers with a delay, and the header that requests or forbids a retry.
#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use proptest::prelude::*;
use reattempt::http::{HttpClassifier, server_hint};
use reattempt::{Classify, ErrorKind, Verdict};

fn headers(pairs: &serde_json::Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for pair in pairs.as_array().unwrap() {
        let name = HeaderName::try_from(pair[0].as_str().unwrap()).unwrap();
        let value = HeaderValue::from_bytes(pair[1].as_str().unwrap().as_bytes()).unwrap();
        headers.append(name, value);
    }
    headers
}

#[test]
fn hints_match_the_test_vectors() {
    let text = include_str!("data/hints.json");
    let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 60);
    for case in cases {
        let now = httpdate::parse_http_date(case["now"].as_str().unwrap()).unwrap();
        let ms = case["ms"].as_f64();
        let expected = ms.map(|ms| Duration::from_secs_f64(ms / 1_000.0));
        let found = server_hint(&headers(&case["headers"]), now);
        assert_eq!(found, expected, "{case}");
    }
}

fn judge(
    classifier: HttpClassifier,
    status: StatusCode,
    pairs: &[(&'static str, &str)],
) -> Verdict {
    let mut response = Response::new(());
    *response.status_mut() = status;
    for &(name, value) in pairs {
        let value = HeaderValue::from_str(value).unwrap();
        response.headers_mut().insert(name, value);
    }
    let outcome: Result<_, &std::io::Error> = Ok(&response);
    classifier.classify(outcome)
}

#[test]
fn obey_server_follows_the_header_of_an_error_response() {
    let (conflict, slow) = (StatusCode::CONFLICT, StatusCode::TOO_MANY_REQUESTS);
    let obedient = HttpClassifier::new().obey_server();
    let yes = [("x-should-retry", "true")];
    let no = [("x-should-retry", "false")];
    let transient = Verdict::retry(ErrorKind::Transient);
    let throttling = Verdict::retry(ErrorKind::Throttling);
    assert_eq!(judge(obedient, conflict, &yes), transient);
    assert_eq!(judge(obedient, slow, &yes), throttling);
    assert_eq!(judge(obedient, slow, &no), Verdict::Permanent);
    assert_eq!(judge(obedient, StatusCode::OK, &yes), Verdict::Success);
    assert_eq!(
        judge(obedient, slow, &[("x-should-retry", "1")]),
        throttling
    );

    let never = obedient.never_retry(conflict);
    assert_eq!(judge(never, conflict, &yes), Verdict::Permanent);
    let also = obedient.also_retry(conflict);
    assert_eq!(judge(also, conflict, &no), Verdict::Permanent);
    let plain = HttpClassifier::new();
    assert_eq!(judge(plain, conflict, &yes), Verdict::Permanent);
    assert_eq!(judge(plain, slow, &no), throttling);
}

#[test]
fn a_date_is_relative_to_the_clock_that_is_set() {
    let classifier = HttpClassifier::new().clock(|| SystemTime::UNIX_EPOCH);
    let date = [("retry-after", "Thu, 01 Jan 1970 00:01:30 GMT")];
    let verdict = judge(classifier, StatusCode::SERVICE_UNAVAILABLE, &date);
    let hint = Duration::from_secs(90);
    assert_eq!(verdict, Verdict::retry(ErrorKind::Server).after(hint));
}

#[test]
fn hints_in_milliseconds_are_exact_to_the_nanosecond() {
    for (value, nanos) in [
        ("0.000001", 1),
        ("0.0000019", 1),
        ("1.5", 1_500_000),
        ("2.0", 2_000_000),
    ] {
        let headers = headers(&serde_json::json!([["retry-after-ms", value]]));
        let hint = server_hint(&headers, SystemTime::UNIX_EPOCH);
        assert_eq!(hint, Some(Duration::from_nanos(nanos)), "{value}");
    }
    for value in [".5", "5.", "1.5.5", "1e3", "99999999999999999999", "1_0"] {
        let headers = headers(&serde_json::json!([["retry-after-ms", value]]));
        assert_eq!(
            server_hint(&headers, SystemTime::UNIX_EPOCH),
            None,
            "{value}"
        );
    }
}

proptest! {
    #[test]
    fn no_header_makes_server_hint_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            for name in ["retry-after", "retry-after-ms", "x-ms-retry-after-ms"] {
                let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value.clone())]);
                let _ = server_hint(&headers, SystemTime::UNIX_EPOCH);
            }
        }
    }
}
