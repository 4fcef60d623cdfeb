//! The aws module: error codes in every wire format, verdicts and presets.
#![cfg(feature = "aws")]
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test's own data")]

mod bodies;
mod body_codes;
mod clock_skew;
mod presets;
mod verdicts;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use base64::Engine;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use proptest::prelude::*;
use reattempt::aws::{self, AwsClassifier, PeekBody, ServiceError, error_code};
use reattempt::{
    Backoff, Classify, Decision, ErrorKind, Jitter, RetryBudget, RetryPolicy, StopReason, Verdict,
};
use serde_json::Value;

const THROTTLING: Verdict = Verdict::retry(ErrorKind::Throttling);
const SERVER: Verdict = Verdict::retry(ErrorKind::Server);
const TRANSIENT: Verdict = Verdict::retry(ErrorKind::Transient);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn response<B>(status: u16, headers: &[(&str, &str)], body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        let name = HeaderName::try_from(*name).unwrap();
        response
            .headers_mut()
            .append(name, HeaderValue::try_from(*value).unwrap());
    }
    response
}

fn verdict(judge: &AwsClassifier, response: &Response<impl PeekBody>) -> Verdict {
    judge.classify(Ok::<_, &io::Error>(response))
}

fn judged(status: u16, headers: &[(&str, &str)], body: impl PeekBody) -> Verdict {
    verdict(&AwsClassifier::new(), &response(status, headers, body))
}

fn code(headers: &[(&str, &str)], body: &[u8]) -> Option<String> {
    let response = response(400, headers, ());
    error_code(response.headers(), body).map(Cow::into_owned)
}

fn vectors(text: &'static str) -> Value {
    serde_json::from_str(text).unwrap()
}
