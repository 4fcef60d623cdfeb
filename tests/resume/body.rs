//! The size, the end and the trailers of a resuming body.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, Response};
use http_body::{Body, Frame};
use reattempt::{ManualTimer, resume};

use crate::mock::{Frames, Server, block_on, breaks_once, fetch, object, policy, reset};

const LEN: usize = 100;

fn trailers() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", HeaderValue::from_static("1"));
    trailers
}

fn unknown(mut response: Response<Frames>) -> Response<Frames> {
    response.headers_mut().remove(CONTENT_LENGTH);
    response
}

#[test]
fn the_size_hint_is_what_is_missing_also_after_a_break() {
    let server = Server::new(&object(LEN));
    let policy = policy();
    let get = server.get(&policy, breaks_once(40));
    let response = block_on(get.send()).unwrap();
    assert_eq!(response.headers()[CONTENT_LENGTH], "100");
    let mut body = pin!(response.into_body());
    let mut left = LEN as u64;
    loop {
        assert_eq!(body.size_hint().exact(), Some(left));
        assert_eq!(body.offset(), LEN as u64 - left);
        assert_eq!(body.is_end_stream(), left == 0);
        let frame = block_on(poll_fn(|cx| body.as_mut().poll_frame(cx)));
        let Some(frame) = frame else { break };
        left -= frame.unwrap().into_data().unwrap().len() as u64;
    }
    assert_eq!((left, server.count()), (0, 2));
}

#[test]
fn the_size_hint_of_an_unknown_length_is_that_of_the_body() {
    let server = Server::new(&object(LEN));
    let policy = policy();
    let get = server.get(&policy, |_, response| Ok(unknown(response)));
    let body = block_on(get.send()).unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(LEN as u64));
}

#[test]
fn a_body_that_ended_early_is_not_at_its_end() {
    let server = Server::new(&object(LEN));
    let policy = policy();
    let get = server.get(&policy, |_, response| {
        Ok(response.map(|body| body.ends_after(0)))
    });
    let body = block_on(get.send()).unwrap().into_body();
    assert!(!body.is_end_stream());
}

#[test]
fn a_consumer_that_stops_at_the_end_of_the_stream_ends_the_call() {
    // Some consumers do not poll again if `is_end_stream` returns true.
    for is_known in [true, false] {
        let budget = reattempt::RetryBudget::new(100);
        let server = Server::new(&object(LEN));
        let whole = server.clone();
        let policy = policy().budget(&budget);
        let get = server.get(&policy, |number, response| {
            let response = if number == 0 { response } else { whole.whole() };
            let response = if is_known {
                response
            } else {
                unknown(response)
            };
            breaks_once(40)(number, response)
        });
        let mut body = pin!(block_on(get.send()).unwrap().into_body());
        while !body.is_end_stream() {
            let frame = block_on(poll_fn(|cx| body.as_mut().poll_frame(cx)));
            assert!(frame.unwrap().is_ok());
        }
        assert_eq!(budget.available(), 100);
    }
}

#[test]
fn trailers_pass_through() {
    for (cut, frame) in [(None, 100), (Some(40), 100), (Some(40), 7)] {
        let server = Server::with_frames(&object(LEN), frame);
        let read = fetch(&server, &policy(), |number, response| {
            Ok(response.map(|body| match cut {
                Some(cut) if number == 0 => body.breaks_after(cut),
                _ => body.then(Ok(Frame::trailers(trailers()))),
            }))
        });
        assert_eq!(
            (read.bytes, read.trailers),
            (object(LEN).to_vec(), Some(trailers()))
        );
        assert!(read.error.is_none());
    }
}

#[test]
fn trailers_before_the_last_byte_are_a_break() {
    let server = Server::new(&object(LEN));
    let read = fetch(&server, &policy(), |number, response| {
        Ok(response.map(|body| match number {
            0 => body.ends_after(40).then(Ok(Frame::trailers(trailers()))),
            _ => body,
        }))
    });
    assert_eq!((read.bytes, read.trailers), (object(LEN).to_vec(), None));
    assert_eq!(server.count(), 2);
}

#[test]
fn empty_frames_pass_through() {
    let server = Server::new(&object(LEN));
    let whole = server.clone();
    let empty = || Ok(Frame::data(Bytes::new()));
    let read = fetch(&server, &policy(), |number, response| {
        let response = if number == 1 { whole.whole() } else { response };
        let response = response.map(|mut body| {
            body.0.push_front(empty());
            body.0.insert(2, empty());
            body
        });
        breaks_once(40)(number, response)
    });
    assert!(read.error.is_none());
    assert_eq!((read.bytes, server.count()), (object(LEN).to_vec(), 2));
}

#[cfg(feature = "aws")]
#[test]
fn the_error_code_of_a_last_response_can_be_read() {
    use reattempt::aws::{self, ServiceError, buffer_error};
    use reattempt::resume::{Range, ResumeError};
    use reattempt::{Backoff, ManualTimer};

    let error = |code: &str| {
        let body = format!("<Error><Code>{code}</Code></Error>");
        crate::mock::status(503).map(|_| Frames::of(&Bytes::from(body), 10))
    };
    let policy = aws::standard().backoff(Backoff::none());
    for errors_from in [0, 1] {
        let server = Server::new(&object(LEN));
        let get = resume::get(&policy, |range: Range| {
            let number = server.count();
            let honest = server.honest(&range.into_headers());
            let response = if number >= errors_from {
                error("SlowDown")
            } else {
                honest.map(|body| body.breaks_after(40))
            };
            buffer_error(response, 1024)
        });
        let response = block_on(get.timer(ManualTimer::new()).send()).unwrap();
        let found = if errors_from == 0 {
            ServiceError::from_response(&response)
        } else {
            let read = crate::mock::read(response.into_body());
            let Some(ResumeError::Refused { response, .. }) = read.error else {
                panic!()
            };
            ServiceError::from_response(&response)
        };
        assert_eq!(found.unwrap().code(), Some("SlowDown"));
        assert_eq!(server.count(), 3);
    }
}

#[cfg(feature = "aws")]
#[test]
fn a_first_body_shows_how_much_of_it_was_read() {
    use reattempt::aws::{self, PeekBody, buffer_error};
    use reattempt::resume::Range;
    use reattempt::{Backoff, ManualTimer};

    let policy = aws::standard().backoff(Backoff::none()).max_attempts(1);
    let first = |response: fn(&Server) -> Response<Frames>| {
        let server = Server::new(&object(LEN));
        let get = resume::get(&policy, |_: Range| buffer_error(response(&server), 1024));
        let response = block_on(get.timer(ManualTimer::new()).send()).unwrap();
        let body = response.body();
        (!body.peek().is_empty(), body.is_whole(), body.is_broken())
    };

    // The body of a success is not read before it is asked for.
    assert_eq!(first(Server::whole), (false, false, false));
    let error = |_: &Server| crate::mock::status(404).map(|_| Frames::of(&object(LEN), 10));
    assert_eq!(first(error), (true, true, false));
}

#[cfg(all(feature = "aws", feature = "tower"))]
#[test]
fn a_first_body_that_broke_while_it_was_read_is_broken() {
    use reattempt::aws::{self, PeekBody};
    use reattempt::{ManualTimer, resume, tower::BufferErrorLayer};
    use tower::{Layer, ServiceExt};

    let service = BufferErrorLayer::new(1024).layer(tower::service_fn(|_: http::Request<()>| {
        let body = Frames::of(&object(LEN), 10).breaks_after(40);
        let response = crate::mock::status(404).map(|_| body);
        std::future::ready(Ok::<_, io::Error>(response))
    }));
    let policy = aws::standard().max_attempts(1);
    let requests = |_| service.oneshot(http::Request::new(()));
    let get = resume::get(&policy, requests).timer(ManualTimer::new());
    let response = block_on(get.send()).unwrap();
    let body = response.body();
    assert_eq!(body.peek(), &object(LEN)[..40]);
    assert!(body.is_broken() && !body.is_whole());
}

/// A body that is pending where a frame is missing. It is at its end if no frame is left.
struct Slow(VecDeque<Option<io::Result<Frame<Bytes>>>>);

impl Body for Slow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.0.pop_front() {
            Some(None) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            frame => Poll::Ready(frame.flatten()),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}

#[test]
fn a_body_that_has_bytes_to_skip_is_not_at_its_end() {
    let response = |frames: Vec<Option<io::Result<Frame<Bytes>>>>| {
        let mut response = Response::new(Slow(frames.into()));
        let etag = HeaderValue::from_static("\"v1\"");
        response.headers_mut().insert("etag", etag);
        response
    };
    let four = Frame::data(Bytes::from_static(b"four"));
    let first = response(vec![Some(Ok(four)), Some(Err(reset()))]);
    let policy = policy();
    // The second response begins again, and ends after nothing.
    let get = resume::get(&policy, |_| {
        std::future::ready(Ok::<_, io::Error>(response(vec![None])))
    });
    let mut body = pin!(
        get.timer(ManualTimer::new())
            .continue_from(first)
            .into_body()
    );
    let frame = block_on(poll_fn(|cx| body.as_mut().poll_frame(cx)));
    assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), "four");
    let mut cx = Context::from_waker(Waker::noop());
    assert!(body.as_mut().poll_frame(&mut cx).is_pending());
    assert!(!body.is_end_stream());
}
