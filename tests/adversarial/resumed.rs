//! A body that breaks after its last byte.

use std::future::ready;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use http_body::{Body, Frame};
use reattempt::ManualTimer;
use reattempt::resume;

use crate::now_or_never;

/// Yields four bytes, then an error.
struct Breaks(Option<Bytes>);

impl Body for Breaks {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
        Poll::Ready(Some(self.0.take().map(Frame::data).ok_or_else(reset)))
    }
}

/// A response to a request for the bytes after the last one.
fn answer(is_first: bool) -> Response<Breaks> {
    let mut response = Response::new(Breaks(is_first.then(|| Bytes::from_static(b"four"))));
    let headers = response.headers_mut();
    headers.insert("etag", HeaderValue::from_static("\"v1\""));
    if !is_first {
        headers.insert("content-range", HeaderValue::from_static("bytes */4"));
        *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
    }
    response
}

#[test]
fn a_body_of_unknown_length_that_breaks_after_its_last_byte_is_complete() {
    let policy = reattempt::http::policy();
    let requests = |range: resume::Range| ready(io::Result::Ok(answer(!range.is_resumption())));
    let get = resume::get(&policy, requests).timer(ManualTimer::new());
    let mut body = pin!(now_or_never(get.send()).unwrap().into_body());
    let mut next = || now_or_never(std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)));
    assert_eq!(next().unwrap().unwrap().into_data().unwrap(), "four");
    // The server says that the object has four bytes, and its ETag has not changed.
    assert!(next().is_none_or(|frame| frame.is_ok()));
}
