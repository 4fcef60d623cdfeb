//! The memory that a hostile server can make a client use for an error body.
//!
//! This binary has only one test, so that the allocations of other threads are not counted.
#![cfg(feature = "aws")]

use std::alloc::System;
use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::{Body, Frame};
use reattempt::aws::{PeekBody, ServiceError, buffer_error};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const KIB: usize = 1024;

/// The limit that the documentation of `BufferErrorLayer` recommends.
const LIMIT: usize = 64 * KIB;

/// The most that all allocations may add up to. Copying the bytes that are kept at each of
/// 65,536 frames would take 2 GiB.
const MOST: usize = 4 * KIB * KIB;

/// Runs `run` and checks how many bytes it allocates in total.
#[track_caller]
fn bounded<R>(what: &str, run: impl FnOnce() -> R) -> R {
    let region = Region::new(ALLOCATOR);
    let result = run();
    let change = region.change();
    // What a reallocation adds counts as allocated, but not what it copies.
    let copied = change.reallocations.saturating_mul(LIMIT);
    let total = change.bytes_allocated.saturating_add(copied);
    assert!(total <= MOST, "{what}: {change:?}");
    result
}

/// Yields the same frame without end.
struct Endless(Bytes);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(self.0.clone()))))
    }
}

fn response<B>(body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

/// Returns `before`, then 1 MiB of `part` again and again.
fn repeated(before: &[u8], part: &[u8]) -> Vec<u8> {
    let parts = part.iter().cycle().take(KIB * KIB);
    before.iter().chain(parts).copied().collect()
}

#[test]
fn an_error_body_takes_memory_for_what_is_read_of_it() {
    for size in [1, 100, 16 * KIB] {
        let body = Endless(Bytes::from(vec![b'{'; size]));
        let what = format!("frames of {size} bytes");
        let buffered = bounded(&what, || {
            let mut read = pin!(buffer_error(response(body), LIMIT));
            let mut cx = Context::from_waker(Waker::noop());
            match read.as_mut().poll(&mut cx) {
                Poll::Ready(response) => response.unwrap().into_body(),
                Poll::Pending => panic!("the body is always ready"),
            }
        });
        assert!(buffered.peek().len() < LIMIT + size && !buffered.is_whole());
    }
    for body in [
        repeated(br#"{"x":"#, b"["),
        repeated(br#"{"message":""#, b"\\n"),
        repeated(b"{", br#""code":"A\n","#),
        repeated(b"<Error><Message>", b"&amp;"),
        repeated(b"<Error>", b"<x>"),
        repeated(b"<Error>", b"<Message>a</Message>"),
        repeated(b"\xbf\x61x", b"\x9f"),
        repeated(b"\xbf\x67message\x7f", b"\x61a"),
        repeated(b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", b"\x61a\x61b"),
        repeated(b"\xbf\x61x\x9b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x00"),
        repeated(b"\xbf\x67message\x7b\xff\xff\xff\xff\xff\xff\xff\xff", b"a"),
    ] {
        let what = body.get(..20).unwrap().escape_ascii().to_string();
        let response = response(body);
        let error = bounded(&what, || ServiceError::from_response(&response));
        assert!(
            error
                .unwrap()
                .message()
                .is_none_or(|text| text.len() <= LIMIT)
        );
    }
}
