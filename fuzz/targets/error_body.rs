//! Checks the verdict on any response of AWS: no panic, a code without its decoration, one
//! verdict from all functions, and no verdict that contradicts the status.
#![no_main]

use http::header::{ETAG, LAST_MODIFIED};
use http::{Response, StatusCode};
use libfuzzer_sys::fuzz_target;
use reattempt::aws::{AwsClassifier, ServiceError, error_code};
use reattempt::{Classify, ErrorKind, Verdict};
use reattempt_fuzz::is_unprintable;

/// The largest part of a body that is read.
const READ: usize = 64 * 1024;

fuzz_target!(|text: &[u8]| {
    let Some(response) = reattempt_fuzz::response(text) else {
        return;
    };
    let (status, headers, body) = (response.status(), response.headers(), *response.body());
    let code = error_code(headers, body);
    if let Some(code) = &code {
        assert!(!code.is_empty() && code.trim_ascii() == code, "{code:?}");
        assert!(!code.contains([':', '#']), "{code:?}");
    }
    let judge = AwsClassifier::new();
    let outcome: Result<_, &std::io::Error> = Ok(&response);
    let verdict = judge.classify(outcome);
    assert_eq!(verdict, judge.judge_parts(status, headers, body));
    check_status(&response, verdict);
    check_error(&response, verdict, code.as_deref());
    // The inputs are shorter than the part that is read. Padding moves its end into the body.
    check_long_body(&response);
});

/// Checks the error of a response.
fn check_error(response: &Response<&[u8]>, verdict: Verdict, code: Option<&str>) {
    let status = response.status();
    let error = ServiceError::from_response(response);
    assert_eq!(error.is_none(), verdict == Verdict::Success);
    if let Some(error) = error {
        assert_eq!((error.status(), error.verdict()), (status, verdict));
        assert_eq!(error.code(), code);
        assert!(error.message().is_none_or(|message| message.len() <= READ));
        let shown = error.to_string();
        assert!(!shown.contains(is_unprintable), "{shown:?}");
    }
}

/// Checks that bytes after the part of a body that is read never matter. The body is made longer
/// than this part, with spaces before it or in its middle.
fn check_long_body(response: &Response<&[u8]>) {
    let (headers, body) = (response.headers(), *response.body());
    let middle = body.len() / 2;
    let padding = vec![b' '; READ - middle.min(READ)];
    // The end of the part is in the middle of the body.
    let cut = [&padding, body, b" "].concat();
    // The end of the part is in the padding, which a message may contain.
    let padded = [&body[..middle], &padding, &padding, &body[middle..]].concat();
    let long = if body.len() % 2 == 0 { cut } else { padded };
    let Some(read) = long.get(..READ) else {
        return;
    };
    let code = error_code(headers, &long);
    for rest in [&b"x"[..], b"<Code>SlowDown</Code></Error>"] {
        assert_eq!(error_code(headers, &[read, rest].concat()), code);
    }
    let mut long_response = Response::new(&long[..]);
    *long_response.status_mut() = response.status();
    *long_response.headers_mut() = headers.clone();
    let verdict = AwsClassifier::new().judge_parts(response.status(), headers, &long);
    check_status(&long_response, verdict);
    check_error(&long_response, verdict, code.as_deref());
}

/// Checks that the verdict is one that this status may have.
fn check_status(response: &Response<&[u8]>, verdict: Verdict) {
    let status = response.status();
    let is_object = [ETAG, LAST_MODIFIED]
        .iter()
        .any(|name| response.headers().contains_key(name));
    let kind = match verdict {
        Verdict::Retry { kind, .. } => Some(kind),
        _ => None,
    };
    match status {
        StatusCode::OK if is_object => assert_eq!(verdict, Verdict::Success),
        StatusCode::OK => assert_ne!(verdict, Verdict::Permanent),
        StatusCode::TOO_MANY_REQUESTS => assert_eq!(kind, Some(ErrorKind::Throttling)),
        _ if status.is_client_error() => {
            let is_throttling = kind == Some(ErrorKind::Throttling);
            assert!(is_throttling || verdict == Verdict::Permanent);
        }
        _ if status.is_server_error() => assert!(verdict.is_retry()),
        _ => assert_eq!(verdict, Verdict::Success),
    }
}
