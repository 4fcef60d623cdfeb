//! Every byte arrives once, wherever the body breaks.

use std::future::ready;
use std::pin::pin;

use bytes::Bytes;
use http_body::Body;
use proptest::prelude::*;
use reattempt::{ManualTimer, resume};

use crate::mock::{Frames, Server, block_on, breaks_once, fetch, object, policy};

#[test]
fn a_break_at_each_of_65536_offsets_loses_nothing() {
    let object = object(65_536);
    let server = Server::with_frames(&object, 4096);
    let policy = policy();
    for offset in 0..object.len() {
        let mut is_first = true;
        let mut requests = 0;
        let get = resume::get(&policy, |range: resume::Range| {
            requests += 1;
            let mut headers = http::HeaderMap::new();
            range.apply(&mut headers);
            let response = server.honest(&headers);
            let response = if std::mem::take(&mut is_first) {
                response.map(|body: Frames| body.breaks_after(offset))
            } else {
                response
            };
            ready(std::io::Result::Ok(response))
        });
        let response = block_on(get.timer(ManualTimer::new()).send()).unwrap();
        assert_yields(response.into_body(), &object);
        assert_eq!(requests, 2, "offset {offset}");
        assert_eq!(server.range(1), format!("bytes={offset}-"));
        server.forget();
    }
}

/// Compares without collecting.
fn assert_yields(body: impl Body<Data = Bytes, Error: std::fmt::Debug>, object: &Bytes) {
    let mut body = pin!(body);
    let mut position = 0;
    while let Some(frame) = block_on(std::future::poll_fn(|cx| body.as_mut().poll_frame(cx))) {
        let data = frame.unwrap().into_data().unwrap();
        assert!(object[position..].starts_with(&data), "at {position}");
        position += data.len();
    }
    assert_eq!(position, object.len());
}

#[test]
fn a_body_that_breaks_after_each_byte_arrives_whole() {
    let object = object(300);
    let server = Server::new(&object);
    let read = fetch(&server, &policy(), |_, response| {
        Ok(response.map(|body| body.breaks_after(1)))
    });
    assert_eq!((read.bytes, server.count()), (object.to_vec(), 300));
    assert!(read.error.is_none());
    let requests = server.requests();
    assert!(requests[0].is_empty());
    assert_eq!(requests[299]["range"], "bytes=299-");
    assert_eq!(requests[299]["if-range"], "\"one\"");
}

#[test]
fn a_break_after_the_last_byte_is_the_end() {
    let object = object(64);
    let server = Server::new(&object);
    let read = fetch(&server, &policy(), breaks_once(64));
    assert_eq!((read.bytes, server.count()), (object.to_vec(), 1));
    assert!(read.error.is_none());
}

#[test]
fn a_break_before_the_first_byte_is_resumed() {
    let object = object(64);
    let server = Server::new(&object);
    let read = fetch(&server, &policy(), breaks_once(0));
    assert_eq!((read.bytes, server.count()), (object.to_vec(), 2));
    assert_eq!(server.range(1), "bytes=0-");
}

#[test]
fn an_empty_body_is_not_requested_again() {
    for breaks in [false, true] {
        let server = Server::new(&Bytes::new());
        let read = fetch(&server, &policy(), |_, response| {
            Ok(response.map(|body| if breaks { body.breaks_after(0) } else { body }))
        });
        assert!(read.bytes.is_empty() && read.error.is_none());
        assert_eq!(server.count(), 1);
    }
}

#[test]
fn a_body_that_ends_early_without_an_error_is_resumed() {
    let object = object(64);
    let server = Server::new(&object);
    let read = fetch(&server, &policy(), |number, response| {
        // The second response is a short one: its body does not hold what its head says.
        Ok(response.map(|body| match number {
            0 => body.ends_after(20),
            1 => body.ends_after(5),
            _ => body,
        }))
    });
    assert_eq!((read.bytes, server.count()), (object.to_vec(), 3));
    assert_eq!(server.range(2), "bytes=25-");
}

#[test]
fn a_server_that_ignores_the_range_is_read_past_known_bytes() {
    let object = object(100);
    for offset in 0..100 {
        for frame in [1, 7, 100] {
            let server = Server::with_frames(&object, frame);
            let whole = server.clone();
            let read = fetch(&server, &policy(), |number, response| {
                Ok(match number {
                    0 => response.map(|body| body.breaks_after(offset)),
                    // Breaks while known bytes are skipped.
                    1 => whole.whole().map(|body| body.breaks_after(offset / 2)),
                    _ => whole.whole(),
                })
            });
            assert!(read.error.is_none());
            assert_eq!((read.bytes, server.count()), (object.to_vec(), 3));
        }
    }
}

/// One response. `breaks_at` is in thousandths of its body.
#[derive(Clone, Debug)]
struct Plan {
    breaks_at: usize,
    frame: usize,
    is_whole: bool,
    ends: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    (
        0_usize..1000,
        1_usize..40,
        prop::bool::weighted(0.3),
        any::<bool>(),
    )
        .prop_map(|(breaks_at, frame, is_whole, ends)| Plan {
            breaks_at,
            frame,
            is_whole,
            ends,
        })
}

proptest! {
    #[test]
    fn random_chunks_and_breaks_lose_nothing(
        len in 0_usize..500,
        plans in prop::collection::vec(plan(), 0..12),
    ) {
        let object = object(len);
        let server = Server::new(&object);
        let other = server.clone();
        let policy = policy().unlimited_attempts();
        let read = fetch(&server, &policy, |number, response| {
            let Some(plan) = plans.get(number) else { return Ok(response) };
            let response = if plan.is_whole { other.whole() } else { response };
            Ok(response.map(|body| {
                let bytes = crate::mock::collect(body);
                let cut = bytes.len() * plan.breaks_at / 1000;
                let body = Frames::of(&bytes, plan.frame);
                if plan.ends { body.ends_after(cut) } else { body.breaks_after(cut) }
            }))
        });
        prop_assert!(read.error.is_none());
        prop_assert_eq!(read.bytes, object.to_vec());
        prop_assert!(server.count() <= plans.len() + 1);
    }
}
