//! Many calls that wait for one limiter: each of them gets a time of its own.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used,
    reason = "the numbers in a test are small and known"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use reattempt::{AdaptiveLimiter, Limiter};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The longest time between the next token and the time that a waiting call gets.
const WINDOW: Duration = s(5);

/// How many calls may wait for the next token itself.
const SHARING: usize = 4;

/// Returns a limiter of 0.5 attempts per second, whose next token is at two seconds.
fn slowest() -> AdaptiveLimiter {
    let limiter = AdaptiveLimiter::new();
    limiter.record(s(0), true);
    limiter
}

/// Returns a limiter that is throttled at half a second, after `ended` attempts. It has a
/// quarter of a token, because its rate was 0.5 until then.
fn throttled_after(ended: u32) -> AdaptiveLimiter {
    let limiter = AdaptiveLimiter::new();
    for _ in 0..ended {
        limiter.record(s(0), false);
    }
    limiter.record(ms(500), true);
    limiter
}

/// Waiting calls in virtual time. Each one waits as the limiter returns, and then asks again.
struct Crowd<L> {
    limiter: L,
    waiting: BinaryHeap<Reverse<(Duration, usize)>>,
    requests: usize,
    grants: usize,
    longest_gap: Duration,
    last_grant: Duration,
}

impl<L: Limiter> Crowd<L> {
    fn new(limiter: L, calls: usize, start: Duration) -> Self {
        Self {
            limiter,
            waiting: (0..calls).map(|call| Reverse((start, call))).collect(),
            requests: 0,
            grants: 0,
            longest_gap: Duration::ZERO,
            last_grant: start,
        }
    }

    /// Runs until `end`. Calls `granted` with the time of each grant.
    fn run_until(&mut self, end: Duration, mut granted: impl FnMut(&L, Duration)) {
        let is_due = |next: &&Reverse<(Duration, usize)>| next.0.0 < end;
        while let Some(&Reverse((now, call))) = self.waiting.peek().filter(is_due) {
            self.waiting.pop();
            self.requests += 1;
            match self.limiter.acquire(now) {
                Ok(()) => {
                    self.grants += 1;
                    self.longest_gap = self.longest_gap.max(now - self.last_grant);
                    self.last_grant = now;
                    granted(&self.limiter, now);
                }
                Err(wait) => {
                    assert!(!wait.is_zero());
                    self.waiting.push(Reverse((now + wait, call)));
                }
            }
        }
    }
}

/// Lets each granted attempt succeed at once, so that the rate changes. Returns the number of
/// tokens that have arrived at the last grant.
fn run_successes(crowd: &mut Crowd<AdaptiveLimiter>, end: Duration) -> f64 {
    let (mut since, mut rate) = (crowd.last_grant, crowd.limiter.fill_rate());
    let mut tokens = if rate > 0.5 { 0.25 } else { 0.0 };
    crowd.run_until(end, |limiter, now| {
        limiter.record(now, false);
        tokens += rate * (now - since).as_secs_f64();
        (since, rate) = (now, limiter.fill_rate());
    });
    tokens
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn assert_all_used(tokens: f64, grants: usize) {
    let unused = tokens - grants as f64;
    assert!((-0.001..1.0).contains(&unused), "{grants} of {tokens}");
}

/// The waits that this number of calls get at `now`.
fn waits(limiter: &impl Limiter, now: Duration, calls: usize) -> Vec<Duration> {
    let refusals = (0..calls).map(|_| limiter.acquire(now).unwrap_err());
    refusals.collect()
}

/// Asserts that `waits` are spread evenly over the 5 seconds that begin at `first`.
fn assert_even(waits: &[Duration], first: Duration) {
    let mut counts = [0_usize; 50];
    for wait in waits {
        let tenth = (*wait - first).as_millis() / 100;
        counts[usize::try_from(tenth).unwrap()] += 1;
    }
    let mean = waits.len() / 50;
    for count in counts {
        assert!(count.abs_diff(mean) <= 3, "{counts:?}");
    }
}

#[test]
fn each_waiting_call_gets_a_time_of_its_own() {
    let limiter = slowest();
    let first = waits(&limiter, s(0), 6);
    assert_eq!(first[..SHARING], [s(2); SHARING]);
    assert_eq!(first[SHARING..], [s(2) + ms(1), s(2) + ms(2)]);
    // Tokens that arrive more often have one call each.
    let limiter = throttled_after(900);
    let rate = limiter.fill_rate();
    assert!(rate > 1_000.0);
    let waits = waits(&limiter, ms(500), 100);
    assert_eq!(waits[0], Duration::from_secs_f64(0.75 / rate));
    for pair in waits[SHARING - 1..].windows(2) {
        let step = pair[1] - pair[0];
        assert_eq!(step, Duration::from_secs_f64(1.0 / rate));
    }
}

#[test]
fn a_single_call_waits_by_the_formula() {
    let limiter = throttled_after(75);
    let rate = limiter.fill_rate();
    let wait = limiter.acquire(ms(500)).unwrap_err();
    assert_eq!(wait, Duration::from_secs_f64(0.75 / rate));
    // During the wait, with half a token in the bucket, the rate falls to 0.7 of it.
    limiter.record(ms(500) + wait / 3, true);
    let lower = limiter.fill_rate();
    assert!((lower / rate - 0.7).abs() < 1e-9);
    let asked = ms(500) + wait;
    let left = limiter.acquire(asked).unwrap_err();
    let formula = Duration::from_secs_f64((1.0 - 0.5 - 0.35) / lower);
    assert!(left.abs_diff(formula) < Duration::from_nanos(5), "{left:?}");
    assert_eq!(limiter.acquire(asked + left), Ok(()));
}

#[test]
fn a_newcomer_takes_the_token_of_a_call_that_left() {
    let limiter = slowest();
    // These calls are dropped while they wait.
    let _ = waits(&limiter, s(0), 3);
    assert_eq!(limiter.acquire(s(3)), Ok(()));
    // The old slots are over, so this call gets the time of the next token.
    assert_eq!(limiter.acquire(s(3)), Err(s(2)));
}

#[test]
fn no_call_waits_more_than_5_s_beyond_the_next_token() {
    let limiter = slowest();
    let waits = waits(&limiter, s(0), 20_004);
    let (own, spread) = waits.split_at(5_000 + SHARING);
    assert_eq!(own.last(), Some(&(s(2) + WINDOW)));
    assert!(spread.iter().all(|wait| *wait <= s(2) + WINDOW));
    // Calls without a time of their own neither gather nor follow each other.
    assert_even(spread, s(2));
    assert_even(&spread[..1_000], s(2));
}

#[test]
fn a_clock_that_jumps_and_returns_frees_all_slots() {
    let limiter = slowest();
    let future = s(31_536_000);
    assert_eq!(limiter.acquire(future), Ok(()));
    let _ = waits(&limiter, future, 1_000);
    let again = waits(&limiter, s(10), SHARING + 1);
    assert_eq!(again[SHARING - 1..], [s(2), s(2) + ms(1)]);
}

#[test]
fn calls_that_fit_into_the_window_ask_twice() {
    let limiter = throttled_after(900);
    let rate = limiter.fill_rate();
    assert!((1_000.0..1_020.0).contains(&rate), "{rate}");
    let mut crowd = Crowd::new(limiter, 5_000, ms(500));
    crowd.run_until(s(10), |_, _| ());
    assert_eq!((crowd.grants, crowd.waiting.len()), (5_000, 0));
    assert!(crowd.requests <= 10_010, "{} requests", crowd.requests);
    // Each token is taken when it arrives.
    let interval = Duration::from_secs_f64(1.0 / rate);
    assert!(crowd.longest_gap <= interval + Duration::from_nanos(2));
}

#[test]
fn waiting_calls_use_a_rate_that_rises() {
    // The rate doubles each half second. If all calls asked for each token, these numbers
    // would be 5,150 and 501,500.
    for (calls, end, most_requests) in [(100, 7, 3_100), (1_000, 11, 9_500)] {
        let mut crowd = Crowd::new(slowest(), calls, s(0));
        let tokens = run_successes(&mut crowd, s(end));
        assert_eq!(crowd.grants, calls);
        assert_all_used(tokens, calls);
        let requests = crowd.requests;
        assert!(requests <= most_requests, "{calls}: {requests} requests");
    }
}

#[test]
fn ten_thousand_waiting_calls_ask_rarely() {
    let mut crowd = Crowd::new(throttled_after(75), 10_000, ms(500));
    let tokens = run_successes(&mut crowd, ms(3_500));
    assert!(crowd.grants > 250, "{}", crowd.grants);
    assert_all_used(tokens, crowd.grants);
    // Each call asks at first. Then 1,000 calls per second have a time of their own, and the
    // others ask once in 2.5 seconds. More than 800,000 requests would go to all tokens.
    assert!(crowd.requests < 19_000, "{} requests", crowd.requests);
}

/// Real calls, in tokio's paused time.
#[cfg(feature = "tokio")]
mod tasks {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use reattempt::{Backoff, RetryPolicy, Timer, TokioTimer};

    use super::*;

    /// A limiter that counts the requests and grants of another one.
    #[derive(Clone, Debug)]
    struct Counting<L>(L, Arc<[AtomicUsize; 2]>);

    impl<L: Limiter> Limiter for Counting<L> {
        fn acquire(&self, now: Duration) -> Result<(), Duration> {
            let [requests, grants] = &*self.1;
            requests.fetch_add(1, Ordering::Relaxed);
            self.0.acquire(now).inspect(|()| {
                grants.fetch_add(1, Ordering::Relaxed);
            })
        }

        fn record(&self, now: Duration, throttled: bool) {
            self.0.record(now, throttled);
        }
    }

    /// Runs `count` calls through a limiter for a number of seconds. Returns the requests and
    /// the grants.
    pub(super) async fn requests_and_grants(
        limiter: impl Limiter + Clone + 'static,
        count: usize,
        seconds: u64,
    ) -> (usize, usize) {
        let limiter = Counting(limiter, Arc::default());
        let policy = Arc::new(RetryPolicy::new(Backoff::none()).limiter(limiter.clone()));
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..count {
            let policy = Arc::clone(&policy);
            calls.spawn(policy.retry_owned(|_| async { Ok::<_, ()>(()) }));
        }
        let all = async { while calls.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(s(seconds), all).await;
        let [requests, grants] = &*limiter.1;
        (
            requests.load(Ordering::Relaxed),
            grants.load(Ordering::Relaxed),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn ten_thousand_tasks_ask_rarely() {
        let limiter = AdaptiveLimiter::new();
        let now = TokioTimer::default().now();
        for _ in 0..75 {
            limiter.record(now, false);
        }
        limiter.record(now + ms(500), true);
        tokio::time::advance(ms(500)).await;
        let (requests, grants) = requests_and_grants(limiter, 10_000, 3).await;
        assert!(grants > 250, "{grants}");
        assert!(requests < 19_000, "{requests} requests, {grants} grants");
    }
}

#[cfg(feature = "governor")]
mod governor_limiter {
    use std::num::NonZeroU32;

    use governor::Quota;
    use reattempt::GovernorLimiter;

    use super::*;

    /// Returns a limiter of this many attempts per second, and `burst` at once.
    fn per_second(rate: u32, burst: u32) -> GovernorLimiter {
        let [rate, burst] = [rate, burst].map(|number| NonZeroU32::new(number).unwrap());
        GovernorLimiter::new(Quota::per_second(rate).allow_burst(burst))
    }

    #[test]
    fn waiting_calls_start_in_turn_and_ask_twice() {
        let mut crowd = Crowd::new(per_second(2_000, 1), 10_000, s(7));
        crowd.run_until(s(12), |_, _| ());
        assert_eq!((crowd.grants, crowd.waiting.len()), (10_000, 0));
        // The calls that share the first time ask once more.
        assert_eq!(crowd.requests, 19_998 + SHARING);
        assert_eq!(crowd.longest_gap, Duration::from_micros(500));
    }

    #[test]
    fn calls_beyond_the_window_are_spread_over_it() {
        let limiter = per_second(2, 1);
        assert_eq!(limiter.acquire(s(7)), Ok(()));
        let waits = waits(&limiter, s(7), 10_000);
        let (own, spread) = waits.split_at(10 + SHARING);
        let slots: Vec<_> = (1..=11).map(|slot| ms(500) * slot).collect();
        assert_eq!(own[SHARING - 1..], slots);
        assert_even(spread, ms(500));
        // All of them wait. Each token is used, and a call asks once in 2.5 seconds.
        let mut crowd = Crowd::new(per_second(2, 1), 1_000, s(7));
        crowd.run_until(s(107), |_, _| ());
        assert_eq!((crowd.grants, crowd.longest_gap), (200, ms(500)));
        assert!(crowd.requests < 1_000 * 40, "{}", crowd.requests);
    }

    #[test]
    fn a_clock_that_jumps_and_returns_frees_all_slots() {
        let limiter = per_second(1, 1);
        let future = s(31_536_000);
        assert_eq!(limiter.acquire(future), Ok(()));
        let _ = waits(&limiter, future, 1_000);
        let again = waits(&limiter, s(10), SHARING + 1);
        assert_eq!(again[SHARING - 1..], [s(1), s(2)]);
    }

    #[cfg(feature = "tokio")]
    #[tokio::test(start_paused = true)]
    async fn ten_thousand_tasks_ask_twice() {
        // The burst is as long as a tick of the timer or longer.
        let (requests, grants) = tasks::requests_and_grants(per_second(2_500, 10), 10_000, 5).await;
        assert_eq!((requests, grants), (19_989 + SHARING, 10_000));
    }
}
