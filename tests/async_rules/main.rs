//! The rules of retrying in async code, in virtual time.
#![cfg(feature = "tokio")]
#![expect(
    clippy::disallowed_methods,
    reason = "the clock is paused: time is virtual"
)]

mod loops;
mod shapes;
mod time;
mod yields;

use std::cell::Cell;
use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reattempt::{
    AdaptiveLimiter, Backoff, Classify, ErrorKind, ManualTimer, RetryBudget, RetryPolicy,
    StopReason, TimedOut, Timer, TokioTimer, Verdict,
};
use tokio::time::Instant;

static POLICY: RetryPolicy = RetryPolicy::new(Backoff::none()).max_attempts(4);

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[derive(Debug, PartialEq)]
enum Failure {
    Down,
    Slow(Duration),
}

impl From<TimedOut> for Failure {
    fn from(error: TimedOut) -> Self {
        Self::Slow(error.limit())
    }
}

#[tokio::test]
async fn the_operation_runs_after_the_wait_with_the_time_left() {
    let timer = ManualTimer::new();
    let mut seen = Vec::new();
    let _ = RetryPolicy::new(Backoff::constant(s(2)))
        .max_elapsed(s(30))
        .retry(|attempt| {
            seen.push((
                timer.now(),
                attempt.number(),
                attempt.remaining(),
                attempt.waited(),
            ));
            timer.advance(s(1));
            async { Err::<(), _>(Failure::Down) }
        })
        .timer(timer.clone())
        .await;
    let expected = [
        (s(0), 1, Some(s(30)), s(0)),
        (s(3), 2, Some(s(27)), s(2)),
        (s(6), 3, Some(s(24)), s(4)),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_makes_no_further_attempts() {
    let runs = Cell::new(0);
    let policy = RetryPolicy::new(Backoff::constant(s(10)));
    let call = policy.retry(|_| async {
        runs.set(runs.get() + 1);
        Err::<(), _>("down")
    });
    let cut = tokio::time::timeout(s(15), call).await;
    assert!(cut.is_err());
    tokio::time::sleep(s(60)).await;
    assert_eq!(runs.get(), 2);
}

#[tokio::test]
async fn a_call_that_is_always_ready_lets_other_tasks_run() {
    let policy = RetryPolicy::new(Backoff::none()).unlimited_attempts();
    let endless = async { policy.retry(|_| async { Err::<(), _>("down") }).await };
    let others = async {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        _ = endless => panic!("the call ended"),
        () = others => {}
    }
}

#[tokio::test]
async fn outcome_and_attempt_are_dropped_before_the_wait() {
    struct Watching<'a>(&'a Cell<u32>);
    impl Timer for Watching<'_> {
        type Sleep = std::future::Ready<()>;
        fn now(&self) -> Duration {
            Duration::ZERO
        }
        fn sleep(&self, _: Duration) -> Self::Sleep {
            assert_eq!(self.0.get(), 0);
            std::future::ready(())
        }
    }
    struct Held<'a>(&'a Cell<u32>);
    impl<'a> Held<'a> {
        fn new(count: &'a Cell<u32>) -> Self {
            count.set(count.get() + 1);
            Self(count)
        }
    }
    impl Drop for Held<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get().checked_sub(1).unwrap());
        }
    }
    let held = Cell::new(0);
    let policy = RetryPolicy::new(Backoff::constant(s(1)));
    let result = policy
        .retry(|_| async {
            let _during = Held::new(&held);
            Err::<(), _>(Held::new(&held))
        })
        .timer(Watching(&held))
        .await;
    assert_eq!(held.get(), 1);
    drop(result);
}

type Boxed = Pin<Box<dyn Future<Output = Result<u32, ()>> + Send>>;

#[tokio::test]
async fn settings_of_a_call_replace_those_of_its_policy() {
    let policy = RetryPolicy::new(Backoff::none()).when(|e: &u32| *e == 0);
    let call = || policy.retry(|_| async { Err::<(), u32>(1) });
    assert_eq!(call().outcome().await.attempts, 1);
    assert_eq!(call().when(|e| *e == 1).outcome().await.attempts, 3);
    assert_eq!(
        call()
            .when(|e| *e == 1)
            .max_attempts(0)
            .outcome()
            .await
            .attempts,
        1
    );
    let server = |_: Result<&(), &u32>| Verdict::retry(ErrorKind::Server);
    assert_eq!(call().classify_fn(server).outcome().await.attempts, 3);
    let outcome = call().classify_fn(server).non_idempotent().outcome().await;
    assert_eq!(
        (outcome.attempts, outcome.reason),
        (1, StopReason::NotIdempotent)
    );
}

#[tokio::test]
async fn an_ok_value_that_is_not_ready_is_retried() {
    let states = ["queued", "running", "done"];
    let found = POLICY
        .retry(|attempt| async move {
            let index = usize::try_from(attempt.number()).unwrap().saturating_sub(1);
            Ok::<_, Failure>(states[index])
        })
        .classify_fn(|outcome| match outcome {
            Ok(state) if *state != "done" => Verdict::retry(ErrorKind::Transient),
            Ok(_) => Verdict::Success,
            Err(_) => Verdict::Permanent,
        })
        .await;
    assert_eq!(found, Ok("done"));
}

#[tokio::test]
async fn a_call_continues_after_it_yields() {
    let policy = RetryPolicy::new(Backoff::none()).max_attempts(200);
    let outcome = policy.retry(|_| async { Err::<(), _>("down") }).outcome();
    assert_eq!(outcome.await.attempts, 200);
}
