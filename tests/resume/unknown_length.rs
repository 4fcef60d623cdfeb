//! A body of unknown length that breaks, after its last byte or before.

use std::future::{poll_fn, ready};
use std::io;
use std::pin::pin;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame};
use reattempt::{Classify, ManualTimer, RetryPolicy, resume};

use crate::mock::{Frames, block_on, read, reset};

/// A response to the first request, then to a request for the bytes after the last one.
fn answer(is_first: bool, etag: &'static str, range: &'static str) -> Response<Frames> {
    let mut response = Response::new(if is_first {
        Frames::of(&Bytes::from_static(b"four"), 4).then(Err(reset()))
    } else {
        Frames::default()
    });
    let etag = if is_first { "\"v1\"" } else { etag };
    let headers = response.headers_mut();
    headers.insert("etag", HeaderValue::from_static(etag));
    if !is_first {
        headers.insert("content-range", HeaderValue::from_static(range));
        *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
    }
    response
}

/// Reads a body that breaks after four bytes. Returns true if it then ends without an error.
fn is_complete<C>(policy: &RetryPolicy<C>, etag: &'static str, range: &'static str) -> bool
where
    C: Classify<Response<Frames>, io::Error>,
{
    let requests =
        |part: resume::Range| ready(io::Result::Ok(answer(!part.is_resumption(), etag, range)));
    let get = resume::get(policy, requests).timer(ManualTimer::new());
    let mut body = pin!(block_on(get.send()).unwrap().into_body());
    let mut next = || block_on(poll_fn(|cx| body.as_mut().poll_frame(cx)));
    assert_eq!(next().unwrap().unwrap().into_data().unwrap(), "four");
    let end = next();
    assert!(!matches!(end, Some(Ok(_))));
    assert!(next().is_none());
    end.is_none()
}

#[test]
fn a_break_after_the_last_byte_of_an_unknown_length_is_the_end() {
    let same = "\"v1\"";
    assert!(is_complete(&reattempt::http::policy(), same, "bytes */4"));
    assert!(is_complete(
        &reattempt::http::error_policy(),
        same,
        "bytes */4"
    ));
    // Another object, another length, and no length.
    for (etag, range) in [
        ("\"v2\"", "bytes */4"),
        (same, "bytes */5"),
        (same, "bytes 0-3/4"),
        (same, "bytes"),
    ] {
        assert!(
            !is_complete(&reattempt::http::policy(), etag, range),
            "{etag} {range}"
        );
    }
}

#[test]
fn a_416_ends_an_encoded_body_without_its_encoding() {
    let requests = |part: resume::Range| {
        let mut response = answer(!part.is_resumption(), "\"v1\"", "bytes */4");
        if !part.is_resumption() {
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert("content-encoding", gzip);
        }
        ready(io::Result::Ok(response))
    };
    let policy = reattempt::http::policy();
    let get = resume::get(&policy, requests).timer(ManualTimer::new());
    let read = read(block_on(get.send()).unwrap().into_body());
    assert_eq!((&*read.bytes, read.error.is_none()), (&b"four"[..], true));
}

/// Reads a body that breaks after four bytes, from a server that then ignores the range and
/// sends `again`. Returns what follows the four bytes.
fn after_a_repetition(again: fn() -> Response<Frames>) -> Option<io::Result<Frame<Bytes>>> {
    let requests = |part: resume::Range| {
        let mut response = if part.is_resumption() {
            again()
        } else {
            answer(true, "", "")
        };
        let etag = HeaderValue::from_static("\"v1\"");
        response.headers_mut().insert("etag", etag);
        ready(io::Result::Ok(response))
    };
    let policy = reattempt::http::policy();
    let get = resume::get(&policy, requests).timer(ManualTimer::new());
    let mut body = pin!(block_on(get.send()).unwrap().into_body());
    let mut next = || block_on(poll_fn(|cx| body.as_mut().poll_frame(cx)));
    assert_eq!(next().unwrap().unwrap().into_data().unwrap(), "four");
    next().map(|end| end.map_err(io::Error::other))
}

#[test]
fn a_repetition_that_ends_at_the_break_is_the_end() {
    let end = after_a_repetition(|| {
        let mut response = Response::new(Frames::of(&Bytes::from_static(b"four"), 4));
        let length = HeaderValue::from_static("4");
        response.headers_mut().insert("content-length", length);
        response
    });
    assert!(end.is_none(), "{end:?}");
}

#[test]
fn a_repetition_whose_trailers_precede_the_break_is_an_error() {
    let end = after_a_repetition(|| {
        let half = Frames::of(&Bytes::from_static(b"fo"), 2);
        Response::new(half.then(Ok(Frame::trailers(HeaderMap::new()))))
    });
    assert!(matches!(end, Some(Err(_))), "{end:?}");
}
