//! A server in the process, whose bodies break where a test wants it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, Ready, ready};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_MATCH, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use reattempt::http::HttpClassifier;
use reattempt::resume::{Get, Range, ResumeError};
use reattempt::{Backoff, ManualTimer, RetryPolicy, Timer};

pub(crate) const ETAG_1: &str = "\"one\"";

pub(crate) type Policy = RetryPolicy<HttpClassifier>;

/// Three attempts, one second before each retry.
pub(crate) fn policy() -> Policy {
    RetryPolicy::new(Backoff::constant(Duration::from_secs(1))).classify(HttpClassifier::new())
}

pub(crate) const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn reset() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

/// An object in which every byte depends on its position.
pub(crate) fn object(len: usize) -> Bytes {
    let bytes = (0..len as u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8);
    bytes.collect()
}

/// Yields its frames, one at each poll.
#[derive(Debug, Default)]
pub(crate) struct Frames(pub(crate) VecDeque<io::Result<Frame<Bytes>>>);

impl Frames {
    /// `body` in frames of `size` bytes.
    pub(crate) fn of(body: &Bytes, size: usize) -> Self {
        let frame = |chunk| Ok(Frame::data(body.slice_ref(chunk)));
        Self(body.chunks(size).map(frame).collect())
    }

    /// Ends after `len` bytes, without an error.
    pub(crate) fn ends_after(mut self, mut len: usize) -> Self {
        let mut kept = VecDeque::new();
        while let Some(Ok(frame)) = self.0.pop_front().filter(|_| len > 0) {
            let data = frame.into_data().unwrap();
            let data = data.slice(..data.len().min(len));
            len -= data.len();
            kept.push_back(Ok(Frame::data(data)));
        }
        Self(kept)
    }

    /// Breaks after `len` bytes.
    pub(crate) fn breaks_after(self, len: usize) -> Self {
        self.ends_after(len).then(Err(reset()))
    }

    pub(crate) fn then(mut self, frame: io::Result<Frame<Bytes>>) -> Self {
        self.0.push_back(frame);
        self
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(self.0.pop_front())
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let frames = self.0.iter().flatten();
        SizeHint::with_exact(
            frames
                .filter_map(Frame::data_ref)
                .map(Bytes::len)
                .sum::<usize>() as u64,
        )
    }
}

pub(crate) type Reply = io::Result<Response<Frames>>;

/// A server that holds one object and records its requests.
#[derive(Clone)]
pub(crate) struct Server(Rc<Shared>);

struct Shared {
    object: Bytes,
    etag: Cell<Option<&'static str>>,
    frame: usize,
    requests: RefCell<Vec<HeaderMap>>,
}

impl Server {
    pub(crate) fn new(object: &Bytes) -> Self {
        Self::with_frames(object, 8)
    }

    /// A server that sends frames of this size.
    pub(crate) fn with_frames(object: &Bytes, frame: usize) -> Self {
        Self(Rc::new(Shared {
            object: object.clone(),
            etag: Cell::new(Some(ETAG_1)),
            frame,
            requests: RefCell::default(),
        }))
    }

    pub(crate) fn etag(&self, etag: Option<&'static str>) {
        self.0.etag.set(etag);
    }

    pub(crate) fn forget(&self) {
        self.0.requests.borrow_mut().clear();
    }

    /// The headers of every request so far.
    pub(crate) fn requests(&self) -> Vec<HeaderMap> {
        self.0.requests.borrow().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.requests.borrow().len()
    }

    /// Returns what the request with this number asks for.
    pub(crate) fn range(&self, request: usize) -> String {
        let requests = self.requests();
        requests[request][RANGE].to_str().unwrap().to_owned()
    }

    /// Sends each request to `reply`, which receives its number and the honest response.
    pub(crate) fn get<P: reattempt::call::PolicyRef>(
        &self,
        policy: P,
        mut reply: impl FnMut(usize, Response<Frames>) -> Reply,
    ) -> Get<impl FnMut(Range) -> Ready<Reply>, P, ManualTimer> {
        let server = self.clone();
        reattempt::resume::get(policy, move |range: Range| {
            let number = server.count();
            let response = server.honest(&range.into_headers());
            ready(reply(number, response))
        })
        .timer(ManualTimer::new())
    }

    /// Answers a request as RFC 9110 asks for.
    pub(crate) fn honest(&self, headers: &HeaderMap) -> Response<Frames> {
        self.0.requests.borrow_mut().push(headers.clone());
        let total = self.0.object.len();
        let etag = self.0.etag.get();
        let mut response = self.whole();
        let differs = |name: HeaderName| {
            headers
                .get(name)
                .is_some_and(|v| Some(v.as_bytes()) != etag.map(str::as_bytes))
        };
        if differs(IF_MATCH) {
            return status(412);
        }
        let Some(range) = headers.get(RANGE).filter(|_| !differs(IF_RANGE)) else {
            return response;
        };
        let (start, end) = range.to_str().unwrap()[6..].split_once('-').unwrap();
        let start: usize = start.parse().unwrap();
        let end = end.parse().map_or(total, |last: usize| last + 1).min(total);
        if start >= end {
            return with(status(416), CONTENT_RANGE, &format!("bytes */{total}"));
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        *response.body_mut() = Frames::of(&self.0.object.slice(start..end), self.0.frame);
        let response = with(response, CONTENT_LENGTH, &(end - start).to_string());
        let range = format!("bytes {start}-{}/{total}", end - 1);
        with(response, CONTENT_RANGE, &range)
    }

    /// A 200 with all of the object.
    pub(crate) fn whole(&self) -> Response<Frames> {
        let object = &self.0.object;
        let response = Response::new(Frames::of(object, self.0.frame));
        let response = with(response, CONTENT_LENGTH, &object.len().to_string());
        match self.0.etag.get() {
            Some(etag) => with(response, ETAG, etag),
            None => response,
        }
    }
}

/// A response without a body.
pub(crate) fn status(status: u16) -> Response<Frames> {
    let mut response = Response::new(Frames::default());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

pub(crate) fn with<B>(mut response: Response<B>, name: HeaderName, value: &str) -> Response<B> {
    let value = HeaderValue::from_str(value).unwrap();
    response.headers_mut().insert(name, value);
    response
}

/// The first response breaks after `len` bytes, and the others are as they should be.
pub(crate) fn breaks_once(len: usize) -> impl FnMut(usize, Response<Frames>) -> Reply {
    move |number, response| {
        Ok(match number {
            0 => response.map(|body| body.breaks_after(len)),
            _ => response,
        })
    }
}

/// What a body yielded: its bytes, its trailers and its error.
#[derive(Debug)]
pub(crate) struct Read<X> {
    pub(crate) bytes: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) error: Option<X>,
}

/// Reads a body to its end.
pub(crate) fn read<B: Body<Data = Bytes>>(body: B) -> Read<B::Error> {
    let mut body = pin!(body);
    let mut read = Read {
        bytes: Vec::new(),
        trailers: None,
        error: None,
    };
    while let Some(frame) = block_on(std::future::poll_fn(|cx| body.as_mut().poll_frame(cx))) {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => read.bytes.extend_from_slice(&data),
            Ok(Err(trailers)) => read.trailers = trailers.into_trailers().ok(),
            Err(error) => read.error = Some(error),
        }
    }
    assert!(body.is_end_stream(), "the body has ended");
    assert_eq!(body.size_hint().exact(), Some(0));
    read
}

/// The error of the mock's bodies.
pub(crate) type MockError = ResumeError<io::Error, Frames>;

/// Gets the object through a mock whose responses a test changes.
pub(crate) fn fetch(
    server: &Server,
    policy: &Policy,
    reply: impl FnMut(usize, Response<Frames>) -> Reply,
) -> Read<MockError> {
    let response = block_on(server.get(policy, reply).send()).unwrap();
    read(response.into_body())
}

/// Fetches with a timer of the caller.
pub(crate) fn fetch_with<M: Timer>(
    server: &Server,
    policy: &Policy,
    timer: M,
    reply: impl FnMut(usize, Response<Frames>) -> Reply,
) -> Read<MockError> {
    let get = server.get(policy, reply).timer(timer);
    read(block_on(get.send()).unwrap().into_body())
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        let mut cx = Context::from_waker(Waker::noop());
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}

/// The bytes of a body of the mock.
pub(crate) fn collect(body: Frames) -> Bytes {
    let frames = body.0.into_iter().flatten();
    frames
        .filter_map(|frame| frame.into_data().ok())
        .flatten()
        .collect()
}
