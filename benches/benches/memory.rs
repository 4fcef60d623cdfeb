//! The size of each contestant's future and the number of its allocations.
#![expect(clippy::print_stdout, reason = "a bench prints its result")]

use std::alloc::System;
use std::mem::size_of_val;
use std::time::Duration;

use reattempt_benches::operations::Failure;
use reattempt_benches::peers::{MettleRetries, TowerRetries, seatbelt};
use stats_alloc::{Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: StatsAlloc<System> = StatsAlloc::system();

/// A small operation: its future and its result have two words each.
#[expect(clippy::unused_async, reason = "an operation without a wait")]
async fn fetch(n: u64, fails: bool) -> Result<u64, Failure> {
    if fails { Err(Failure) } else { Ok(n) }
}

/// Prints the row of a call. `make` returns its future. The operation fails at
/// every one of three attempts if the argument of `make` is true.
fn measure<F: IntoFuture>(name: &str, make: impl Fn(bool) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("the system has resources for a runtime");
    let [success, failure] = [false, true].map(|fails| {
        runtime.block_on(async {
            // The first call also initializes thread locals, so it is not counted.
            make(fails).await;
            let region = Region::new(&ALLOCATOR);
            make(fails).await;
            region.change().allocations
        })
    });
    let size = size_of_val(&make(false).into_future());
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
    measure("reattempt", |fails| policy.retry(move |_| fetch(1, fails)));
    let policy = policy.budget(&reattempt::RetryBudget::new(500));
    measure("reattempt with a budget", |fails| {
        policy.retry(move |_| fetch(1, fails))
    });
    measure_peers();
}

fn measure_peers() {
    let builder = backon::ConstantBuilder::default()
        .with_delay(Duration::ZERO)
        .with_max_times(2);
    measure("backon", |fails| {
        use backon::Retryable;
        (move || fetch(1, fails)).retry(builder)
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
        tower::retry::Retry::new(TowerRetries(2), fetch).call(())
    });
    measure("mettle", |fails| {
        mettle::retry(move || fetch(1, fails)).backoff(MettleRetries(2))
    });
    let [succeeding, failing] = [false, true].map(|fails| seatbelt(move |n| fetch(n, fails)));
    measure("seatbelt", |fails| {
        use layered::Service;
        if fails { &failing } else { &succeeding }.execute(1)
    });
}
