//! Retry budgets that refill by themselves: rates, clocks and the starting level.

use std::time::Duration;

use reattempt::{
    Backoff, Decision, ErrorKind, ManualTimer, RetryBudget, RetryPolicy, StopReason, Verdict,
};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const YEAR: Duration = s(31_536_000);

/// Makes a call that fails with a server error at `now`. Returns true if the budget paid for
/// a retry.
fn pays(budget: &RetryBudget, now: Duration) -> bool {
    let policy = RetryPolicy::new(Backoff::none())
        .budget(budget)
        .classify_fn(|_: Result<&(), &()>| Verdict::retry(ErrorKind::Server));
    let mut session = policy.start_at(now);
    match session.decide(Err::<&(), _>(&()), now) {
        // Start the retry: a session that is dropped before that returns the tokens.
        Decision::RetryAfter(_) => session.admit(now).is_ok(),
        Decision::Stop(reason) => {
            assert_eq!(reason, StopReason::OutOfBudget);
            false
        }
    }
}

/// Makes a call that succeeds at the first attempt, at `now`.
fn succeed(budget: &RetryBudget, now: Duration) {
    let policy = RetryPolicy::new(Backoff::none()).budget(budget);
    let decision = policy.start_at(now).decide::<_, ()>(Ok(&()), now);
    assert_eq!(decision, Decision::Stop(StopReason::Success));
}

/// Returns a budget of `capacity` tokens in which every retry costs one.
fn cheap(capacity: u32) -> RetryBudget {
    RetryBudget::new(capacity).costs(1, 1)
}

#[test]
fn a_drained_bucket_is_empty_on_a_timer_at_zero() {
    let budget = RetryBudget::new(28).refill(7.0);
    let timer = ManualTimer::new();
    assert!(pays(&budget, timer.now()) && pays(&budget, timer.now()));
    assert_eq!(budget.available(), 0);
}

#[test]
fn available_belongs_to_the_clock_of_the_calls() {
    // The process's own clock starts at 34 years. One that counts from 2000 reads 26.
    for years in [0, 20, 26, 27, 30, 32, 36, 56] {
        let (budget, now) = (cheap(10).refill(0.001), YEAR * years);
        for _ in 0..10 {
            assert!(pays(&budget, now));
        }
        assert_eq!(budget.available(), 0, "{years}");
    }
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn a_budget_that_idles_for_years_is_full() {
    let budget = cheap(10).refill(0.5);
    let policy = RetryPolicy::new(Backoff::none())
        .max_attempts(5)
        .budget(&budget);
    for days in [1, 300, 400, 7_000] {
        let _ = policy.retry(|_| async { Err::<(), _>("down") }).await;
        assert_eq!(budget.available(), 6);
        tokio::time::advance(s(86_400 * days)).await;
        assert_eq!(budget.available(), 10, "{days}");
    }
}

#[test]
fn available_follows_the_latest_call_not_the_latest_payment() {
    let budget = cheap(10).refill(1.0);
    for _ in 0..10 {
        assert!(pays(&budget, s(5)));
    }
    assert_eq!(budget.available(), 0);
    // A refused retry and a success record the time as well.
    assert!(!pays(&budget.clone().costs(9, 9), s(8)));
    assert_eq!(budget.available(), 3);
    succeed(&budget, s(10));
    assert_eq!(budget.available(), 6);
    // A success adds nothing to a full bucket, but records the time.
    succeed(&budget, s(100));
    assert_eq!(budget.available(), 10);
}

#[test]
fn an_infinite_refill_rate_keeps_the_bucket_full() {
    let budget = cheap(2).refill(f64::INFINITY);
    for _ in 0..100 {
        assert!(pays(&budget, s(1)));
    }
    assert_eq!(budget.available(), 2);
    // A retry that costs more than a full bucket is still refused.
    assert!(!pays(&budget.costs(3, 3), s(1)));
}

#[test]
fn a_clock_that_jumps_and_returns_leaves_an_empty_bucket() {
    let budget = cheap(10).refill(1.0);
    assert!(pays(&budget, s(100)));
    // One call's clock jumps a year ahead and comes back.
    assert!(pays(&budget, YEAR));
    assert!(!pays(&budget, s(100)));
    // From then on the bucket refills as usual.
    assert!(pays(&budget, s(101)));
    assert!(!pays(&budget, s(101)));
    assert!(pays(&budget.clone().costs(5, 5), s(106)));
    // A success adds its token after such a jump as well.
    assert!(pays(&budget, YEAR));
    succeed(&budget, s(200));
    assert!(pays(&budget, s(200)));
    assert!(!pays(&budget, s(200)));
}

#[test]
fn a_slow_rate_still_refills() {
    // One token a day, one a year.
    for (rate, token) in [(1.0 / 86_400.0, s(86_400)), (1.0 / 31_536_000.0, YEAR)] {
        let budget = cheap(3).refill(rate);
        for _ in 0..3 {
            assert!(pays(&budget, s(7)));
        }
        assert!(!pays(&budget, s(7)));
        assert!(!pays(&budget, (s(7) + token).saturating_sub(s(1))));
        assert!(pays(&budget, s(7) + token));
        assert!(!pays(&budget, s(7) + token));
    }
}

#[test]
fn a_ratio_and_a_refill_add_up() {
    let budget = RetryBudget::ratio(0.5, 4).refill(2.0);
    for _ in 0..4 {
        assert!(pays(&budget, s(10)));
    }
    assert!(!pays(&budget, s(10)));
    // Two successes add one token.
    succeed(&budget, s(10));
    assert!(!pays(&budget, s(10)));
    succeed(&budget, s(10));
    assert!(pays(&budget, s(10)));
    assert!(!pays(&budget, s(10)));
    // Half a second adds one more. A success and a quarter of a second add another.
    assert!(pays(&budget, s(10) + Duration::from_millis(500)));
    succeed(&budget, s(10) + Duration::from_millis(750));
    assert!(pays(&budget, s(10) + Duration::from_millis(750)));
    assert!(!pays(&budget, s(10) + Duration::from_millis(750)));
}

#[test]
fn refill_keeps_the_starting_level_in_either_order() {
    for budget in [
        cheap(10).starting_at(3.0).refill(1.0),
        cheap(10).refill(1.0).starting_at(3.0),
    ] {
        assert_eq!(budget.available(), 3);
        // The refill starts at the time of the first call, however late that is.
        for _ in 0..3 {
            assert!(pays(&budget, YEAR * 50));
        }
        assert!(!pays(&budget, YEAR * 50));
        assert!(pays(&budget, YEAR * 50 + s(1)));
    }
    let always = cheap(4).starting_at(0.0).refill(f64::INFINITY);
    assert_eq!(
        (always.available(), always.starting_at(1.0).available()),
        (4, 4)
    );
}

#[test]
fn a_refilling_bucket_does_not_refill_before_its_first_call() {
    let budget = cheap(10).refill(1e9).starting_at(0.0);
    assert_eq!(budget.available(), 0);
    assert!(!pays(&budget, YEAR * 50));
}

#[test]
fn one_client_in_ten_starts_with_a_token() {
    let full = cheap(3);
    let started: u32 = (0..10_000)
        .map(|_| full.clone().starting_at(0.1).available())
        .sum();
    // 1,000 are expected, with a standard deviation of 30. A difference of 180 occurs in 2
    // of 10⁹ runs.
    assert!((820..=1_180).contains(&started), "{started}");
    assert_eq!(full.available(), 3);
}

#[test]
fn starting_levels_are_clamped_to_the_bucket() {
    for (tokens, held) in [
        (f64::NAN, 0),
        (f64::NEG_INFINITY, 0),
        (-1.0, 0),
        (0.0, 0),
        (7.0, 7),
        (10.0, 10),
        (11.5, 10),
        (1e300, 10),
        (f64::INFINITY, 10),
    ] {
        assert_eq!(cheap(10).starting_at(tokens).available(), held, "{tokens}");
        assert_eq!(cheap(0).starting_at(tokens).available(), 0, "{tokens}");
    }
}

#[test]
fn a_deposit_never_exceeds_the_capacity() {
    for budget in [cheap(10), cheap(10).refill(1.0)] {
        let clone = budget.clone();
        for _ in 0..7 {
            assert!(pays(&budget, s(1)));
        }
        clone.deposit(2);
        let mut paid = 0;
        while pays(&budget, s(1)) {
            paid += 1;
        }
        assert_eq!(paid, 5);
        for tokens in [0, 10, 10, u32::MAX] {
            budget.deposit(tokens);
        }
        paid = 0;
        while pays(&budget, s(1)) {
            paid += 1;
        }
        assert_eq!(paid, 10);
    }
}

#[test]
fn a_bucket_without_capacity_never_pays() {
    for budget in [RetryBudget::ratio(1.0, 0), cheap(0).refill(1.0), cheap(0)] {
        succeed(&budget, s(1));
        budget.deposit(5);
        assert!(!pays(&budget, s(2)));
        assert_eq!(budget.available(), 0);
    }
    // A retry that costs nothing is allowed with an empty bucket.
    assert!(pays(&RetryBudget::new(0).costs(0, 0), s(1)));
}

#[test]
fn a_retry_that_costs_more_than_the_capacity_is_refused() {
    let budget = RetryBudget::new(10);
    assert!(!pays(&budget, s(1)));
    assert_eq!(budget.available(), 10);
    assert!(pays(&budget.costs(5, 10), s(1)));
}

#[test]
fn an_interrupted_thread_creates_no_tokens() {
    let budget = cheap(1).refill(1.0);
    for second in 10..1_000 {
        assert!(pays(&budget, s(second)));
        // The next call is from a thread that read its time 90 ms earlier.
        assert!(!pays(
            &budget,
            s(second).saturating_sub(Duration::from_millis(90))
        ));
        assert!(!pays(&budget, s(second) + Duration::from_millis(950)));
    }
}
