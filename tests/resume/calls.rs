//! The calls of the policy that a resuming body makes, and how it may be used.

use std::cell::Cell;
use std::future::{Future, poll_fn, ready};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use http::Response;
use http_body::Body;
use reattempt::http::HttpClassifier;
use reattempt::resume::{self, ResumeError};
use reattempt::{
    AnyError, Backoff, Classify, Limiter, ManualTimer, Observer, RetryEvent, RetryPolicy,
    StopEvent, StopReason, Verdict,
};

use crate::mock::{
    Frames, Server, block_on, breaks_once, fetch_with, object, policy, read, reset, s, status,
};

const LEN: usize = 100;

/// Refuses every second request for permission for nine seconds.
#[derive(Debug, Default)]
struct EverySecond {
    asked: AtomicU32,
    recorded: AtomicU32,
}

impl Limiter for EverySecond {
    fn acquire(&self, _: Duration) -> Result<(), Duration> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % 2 == 0 {
            Err(s(9))
        } else {
            Ok(())
        }
    }

    fn record(&self, _: Duration, _: bool) {
        self.recorded.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn the_limiter_admits_each_request_once() {
    let server = Server::new(&object(LEN));
    let timer = ManualTimer::new();
    let limiter = Arc::new(EverySecond::default());
    let policy = policy().limiter(Arc::clone(&limiter));
    let read = fetch_with(&server, &policy, &timer, |number, response| match number {
        1 => Err(reset()),
        _ => breaks_once(40)(number, response),
    });
    assert_eq!(read.bytes, object(LEN));
    assert_eq!(server.count(), 3);
    assert_eq!(limiter.asked.load(Ordering::Relaxed), 6);
    // Of each request, and of the body that broke after a good response.
    assert_eq!(limiter.recorded.load(Ordering::Relaxed), 4);
    assert_eq!(timer.sleeps(), [s(9), s(1), s(9), s(1), s(9)]);
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Observer for Log {
    fn on_retry(&self, event: &RetryEvent) {
        let line = format!("retry {}", event.attempt().number());
        self.0.lock().unwrap().push(line);
    }

    fn on_stop(&self, event: &StopEvent) {
        self.0.lock().unwrap().push(event.reason().to_string());
    }
}

#[test]
fn an_observer_sees_two_calls() {
    for (polls_to_end, breaks, expected) in [
        (true, false, vec!["success"]),
        (true, true, vec!["success", "retry 1", "success"]),
        (
            false,
            true,
            vec!["success", "retry 1", "the call was dropped"],
        ),
    ] {
        let server = Server::new(&object(LEN));
        let log = Arc::new(Log::default());
        let policy = policy().observer(Arc::clone(&log));
        let get = server.get(&policy, |number, response| {
            if breaks {
                breaks_once(40)(number, response)
            } else {
                Ok(response)
            }
        });
        let body = block_on(get.send()).unwrap().into_body();
        let mut body = Box::pin(body);
        while polls_to_end || body.offset() < 56 {
            if block_on(poll_fn(|cx| body.as_mut().poll_frame(cx))).is_none() {
                break;
            }
        }
        drop(body);
        assert_eq!(*log.0.lock().unwrap(), expected);
    }
}

#[test]
fn the_first_request_is_retried() {
    let server = Server::new(&object(LEN));
    let timer = ManualTimer::new();
    let read = fetch_with(
        &server,
        &policy(),
        &timer,
        |number, response| match number {
            0 => Ok(status(503)),
            1 => Err(reset()),
            _ => Ok(response),
        },
    );
    assert_eq!((read.bytes, server.count()), (object(LEN).to_vec(), 3));
    assert_eq!(timer.sleeps(), [s(1); 2]);
    assert!(server.requests().iter().all(http::HeaderMap::is_empty));
}

#[test]
fn a_first_request_that_fails_returns_its_error() {
    let server = Server::new(&object(LEN));
    let policy = policy();
    let get = server.get(&policy, |_, _| Err(io::Error::other("no route")));
    let error = block_on(get.send()).unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), server.count()),
        ("no route", 1)
    );
}

/// Counts the calls of the caller's code, and panics in one of them.
#[derive(Clone, Debug)]
struct Fuse(Arc<AtomicU32>);

impl Fuse {
    fn burn(&self) {
        assert!(self.0.fetch_sub(1, Ordering::Relaxed) != 1, "injected");
    }
}

impl Observer for Fuse {
    fn on_retry(&self, _: &RetryEvent) {
        self.burn();
    }

    fn on_stop(&self, _: &StopEvent) {
        self.burn();
    }
}

impl<B> Classify<Response<B>, io::Error> for Fuse {
    fn classify(&self, result: Result<&Response<B>, &io::Error>) -> Verdict {
        self.burn();
        HttpClassifier::new().classify(result)
    }
}

/// Reads an object whose body breaks, until the call `at` of the caller's code panics. Returns
/// true if it did.
fn panics_at(at: u32) -> bool {
    let fuse = Fuse(Arc::new(AtomicU32::new(at)));
    let server = Server::new(&object(LEN));
    let policy = policy().max_attempts(4);
    let policy = policy.observer(fuse.clone()).classify(fuse.clone());
    let get = server.get(&policy, |number, response| {
        fuse.burn();
        match number {
            1 => Ok(status(503)),
            2 => Err(reset()),
            _ => breaks_once(40)(number, response),
        }
    });
    let mut cx = Context::from_waker(Waker::noop());
    let mut assert_no_request_follows = |poll: &mut dyn FnMut(&mut Context<'_>) -> bool| {
        let sent = server.count();
        assert!((0..10).all(|_| poll(&mut cx)), "call {at} panicked");
        assert_eq!(server.count(), sent, "call {at} panicked");
    };

    let mut sending = Box::pin(get.send());
    let Ok(response) = catch_unwind(AssertUnwindSafe(|| block_on(sending.as_mut()))) else {
        assert_no_request_follows(&mut |cx| sending.as_mut().poll(cx).is_pending());
        return true;
    };
    let mut body = Box::pin(response.unwrap().into_body());
    let mut next = || block_on(poll_fn(|cx| body.as_mut().poll_frame(cx))).is_some();
    if catch_unwind(AssertUnwindSafe(|| while next() {})).is_ok() {
        return false;
    }
    assert_no_request_follows(&mut |cx| body.as_mut().poll_frame(cx).is_pending());
    true
}

#[test]
fn no_request_follows_a_panic_of_the_callers_code() {
    let places = (1..100).take_while(|at| panics_at(*at)).count();
    // For each of four requests the closure, the classifier and the observer, and for the
    // break the classifier and the observer.
    assert_eq!(places, 4 * 3 + 2);
}

#[test]
fn a_response_of_other_code_is_resumed() {
    let server = Server::new(&object(LEN));
    let policy = policy();
    let first = server.honest(&http::HeaderMap::new());
    let first = first.map(|body| body.breaks_after(40));
    let get = server.get(&policy, |_, response| Ok(response));
    let read = read(get.continue_from(first).into_body());
    assert_eq!((read.bytes, server.count()), (object(LEN).to_vec(), 2));
    assert_eq!(server.range(1), "bytes=40-");
}

#[test]
fn a_classifier_that_accepts_everything_cannot_break_the_body() {
    let server = Server::new(&object(LEN));
    let policy = RetryPolicy::new(Backoff::none()).classify(AnyError);
    let get = server.get(&policy, |number, response| match number {
        0 => breaks_once(40)(number, response),
        _ => Ok(status(503)),
    });
    let error = read(block_on(get.send()).unwrap().into_body())
        .error
        .unwrap();
    let ResumeError::Refused { reason, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!((reason, server.count()), (StopReason::Permanent, 2));
}

#[test]
fn a_shared_policy_makes_a_body_that_can_be_spawned() {
    fn is_send<T: Send + 'static>(_: &T) {}
    let policy = Arc::new(policy());
    let get = resume::get(policy, |_| async {
        io::Result::Ok(Response::new(Frames::default()))
    });
    let get = get.timer(ManualTimer::new());
    is_send(&get);
    let sending = get.send();
    is_send(&sending);
    is_send(&block_on(sending).unwrap());
}

#[test]
fn a_body_and_its_requests_may_borrow() {
    let count = Rc::new(Cell::new(0));
    let policy = policy();
    let get = resume::get(&policy, |_| {
        count.set(count.get() + 1);
        ready(io::Result::Ok(Response::new(Frames::default())))
    });
    let future = get.timer(ManualTimer::new()).send();
    let future: Pin<Box<dyn Future<Output = _> + '_>> = Box::pin(future);
    assert!(read(block_on(future).unwrap().into_body()).bytes.is_empty());
    assert_eq!(count.get(), 1);
}
