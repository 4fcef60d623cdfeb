//! Calls that are dropped, interrupted or panic: tokens, waits and shared state.
#![cfg(feature = "tokio")]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "small numbers; the clock is paused; a lock is never poisoned"
)]

use std::cell::Cell;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reattempt::call::PolicyRef;
use reattempt::{
    Backoff, BlockingLoop, Classify, Decision, ErrorKind, Limiter, ManualTimer, Observer,
    RetryBudget, RetryEvent, RetryLoop, RetryPolicy, Session, StopEvent, StopReason, Timer,
    Verdict,
};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Retries every `Err` as a server error, which costs 14 tokens.
#[derive(Clone, Copy, Debug)]
struct ServerError;

impl<T, E> Classify<T, E> for ServerError {
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(_) => Verdict::retry(ErrorKind::Server),
        }
    }
}

fn policy(budget: &RetryBudget, delay: Duration) -> RetryPolicy<ServerError> {
    RetryPolicy::new(Backoff::constant(delay))
        .budget(budget)
        .classify(ServerError)
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Is pending once, then fails.
struct FailLater(bool);

impl Future for FailLater {
    type Output = Result<(), &'static str>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.0 {
            return Poll::Ready(Err("down"));
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Sleeps for one poll, whatever the duration is.
struct OnePoll;

impl Timer for OnePoll {
    type Sleep = SleepOnce;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> SleepOnce {
        SleepOnce(false)
    }
}

struct SleepOnce(bool);

impl Future for SleepOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        Poll::Pending
    }
}

#[test]
fn a_dropped_call_pays_only_for_the_retries_it_started() {
    let runs_at_end = |polls: usize, owned: bool| {
        let budget = RetryBudget::new(100);
        let runs = Cell::new(0);
        let op = |_| {
            runs.set(runs.get() + 1);
            FailLater(false)
        };
        let policy = Arc::new(policy(&budget, s(1)));
        let drive = |call: Pin<&mut dyn Future<Output = _>>| {
            let mut call = call;
            (0..polls).any(|_| poll(call.as_mut()).is_ready())
        };
        let has_ended = if owned {
            drive(pin!(
                Arc::clone(&policy).retry_owned(op).timer(OnePoll).outcome()
            ))
        } else {
            drive(pin!(policy.retry(op).timer(OnePoll).outcome()))
        };
        let retries: u32 = u32::saturating_sub(runs.get(), 1);
        assert_eq!(budget.available(), 100 - 14 * retries, "{polls} polls");
        (runs.get(), has_ended)
    };
    for owned in [false, true] {
        let seen: Vec<_> = (0..12).map(|polls| runs_at_end(polls, owned)).collect();
        // Polled once, the first attempt runs; each attempt and each wait takes a poll.
        assert_eq!(seen[0], (0, false));
        assert_eq!(seen[1], (1, false));
        assert!(seen.contains(&(2, false)));
        assert_eq!(seen[11], (3, true));
    }
}

#[tokio::test(start_paused = true)]
async fn cutting_a_wait_does_not_make_a_retry_free() {
    let budget = RetryBudget::new(14);
    let policy = policy(&budget, s(60)).unlimited_attempts();
    let start = tokio::time::Instant::now();
    let mut calls = policy.start();
    calls.next_attempt().await;
    assert!(calls.check(Err::<(), _>("down")).is_continue());
    // The next attempt starts after 60 s in all, however often its wait is cut.
    let mut cuts = 0;
    while tokio::time::timeout(s(1), calls.next_attempt())
        .await
        .is_err()
    {
        cuts += 1;
        assert_eq!(budget.available(), 0);
    }
    assert!((58..=60).contains(&cuts), "{cuts}");
    assert_eq!(start.elapsed().as_secs(), 60);
    assert_eq!(calls.waited(), s(60));
    assert!(calls.check(Err::<(), _>("down")).is_break());
    assert_eq!(calls.stop_reason(), Some(StopReason::OutOfBudget));
    drop(calls);
    assert_eq!(budget.available(), 0);
}

#[test]
fn a_dropped_or_cancelled_session_returns_its_cost_once() {
    let budget = RetryBudget::new(100);
    let policy = policy(&budget, s(1));
    let failed = Err::<&(), _>(&"down");
    let mut cancelled = policy.start_at(s(0));
    assert_eq!(cancelled.decide(failed, s(0)), Decision::RetryAfter(s(1)));
    let mut dropped = policy.start_at(s(0));
    assert_eq!(dropped.decide(failed, s(0)), Decision::RetryAfter(s(1)));
    assert_eq!(budget.available(), 72);
    cancelled.cancel();
    assert_eq!(budget.available(), 86);
    drop(dropped);
    assert_eq!(budget.available(), 100);
    // Started, the retry is spent, and a later success returns its cost once.
    let mut session = policy.start_at(s(0));
    let _ = session.decide(failed, s(0));
    assert_eq!(session.admit(s(1)), Ok(()));
    assert_eq!(budget.available(), 86);
    let _ = session.decide(Ok::<_, &&str>(&()), s(1));
    session.cancel();
    assert_eq!(budget.available(), 100);
}

#[test]
fn an_attempt_out_of_turn_ends_the_loop_and_is_not_free() {
    let budget = RetryBudget::new(100);
    let policy = policy(&budget, s(60)).unlimited_attempts();
    let mut calls = policy.start_blocking().sleep_with(|_| ());
    calls.next_attempt();
    assert!(calls.check(Err::<(), _>("down")).is_continue());
    assert_eq!(
        calls.check(Err::<(), _>("again")),
        ControlFlow::Break(Err("again"))
    );
    assert_eq!(calls.stop_reason(), Some(StopReason::OutOfTurn));
    assert_eq!(calls.check(Ok::<_, &str>(1)), ControlFlow::Break(Ok(1)));
    drop(calls);
    assert_eq!(budget.available(), 86);
}

#[test]
fn sessions_and_loops_are_not_clone() {
    trait AmbiguousIfClone<A> {
        fn check() {}
    }
    impl<T: ?Sized> AmbiguousIfClone<()> for T {}
    struct Yes;
    impl<T: Clone> AmbiguousIfClone<Yes> for T {}
    fn check<P: PolicyRef>(_: &P) {
        <RetryLoop<P> as AmbiguousIfClone<_>>::check();
        <BlockingLoop<P> as AmbiguousIfClone<_>>::check();
    }
    <Session<'static> as AmbiguousIfClone<_>>::check();
    check(&&RetryPolicy::default());
}

/// Where a panic is injected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Classifier,
    Hook,
    Limiter,
    Observer,
    Sleep,
    Operation,
    OperationFuture,
}

use Place::{Classifier, Hook, Operation, OperationFuture, Sleep};

impl Place {
    fn panic_at(self, place: Self) {
        assert!(self != place, "injected");
    }
}

#[derive(Debug)]
struct PanicsAtSecond {
    place: Place,
    asked: Mutex<u32>,
}

impl Limiter for PanicsAtSecond {
    fn acquire(&self, _: Duration) -> Result<(), Duration> {
        let second = {
            let mut asked = self.asked.lock().unwrap();
            *asked += 1;
            *asked == 2
        };
        if second {
            self.place.panic_at(Place::Limiter);
        }
        Ok(())
    }

    fn record(&self, _: Duration, _: bool) {}
}

struct PanicsOnRetry(Place);

impl Observer for PanicsOnRetry {
    fn on_retry(&self, _: &RetryEvent) {
        self.0.panic_at(Place::Observer);
    }
}

struct PanicsInSleep(Place);

impl Timer for PanicsInSleep {
    type Sleep = std::future::Ready<()>;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Self::Sleep {
        self.0.panic_at(Sleep);
        std::future::ready(())
    }
}

/// The tokens that are spent once this place has panicked in a call whose first attempt
/// fails: none before the second attempt starts, those of one retry afterwards.
const fn spent(place: Place) -> u32 {
    match place {
        Operation | OperationFuture => 14,
        _ => 0,
    }
}

fn panicking_policy(place: Place, budget: &RetryBudget) -> RetryPolicy<impl Classify<(), ()>> {
    RetryPolicy::new(Backoff::constant(s(1)))
        .max_attempts(2)
        .budget(budget)
        .limiter(PanicsAtSecond {
            place,
            asked: Mutex::new(0),
        })
        .observer(PanicsOnRetry(place))
        .classify_fn(move |_: Result<&(), &()>| {
            place.panic_at(Classifier);
            Verdict::retry(ErrorKind::Server)
        })
}

#[test]
fn a_panic_returns_the_tokens_of_a_retry_that_did_not_start() {
    let places = [
        Classifier,
        Hook,
        Place::Limiter,
        Place::Observer,
        Sleep,
        Operation,
        OperationFuture,
    ];
    for place in places {
        let budget = RetryBudget::new(100);
        let policy = panicking_policy(place, &budget);
        let asynchronous = || {
            let call = policy
                .retry(|attempt| {
                    if attempt.number() == 2 {
                        place.panic_at(Operation);
                    }
                    async move {
                        if attempt.number() == 2 {
                            place.panic_at(OperationFuture);
                        }
                        Err::<(), ()>(())
                    }
                })
                .on_retry(|_| place.panic_at(Hook))
                .timer(PanicsInSleep(place));
            let mut call = pin!(call);
            let _ = poll(call.as_mut());
        };
        assert!(catch_unwind(AssertUnwindSafe(asynchronous)).is_err());
        assert_eq!(budget.available(), 100 - spent(place), "async, {place:?}");

        let budget = RetryBudget::new(100);
        let policy = panicking_policy(place, &budget);
        let blocking = || {
            let _ = policy
                .retry_blocking(|attempt| {
                    if attempt.number() == 2 {
                        place.panic_at(Operation);
                        place.panic_at(OperationFuture);
                    }
                    Err::<(), ()>(())
                })
                .on_retry(|_| place.panic_at(Hook))
                .sleep_with(|_| place.panic_at(Sleep))
                .call();
        };
        assert!(catch_unwind(AssertUnwindSafe(blocking)).is_err());
        assert_eq!(budget.available(), 100 - spent(place), "sync, {place:?}");
        // The shared state is usable afterwards.
        budget.deposit(100);
        assert_eq!(budget.available(), 100);
    }
}

#[test]
fn a_call_that_panicked_does_not_run_again_when_polled() {
    let runs = Cell::new(0);
    let policy = RetryPolicy::new(Backoff::none());
    let mut call = pin!(policy.retry(|_| {
        runs.set(runs.get() + 1);
        assert!(runs.get() > 9, "injected");
        std::future::ready(Ok::<(), ()>(()))
    }));
    assert!(catch_unwind(AssertUnwindSafe(|| poll(call.as_mut()))).is_err());
    assert_eq!(poll(call.as_mut()), Poll::Pending);
    assert_eq!(runs.get(), 1);
}

/// Records the times that it is asked at.
#[derive(Debug, Default)]
struct Times(Mutex<Vec<Duration>>);

impl Limiter for Times {
    fn acquire(&self, now: Duration) -> Result<(), Duration> {
        self.0.lock().unwrap().push(now);
        Ok(())
    }

    fn record(&self, now: Duration, _: bool) {
        self.0.lock().unwrap().push(now);
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_wait_counts_only_for_its_own_call() {
    let times = Arc::new(Times::default());
    let policy = RetryPolicy::new(Backoff::constant(s(120)))
        .unlimited_attempts()
        .limiter(Arc::clone(&times));
    let outcome = policy
        .retry_blocking(|_| Err::<(), _>("down"))
        .max_elapsed(s(300))
        .sleep_with(|_| ())
        .outcome();
    // Two waits of 120 s count against the limit of 300 s, a third would be too late.
    assert_eq!(
        (outcome.attempts, outcome.reason),
        (3, StopReason::OutOfTime)
    );
    let times = times.0.lock().unwrap();
    // The limiter was told the true time: the paused clock stood still.
    assert!(times.iter().all(|time| *time == times[0]), "{times:?}");
}

#[tokio::test]
async fn a_slow_hook_does_not_shorten_a_wait() {
    let policy = RetryPolicy::new(Backoff::constant(s(4))).max_attempts(2);
    let timer = ManualTimer::new();
    let call = policy
        .retry(|_| async { Err::<(), _>("down") })
        .on_retry(|_| timer.advance(s(5)))
        .timer(&timer);
    assert_eq!(call.await, Err("down"));
    assert_eq!((timer.sleeps(), timer.now()), (vec![s(4)], s(9)));

    let mut slept = Vec::new();
    let result = policy
        .retry_blocking(|_| Err::<(), _>("down"))
        .on_retry(|_| ())
        .sleep_with(|delay| slept.push(delay))
        .call();
    assert_eq!((result, slept), (Err("down"), vec![s(4)]));
}

#[tokio::test]
async fn a_hook_that_exceeds_the_time_limit_ends_the_call() {
    let budget = RetryBudget::new(100);
    let timer = ManualTimer::new();
    let outcome = policy(&budget, s(4))
        .max_elapsed(s(10))
        .retry(|_| async { Err::<(), _>("down") })
        .on_retry(|_| timer.advance(s(20)))
        .timer(&timer)
        .outcome()
        .await;
    assert_eq!((outcome.result, outcome.attempts), (Err("down"), 1));
    assert_eq!(outcome.summary.reason, StopReason::OutOfTime);
    assert_eq!((timer.sleeps(), budget.available()), (vec![], 100));
}

/// A limiter that asks for a yield a few times.
#[derive(Debug)]
struct Yields(Mutex<u32>);

impl Limiter for Yields {
    fn acquire(&self, _: Duration) -> Result<(), Duration> {
        let mut left = self.0.lock().unwrap();
        if *left == 0 {
            return Ok(());
        }
        *left -= 1;
        Err(Duration::ZERO)
    }

    fn record(&self, _: Duration, _: bool) {}
}

#[test]
fn a_limiter_that_returns_zero_is_asked_once_per_poll() {
    let limiter = Arc::new(Yields(Mutex::new(5)));
    let policy = RetryPolicy::default().limiter(Arc::clone(&limiter));
    let mut call = pin!(policy.retry(|_| async { Ok::<_, ()>(1) }));
    for left in (0..5).rev() {
        assert_eq!(poll(call.as_mut()), Poll::Pending);
        assert_eq!(*limiter.0.lock().unwrap(), left);
    }
    assert_eq!(poll(call.as_mut()), Poll::Ready(Ok(1)));

    *limiter.0.lock().unwrap() = 2;
    let mut calls = policy.start();
    let mut next = pin!(calls.next_attempt());
    assert!(poll(next.as_mut()).is_pending());
    assert_eq!(*limiter.0.lock().unwrap(), 1);
}

/// A clock that goes back an hour at each look.
#[derive(Debug)]
struct Backwards {
    now: Mutex<Duration>,
    slept: Mutex<Vec<Duration>>,
}

impl Timer for Backwards {
    type Sleep = std::future::Ready<()>;

    fn now(&self) -> Duration {
        let mut now = self.now.lock().unwrap();
        *now = now.saturating_sub(s(3_600));
        *now
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.slept.lock().unwrap().push(duration);
        std::future::ready(())
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_lengthen_a_wait() {
    let timer = Backwards {
        now: Mutex::new(s(1_000_000)),
        slept: Mutex::new(Vec::new()),
    };
    let policy = RetryPolicy::new(Backoff::constant(s(1))).max_elapsed(s(60));
    let result = policy
        .retry(|_| async { Err::<(), _>("down") })
        .timer(&timer)
        .await;
    assert_eq!(result, Err("down"));
    let mut calls = policy.start_with(&timer);
    loop {
        calls.next_attempt().await;
        if calls.check(Err::<(), _>("down")).is_break() {
            break;
        }
    }
    assert_eq!(*timer.slept.lock().unwrap(), [s(1); 4]);
}

/// Records how calls end.
#[derive(Debug, Default)]
struct Ends(Mutex<Vec<(StopReason, u32)>>);

impl Observer for Ends {
    fn on_stop(&self, event: &StopEvent) {
        self.0
            .lock()
            .unwrap()
            .push((event.reason(), event.attempts()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_receives_the_end_of_a_dropped_call() {
    let ends = Arc::new(Ends::default());
    let policy = RetryPolicy::new(Backoff::constant(s(10))).observer(Arc::clone(&ends));
    let call = policy.retry(|_| async { Err::<(), _>("down") });
    assert!(tokio::time::timeout(s(15), call).await.is_err());
    let mut session = policy.start_at(s(0));
    let _ = session.decide(Err::<&(), _>(&"down"), s(0));
    session.cancel();
    let never_polled = policy.retry(|_| async { Err::<(), _>("down") });
    drop(never_polled);
    let ended = policy.retry(|_| async { Ok::<_, ()>(()) });
    assert_eq!(ended.await, Ok(()));
    assert_eq!(
        *ends.0.lock().unwrap(),
        [
            (StopReason::Cancelled, 2),
            (StopReason::Cancelled, 1),
            (StopReason::Success, 1)
        ]
    );
}
