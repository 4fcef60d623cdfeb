//! Calls with large operation futures on a stack of 2 MiB, the default of tokio's worker
//! threads. An overflow ends the process, so these tests have one of their own.
#![cfg(feature = "tokio")]
#![expect(
    clippy::large_futures,
    clippy::large_stack_arrays,
    clippy::unwrap_used,
    reason = "the tests are about large futures, and a failed thread fails them"
)]

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use reattempt::{Backoff, RetryPolicy};

const STACK: usize = 2 * 1024 * 1024;
const FUTURE: usize = 192 * 1024;
const RESULT: usize = 140 * 1024;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Failure;

static POLICY: RetryPolicy = RetryPolicy::new(Backoff::none());

/// Keeps a large array across an await. Fails at the first attempt.
async fn operation(number: u32) -> Result<usize, Failure> {
    let mut array = [1_u8; FUTURE];
    tokio::task::yield_now().await;
    array.fill(2);
    if number == 1 {
        Err(Failure)
    } else {
        Ok(array.len())
    }
}

/// Polls the future of `make` to its end on a thread with a small stack. Another thread makes
/// it, because its copies until then are the caller's.
#[track_caller]
fn run<F>(make: impl FnOnce() -> F + Send + 'static)
where
    F: Future<Output = Result<usize, Failure>> + Send + 'static,
{
    let maker = thread::Builder::new().stack_size(8 * STACK);
    let maker = maker.spawn(|| Box::pin(make())).unwrap();
    let future: Pin<Box<F>> = maker.join().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let caller = thread::Builder::new().stack_size(STACK);
    let caller = caller.spawn(move || runtime.block_on(future)).unwrap();
    assert_eq!(caller.join().unwrap(), Ok(FUTURE));
}

async fn call() -> Result<usize, Failure> {
    POLICY.retry(|attempt| operation(attempt.number())).await
}

#[test]
fn a_call_inside_a_call_fits() {
    run(|| async { POLICY.retry(|_| call()).await });
}

/// Returns a large array. Fails at the first attempt.
async fn fill(number: u32) -> Result<[u8; RESULT], Failure> {
    tokio::task::yield_now().await;
    if number == 1 {
        Err(Failure)
    } else {
        Ok([3; RESULT])
    }
}

#[test]
fn a_call_with_a_large_result_fits() {
    let caller = thread::Builder::new().stack_size(STACK).spawn(|| {
        let last = Cell::new(0);
        let mut call = Box::pin(POLICY.retry(|attempt| {
            last.set(attempt.number());
            fill(attempt.number())
        }));
        // A runtime would copy the result more often.
        let mut context = Context::from_waker(Waker::noop());
        while call.as_mut().poll(&mut context).is_pending() {}
        assert_eq!(last.get(), 2);
    });
    caller.unwrap().join().unwrap();
}

#[test]
fn a_sync_call_with_a_large_result_fits() {
    let caller = thread::Builder::new().stack_size(STACK).spawn(|| {
        let last = Cell::new(0);
        let result = POLICY.retry_blocking(|attempt| {
            last.set(attempt.number());
            if attempt.number() == 1 {
                Err(Failure)
            } else {
                Ok([3_u8; RESULT])
            }
        });
        assert!(result.call().is_ok());
        assert_eq!(last.get(), 2);
    });
    caller.unwrap().join().unwrap();
}

#[test]
fn a_call_with_a_timeout_fits() {
    run(|| async {
        POLICY
            .retry(|attempt| operation(attempt.number()))
            .attempt_timeout_or(Duration::MAX, |_| Failure)
            .await
    });
}

#[cfg(feature = "tower")]
#[test]
fn a_call_of_a_tower_service_fits() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use reattempt::tower::RetryLayer;
    use tower::{Layer, Service};

    run(|| async {
        let number = Arc::new(AtomicU32::new(1));
        let service = tower::service_fn(move |(): ()| {
            let number = number.fetch_add(1, Ordering::Relaxed);
            async move { operation(number).await }
        });
        let layer = RetryLayer::cloning(POLICY.clone(), |(): &()| Some(()));
        let mut service = layer.layer(service);
        service.call(()).await
    });
}
