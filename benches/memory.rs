//! The size of a call's future and its allocations, ours and the peers'.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench"
)]

#[path = "contestants/twice.rs"]
mod twice;

use std::alloc::System;
use std::future::Future;
use std::mem::size_of_val;
use std::time::Duration;

use stats_alloc::{Region, StatsAlloc};
use twice::Twice;

#[global_allocator]
static ALLOCATOR: StatsAlloc<System> = StatsAlloc::system();

#[derive(Clone, Copy, Debug)]
struct Failure;

/// A small operation: two words that it keeps, a result of two.
#[expect(clippy::unused_async, reason = "an operation without a wait")]
async fn fetch(n: u64, fails: bool) -> Result<u64, Failure> {
    if fails { Err(Failure) } else { Ok(n) }
}

/// Measures a future that makes this many attempts.
fn measure<F: Future>(name: &str, make: impl Fn(bool) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let [success, failure] = [false, true].map(|fails| {
        runtime.block_on(async {
            // Once before, so that what is lazily made is there.
            make(fails).await;
            let region = Region::new(&ALLOCATOR);
            make(fails).await;
            region.change().allocations
        })
    });
    let size = size_of_val(&make(false));
    println!("| {name} | {size} | {success} | {failure} |");
}

fn main() {
    println!("| call | bytes of its future | allocations of a success | of three failures |");
    println!("| --- | ---: | ---: | ---: |");
    measure("operation alone", |fails| fetch(1, fails));
    measure("loop by hand", |fails| async move {
        let mut attempt = 0_u32;
        loop {
            attempt = attempt.saturating_add(1);
            match fetch(1, fails).await {
                Err(_) if attempt < 3 => tokio::time::sleep(Duration::ZERO).await,
                done => break done,
            }
        }
    });
    let policy = reattempt::RetryPolicy::new(reattempt::Backoff::none());
    measure("reattempt", |fails| {
        policy.retry(move |_| fetch(1, fails)).into_future()
    });
    let policy = policy.budget(&reattempt::RetryBudget::new(500));
    measure("reattempt with a budget", |fails| {
        policy.retry(move |_| fetch(1, fails)).into_future()
    });
    let builder = backon::ConstantBuilder::default()
        .with_delay(Duration::ZERO)
        .with_max_times(2);
    measure("backon", |fails| {
        use backon::Retryable;
        (move || fetch(1, fails)).retry(builder).into_future()
    });
    measure("tokio-retry", |fails| {
        let delays = tokio_retry::strategy::FixedInterval::new(Duration::ZERO).take(2);
        tokio_retry::Retry::start(delays, move || fetch(1, fails))
    });
    measure("tokio-retry2", |fails| {
        let delays = tokio_retry2::strategy::FixedInterval::new(Duration::ZERO).take(2);
        tokio_retry2::Retry::spawn(delays, move || async move {
            fetch(1, fails)
                .await
                .map_err(tokio_retry2::RetryError::transient)
        })
    });
    measure("tryhard", |fails| {
        tryhard::retry_fn(move || fetch(1, fails)).retries(2)
    });
    measure("again", |fails| async move {
        let policy = again::RetryPolicy::fixed(Duration::ZERO).with_max_retries(2);
        policy.retry(move || fetch(1, fails)).await
    });
    measure("tower", |fails| {
        use tower::Service;
        let fetch = tower::service_fn(move |()| fetch(1, fails));
        tower::retry::Retry::new(Twice(2), fetch).call(())
    });
}
