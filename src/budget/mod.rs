//! `RetryBudget`: the lock-free token bucket that bounds a client's retries.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

#[cfg(loom)]
use loom::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU64, Ordering};

use crate::classify::ErrorKind;
use crate::timer::{self, nanos};

/// A token bucket that all calls of a client share, so that in an outage its
/// retries do not become the next outage. AWS calls it the retry quota.
///
/// A retry takes its cost from the bucket before its wait; a retry that the
/// bucket cannot pay for is not made, and the call ends with
/// [`OutOfBudget`](crate::StopReason::OutOfBudget). Successes bring tokens back,
/// never above the capacity. A call dropped while it waits gives its tokens
/// back. First attempts are always free.
///
/// Clones share one bucket: make it once for each client, not for each call.
///
/// ```
/// use std::time::Duration;
/// use reattempt::{Backoff, RetryBudget, RetryPolicy, StopReason};
///
/// let budget = RetryBudget::new(20);
/// let policy = RetryPolicy::new(Backoff::none()).budget(&budget);
/// let outcome = policy.retry_blocking(|_| Err::<(), _>("down")).outcome();
/// // One retry cost 14 of the 20 tokens; a second one could not be paid for.
/// assert_eq!((outcome.attempts, outcome.reason), (2, StopReason::OutOfBudget));
/// assert_eq!(budget.available(), 6);
/// ```
#[derive(Clone)]
pub struct RetryBudget {
    bucket: Arc<Bucket>,
    throttling: u32,
    other: u32,
    /// Whether the bucket refills by itself, so that the time matters.
    refills: bool,
}

struct Bucket {
    /// The moment at which the bucket is full, so that one number holds the
    /// tokens and the time they were counted at. In a bucket that does not
    /// refill by itself the time stands still at 0, which leaves what is
    /// missing of the capacity.
    full_at: AtomicU64,
    /// The latest time a caller told, in nanoseconds: only [`available`] reads it.
    ///
    /// [`available`]: RetryBudget::available
    latest: AtomicU64,
    /// In units.
    capacity: u64,
    /// The units in one token.
    token: u64,
    income: Income,
    refill: Option<Refill>,
}

/// What a success brings.
#[derive(Clone, Copy)]
enum Income {
    /// One token on the first attempt, else the last retry's cost.
    Refund,
    /// These units, on whichever attempt.
    Ratio(u64),
}

/// A bucket that refills by itself counts in time: a unit comes in every
/// 2^`shift` nanoseconds.
#[derive(Clone, Copy)]
struct Refill {
    shift: u32,
}

/// AWS's cost of a retry after throttling, Retry behavior 2.1.
const THROTTLING_COST: u32 = 5;
/// AWS's cost of any other retry.
const OTHER_COST: u32 = 14;

/// The units in a token of a bucket that does not refill by itself: a multiple
/// of every whole number up to 16 and of 10⁴, so that the usual ratios are
/// exact, and small enough for 2³² tokens in 63 bits.
const TOKEN: u64 = 720_720_000;

/// The most units a bucket holds.
const ROOM: u64 = 1 << 62;

impl RetryBudget {
    /// A full bucket of `capacity` tokens with AWS's prices: a retry costs 5
    /// after throttling and 14 otherwise; a success on the first attempt brings
    /// 1, a success after retries the last retry's cost.
    #[must_use]
    pub fn new(capacity: u32) -> Self {
        Self::with(
            Bucket::new(capacity, TOKEN, Income::Refund, None),
            THROTTLING_COST,
            OTHER_COST,
        )
    }

    /// A full bucket of `burst` tokens in which a retry costs one and every
    /// success brings `retries_per_success` of one: with 0.1 there is one retry
    /// for ten successes once the burst is spent.
    ///
    /// A ratio below zero, or NaN, counts as 0.
    #[must_use]
    pub fn ratio(retries_per_success: f64, burst: u32) -> Self {
        let income = Income::Ratio(units(retries_per_success, TOKEN));
        Self::with(Bucket::new(burst, TOKEN, income, None), 1, 1)
    }

    fn with(bucket: Bucket, throttling: u32, other: u32) -> Self {
        Self {
            refills: bucket.refill.is_some(),
            bucket: Arc::new(bucket),
            throttling,
            other,
        }
    }

    /// Refills the bucket by itself too, so that a drained one recovers without
    /// a success. Set it before cloning: what comes back is a full bucket of
    /// its own.
    ///
    /// A rate of zero, below zero or NaN changes nothing. The time of a token is
    /// kept in whole nanoseconds, and the calls of one refilling budget should
    /// wait on timers of one clock.
    #[must_use]
    pub fn refill(self, tokens_per_second: f64) -> Self {
        match self.bucket.refilling(tokens_per_second) {
            Some(bucket) => Self::with(bucket, self.throttling, self.other),
            None => self,
        }
    }

    /// Sets what a retry costs, in tokens.
    #[must_use]
    pub const fn costs(mut self, throttling: u32, other: u32) -> Self {
        self.throttling = throttling;
        self.other = other;
        self
    }

    /// The whole tokens in the bucket.
    ///
    /// A refilling bucket counts them now; where its calls wait on a [`Timer`]
    /// with a clock far from the process's own, it counts them at the time of
    /// the latest call.
    ///
    /// [`Timer`]: crate::Timer
    #[must_use]
    pub fn available(&self) -> u32 {
        let now = if self.refills {
            self.bucket.plausible_now(timer::now())
        } else {
            Duration::ZERO
        };
        self.bucket.available(now)
    }

    pub(crate) const fn refills(&self) -> bool {
        self.refills
    }

    const fn cost(&self, kind: ErrorKind) -> u32 {
        match kind {
            ErrorKind::Throttling => self.throttling,
            ErrorKind::Server | ErrorKind::Transient | ErrorKind::Unsent => self.other,
        }
    }

    /// Pays for a retry, or says that the bucket cannot.
    pub(crate) fn spend(&self, kind: ErrorKind, now: Duration) -> bool {
        self.bucket.take(self.cost(kind), now)
    }

    /// Undoes a [`spend`](Self::spend).
    pub(crate) fn give_back(&self, kind: ErrorKind) {
        self.bucket.give(self.bucket.units(self.cost(kind)));
    }

    /// Books a success, whose last retry was because of `retried`.
    #[inline]
    pub(crate) fn succeeded(&self, retried: Option<ErrorKind>, now: Duration) {
        if !self.bucket.is_full(now) {
            self.pay_in(retried);
        }
    }

    #[cold]
    fn pay_in(&self, retried: Option<ErrorKind>) {
        let bucket = &*self.bucket;
        bucket.give(match (bucket.income, retried) {
            (Income::Ratio(units), _) => units,
            (Income::Refund, None) => bucket.token,
            (Income::Refund, Some(kind)) => bucket.units(self.cost(kind)),
        });
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBudget")
            .field("available", &self.available())
            .field("throttling_cost", &self.throttling)
            .field("other_cost", &self.other)
            .finish_non_exhaustive()
    }
}

/// `share` of a token in units, to the nearest; NaN and below zero are 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    reason = "the cast saturates, and casting NaN gives 0"
)]
fn units(share: f64, token: u64) -> u64 {
    (share * token as f64).round() as u64
}

impl Bucket {
    fn new(capacity: u32, token: u64, income: Income, refill: Option<Refill>) -> Self {
        Self {
            full_at: AtomicU64::new(0),
            latest: AtomicU64::new(0),
            capacity: u64::from(capacity).saturating_mul(token),
            token,
            income,
            refill,
        }
    }

    /// This bucket, full, with a unit that makes `tokens_per_second` of them.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        clippy::float_arithmetic,
        reason = "bounded by ROOM before it is cast"
    )]
    fn refilling(&self, tokens_per_second: f64) -> Option<Self> {
        let mut token = 1e9 / tokens_per_second;
        // False for NaN too.
        if !(token > 0.0 && token.is_finite()) {
            return None;
        }
        let capacity = u32::try_from(self.capacity.checked_div(self.token)?).ok()?;
        let mut shift = 0_u32;
        while token * f64::from(capacity).max(1.0) > ROOM as f64 {
            token /= 2.0;
            shift = shift.saturating_add(1);
            if shift == u64::BITS {
                // A token in centuries: none.
                return None;
            }
        }
        // Rounded down by less than a nanosecond, so that a round number of
        // tokens is there when it is due.
        let token = (token as u64).max(1);
        let income = match self.income {
            Income::Refund => Income::Refund,
            Income::Ratio(old) => Income::Ratio(units(old as f64 / self.token as f64, token)),
        };
        Some(Self::new(capacity, token, income, Some(Refill { shift })))
    }

    const fn units(&self, tokens: u32) -> u64 {
        self.token.saturating_mul(tokens as u64)
    }

    /// The time in units, which stands still where nothing refills.
    #[inline]
    fn clock(&self, now: Duration) -> u64 {
        match self.refill {
            None => 0,
            Some(Refill { shift }) => nanos(now).checked_shr(shift).unwrap_or_default(),
        }
    }

    #[inline]
    fn is_full(&self, now: Duration) -> bool {
        self.full_at.load(Ordering::Relaxed) <= self.clock(now)
    }

    // Relaxed throughout: the one number guards no other memory, and every
    // change of it is one compare and exchange.
    fn take(&self, tokens: u32, now: Duration) -> bool {
        if self.refill.is_some() {
            self.latest.fetch_max(nanos(now), Ordering::Relaxed);
        }
        let (now, cost) = (self.clock(now), self.units(tokens));
        let pay = |full_at: u64| {
            let full_at = full_at.max(now).checked_add(cost)?;
            (full_at.saturating_sub(now) <= self.capacity).then_some(full_at)
        };
        self.full_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay)
            .is_ok()
    }

    /// What is given beyond the capacity lies in the past of `full_at`, where
    /// `take` does not look.
    fn give(&self, units: u64) {
        let earlier = |full_at: u64| Some(full_at.saturating_sub(units));
        let _ = self
            .full_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, earlier);
    }

    fn available(&self, now: Duration) -> u32 {
        let full_at = self.full_at.load(Ordering::Relaxed);
        let missing = full_at.saturating_sub(self.clock(now));
        let left = self.capacity.saturating_sub(missing);
        let tokens = left.checked_div(self.token).unwrap_or_default();
        u32::try_from(tokens).unwrap_or(u32::MAX)
    }

    /// `now`, unless the callers' clock is decades away from it.
    fn plausible_now(&self, now: Duration) -> Duration {
        const DECADES: u64 = 1 << 28;
        let latest = Duration::from_nanos(self.latest.load(Ordering::Relaxed));
        let untold = latest.is_zero();
        if untold || now.abs_diff(latest).as_secs() < DECADES {
            now
        } else {
            latest
        }
    }
}

#[cfg(all(test, loom))]
mod model {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    /// Runs `left` and `right` on two threads in every interleaving, and tells
    /// `then` how many retries were paid for.
    fn every_interleaving(
        budget: impl Fn() -> RetryBudget + Send + Sync + 'static,
        left: fn(&RetryBudget) -> u32,
        right: fn(&RetryBudget) -> u32,
        then: fn(&RetryBudget, u32),
    ) {
        loom::model(move || {
            let budget = budget();
            let theirs = budget.clone();
            let thread = loom::thread::spawn(move || right(&theirs));
            let paid = left(&budget);
            let paid = paid + thread.join().unwrap();
            then(&budget, paid);
        });
    }

    fn spend(budget: &RetryBudget) -> u32 {
        u32::from(budget.spend(ErrorKind::Throttling, NOW))
    }

    fn spend_twice(budget: &RetryBudget) -> u32 {
        spend(budget) + spend(budget)
    }

    #[test]
    fn no_more_tokens_are_paid_out_than_there_are() {
        every_interleaving(
            || RetryBudget::new(3).costs(1, 1),
            spend_twice,
            spend_twice,
            |budget, paid| assert_eq!((paid, budget.available()), (3, 0)),
        );
    }

    #[test]
    fn no_payment_is_lost_to_a_success() {
        every_interleaving(
            || RetryBudget::new(4).costs(2, 2),
            spend_twice,
            |budget| {
                budget.succeeded(None, NOW);
                budget.succeeded(None, NOW);
                0
            },
            |budget, paid| {
                // A success at a full bucket brings nothing, a later one a token.
                assert_eq!(paid, 2);
                assert!(budget.available() <= 2);
            },
        );
    }

    #[test]
    fn what_is_given_back_is_there_again() {
        every_interleaving(
            || RetryBudget::new(2).costs(1, 1),
            |budget| {
                let paid = spend(budget);
                budget.give_back(ErrorKind::Throttling);
                paid
            },
            spend,
            |budget, paid| assert_eq!((paid, budget.available()), (2, 1)),
        );
    }

    #[test]
    fn a_refilling_bucket_pays_out_what_it_held_and_what_came_in() {
        let later = |budget: &RetryBudget| {
            u32::from(budget.spend(ErrorKind::Throttling, Duration::from_secs(1)))
        };
        every_interleaving(
            || RetryBudget::new(1).costs(1, 1).refill(1.0),
            spend_twice,
            later,
            |_, paid| assert!((1..=2).contains(&paid)),
        );
    }
}
