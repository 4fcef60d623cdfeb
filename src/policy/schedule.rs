//! `Schedule`: the delays to expect from a policy.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{RetryPolicy, Settings};
use crate::backoff::{Backoff, duration};
use crate::classify::ErrorKind;
use crate::jitter::Jitter;

/// The delays to expect from a policy before each retry, if every attempt fails.
///
/// [`RetryPolicy::schedule`] creates one. It describes backoff, jitter,
/// `max_attempts` and `max_elapsed`. It does not include server hints, a budget, a
/// limiter, the time that attempts take, or a [`seed`](RetryPolicy::seed).
///
/// ```
/// use std::time::Duration;
/// use reattempt::{Backoff, RetryPolicy};
///
/// let policy = RetryPolicy::new(Backoff::exponential(Duration::from_secs(1)));
/// let schedule = policy.schedule();
/// let last = &schedule.retries()[1];
/// assert_eq!((last.number, last.most), (2, Duration::from_secs(2)));
/// assert_eq!(last.total_most, Duration::from_secs(3));
/// // The defaults seldom outlast two seconds, and never four.
/// let chance = schedule.chance_to_outlast(Duration::from_secs(2));
/// assert!((0.24..0.26).contains(&chance));
/// assert_eq!(schedule.chance_to_outlast(Duration::from_secs(4)), 0.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    backoff: Backoff,
    max_attempts: Option<NonZeroU32>,
    max_elapsed: Option<Duration>,
    retries: Vec<ScheduledRetry>,
}

/// One retry of a [`Schedule`]: its delay, and the running totals.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ScheduledRetry {
    /// The number of the retry. The first is 1.
    pub number: u32,
    /// The least delay before this retry.
    pub least: Duration,
    /// The mean delay before this retry. For [`Jitter::Decorrelated`] it is estimated
    /// from simulated calls, to about 1 %. For the other kinds it is exact.
    pub mean: Duration,
    /// The largest delay before this retry.
    pub most: Duration,
    /// The sum of the least delays up to this retry.
    pub total_least: Duration,
    /// The sum of the mean delays up to this retry.
    pub total_mean: Duration,
    /// The sum of the largest delays up to this retry.
    pub total_most: Duration,
}

/// The most retries that a schedule lists.
const LISTED: u32 = 1_000;

/// How many calls are simulated for the means of decorrelated delays.
const CALLS_FOR_MEANS: u32 = 20_000;

/// For how many retries the means of decorrelated delays are simulated. The mean does not
/// change after that, unless the cap is more than 10^17 times the base.
const RETRIES_FOR_MEANS: u32 = 100;

/// The most retries of one simulated call.
const RETRIES_OF_A_CALL: u32 = 10_000;

/// About the most delays that are drawn for one chance.
const DRAWS_FOR_A_CHANCE: u32 = 2_000_000;

/// # Schedule
impl<C> RetryPolicy<C> {
    /// Returns the delays to expect before each retry, for any failure but throttling.
    ///
    /// It lists at most 1,000 retries.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::RetryPolicy;
    ///
    /// for retry in RetryPolicy::default().schedule().retries() {
    ///     println!("{}: {:?} to {:?}", retry.number, retry.least, retry.most);
    /// }
    /// ```
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        self.schedule_for(ErrorKind::Server)
    }

    /// Returns the delays to expect if every failure is of this kind.
    ///
    /// Only [`ErrorKind::Throttling`] can differ, by
    /// [`throttling_backoff`](Self::throttling_backoff).
    ///
    /// ```
    /// # #[cfg(feature = "aws")] {
    /// use std::time::Duration;
    /// use reattempt::{ErrorKind, aws};
    ///
    /// let policy = aws::standard();
    /// let first = |kind| policy.schedule_for(kind).retries()[0].most;
    /// assert_eq!(first(ErrorKind::Server), Duration::from_millis(50));
    /// assert_eq!(first(ErrorKind::Throttling), Duration::from_secs(1));
    /// # }
    /// ```
    #[must_use]
    pub fn schedule_for(&self, kind: ErrorKind) -> Schedule {
        Schedule::new(&self.settings, kind)
    }
}

impl Schedule {
    fn new(settings: &Settings, kind: ErrorKind) -> Self {
        let mut schedule = Self {
            backoff: *settings.backoff_for(kind),
            max_attempts: settings.max_attempts,
            max_elapsed: settings.max_elapsed,
            retries: Vec::new(),
        };
        schedule.list();
        schedule
    }

    /// Returns the retries in their order, at most 1,000 of them.
    ///
    /// A retry that cannot start before [`max_elapsed`](RetryPolicy::max_elapsed) is
    /// not in the list. The limit does not shorten the delays and the totals of the others.
    #[must_use]
    pub fn retries(&self) -> &[ScheduledRetry] {
        &self.retries
    }

    /// Returns the chance that a call outlasts an outage of this length: the chance that
    /// it makes an attempt at the end of the outage or later.
    ///
    /// The first attempt is made when the outage starts, and a failed attempt takes no
    /// time. A call whose attempts wait for a timeout outlasts more.
    ///
    /// With jitter the chance is estimated from up to 100,000 simulated calls, and the
    /// standard error is at most 0.002 unless a call makes more than 20 retries. The
    /// simulated calls are the same each time. Retries after the first 10,000 of a call are
    /// assumed to have the mean delay of those before.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, Jitter, RetryPolicy};
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(1)).jitter(Jitter::Equal);
    /// let schedule = RetryPolicy::new(backoff).max_attempts(6).schedule();
    /// // The delays are at least 0.5, 1, 2, 4 and 8 s.
    /// assert_eq!(schedule.chance_to_outlast(Duration::from_secs(15)), 1.0);
    /// ```
    #[must_use]
    #[expect(clippy::float_arithmetic, reason = "a share of at most 100,000 calls")]
    pub fn chance_to_outlast(&self, outage: Duration) -> f64 {
        let outage = outage.as_nanos();
        let (outlasts, retries) = self.outlasts(outage, 0);
        if !self.backoff.is_jittered() {
            return f64::from(u8::from(outlasts));
        }
        let calls = DRAWS_FOR_A_CHANCE
            .checked_div(retries)
            .unwrap_or(DRAWS_FOR_A_CHANCE)
            .clamp(200, 100_000);
        let outlasting = (0..calls)
            .filter(|&seed| self.outlasts(outage, seed.into()).0)
            .count();
        f64::from(u32::try_from(outlasting).unwrap_or(calls)) / f64::from(calls)
    }

    /// Simulates a call. Returns whether it makes an attempt at `outage` nanoseconds or later,
    /// and how many retries it made.
    fn outlasts(&self, outage: u128, seed: u64) -> (bool, u32) {
        let limit = self.max_elapsed.map(|limit| limit.as_nanos());
        let (mut total, mut previous): (u128, u128) = (0, 0);
        let mut retry: u32 = 0;
        while total < outage {
            if retry >= self.last_retry() {
                return (false, retry);
            }
            if retry >= RETRIES_OF_A_CALL {
                return (self.outlasts_at_the_mean(outage, total), retry);
            }
            retry = retry.saturating_add(1);
            previous = self.backoff.delay(retry, previous, Some(seed));
            total = total.saturating_add(previous);
            if limit.is_some_and(|limit| total >= limit) {
                return (false, retry);
            }
        }
        (true, retry)
    }

    /// Returns true if a call that has waited for `total` nanoseconds in its first retries
    /// outlasts the outage with the same mean delay before the others.
    fn outlasts_at_the_mean(&self, outage: u128, total: u128) -> bool {
        let limit = self.max_elapsed.map_or(u128::MAX, |limit| limit.as_nanos());
        let mean = total
            .checked_div(u128::from(RETRIES_OF_A_CALL))
            .unwrap_or_default();
        let all = mean.saturating_mul(u128::from(self.last_retry()));
        total > 0 && (all >= outage || self.max_attempts.is_none()) && outage < limit
    }

    /// Returns the number of the last retry.
    fn last_retry(&self) -> u32 {
        let last = |max: NonZeroU32| max.get().saturating_sub(1);
        self.max_attempts.map_or(u32::MAX, last)
    }

    /// Fills the list of retries.
    fn list(&mut self) {
        let listed = self.last_retry().min(LISTED);
        let mut means = Means::new(self.backoff);
        let mut retry = ScheduledRetry::default();
        for number in 1..=listed {
            let (least, most) = self.backoff.interval(number, retry.most.as_nanos());
            let (least, most) = (duration(least), duration(most));
            let mean = duration(means.next(number));
            retry = ScheduledRetry {
                number,
                least,
                mean,
                most,
                total_least: retry.total_least.saturating_add(least),
                total_mean: retry.total_mean.saturating_add(mean),
                total_most: retry.total_most.saturating_add(most),
            };
            if self
                .max_elapsed
                .is_some_and(|limit| retry.total_least >= limit)
            {
                break;
            }
            self.retries.push(retry);
        }
    }
}

/// Computes the mean delay before each retry.
///
/// A delay is uniform in an interval that may depend on the previous delay. Its mean is
/// the mean of the interval's middle over all previous delays.
struct Means {
    backoff: Backoff,
    /// The last mean.
    last: u128,
    /// The last delay of each simulated call. One call is enough if the intervals do not
    /// depend on the previous delay.
    previous: Vec<u128>,
}

impl Means {
    fn new(backoff: Backoff) -> Self {
        let calls = match backoff.jitter_kind() {
            Jitter::Decorrelated => CALLS_FOR_MEANS,
            _ => 1,
        };
        Self {
            backoff,
            last: 0,
            previous: (0..calls).map(|_| 0).collect(),
        }
    }

    /// Returns the mean delay before retry `number` in nanoseconds, and simulates it.
    fn next(&mut self, number: u32) -> u128 {
        if number > RETRIES_FOR_MEANS && self.previous.len() > 1 {
            return self.last;
        }
        let mut sum: u128 = 0;
        for (seed, previous) in (0..).zip(&mut self.previous) {
            let (low, high) = self.backoff.interval(number, *previous);
            sum = sum.saturating_add(low.saturating_add(high) >> 1);
            *previous = self.backoff.delay(number, *previous, Some(seed));
        }
        let calls = u128::try_from(self.previous.len()).unwrap_or(1);
        self.last = sum.checked_div(calls).unwrap_or_default();
        self.last
    }
}
