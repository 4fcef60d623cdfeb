//! Checks that an error body never causes a panic or an empty code, and that a 5xx is
//! retried with any body.
#![no_main]

use http::{HeaderMap, HeaderValue, Response, StatusCode};
use libfuzzer_sys::fuzz_target;
use reattempt::aws::{AwsClassifier, ServiceError, error_code};
use reattempt::{Classify, Verdict};

fuzz_target!(|input: (u16, Option<Vec<u8>>, &[u8])| {
    let (status, kind, body) = input;
    let mut headers = HeaderMap::new();
    if let Some(Ok(kind)) = kind.as_deref().map(HeaderValue::from_bytes) {
        headers.insert("x-amzn-errortype", kind);
    }
    if let Some(code) = error_code(&headers, body) {
        assert!(!code.is_empty());
    }
    let Ok(status) = StatusCode::from_u16(status) else {
        return;
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    let outcome: Result<_, &std::io::Error> = Ok(&response);
    let verdict = AwsClassifier::new().classify(outcome);
    if status.is_informational() || status.is_redirection() {
        assert_eq!(verdict, Verdict::Success);
    }
    if status.is_server_error() {
        assert!(verdict.is_retry());
    }
    if let Some(error) = ServiceError::from_response(&response) {
        assert_eq!(error.status(), status);
        let _ = format!("{error} {error:?}");
    }
});
