//! Checks a resuming body against any responses: it yields the bytes of one object, each once
//! and in order, it ends, and only with an error if a byte is missing.
//!
//! The first line has the settings: attempts, tokens, and the words `if-match` and
//! `without-etag`. Each response is a status, its headers, and a line that starts with `>` and
//! has the frames of the body: the number of bytes of each, `.` for a pending poll, `t` for
//! trailers, `!` for a lost connection, `?` for an unknown error.
#![no_main]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, Ready, ready};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_MATCH, IF_RANGE, RANGE,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use libfuzzer_sys::fuzz_target;
use reattempt::resume::{self, Get, Range};
use reattempt::{Backoff, ManualTimer, RetryBudget};
use reattempt_fuzz::{add, line};

/// The most bytes of a frame.
const MOST_BYTES: usize = 300;
/// The most frames, pauses and errors of a body.
const MOST_FRAMES: usize = 300;
/// The most responses of a script.
const MOST_RESPONSES: usize = 300;
/// The most polls of a future. A future is pending at most once for each pause of a script, and
/// a script has at most as many as its text has bytes, which are 8,192.
const MOST_POLLS: usize = 30_000;

fuzz_target!(|text: &[u8]| {
    let (settings, rest) = line(text);
    let settings = Settings::read(settings);
    let script = responses(rest, &settings);
    let Some(first) = script.front() else {
        return;
    };
    let expected = Expected::of(first, &settings);
    let most = script.len() + settings.attempts as usize;
    let requests = RefCell::new(Vec::new());
    let script = RefCell::new(script);
    let policy = settings.policy();
    let get = resume::get(
        &policy,
        |range: Range| -> Ready<io::Result<Response<Frames>>> {
            requests
                .borrow_mut()
                .push((range.offset(), range.into_headers()));
            let response = script.borrow_mut().pop_front();
            ready(response.ok_or_else(|| io::ErrorKind::ConnectionReset.into()))
        },
    );
    let mut get: Get<_, _, ManualTimer> = get.timer(ManualTimer::new());
    if settings.sends_if_match {
        get = get.if_match();
    }
    if settings.needs_no_etag {
        get = get.without_etag();
    }
    let first = script.borrow_mut().pop_front().unwrap();
    let end = read(get.continue_from(first).into_body(), &expected);
    let requests = requests.into_inner();
    assert!(requests.len() <= most, "{} requests", requests.len());
    expected.check_requests(&requests, &settings);
    if let (Ok(()), Some(length)) = (end.result, expected.length) {
        assert!(end.bytes >= length, "{} of {length} bytes", end.bytes);
    }
});

struct Settings {
    attempts: u32,
    tokens: Option<u32>,
    sends_if_match: bool,
    needs_no_etag: bool,
}

impl Settings {
    fn read(line: &[u8]) -> Self {
        let text = String::from_utf8_lossy(line);
        let mut numbers = text.split(' ').filter_map(|word| word.parse::<u32>().ok());
        Self {
            attempts: numbers.next().unwrap_or(3).clamp(1, 5),
            tokens: numbers.next(),
            sends_if_match: text.split(' ').any(|word| word == "if-match"),
            needs_no_etag: text.split(' ').any(|word| word == "without-etag"),
        }
    }

    fn policy(&self) -> reattempt::RetryPolicy<reattempt::http::HttpClassifier> {
        let policy = reattempt::http::policy().backoff(Backoff::none());
        let policy = policy.max_attempts(self.attempts);
        match self.tokens {
            Some(tokens) => policy.budget(&RetryBudget::new(tokens)),
            None => policy,
        }
    }
}

/// Reads the responses of a script.
fn responses(mut text: &[u8], settings: &Settings) -> VecDeque<Response<Frames>> {
    let mut responses = VecDeque::new();
    let (mut status, mut headers) = (StatusCode::OK, HeaderMap::new());
    while !text.is_empty() && responses.len() < MOST_RESPONSES {
        let (line, rest) = line(text);
        text = rest;
        if let Some(frames) = line.strip_prefix(b">") {
            let source = Source::of(status, &headers, settings);
            let mut response = Response::new(Frames::read(frames, source));
            *response.status_mut() = std::mem::take(&mut status);
            *response.headers_mut() = std::mem::take(&mut headers);
            responses.push_back(response);
        } else if let Ok(found) = StatusCode::from_bytes(line) {
            status = found;
        } else {
            add(&mut headers, line);
        }
    }
    responses
}

/// Reads a `Content-Range`: its first byte and the position after its last byte.
fn content_range(headers: &HeaderMap) -> Option<(u64, u64)> {
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse::<u64>().ok()?);
    let end = last.checked_add(1)?;
    let is_possible = total == "*" || total.parse::<u64>().ok()? >= end;
    (first <= last && is_possible).then_some((first, end))
}

/// Where the bytes of a response come from. An object is what has one `ETag` and one encoding,
/// and each of its bytes depends on its position.
#[derive(Clone, Copy, Debug)]
struct Source {
    object: u64,
    position: u64,
}

impl Source {
    fn of(status: StatusCode, headers: &HeaderMap, settings: &Settings) -> Self {
        // Without an `ETag` a change may not be noticed, so there is one object then.
        let etag = headers.get(ETAG).filter(|_| !settings.needs_no_etag);
        let mut hasher = DefaultHasher::new();
        (etag, headers.get(CONTENT_ENCODING)).hash(&mut hasher);
        let mut source = Self {
            object: hasher.finish(),
            position: 0,
        };
        if status == StatusCode::PARTIAL_CONTENT {
            match content_range(headers) {
                Some((first, _)) => source.position = first,
                // These bytes must never follow others.
                None => source.object = !source.object,
            }
        }
        source
    }

    fn byte(self, position: u64) -> u8 {
        let mixed = (self.object ^ position.wrapping_mul(0x9e37_79b9_7f4a_7c15)).rotate_left(29);
        (mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56) as u8
    }
}

/// What the first response promises.
struct Expected {
    source: Source,
    length: Option<u64>,
    etag: Option<HeaderValue>,
}

impl Expected {
    fn of(first: &Response<Frames>, settings: &Settings) -> Self {
        let headers = first.headers();
        let range = content_range(headers);
        let length = match first.status() {
            StatusCode::OK => {
                let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
                let length = lengths
                    .next()
                    .and_then(|length| length.to_str().ok()?.parse().ok());
                length.filter(|_| lengths.next().is_none())
            }
            StatusCode::PARTIAL_CONTENT => range.map(|(first, end)| end - first),
            _ => None,
        };
        let source = Source::of(first.status(), headers, settings);
        Self {
            source,
            length,
            etag: headers.get(ETAG).cloned(),
        }
    }

    /// Checks what each later request asks for.
    fn check_requests(&self, requests: &[(u64, HeaderMap)], settings: &Settings) {
        let strong = self
            .etag
            .as_ref()
            .filter(|etag| etag.as_bytes().starts_with(b"\""));
        for (offset, headers) in requests {
            let range = headers[RANGE].to_str().unwrap();
            assert!(range.starts_with(&format!("bytes={offset}-")), "{range}");
            let (asked, other) = match settings.sends_if_match {
                true => (IF_MATCH, IF_RANGE),
                false => (IF_RANGE, IF_MATCH),
            };
            assert!(!headers.contains_key(other));
            if let Some(etag) = headers.get(asked) {
                assert_eq!(Some(etag), strong);
            } else {
                assert!(settings.needs_no_etag);
            }
        }
    }
}

/// A body that yields its frames.
#[derive(Debug)]
struct Frames {
    left: VecDeque<FrameOrPause>,
    source: Source,
}

#[derive(Debug)]
enum FrameOrPause {
    Data(usize),
    Error(io::ErrorKind),
    Pause,
    Trailers,
}

impl Frames {
    fn read(text: &[u8], source: Source) -> Self {
        let text = String::from_utf8_lossy(text);
        let frames = text.split(' ').filter_map(|word| match word {
            "." => Some(FrameOrPause::Pause),
            "t" => Some(FrameOrPause::Trailers),
            "!" => Some(FrameOrPause::Error(io::ErrorKind::ConnectionReset)),
            "?" => Some(FrameOrPause::Error(io::ErrorKind::Other)),
            number => Some(FrameOrPause::Data(
                number.parse::<usize>().ok()?.min(MOST_BYTES),
            )),
        });
        Self {
            left: frames.take(MOST_FRAMES).collect(),
            source,
        }
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(match self.left.pop_front() {
            Some(FrameOrPause::Pause) => return Poll::Pending,
            Some(FrameOrPause::Data(bytes)) => {
                let (source, start) = (self.source, self.source.position);
                self.source.position = start.wrapping_add(bytes as u64);
                let byte = |index: u64| source.byte(start.wrapping_add(index));
                Some(Ok(Frame::data((0..bytes as u64).map(byte).collect())))
            }
            Some(FrameOrPause::Error(kind)) => Some(Err(kind.into())),
            Some(FrameOrPause::Trailers) => Some(Ok(Frame::trailers(HeaderMap::new()))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

struct End {
    bytes: u64,
    result: Result<(), ()>,
}

/// Reads a body to its end, and checks each byte.
fn read<B: Body<Data = Bytes>>(body: B, expected: &Expected) -> End {
    let mut body = pin!(body);
    let Source {
        object,
        mut position,
    } = expected.source;
    let source = Source { object, position };
    let mut end = End {
        bytes: 0,
        result: Ok(()),
    };
    while let Some(frame) = block_on(std::future::poll_fn(|cx| body.as_mut().poll_frame(cx))) {
        // Nothing follows an error.
        assert_eq!(end.result, Ok(()));
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => {
                for byte in data {
                    assert_eq!(byte, source.byte(position), "at {position}");
                    position = position.wrapping_add(1);
                    end.bytes += 1;
                }
            }
            Ok(Err(_)) => {}
            Err(_) => end.result = Err(()),
        }
    }
    assert!(body.is_end_stream());
    end
}

/// Polls a future until it is ready. The test's own futures are pending a limited number of
/// times.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..MOST_POLLS {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
    panic!("the body does not end");
}
