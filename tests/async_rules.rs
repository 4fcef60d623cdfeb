//! The rules of retrying in virtual time, and the shapes in which people use
//! the futures.
#![cfg(feature = "tokio")]
#![expect(
    clippy::disallowed_methods,
    reason = "the clock is paused: time is virtual"
)]

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

#[tokio::test(start_paused = true)]
async fn waits_are_served_in_virtual_time() {
    let start = Instant::now();
    let outcome = RetryPolicy::new(Backoff::constant(s(3)))
        .retry(|_| async { Err::<(), _>("down") })
        .outcome()
        .await;
    assert_eq!((outcome.result, outcome.attempts), (Err("down"), 3));
    assert_eq!(outcome.waited, s(6));
    // Tokio's timer rounds up to the millisecond.
    assert!((s(6)..s(6) + Duration::from_millis(3)).contains(&start.elapsed()));
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_counts_from_the_first_poll() {
    let call = RetryPolicy::new(Backoff::constant(s(4)))
        .unlimited_attempts()
        .max_elapsed(s(10));
    let call = call.retry(|_| async { Err::<(), _>("down") }).outcome();
    tokio::time::sleep(s(60)).await;
    let outcome = call.await;
    assert_eq!(
        (outcome.attempts, outcome.reason),
        (3, StopReason::OutOfTime)
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_cut_at_its_limit_or_at_what_remains() {
    let policy = RetryPolicy::new(Backoff::constant(s(1))).max_attempts(9);
    let mut cuts = Vec::new();
    let outcome = policy
        .retry(|_| std::future::pending::<Result<(), Failure>>())
        .attempt_timeout(s(4))
        .max_elapsed(s(12))
        .on_retry(|event| cuts.push(format!("{:?}", event.error())))
        .outcome()
        .await;
    assert_eq!(cuts, ["Some(Slow(4s))", "Some(Slow(4s))"]);
    let Err(Failure::Slow(last)) = outcome.result else {
        panic!("{outcome:?}");
    };
    assert!(
        last <= s(2) && last > Duration::from_millis(1_900),
        "{last:?}"
    );
    assert_eq!(outcome.reason, StopReason::OutOfTime);
}

#[tokio::test]
async fn a_running_attempt_is_left_alone_without_a_timeout() {
    let timer = ManualTimer::new();
    let result = RetryPolicy::new(Backoff::constant(s(1)))
        .max_elapsed(s(2))
        .retry(|_| async {
            timer.advance(s(100));
            Ok::<_, Failure>("late but well")
        })
        .timer(&timer)
        .await;
    assert_eq!(result, Ok("late but well"));
}

#[tokio::test]
async fn the_operation_is_called_after_the_wait_and_sees_what_remains() {
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
async fn a_dropped_call_stops_where_it_is() {
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
async fn an_always_ready_call_without_delay_lets_others_run() {
    let policy = RetryPolicy::new(Backoff::none()).unlimited_attempts();
    let endless = async { policy.retry(|_| async { Err::<(), _>("down") }).await };
    let others = async {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        _ = endless => panic!("no end to it"),
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

const fn is_send<T: Send>(value: T) -> T {
    value
}

/// Ready when it is polled for the last of so many times, and again if polled
/// after that. What it holds is counted.
struct Countdown {
    polls: u32,
    _held: Rc<()>,
}

impl Future for Countdown {
    type Output = Result<(), Failure>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.polls = self.polls.saturating_sub(1);
        if self.polls == 0 {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
}

#[test]
fn a_call_that_has_ended_holds_nothing_and_runs_nothing() {
    for polls in [1, 2, 5] {
        let budget = RetryBudget::new(20);
        let policy = RetryPolicy::new(Backoff::none())
            .max_attempts(2)
            .budget(&budget);
        // Not full, so that a success shows.
        let _ = policy.retry_blocking(|_| Err::<(), _>(())).call();
        let before = budget.available();
        let held = Rc::new(());
        let call = policy.retry(|_| Countdown {
            polls,
            _held: Rc::clone(&held),
        });
        let mut call = pin!(call.into_future());
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 1..polls {
            assert_eq!(call.as_mut().poll(&mut cx), Poll::Pending);
        }
        assert_eq!(call.as_mut().poll(&mut cx), Poll::Ready(Ok(())));
        assert_eq!(Rc::strong_count(&held), 1, "{polls}");
        assert_eq!(call.as_mut().poll(&mut cx), Poll::Pending);
        assert_eq!(budget.available(), before + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_can_be_spawned_and_boxed() {
    let spawned = tokio::spawn(async { POLICY.retry(|_| async { Err::<(), _>("down") }).await });
    assert_eq!(spawned.await.unwrap(), Err("down"));
    let boxed: Boxed = Box::pin(POLICY.retry(|_| async { Ok::<u32, ()>(1) }).into_future());
    assert_eq!(tokio::spawn(boxed).await.unwrap(), Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_send_though_its_outcome_is_not() {
    let call = POLICY.retry(|_| async { Err::<Rc<u32>, Rc<u32>>(Rc::new(1)) });
    let failed = is_send(async move { call.await.is_err() });
    assert!(tokio::spawn(failed).await.unwrap());
}

trait Fetch {
    fn fetch(&self, key: &str) -> impl Future<Output = Result<String, Failure>> + Send;
}

struct Store;

impl Fetch for Store {
    async fn fetch(&self, key: &str) -> Result<String, Failure> {
        tokio::task::yield_now().await;
        Ok(key.to_uppercase())
    }
}

#[expect(
    clippy::manual_async_fn,
    reason = "the signature is the shape under test"
)]
fn fetch_retried<S: Fetch + Sync>(
    store: &S,
    key: &str,
) -> impl Future<Output = Result<String, Failure>> + Send {
    async move { POLICY.retry(|_| store.fetch(key)).await }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_can_be_returned_from_a_generic_function() {
    let key = "k".to_owned();
    assert_eq!(
        is_send(fetch_retried(&Store, &key)).await,
        Ok("K".to_owned())
    );
    let task = tokio::spawn(async move { fetch_retried(&Store, &key).await });
    assert_eq!(task.await.unwrap(), Ok("K".to_owned()));
}

#[tokio::test]
async fn an_async_closure_borrows_its_surroundings() {
    let words = ["a".to_owned(), "b".to_owned()];
    let joined = POLICY
        .retry(async |_| Ok::<_, Failure>(words.concat()))
        .await;
    assert_eq!(joined, Ok("ab".to_owned()));
}

/// Drives a call by hand, whatever the policy, with what a loop may hold.
async fn by_hand<C>(policy: RetryPolicy<C>) -> Result<u32, String>
where
    C: Classify<u32, String>,
{
    let mut buffer = Vec::new();
    let mut session = policy.start();
    loop {
        buffer.push(session.next_attempt().await.number());
        let result = match buffer.len() {
            3 => Ok(buffer.iter().sum()),
            made => Err(made.to_string()),
        };
        if let ControlFlow::Break(done) = session.check(result) {
            return done;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_loop_form_can_be_spawned_and_boxed() {
    let policy = RetryPolicy::default().limiter(AdaptiveLimiter::new());
    assert_eq!(tokio::spawn(by_hand(policy.clone())).await.unwrap(), Ok(6));
    let boxed: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(by_hand(policy));
    assert_eq!(boxed.await, Ok(6));
}

#[tokio::test(start_paused = true)]
async fn the_loop_form_borrows_mutably_and_waits() {
    let policy = RetryPolicy::new(Backoff::constant(s(2))).max_elapsed(s(9));
    let mut buffer: Vec<u32> = Vec::new();
    let start = Instant::now();
    let mut session = policy.start();
    let done = loop {
        let attempt = session.next_attempt().await;
        buffer.push(attempt.number());
        tokio::time::sleep(s(1)).await;
        let result = Err::<(), _>(buffer.len());
        if let ControlFlow::Break(done) = session.check(result) {
            break done;
        }
    };
    assert_eq!(
        (done, session.stop_reason()),
        (Err(3), Some(StopReason::OutOfAttempts))
    );
    assert_eq!(start.elapsed().as_secs(), 7);
    assert_eq!(session.waited(), s(4));
}

#[tokio::test]
async fn a_session_follows_the_timer_it_is_given() {
    let policy = RetryPolicy::new(Backoff::constant(s(4)))
        .unlimited_attempts()
        .max_elapsed(s(10));
    for late in [false, true] {
        let timer = ManualTimer::new();
        timer.advance(s(77));
        let mut session = if late {
            policy.start_with(timer.clone())
        } else {
            policy.start().timer(timer.clone())
        };
        let mut runs = 0;
        let done = loop {
            runs += 1;
            assert!(runs < 50, "no end");
            session.next_attempt().await;
            if let ControlFlow::Break(done) = session.check(Err::<(), _>(runs)) {
                break done;
            }
        };
        assert_eq!(done, Err(3));
        assert_eq!(session.stop_reason(), Some(StopReason::OutOfTime));
        assert_eq!(timer.sleeps(), [s(4), s(4)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_begun_on_tokios_clock_counts_its_first_attempt() {
    let policy = RetryPolicy::new(Backoff::constant(s(4))).max_elapsed(s(10));
    let mut session = policy.start_with(TokioTimer::new());
    session.next_attempt().await;
    tokio::time::sleep(s(7)).await;
    let end = session.check(Err::<(), _>("slow"));
    assert_eq!(end, ControlFlow::Break(Err("slow")));
    assert_eq!(session.stop_reason(), Some(StopReason::OutOfTime));
}

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
async fn polling_until_an_ok_value_is_ready() {
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
async fn a_slow_hook_makes_no_wait_end_late() {
    // The hook takes 3 s before a wait of 4 s.
    for (limit, end, sleep) in [(10, 7, 4), (6, 4, 1)] {
        let timer = ManualTimer::new();
        let result = RetryPolicy::new(Backoff::constant(s(4)))
            .max_attempts(2)
            .max_elapsed(s(limit))
            .retry(|_| async { Err::<(), _>("down") })
            .on_retry(|_| timer.advance(s(3)))
            .timer(&timer)
            .await;
        assert_eq!(result, Err("down"));
        assert_eq!((timer.now(), timer.sleeps()), (s(end), vec![s(sleep)]));
    }
}

/// An operation that always has something to do, as an endless download has:
/// it gives way only when tokio tells it to.
async fn endless() -> Result<(), Failure> {
    loop {
        tokio::task::coop::consume_budget().await;
    }
}

#[tokio::test]
async fn an_attempt_that_never_waits_is_cut_too() {
    // On the real clock: a paused one stands still while a task is busy.
    let outcome = RetryPolicy::new(Backoff::none())
        .max_attempts(2)
        .retry(|_| endless())
        .attempt_timeout(Duration::from_millis(1))
        .outcome()
        .await;
    assert_eq!(outcome.attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_is_late_at_its_first_check_is_out_of_time() {
    let policy = RetryPolicy::new(Backoff::none()).max_elapsed(s(1));
    let mut session = policy.start();
    session.next_attempt().await;
    tokio::time::advance(s(5)).await;
    let checked = session.check(Err::<(), _>("down"));
    assert_eq!(checked, ControlFlow::Break(Err("down")));
    assert_eq!(session.stop_reason(), Some(StopReason::OutOfTime));
}

#[tokio::test]
async fn a_loop_without_delay_lets_others_run() {
    let policy = RetryPolicy::new(Backoff::none()).unlimited_attempts();
    let endless = async {
        let mut session = policy.start();
        loop {
            session.next_attempt().await;
            if session.check(Err::<(), _>("down")).is_break() {
                break;
            }
        }
    };
    tokio::select! {
        biased;
        () = endless => {}
        () = tokio::task::yield_now() => {}
    }
}

#[tokio::test]
async fn a_call_that_let_others_run_goes_on() {
    let policy = RetryPolicy::new(Backoff::none()).max_attempts(200);
    let outcome = policy.retry(|_| async { Err::<(), _>("down") }).outcome();
    assert_eq!(outcome.await.attempts, 200);
}

#[tokio::test(start_paused = true)]
async fn a_blocking_loop_counts_its_waits_on_a_clock_that_stands_still() {
    let policy = RetryPolicy::new(Backoff::constant(Duration::from_millis(1)))
        .unlimited_attempts()
        .max_elapsed(Duration::from_millis(3));
    let mut session = policy.start_blocking().sleep_with(|_| ());
    loop {
        session.next_attempt();
        if session.check(Err::<(), _>("down")).is_break() {
            break;
        }
    }
    // The third wait would end at the limit.
    assert_eq!(session.attempts(), 3);
}

/// A timer whose clock must not be read.
struct NoClock;

impl Timer for NoClock {
    type Sleep = std::future::Ready<()>;

    fn now(&self) -> Duration {
        unreachable!("the clock was read")
    }

    fn sleep(&self, _: Duration) -> Self::Sleep {
        std::future::ready(())
    }
}

#[tokio::test]
async fn no_clock_is_read_where_no_time_matters() {
    let budget = RetryBudget::new(100);
    for policy in [
        RetryPolicy::default(),
        RetryPolicy::default().budget(&budget),
    ] {
        let call =
            |fails| policy.retry(move |_| async move { if fails { Err(()) } else { Ok(()) } });
        assert_eq!(call(false).timer(NoClock).await, Ok(()));
        assert_eq!(call(true).timer(NoClock).await, Err(()));
    }
}
