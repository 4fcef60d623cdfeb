//! Counts the allocations of success, retries and giving up. There must be none.
//!
//! It runs without the test harness, whose main thread allocates while a test runs.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "sleeps are virtual here; a test prints its result and may fail loudly"
)]

use std::alloc::System;
use std::io;

use reattempt::{Backoff, RetryPolicy};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[track_caller]
fn free(what: &str, run: impl FnOnce()) {
    let region = Region::new(ALLOCATOR);
    run();
    let change = region.change();
    assert_eq!(
        (change.allocations, change.reallocations),
        (0, 0),
        "{what}: {change:?}"
    );
}

fn fail() -> io::Result<()> {
    Err(io::ErrorKind::TimedOut.into())
}

fn main() {
    success_retry_and_giving_up_allocate_nothing();
    println!("test success_retry_and_giving_up_allocate_nothing ... ok");
}

fn success_retry_and_giving_up_allocate_nothing() {
    // Check that the allocator counts.
    let region = Region::new(ALLOCATOR);
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(region.change().allocations, 1);

    async_calls();
    sync_calls();
    #[cfg(feature = "aws")]
    verdicts_of_aws();
}

fn async_calls() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        // At first use, tokio allocates for its timer and for the state of the thread.
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    });
    let (one, three) = (
        RetryPolicy::default().max_attempts(1),
        RetryPolicy::default().max_attempts(3),
    );
    runtime.block_on(async {
        for (name, policy, outcome) in [
            ("async success", &three, true),
            ("async giving up at once", &one, false),
            ("async retries", &three, false),
        ] {
            let region = Region::new(ALLOCATOR);
            let result = policy
                .retry(|_| async { if outcome { Ok(()) } else { fail() } })
                .await;
            assert_eq!(region.change().allocations, 0, "{name}");
            assert_eq!(result.is_ok(), outcome);
        }
        let region = Region::new(ALLOCATOR);
        let mut session = three.start();
        loop {
            session.next_attempt().await;
            if session.check(fail()).is_break() {
                break;
            }
        }
        assert_eq!(region.change().allocations, 0, "loop form");
        assert_eq!(session.attempts(), 3);
    });
}

fn sync_calls() {
    let policy = RetryPolicy::new(Backoff::none());
    free("sync success", || {
        policy.retry_blocking(|_| Ok::<(), ()>(())).call().unwrap();
    });
    free("sync retries", || {
        assert!(policy.retry_blocking(|_| fail()).call().is_err());
    });
    let jittered = || {
        let policy = RetryPolicy::default();
        let _ = policy.retry_blocking(|_| fail()).sleep_with(|_| ()).call();
    };
    free("jittered sync retries", jittered);
    // A new thread has not drawn a random number yet.
    std::thread::spawn(move || free("a thread's first draw", jittered))
        .join()
        .unwrap();
}

#[cfg(feature = "aws")]
fn verdicts_of_aws() {
    use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
    use reattempt::Classify;
    use reattempt::aws::AwsClassifier;

    for (status, kind, body) in [
        (200, "application/json", "{}"),
        (200, "application/xml", "<R><ETag>&quot;1&quot;</ETag></R>"),
        (
            404,
            "application/xml",
            "<Error><Code>NoSuchKey</Code></Error>",
        ),
        (400, "application/json", r#"{"__type":"a#SlowDown"}"#),
        (503, "text/plain", "busy"),
        (200, "text/xml", " "),
        (200, "text/html", " "),
    ] {
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        let judge = AwsClassifier::new();
        let region = Region::new(ALLOCATOR);
        let _ = judge.classify(Ok::<_, &io::Error>(&response));
        // The XML reader keeps the names of the open elements in two buffers of its own.
        let of_reader = if kind == "application/xml" { 2 } else { 0 };
        assert_eq!(region.change().allocations, of_reader, "{body}");
    }
}
