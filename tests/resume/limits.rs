//! The policy's limits hold while a body is resumed.

use std::cell::RefCell;
use std::future::ready;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::header::RETRY_AFTER;
use http_body::Body;
use reattempt::resume::{self, ResumeError};
use reattempt::{Backoff, ManualTimer, RetryBudget, StopReason, Timer};

use crate::mock::{
    Frames, MockError, Server, block_on, breaks_once, fetch, fetch_with, object, policy, read, s,
    status, with,
};

const LEN: usize = 100;

fn reason(error: &MockError) -> StopReason {
    match error {
        ResumeError::Broken { reason, .. }
        | ResumeError::Refused { reason, .. }
        | ResumeError::Request { reason, .. } => *reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn max_attempts_without_progress_end_the_body() {
    for cut in [0, 40] {
        let server = Server::new(&object(LEN));
        let timer = ManualTimer::new();
        let read = fetch_with(&server, &policy(), &timer, |number, response| {
            let len = if number == 0 { cut } else { 0 };
            Ok(response.map(|body| body.breaks_after(len)))
        });
        let error = read.error.unwrap();
        assert_eq!(
            error.to_string(),
            format!("the body broke at byte {cut} and was not resumed: attempts exhausted"),
        );
        // Three attempts: the one that broke, and two more.
        assert_eq!((read.bytes.len(), server.count()), (cut, 3));
        assert_eq!(timer.sleeps(), [s(1); 2]);
    }
}

#[test]
fn new_bytes_start_the_attempts_and_the_backoff_again() {
    let server = Server::new(&object(LEN));
    let timer = ManualTimer::new();
    let backoff = Backoff::exponential(s(1)).jitter(reattempt::Jitter::None);
    let read = fetch_with(
        &server,
        &policy().backoff(backoff),
        &timer,
        |number, response| {
            // Every second response brings eight bytes.
            let len = if number % 2 == 0 { 8 } else { 0 };
            Ok(response.map(|body| body.breaks_after(len)))
        },
    );
    assert!(read.error.is_none());
    assert_eq!(read.bytes, object(LEN));
    let expected: Vec<_> = (0..24).map(|wait| s(1 + wait % 2)).collect();
    assert_eq!((server.count(), timer.sleeps()), (25, expected));
}

#[test]
fn bytes_that_are_skipped_are_not_progress() {
    let server = Server::new(&object(LEN));
    let whole = server.clone();
    let read = fetch(&server, &policy(), |number, response| {
        let response = if number == 0 { response } else { whole.whole() };
        Ok(response.map(|body| body.breaks_after(40)))
    });
    assert_eq!(reason(&read.error.unwrap()), StopReason::OutOfAttempts);
    assert_eq!(server.count(), 3);
}

#[test]
fn the_attempt_is_passed_to_the_request() {
    let attempts = RefCell::new(Vec::new());
    let server = Server::new(&object(LEN));
    let policy = policy();
    let get = resume::get(&policy, |range: resume::Range| {
        attempts
            .borrow_mut()
            .push((range.attempt().number(), range.offset()));
        let number = server.count();
        let response = server.honest(&range.into_headers());
        let len = [0, 8, 8, 0, 100][number];
        ready(match number {
            0 => Ok(status(503)),
            _ => io::Result::Ok(response.map(|body: Frames| body.breaks_after(len))),
        })
    });
    let response = block_on(get.timer(ManualTimer::new()).send()).unwrap();
    assert_eq!(read(response.into_body()).bytes, object(LEN));
    let attempts = attempts.into_inner();
    assert_eq!(attempts, [(1, 0), (2, 0), (2, 8), (2, 16), (3, 16)]);
}

#[test]
fn an_empty_budget_ends_the_body() {
    let budget = RetryBudget::new(30);
    let server = Server::new(&object(LEN));
    let read = fetch(&server, &policy().budget(&budget), |_, response| {
        Ok(response.map(|body| body.breaks_after(8)))
    });
    // Two retries of 14 tokens, although each one brought new bytes.
    assert_eq!(reason(&read.error.unwrap()), StopReason::OutOfBudget);
    assert_eq!((read.bytes.len(), server.count()), (24, 3));
    assert_eq!(budget.available(), 2);
}

#[test]
fn the_end_of_the_body_returns_the_last_cost() {
    let budget = RetryBudget::new(100);
    let server = Server::new(&object(LEN));
    let read = fetch(&server, &policy().budget(&budget), |number, response| {
        Ok(match number {
            0 | 1 => response.map(|body| body.breaks_after(8)),
            _ => response,
        })
    });
    assert!(read.error.is_none());
    assert_eq!(budget.available(), 100 - 14);
}

#[test]
fn a_body_that_does_not_break_costs_nothing() {
    let budget = RetryBudget::new(100);
    let server = Server::new(&object(LEN));
    let policy = policy().budget(&budget);
    let read = fetch(&server, &policy, |_, response| Ok(response));
    assert_eq!(
        (read.bytes, budget.available()),
        (object(LEN).to_vec(), 100)
    );
}

/// Never ends its sleeps.
struct Forever;

impl Timer for Forever {
    type Sleep = std::future::Pending<()>;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Self::Sleep {
        std::future::pending()
    }
}

/// Polls a body until it has to wait, and returns how many bytes it yielded.
fn poll_until_pending<B: Body<Data = bytes::Bytes>>(mut body: Pin<&mut B>) -> usize {
    let mut bytes = 0;
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(frame) = body.as_mut().poll_frame(&mut cx) {
        bytes += frame.unwrap().ok().unwrap().into_data().unwrap().len();
    }
    bytes
}

#[test]
fn dropping_the_body_in_the_wait_returns_the_tokens() {
    let budget = RetryBudget::new(100);
    let server = Server::new(&object(LEN));
    let policy = policy().budget(&budget);
    let get = server.get(&policy, breaks_once(40)).timer(Forever);
    let body = block_on(get.send()).unwrap().into_body();
    {
        let mut body = pin!(body);
        assert_eq!(poll_until_pending(body.as_mut()), 40);
        assert_eq!(poll_until_pending(body.as_mut()), 0);
        assert_eq!(budget.available(), 100 - 14);
        assert!(!body.is_end_stream());
    }
    assert_eq!((budget.available(), server.count()), (100, 1));
}

#[test]
fn dropping_the_body_during_a_request_spends_the_tokens() {
    let budget = RetryBudget::new(100);
    let server = Server::new(&object(LEN));
    let policy = policy().budget(&budget);
    let get = resume::get(&policy, |range: resume::Range| {
        let is_first = !range.is_resumption();
        let response = server.honest(&range.into_headers());
        async move {
            if !is_first {
                std::future::pending::<()>().await;
            }
            io::Result::Ok(response.map(|body: Frames| body.breaks_after(40)))
        }
    });
    let body = block_on(get.timer(ManualTimer::new()).send())
        .unwrap()
        .into_body();
    assert_eq!(poll_until_pending(pin!(body)), 40);
    assert_eq!((budget.available(), server.count()), (100 - 14, 2));
}

#[test]
fn max_elapsed_ends_the_body() {
    let server = Server::new(&object(LEN));
    let timer = ManualTimer::new();
    let policy = policy().unlimited_attempts().max_elapsed(s(4));
    let read = fetch_with(&server, &policy, &timer, |number, response| {
        // The beginning takes an hour, which is not an outage.
        timer.advance(if number == 0 { s(3600) } else { Duration::ZERO });
        let len = if number == 0 { 40 } else { 0 };
        Ok(response.map(|body| body.breaks_after(len)))
    });
    assert_eq!(reason(&read.error.unwrap()), StopReason::OutOfTime);
    assert_eq!((server.count(), timer.sleeps()), (4, vec![s(1); 3]));
}

#[test]
fn a_server_hint_is_waited_for() {
    let server = Server::new(&object(LEN));
    let timer = ManualTimer::new();
    let read = fetch_with(
        &server,
        &policy(),
        &timer,
        |number, response| match number {
            0 => breaks_once(40)(number, response),
            1 => Ok(with(status(503), RETRY_AFTER, "7")),
            _ => Ok(response),
        },
    );
    assert_eq!(read.bytes, object(LEN));
    assert_eq!(timer.sleeps(), [s(1), s(7)]);
}

#[test]
fn a_server_hint_that_is_too_long_ends_the_body() {
    let server = Server::new(&object(LEN));
    let read = fetch(&server, &policy(), |number, response| match number {
        0 => breaks_once(40)(number, response),
        _ => Ok(with(status(503), RETRY_AFTER, "3600")),
    });
    let expected = StopReason::ServerDelayTooLong(s(3600));
    assert_eq!(
        (reason(&read.error.unwrap()), server.count()),
        (expected, 2)
    );
}
