//! The contestants. All contestants of a block do the same work.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// One way to do the work of a block.
pub struct Contestant {
    /// The name of the crate, or of the code without a crate.
    pub name: &'static str,
    /// Does the work this many times.
    pub run: fn(u64),
}

/// Contestants that do the same work. The first ones do not use a crate: a direct call and
/// a loop written by hand.
pub struct Block {
    /// The name of the work.
    pub name: &'static str,
    /// The contestants, in the order in which they are printed.
    pub contestants: Vec<Contestant>,
}

/// Returns a `Block` from a name and `contestant => closure` pairs.
macro_rules! block {
    ($name:literal, $($contestant:literal => $run:expr,)*) => {
        Block {
            name: $name,
            contestants: vec![$(Contestant { name: $contestant, run: $run },)*],
        }
    };
}

/// Calls a function or closure `n` times.
macro_rules! times {
    ($n:ident, $call:expr) => {
        for i in 0..$n {
            let _ = $call(black_box(i));
        }
    };
}

/// Calls an async closure `n` times on a runtime, for peers that need a timer.
macro_rules! on_runtime {
    ($n:ident, $call:expr) => {{
        let runtime = runtime();
        runtime.block_on(async {
            for i in 0..$n {
                let _ = black_box($call(black_box(i)).await);
            }
        });
    }};
}

mod delays;
mod failing_async;
mod failing_sync;
mod succeeding_async;
mod succeeding_sync;

/// Returns all blocks, in the order in which they are printed.
#[must_use]
pub fn blocks() -> Vec<Block> {
    vec![
        succeeding_sync::at_once(),
        succeeding_async::at_once(),
        succeeding_async::after_a_wait(),
        failing_sync::without_delay(),
        failing_sync::with_jitter(),
        failing_async::without_delay(),
        delays::ten(),
        succeeding_sync::with_a_budget(),
    ]
}

const MILLI: Duration = Duration::from_millis(1);

/// A policy in a `static`. The compiler knows its settings.
static OURS: reattempt::RetryPolicy = reattempt::RetryPolicy::new(reattempt::Backoff::none());

/// Returns the same policy, but the compiler does not know its settings. This is always so
/// for a policy with a budget.
fn made() -> reattempt::RetryPolicy {
    std::hint::black_box(OURS.clone())
}

/// Runs a future without a runtime.
#[inline]
fn now<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}

/// Returns a runtime whose clock jumps to the next timer.
///
/// # Panics
///
/// Panics if the system has no resources for a runtime.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("the system has resources for a runtime")
}

#[cfg(test)]
mod tests {
    use super::blocks;

    #[test]
    fn every_contestant_does_its_work() {
        for block in blocks() {
            for contestant in &block.contestants {
                (contestant.run)(3);
            }
        }
    }
}
