//! Waits that are interrupted, or that a hook, a limiter or a clock disturbs.

use super::*;

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

/// A limiter that admits every attempt and records the times that it receives.
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
    // Two waits of 120 s count toward the limit of 300 s. A third would exceed it.
    assert_eq!(
        (outcome.attempts, outcome.reason),
        (3, StopReason::OutOfTime)
    );
    let times = times.0.lock().unwrap();
    // The limiter received the time of the paused clock, which did not move.
    assert!(times.iter().all(|time| *time == times[0]), "{times:?}");
}

/// A limiter that refuses every second request for 20 µs, beginning with the first.
#[derive(Debug)]
struct EverySecond {
    has_queue: bool,
    requests: Mutex<u32>,
}

impl Limiter for EverySecond {
    fn acquire(&self, _: Duration) -> Result<(), Duration> {
        let mut requests = self.requests.lock().unwrap();
        *requests += 1;
        if *requests % 2 == 1 {
            Err(Duration::from_micros(20))
        } else {
            Ok(())
        }
    }

    fn has_queue(&self) -> bool {
        self.has_queue
    }

    fn record(&self, _: Duration, _: bool) {}
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_limiter_wait_counts_in_full() {
    for has_queue in [true, false] {
        let policy = RetryPolicy::new(Backoff::none())
            .max_attempts(20)
            .max_elapsed(Duration::from_micros(50))
            .limiter(EverySecond {
                has_queue,
                requests: Mutex::new(0),
            });
        let call = policy.retry_blocking(|_| Err::<(), _>("down"));
        let outcome = call.sleep_with(|_| ()).outcome();
        // Two waits of 20 µs count toward the limit of 50 µs. With a third it is reached.
        let expected = (3, Some(StopReason::OutOfTime));
        assert_eq!((outcome.attempts, Some(outcome.reason)), expected);

        let mut calls = policy.start_blocking().sleep_with(|_| ());
        loop {
            calls.next_attempt();
            if calls.check(Err::<(), _>("down")).is_break() {
                break;
            }
        }
        assert_eq!((calls.attempts(), calls.stop_reason()), expected);
    }
}

/// A limiter with a queue that refuses all attempts until a time after its first request.
#[derive(Debug)]
struct Opens {
    after: Duration,
    requests: Mutex<Vec<Duration>>,
}

impl Opens {
    fn after(after: Duration) -> Arc<Self> {
        let requests = Mutex::default();
        Arc::new(Self { after, requests })
    }
}

impl Limiter for Opens {
    fn acquire(&self, now: Duration) -> Result<(), Duration> {
        let mut requests = self.requests.lock().unwrap();
        requests.push(now);
        let first = requests.first().copied().unwrap_or_default();
        let left = (first + self.after).saturating_sub(now);
        if left.is_zero() { Ok(()) } else { Err(left) }
    }

    fn has_queue(&self) -> bool {
        true
    }

    fn record(&self, _: Duration, _: bool) {}
}

#[test]
fn an_interrupted_wait_in_a_queue_takes_no_further_place() {
    // Without a queue, the limiter is asked again after 10 ms.
    let opens = Opens::after(Duration::from_millis(12));
    let policy = RetryPolicy::new(Backoff::none()).limiter(Arc::clone(&opens));
    let call = policy.retry_blocking(|_| Ok::<_, ()>(()));
    assert_eq!(call.sleep_with(|_| ()).call(), Ok(()));
    assert_eq!(opens.requests.lock().unwrap().len(), 2);

    opens.requests.lock().unwrap().clear();
    let mut calls = policy.start_blocking().sleep_with(|_| ());
    assert_eq!(calls.next_attempt().number(), 1);
    assert_eq!(opens.requests.lock().unwrap().len(), 2);
}

#[test]
fn a_virtual_sleep_serves_a_wait_for_the_limiter() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let policy = RetryPolicy::new(Backoff::none()).limiter(Opens::after(s(3)));
    let begun = std::time::Instant::now();
    let call = policy.retry_blocking(|_| Ok::<_, ()>(()));
    let outcome = call
        .sleep_with(|delay| runtime.block_on(tokio::time::advance(delay)))
        .outcome();
    assert_eq!((outcome.attempts, outcome.waited), (1, s(3)));
    assert!(begun.elapsed() < s(2), "the thread was blocked");
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

/// A limiter that returns a wait of zero this many times, then admits every attempt.
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

/// A timer whose clock goes back an hour each time it is read.
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

/// A limiter that asks once for a wait of ten seconds.
#[derive(Debug, Default)]
struct AsksOnce(Mutex<bool>);

impl Limiter for AsksOnce {
    fn acquire(&self, _: Duration) -> Result<(), Duration> {
        let asked = std::mem::replace(&mut *self.0.lock().unwrap(), true);
        if asked { Ok(()) } else { Err(s(10)) }
    }

    fn record(&self, _: Duration, _: bool) {}
}

/// An observer that takes three seconds, and then panics if it has to.
struct SlowLimited {
    timer: ManualTimer,
    panics: bool,
}

impl Observer for SlowLimited {
    fn on_limited(&self, _: Duration) {
        self.timer.advance(s(3));
        assert!(!self.panics, "injected");
    }
}

#[test]
fn an_observer_does_not_shorten_a_wait_for_the_limiter() {
    for panics in [false, true] {
        let waits_of = |make: &dyn Fn(&RetryPolicy, &ManualTimer)| {
            let timer = ManualTimer::new();
            let observer = SlowLimited {
                timer: timer.clone(),
                panics,
            };
            let policy = RetryPolicy::default();
            make(
                &policy.limiter(AsksOnce::default()).observer(observer),
                &timer,
            );
            timer.sleeps()
        };
        let by_call = waits_of(&|policy, timer| {
            let mut call = pin!(policy.retry(|_| async { Ok::<_, ()>(()) }).timer(timer));
            let mut first = || poll(call.as_mut()).is_ready();
            let caught = catch_unwind(AssertUnwindSafe(&mut first));
            assert!(caught.unwrap_or_else(|_| first()));
        });
        let by_loop = waits_of(&|policy, timer| {
            let mut calls = policy.start_with(timer);
            let mut first = || poll(pin!(calls.next_attempt())).is_ready();
            let caught = catch_unwind(AssertUnwindSafe(&mut first));
            assert!(caught.unwrap_or_else(|_| first()));
            assert_eq!(calls.waited(), s(10));
        });
        assert_eq!([by_call, by_loop], [[s(10)], [s(10)]], "{panics}");
    }
}

/// An error that takes this many seconds to drop.
struct SlowToDrop(ManualTimer, u64);

impl Drop for SlowToDrop {
    fn drop(&mut self) {
        self.0.advance(s(self.1));
    }
}

#[test]
fn a_slow_drop_of_the_outcome_shortens_the_wait_to_the_limit() {
    // The wait would last from 0 s to 8 s, and the limit is 10 s.
    for (seconds, slept, end) in [(1, s(8), s(9)), (5, s(3), s(8)), (20, s(0), s(20))] {
        let timer = ManualTimer::new();
        let policy = RetryPolicy::new(Backoff::constant(s(8))).max_elapsed(s(10));
        let call = policy.retry(|attempt| {
            let error = (attempt.number() == 1).then(|| SlowToDrop(timer.clone(), seconds));
            std::future::ready(error.map_or(Ok(()), Err))
        });
        let Poll::Ready(outcome) = poll(pin!(call.timer(&timer).outcome())) else {
            unreachable!("every wait ends at its first poll")
        };
        assert!(outcome.result.is_ok());
        let found = (timer.sleeps(), outcome.waited, timer.now());
        assert_eq!(found, (vec![slept], slept, end), "{seconds}");
    }
}
