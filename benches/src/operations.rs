//! The operations that the contestants call.

use std::cell::Cell;
use std::future::poll_fn;
use std::hint::black_box;
use std::mem::replace;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

/// An error without data.
#[derive(Clone, Copy, Debug)]
pub struct Failure;

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failed")
    }
}

impl std::error::Error for Failure {}

/// Succeeds at once.
#[inline(never)]
pub(crate) fn fetch(n: u64) -> Result<u64, Failure> {
    if black_box(n) == u64::MAX {
        Err(Failure)
    } else {
        Ok(n)
    }
}

/// Succeeds at the first poll.
pub(crate) async fn fetch_later(n: u64) -> Result<u64, Failure> {
    fetch(n)
}

/// Succeeds at the second poll. An operation that waits for a server is always pending at
/// the first poll.
pub(crate) async fn fetch_in_time(n: u64) -> Result<u64, Failure> {
    let mut is_ready = false;
    poll_fn(|_| {
        if replace(&mut is_ready, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    fetch(n)
}

/// Succeeds every third time. `made` counts the calls.
#[inline(never)]
pub(crate) fn third(made: &Cell<u64>) -> Result<u64, Failure> {
    made.set(made.get() + 1);
    if black_box(made.get()).is_multiple_of(3) {
        Ok(made.get())
    } else {
        Err(Failure)
    }
}

/// Succeeds every third time, at the first poll.
pub(crate) async fn third_later(made: &Cell<u64>) -> Result<u64, Failure> {
    third(made)
}

/// Does the same as `third_later` for contestants that require `Send`.
pub(crate) async fn third_sent(made: &'static AtomicU64) -> Result<u64, Failure> {
    let number = made.load(Ordering::Relaxed) + 1;
    made.store(number, Ordering::Relaxed);
    if black_box(number).is_multiple_of(3) {
        Ok(number)
    } else {
        Err(Failure)
    }
}
