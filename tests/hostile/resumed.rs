//! Bodies that break again and again.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "small numbers and a test's own data"
)]

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::ready;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use http::Response;
use http_body::{Body, Frame};
use reattempt::{Backoff, ManualTimer, RetryBudget, resume};

use super::response;

/// Data that counts how much of it exists.
struct Counted {
    bytes: Bytes,
    alive: Rc<Cell<usize>>,
}

impl Counted {
    fn new(len: usize, alive: &Rc<Cell<usize>>) -> Self {
        alive.set(alive.get() + 1);
        Self {
            bytes: vec![0; len].into(),
            alive: Rc::clone(alive),
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.alive.set(self.alive.get() - 1);
    }
}

impl Buf for Counted {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }
}

/// Yields frames of these sizes, then breaks.
struct Breaking {
    sizes: VecDeque<usize>,
    alive: Rc<Cell<usize>>,
}

impl Body for Breaking {
    type Data = Counted;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Counted>>>> {
        let frame = match self.sizes.pop_front() {
            Some(size) => Ok(Frame::data(Counted::new(size, &self.alive))),
            None => Err(io::ErrorKind::ConnectionReset.into()),
        };
        Poll::Ready(Some(frame))
    }
}

/// Reads an object of 2^60 bytes. The first response breaks after 100 bytes, and response
/// `number` is a whole one again, which breaks after `100 + number` bytes. Returns the number
/// of bytes that were read and the number of requests.
fn read(budget: &RetryBudget) -> (usize, usize) {
    let alive = Rc::new(Cell::new(0));
    let sent = Cell::new(0);
    let policy = reattempt::http::policy()
        .backoff(Backoff::none())
        .budget(budget);
    let headers = [("etag", "\"1\""), ("content-length", "1152921504606846976")];
    let next = || -> io::Result<Response<Breaking>> {
        let sizes = std::iter::repeat_n(50, 2).chain(std::iter::repeat_n(1, sent.get()));
        sent.set(sent.get() + 1);
        let (sizes, alive) = (sizes.collect(), Rc::clone(&alive));
        Ok(response(200, &headers, Breaking { sizes, alive }))
    };
    let get = resume::get(&policy, |_| ready(next())).timer(ManualTimer::new());
    let first = next().unwrap();
    let mut body = pin!(get.continue_from(first).into_body());
    let mut cx = Context::from_waker(Waker::noop());
    let mut bytes = 0;
    while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut cx) {
        let Ok(frame) = frame else {
            return (bytes, sent.get());
        };
        let data = frame.into_data().ok().unwrap();
        assert_eq!(alive.get(), 1, "the body keeps data");
        bytes += data.remaining();
    }
    panic!("the body is pending, or ends without an error");
}

#[test]
fn a_resumed_body_keeps_no_data_and_its_budget_ends_it() {
    // 35 retries of 14 tokens. Each response brings one byte more than the one before.
    assert_eq!(read(&RetryBudget::new(500)), (135, 36));
    assert_eq!(read(&RetryBudget::new(14)), (101, 2));
}
