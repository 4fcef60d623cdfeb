//! Cost of a resuming body in calm weather: a read of 1 GiB with and without it, in one run.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its result, and its bodies do not fail"
)]

use std::alloc::System;
use std::convert::Infallible;
use std::future::poll_fn;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame};
use reattempt::resume;
use stats_alloc::{Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: StatsAlloc<System> = StatsAlloc::system();

const GIB: usize = 1 << 30;

/// How much is read before it is the other body's turn.
const TURN: usize = 4 << 20;

/// The most that a wrapped read may take, as a multiple of the plain one.
const CEILING: f64 = 1.03;

/// A body in memory. The block is longer than the processor's cache, and is sent repeatedly.
struct Frames {
    block: Bytes,
    frame: usize,
    first: usize,
    sent: usize,
    len: usize,
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    // As that of a client, which is too long to be inlined into the loop of its reader.
    #[inline(never)]
    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.sent == self.len {
            return Poll::Ready(None);
        }
        let start = (self.first + self.sent) % self.block.len();
        let data = self.block.slice(start..start + self.frame);
        self.sent += self.frame;
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}

/// Copies the next `len` bytes of a body into a buffer, as a write to a file does. Returns
/// the seconds that it takes.
fn read<B: Body<Data = Bytes>>(mut body: Pin<&mut B>, len: usize, buffer: &mut [u8]) -> f64 {
    let mut cx = Context::from_waker(Waker::noop());
    let mut left = len;
    let start = Instant::now();
    while left > 0 {
        let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) else {
            break;
        };
        let data = frame.into_data().ok().unwrap();
        buffer[..data.len()].copy_from_slice(&data);
        black_box(&mut *buffer);
        left -= data.len();
    }
    assert_eq!(left, 0, "a body ended early");
    start.elapsed().as_secs_f64()
}

/// Makes the body of a response with an `ETag` resuming.
fn wrap(body: Frames) -> impl Body<Data = Bytes> {
    let response = Response::builder()
        .header("content-length", body.len)
        .header("etag", "\"one\"")
        .body(body)
        .unwrap();
    let policy = std::sync::Arc::new(reattempt::http::policy());
    let get = resume::get(policy, |_| {
        poll_fn(|_| Poll::Ready(Err::<Response<Frames>, _>(std::io::Error::other("unused"))))
    });
    get.continue_from(response).into_body()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Reads `len` bytes with and without the wrapper, in turns of a few MiB, so that other load
/// on the machine meets both alike. Returns the milliseconds of both, the median ratio of
/// all turns, and the allocations of both reads.
fn compare(block: &Bytes, frame: usize, len: usize) -> (f64, f64, f64, usize) {
    let body = |first| Frames {
        block: block.clone(),
        frame,
        first,
        sent: 0,
        len,
    };
    // Far apart, so that neither finds its bytes in the cache because of the other.
    let (mut plain, mut resuming) = (pin!(body(0)), pin!(wrap(body(block.len() / 2))));
    let (mut plain_seconds, mut resuming_seconds) = (0.0, 0.0);
    let mut buffer = vec![0; frame];
    let mut ratios = Vec::with_capacity(len / TURN);
    let region = Region::new(&ALLOCATOR);
    for turn in 0..len / TURN {
        let mut seconds = [0.0; 2];
        for which in [turn % 2, 1 - turn % 2] {
            seconds[which] = if which == 0 {
                read(plain.as_mut(), TURN, &mut buffer)
            } else {
                read(resuming.as_mut(), TURN, &mut buffer)
            };
        }
        plain_seconds += seconds[0];
        resuming_seconds += seconds[1];
        ratios.push(seconds[1] / seconds[0]);
    }
    let allocations = region.change().allocations;
    let ratio = median(ratios);
    (
        plain_seconds * 1e3,
        resuming_seconds * 1e3,
        ratio,
        allocations,
    )
}

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (len, rounds) = if is_test { (GIB >> 6, 1) } else { (GIB, 7) };
    let block = Bytes::from(vec![7; 1 << 26].into_boxed_slice());
    println!("| frame | plain ms | resuming ms | ratio | allocations |");
    println!("| ---: | ---: | ---: | ---: | ---: |");
    let mut worst: f64 = 0.0;
    for frame in [8 << 10, 16 << 10, 64 << 10] {
        let mut ratios = Vec::new();
        let (mut plain, mut resuming, mut allocations) = (f64::MAX, f64::MAX, 0);
        for _ in 0..rounds {
            let round = compare(&block, frame, len);
            plain = plain.min(round.0);
            resuming = resuming.min(round.1);
            ratios.push(round.2);
            allocations += round.3;
        }
        let (kib, ratio) = (frame >> 10, median(ratios));
        println!("| {kib} KiB | {plain:.1} | {resuming:.1} | {ratio:.3} | {allocations} |");
        worst = worst.max(ratio);
        assert_eq!(allocations, 0, "a resuming body must not allocate");
    }
    println!("worst ratio {worst:.3}, at most {CEILING}");
    assert!(is_test || worst <= CEILING, "the resuming body is too slow");
}
