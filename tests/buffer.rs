//! `buffer_error`: reads error bodies, and the returned body yields every byte.
#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "a test's own data")]

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use reattempt::aws::{Buffered, PeekBody, ServiceError, buffer_error};

const KIB: usize = 1024;

/// A body that yields its frames one by one, counts the bytes, and is pending before each
/// frame.
struct Frames {
    left: VecDeque<io::Result<Frame<Bytes>>>,
    yielded: Arc<AtomicUsize>,
    is_ready: bool,
}

impl Frames {
    fn new(frames: impl IntoIterator<Item = io::Result<Frame<Bytes>>>) -> Self {
        Self {
            left: frames.into_iter().collect(),
            yielded: Arc::default(),
            is_ready: true,
        }
    }

    /// Returns `body` in frames of 16 KiB.
    fn of(body: &Bytes) -> Self {
        let frame = |chunk| Ok(Frame::data(body.slice_ref(chunk)));
        Self::new(body.chunks(16 * KIB).map(frame))
    }
}

fn data(frame: &io::Result<Frame<Bytes>>) -> usize {
    let data = frame.as_ref().ok().and_then(Frame::data_ref);
    data.map_or(0, Bytes::len)
}

impl Body for Frames {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.is_ready = !self.is_ready;
        if !self.is_ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let frame = self.left.pop_front();
        self.yielded
            .fetch_add(frame.as_ref().map_or(0, data), Ordering::Relaxed);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.iter().map(data).sum::<usize>() as u64)
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        let mut cx = Context::from_waker(Waker::noop());
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}

fn response(status: u16, body: Frames) -> Response<Frames> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
        .headers_mut()
        .insert("x-kept", HeaderValue::from_static("yes"));
    response
}

/// Returns an error body of `len` bytes with the code at its beginning.
fn error_body(len: usize) -> Bytes {
    let mut body = br#"{"__type":"ThrottlingException","message":""#.to_vec();
    body.resize(len.saturating_sub(2), b'm');
    body.extend(b"\"}");
    body.into()
}

fn buffered(status: u16, body: Frames, limit: usize) -> Response<Buffered<Frames>> {
    let response = block_on(buffer_error(response(status, body), limit)).unwrap();
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()["x-kept"], "yes");
    response
}

fn whole(body: Buffered<Frames>) -> Bytes {
    block_on(body.collect()).unwrap().to_bytes()
}

#[test]
fn the_body_of_a_success_is_not_read() {
    let sent = Bytes::from(vec![7; 5 * KIB * KIB]);
    let body = Frames::of(&sent);
    let yielded = Arc::clone(&body.yielded);
    let response = buffered(200, body, 64 * KIB);
    assert_eq!(yielded.load(Ordering::Relaxed), 0);
    let body = response.into_body();
    assert_eq!((body.peek(), body.is_whole()), (&b""[..], false));
    assert_eq!(body.size_hint().exact(), Some(sent.len() as u64));
    assert!(whole(body) == sent);
}

#[test]
fn a_short_error_body_is_peeked_and_then_yielded() {
    let sent = error_body(2 * KIB);
    // Pieces whose size does not divide that of the body.
    let frames = sent
        .chunks(700)
        .map(|chunk| Ok(Frame::data(sent.slice_ref(chunk))));
    let response = buffered(400, Frames::new(frames), 64 * KIB);
    let error = ServiceError::from_response(&response).unwrap();
    assert_eq!(error.code(), Some("ThrottlingException"));
    let body = response.into_body();
    assert!(body.is_whole() && body.peek() == sent);
    assert_eq!(body.size_hint().exact(), Some(sent.len() as u64));
    assert!(whole(body) == sent);
}

#[test]
fn a_long_error_body_is_read_to_the_limit_then_streamed() {
    let sent = error_body(KIB * KIB);
    let body = Frames::of(&sent);
    let yielded = Arc::clone(&body.yielded);
    let response = buffered(503, body, 64 * KIB);
    assert_eq!(yielded.load(Ordering::Relaxed), 64 * KIB);
    let error = ServiceError::from_response(&response).unwrap();
    assert_eq!(error.code(), Some("ThrottlingException"));
    let body = response.into_body();
    assert!(!body.is_whole());
    assert_eq!(body.peek().len(), 64 * KIB);
    assert_eq!(body.size_hint().exact(), Some(sent.len() as u64));
    assert!(whole(body) == sent);
}

#[test]
fn every_limit_keeps_every_byte_and_the_trailers() {
    let sent = error_body(KIB);
    for limit in [0, 1, 255, 256, KIB - 1, KIB, KIB + 1, usize::MAX] {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", HeaderValue::from_static("1"));
        let mut frames: Vec<_> = sent
            .chunks(256)
            .map(|chunk| Ok(Frame::data(sent.slice_ref(chunk))))
            .collect();
        frames.push(Ok(Frame::trailers(trailers.clone())));
        let body = buffered(500, Frames::new(frames), limit).into_body();
        assert_eq!(body.is_whole(), limit > KIB, "{limit}");
        assert!(body.peek().len() >= limit.min(KIB), "{limit}");
        assert!(body.peek().len() < limit.saturating_add(256), "{limit}");
        assert!(!body.is_end_stream());
        let collected = block_on(body.collect()).unwrap();
        assert_eq!(collected.trailers(), Some(&trailers), "{limit}");
        assert!(collected.to_bytes() == sent, "{limit}");
    }
    // Without trailers a body that ends at the limit is known to be whole.
    let body = buffered(500, Frames::of(&sent), KIB).into_body();
    assert!(body.is_whole());
    // An empty body.
    let body = buffered(404, Frames::new([]), 10).into_body();
    assert!(body.is_whole() && body.is_end_stream() && whole(body).is_empty());
}

#[test]
fn an_error_while_reading_the_body_is_returned() {
    let broken = || Err(io::Error::from(io::ErrorKind::ConnectionReset));
    let frames = [Ok(Frame::data(Bytes::from_static(b"{"))), broken()];
    let failed = block_on(buffer_error(response(400, Frames::new(frames)), KIB));
    assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    // If the body fails after the limit, reading the returned body returns the error.
    let frames = [Ok(Frame::data(Bytes::from_static(b"{"))), broken()];
    let body = buffered(400, Frames::new(frames), 1).into_body();
    let failed = block_on(body.collect());
    assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn a_complete_error_body_is_not_broken() {
    let body = buffered(403, Frames::of(&error_body(KIB)), 64 * KIB).into_body();
    assert!(body.is_whole() && !body.is_broken());
    let body = buffered(403, Frames::of(&error_body(64 * KIB)), KIB).into_body();
    assert!(!body.is_whole() && !body.is_broken());
}

/// A body that failed after one byte.
struct Half;

impl PeekBody for Half {
    fn peek(&self) -> &[u8] {
        b"h"
    }

    fn is_whole(&self) -> bool {
        false
    }

    fn is_broken(&self) -> bool {
        true
    }
}

#[test]
fn a_reference_to_a_body_is_peeked_as_that_body() {
    fn seen(body: impl PeekBody) -> (Vec<u8>, bool, bool) {
        (body.peek().to_vec(), body.is_whole(), body.is_broken())
    }
    assert_eq!(seen(&Half), (b"h".to_vec(), false, true));
    assert_eq!(seen(Half), seen(&Half));
    assert_eq!(seen(()), (Vec::new(), true, false));
    assert_eq!(seen("text"), (b"text".to_vec(), true, false));
}

#[test]
fn any_body_type_is_accepted_and_the_future_is_send() {
    // `B` does not have to be `Unpin` or `Send`.
    fn any<B: Body>(response: Response<B>) -> impl Future {
        buffer_error(response, KIB)
    }
    const fn is_send<T: Send>(_: &T) {}
    let future = buffer_error(response(200, Frames::new([])), KIB);
    is_send(&future);
    drop((future, any(response(200, Frames::new([])))));
}
