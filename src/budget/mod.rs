//! `RetryBudget`: a limit on the retries of all calls of a client together.

mod bucket;
#[cfg(all(test, loom))]
mod model;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::classify::ErrorKind;
use crate::jitter;
use crate::timer;
use bucket::{Bucket, Income};

/// A token bucket that limits the retries of all calls of a client together.
///
/// Retries multiply the load on a server that fails. With a budget, a client
/// retries freely while few calls fail, and hardly at all in an outage. AWS's
/// SDKs call this the retry quota.
///
/// Each retry takes its cost from the bucket before its wait. If too few tokens
/// are left, the call ends with
/// [`OutOfBudget`](crate::StopReason::OutOfBudget). Successes add tokens, up to
/// the capacity. A call that is dropped during its wait returns the cost of the
/// retry. First attempts are free.
///
/// Clones share one bucket. Create one budget per client, not one per call. To
/// lower the load on one server, use one budget per server.
///
/// ```
/// use reattempt::{Backoff, RetryBudget, RetryPolicy, StopReason};
///
/// let budget = RetryBudget::new(20);
/// let policy = RetryPolicy::new(Backoff::none()).budget(&budget);
/// let outcome = policy.retry_blocking(|_| Err::<(), _>("down")).outcome();
/// // One retry cost 14 of the 20 tokens, so there were too few for a second one.
/// assert_eq!((outcome.attempts, outcome.reason), (2, StopReason::OutOfBudget));
/// assert_eq!(budget.available(), 6);
/// ```
#[derive(Clone)]
#[doc(alias = "TokenBucket")]
#[doc(alias = "retry_quota")]
pub struct RetryBudget {
    bucket: Arc<Bucket>,
    throttling_cost: u32,
    other_cost: u32,
    /// `bucket.refills()`, which a const function cannot reach through the `Arc`.
    refills: bool,
}

/// AWS's cost of a retry after throttling, Retry behavior 2.1.
pub(crate) const THROTTLING_COST: u32 = 5;
/// AWS's cost of any other retry.
pub(crate) const OTHER_COST: u32 = 14;

impl RetryBudget {
    /// Creates a full bucket of `capacity` tokens with AWS's costs.
    ///
    /// A retry costs 5 tokens after throttling and 14 otherwise. A success on
    /// the first attempt adds 1 token, and a success after retries adds the last
    /// retry's cost. AWS's SDKs use a capacity of 500.
    ///
    /// A retry that costs more than the capacity is always refused: a bucket of
    /// 5 to 13 tokens pays only for retries after throttling, and a smaller one
    /// for none. Set lower [`costs`](Self::costs) for a small bucket.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryBudget, RetryPolicy, StopReason};
    ///
    /// let attempts = |budget: &RetryBudget| {
    ///     let policy = RetryPolicy::new(Backoff::none()).budget(budget);
    ///     policy.retry_blocking(|_| Err::<(), _>("down")).outcome().attempts
    /// };
    /// assert_eq!(attempts(&RetryBudget::new(500)), 3);
    /// assert_eq!(attempts(&RetryBudget::new(10)), 1);
    /// assert_eq!(attempts(&RetryBudget::new(10).costs(1, 2)), 3);
    /// ```
    #[must_use]
    pub fn new(capacity: u32) -> Self {
        Self::of(
            Bucket::full(capacity, Income::LastCost),
            THROTTLING_COST,
            OTHER_COST,
        )
    }

    /// Creates a full bucket of `burst` tokens in which every retry costs one
    /// token and every success adds `retries_per_success` tokens.
    ///
    /// After the burst is spent, a ratio of 0.1 allows one retry for ten
    /// successes. A ratio below zero, or NaN, counts as 0.
    ///
    /// The burst is also the capacity. With a burst of 0 nothing can be saved,
    /// so no call is ever retried.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryBudget, RetryPolicy};
    ///
    /// let budget = RetryBudget::ratio(0.5, 2);
    /// let policy = RetryPolicy::new(Backoff::none()).budget(&budget);
    /// assert_eq!(policy.retry_blocking(|_| Err::<(), _>("down")).call(), Err("down"));
    /// assert_eq!(budget.available(), 0);
    /// for _ in 0..2 {
    ///     assert_eq!(policy.retry_blocking(|_| Ok::<_, &str>(1)).call(), Ok(1));
    /// }
    /// assert_eq!(budget.available(), 1);
    /// ```
    #[must_use]
    pub fn ratio(retries_per_success: f64, burst: u32) -> Self {
        let income = Income::Ratio(retries_per_success);
        Self::of(Bucket::full(burst, income), 1, 1)
    }

    fn of(bucket: Bucket, throttling_cost: u32, other_cost: u32) -> Self {
        Self {
            refills: bucket.refills(),
            bucket: Arc::new(bucket),
            throttling_cost,
            other_cost,
        }
    }

    /// Makes the bucket gain `tokens_per_second` as time passes, in addition to
    /// what successes add.
    ///
    /// Use this for clients with few calls, which would otherwise have to wait
    /// for successes. [`f64::INFINITY`] keeps the bucket full: a retry is then
    /// refused only if it costs more than the capacity. Finite rates are limited
    /// to 10⁹ tokens per second. A token takes a whole number of nanoseconds, so rates
    /// above 10⁷ are approximate, and so is what a success adds. A rate of zero, below zero or
    /// NaN changes nothing.
    ///
    /// The time is that of the calls' [`Timer`](crate::Timer)s and starts at the
    /// first call. All calls of one budget should use timers of one clock. If a
    /// clock jumps ahead and comes back, the bucket is empty at worst and refills
    /// from then on. The refill ends 146 years after the first call, so it never begins
    /// if the clock of that call is 146 years ahead of the others.
    ///
    /// Call this before cloning. The returned budget holds the same whole tokens
    /// and is not shared with earlier clones.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, Decision, RetryBudget, RetryPolicy};
    ///
    /// // A token every two seconds.
    /// let budget = RetryBudget::ratio(0.1, 1).refill(0.5);
    /// let policy = RetryPolicy::new(Backoff::none()).budget(&budget);
    /// let is_retried = |seconds| {
    ///     let now = Duration::from_secs(seconds);
    ///     let mut session = policy.start_at(now);
    ///     let decision = session.decide(Err::<&(), _>(&"down"), now);
    ///     // The retry starts. A session that is dropped before returns the tokens.
    ///     matches!(decision, Decision::RetryAfter(_)) && session.admit(now).is_ok()
    /// };
    /// assert!(is_retried(10));
    /// assert!(!is_retried(11));
    /// assert!(is_retried(12));
    /// ```
    #[must_use]
    pub fn refill(self, tokens_per_second: f64) -> Self {
        match self.bucket.refilling(tokens_per_second, self.available()) {
            Some(bucket) => Self::of(bucket, self.throttling_cost, self.other_cost),
            None => self,
        }
    }

    /// Sets what a retry costs, in tokens: after throttling, and after any other
    /// failure.
    ///
    /// The default is 5 and 14 for [`new`](Self::new), and 1 and 1 for
    /// [`ratio`](Self::ratio). A retry that costs more than the capacity is
    /// always refused, and a retry that costs 0 is free. Earlier clones keep
    /// their costs but share the tokens.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryBudget, RetryPolicy};
    ///
    /// let budget = RetryBudget::new(10).costs(1, 3);
    /// let policy = RetryPolicy::new(Backoff::none()).budget(&budget).max_attempts(2);
    /// let _ = policy.retry_blocking(|_| Err::<(), _>("down")).call();
    /// assert_eq!(budget.available(), 7);
    /// ```
    #[must_use]
    pub const fn costs(mut self, throttling: u32, other: u32) -> Self {
        self.throttling_cost = throttling;
        self.other_cost = other;
        self
    }

    /// Sets how many tokens the bucket holds at first.
    ///
    /// The default is a full bucket. That is right for one client that lives
    /// long. A fleet of many short-lived clients would start with a full bucket
    /// each, and together they could retry without limit. Start those near
    /// empty.
    ///
    /// A fraction is a chance, drawn by this call: 0.1 gives one client in ten a
    /// token, and 2.5 gives two tokens or three. A token pays for a retry that costs 1,
    /// as with [`ratio`](Self::ratio); with [`new`](Self::new) a retry costs 5 or 14. The
    /// value is clamped into 0 to the capacity, and NaN counts as 0.
    ///
    /// A fleet of many small clients is safe only if the server can serve all
    /// first attempts and all retries that the budgets allow:
    /// *rate* × (1 + *chance to retry*) < *capacity*. The rate is that of the
    /// fleet's first attempts, the chance is the fraction of them for which the
    /// budgets allow a retry, and the capacity of the server is in the unit of
    /// the rate.
    ///
    /// Call this before cloning. The returned budget is not shared with earlier
    /// clones.
    ///
    /// ```
    /// use reattempt::RetryBudget;
    ///
    /// assert_eq!(RetryBudget::new(500).starting_at(20.0).available(), 20);
    /// assert!(RetryBudget::ratio(0.1, 10).starting_at(0.1).available() <= 1);
    /// assert_eq!(RetryBudget::new(500).starting_at(1e9).available(), 500);
    /// ```
    #[must_use]
    pub fn starting_at(self, tokens: f64) -> Self {
        let tokens = drawn(tokens, jitter::entropy());
        let bucket = self.bucket.holding(tokens);
        Self::of(bucket, self.throttling_cost, self.other_cost)
    }

    /// Adds `tokens` to the bucket, up to its capacity.
    ///
    /// Use this to supply tokens from outside, for example from a bucket that a
    /// whole fleet shares.
    ///
    /// ```
    /// use reattempt::RetryBudget;
    ///
    /// let budget = RetryBudget::new(100).starting_at(0.0);
    /// budget.deposit(30);
    /// assert_eq!(budget.available(), 30);
    /// budget.deposit(300);
    /// assert_eq!(budget.available(), 100);
    /// ```
    pub fn deposit(&self, tokens: u32) {
        self.bucket.give(tokens);
    }

    /// Returns the number of whole tokens in the bucket.
    ///
    /// For a refilling bucket this is the number now. If its calls use a
    /// [`Timer`](crate::Timer) with another epoch than the process's own clock, it is the
    /// number at the time of the latest call.
    ///
    /// ```
    /// use reattempt::RetryBudget;
    ///
    /// assert_eq!(RetryBudget::new(500).available(), 500);
    /// ```
    #[must_use]
    pub fn available(&self) -> u32 {
        let now = if self.refills {
            timer::now()
        } else {
            Duration::ZERO
        };
        self.bucket.available(now)
    }

    /// Returns true if the calls have to read a clock for this budget.
    pub(crate) const fn refills(&self) -> bool {
        self.refills
    }

    const fn cost(&self, kind: ErrorKind) -> u32 {
        match kind {
            ErrorKind::Throttling => self.throttling_cost,
            ErrorKind::Server | ErrorKind::Transient | ErrorKind::Unsent => self.other_cost,
        }
    }

    /// Pays for a retry and returns true, or returns false if too few tokens are
    /// left.
    pub(crate) fn spend(&self, kind: ErrorKind, now: Duration) -> bool {
        self.bucket.take(self.cost(kind), now)
    }

    /// Undoes a [`spend`](Self::spend).
    pub(crate) fn give_back(&self, kind: ErrorKind) {
        self.bucket.give(self.cost(kind));
    }

    /// Adds the tokens of a success. `retried` is the kind of the failure that was retried
    /// last, if any was.
    #[inline]
    pub(crate) fn succeeded(&self, retried: Option<ErrorKind>, now: Duration) {
        if !self.bucket.is_full(now) {
            self.bucket.earn(retried.map(|kind| self.cost(kind)), now);
        }
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBudget")
            .field("available", &self.available())
            .field("throttling_cost", &self.throttling_cost)
            .field("other_cost", &self.other_cost)
            .finish_non_exhaustive()
    }
}

/// Returns the whole part of `tokens`, plus one with the chance of its fraction: `bits`
/// decides. NaN and negative numbers give 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    reason = "the cast to u32 saturates, and casting NaN gives 0"
)]
fn drawn(tokens: f64, bits: u64) -> u32 {
    let position = bits as f64 / 18_446_744_073_709_551_616.0;
    let whole = tokens.floor() as u32;
    // False for NaN and negative numbers.
    let one_more = tokens >= 0.0 && position < tokens.fract();
    whole.saturating_add(u32::from(one_more))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_a_token_is_a_chance() {
        let tenth = u64::MAX / 10;
        assert_eq!(drawn(0.1, tenth - (1 << 12)), 1);
        assert_eq!(drawn(0.1, tenth + (1 << 12)), 0);
        assert_eq!(drawn(2.5, 0), 3);
        assert_eq!(drawn(2.5, u64::MAX), 2);
        assert_eq!(drawn(7.0, 0), 7);
    }

    #[test]
    fn starting_levels_out_of_range_are_clamped() {
        for bits in [0, u64::MAX] {
            for tokens in [f64::NAN, -0.5, -3.0, f64::NEG_INFINITY, 0.0, -0.0] {
                assert_eq!(drawn(tokens, bits), 0, "{tokens}");
            }
            for tokens in [f64::INFINITY, f64::MAX, 4_294_967_296.0] {
                assert_eq!(drawn(tokens, bits), u32::MAX, "{tokens}");
            }
        }
    }
}
