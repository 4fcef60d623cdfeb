//! `GovernorLimiter`, which keeps calls within a known quota.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::limiter::{Limiter, Slots};
use crate::timer::{INTERRUPTION, nanos};

/// A [`Limiter`] for a known quota, such as 100 calls per second to an EC2 API.
///
/// It uses governor's generic cell rate algorithm. The time is that of the calls'
/// [`Timer`](crate::Timer)s. If the quota is not known, use
/// [`AdaptiveLimiter`](crate::AdaptiveLimiter) instead. Clones share one quota.
///
/// The first four waiting calls ask again at the time of the next attempt. Each further call
/// gets a later time of its own, at most 5 seconds after that. If all times in these 5 seconds
/// are taken, further calls are spread evenly over them. A call that asks when the
/// quota allows an attempt starts, even if other calls have waited longer.
///
/// The timers of all calls should have the same clock. If a clock jumps ahead and comes
/// back, the limiter admits at most one extra burst and continues from the earlier time.
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
/// use governor::Quota;
/// use reattempt::{Backoff, GovernorLimiter, Limiter, RetryPolicy};
///
/// let hundred = NonZeroU32::new(100).expect("100 is not zero");
/// let quota = Quota::per_second(hundred).allow_burst(NonZeroU32::MIN);
/// let limiter = GovernorLimiter::new(quota);
/// assert_eq!(limiter.acquire(Duration::ZERO), Ok(()));
/// assert_eq!(limiter.acquire(Duration::ZERO), Err(Duration::from_millis(10)));
///
/// let policy = RetryPolicy::new(Backoff::none()).limiter(limiter);
/// # assert_eq!(policy.retry_blocking(|_| Ok::<_, ()>(1)).call(), Ok(1));
/// ```
#[derive(Clone)]
pub struct GovernorLimiter {
    quota: Quota,
    shared: Arc<Shared>,
}

struct Shared {
    rate: RateLimiter<NotKeyed, InMemoryState, QuotaClock, NoOpMiddleware<Nanos>>,
    clock: QuotaClock,
    calls: Mutex<Calls>,
    /// The time that an empty quota takes to allow a full burst again, in nanoseconds.
    longest_step: u64,
}

/// What the limiter remembers of the calls.
#[derive(Default)]
struct Calls {
    /// The latest time that a call passed, in nanoseconds.
    latest: u64,
    slots: Slots,
}

/// The clock that the rate limiter reads, in nanoseconds. It is the sum of all forward
/// steps of the calls' clock, so it never goes back. It is read and changed only while
/// [`Shared::calls`] is locked.
#[derive(Clone, Debug, Default)]
struct QuotaClock(Arc<AtomicU64>);

impl Clock for QuotaClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.load(Ordering::Relaxed).into()
    }
}

/// The last time of the clock. It leaves governor enough space to add to it.
const END: u64 = u64::MAX >> 1;

impl GovernorLimiter {
    /// Returns a limiter that admits attempts as `quota` allows. It starts with a full
    /// burst.
    ///
    /// If a burst takes more than 73 years to refill, it is reduced to one that takes at
    /// most 73 years.
    ///
    /// ```
    /// use std::num::NonZeroU32;
    /// use std::time::Duration;
    /// use governor::Quota;
    /// use reattempt::{GovernorLimiter, Limiter};
    ///
    /// let limiter = GovernorLimiter::new(Quota::per_second(NonZeroU32::MIN));
    /// assert_eq!(limiter.acquire(Duration::ZERO), Ok(()));
    /// assert_eq!(limiter.acquire(Duration::ZERO), Err(Duration::from_secs(1)));
    /// ```
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        let quota = bounded(quota);
        let clock = QuotaClock::default();
        let rate = RateLimiter::direct_with_clock(quota, clock.clone());
        let interval = nanos(quota.replenish_interval());
        let shared = Shared {
            rate,
            clock,
            calls: Mutex::default(),
            longest_step: interval.saturating_mul(u64::from(quota.burst_size().get())),
        };
        Self {
            quota,
            shared: Arc::new(shared),
        }
    }
}

impl Shared {
    /// Moves the quota's clock forward by as much as the calls' clock has moved.
    fn observe(&self, calls: &mut Calls, now: u64) {
        if now >= calls.latest {
            // A longer step would not admit more than a full burst.
            let ahead = now.saturating_sub(calls.latest).min(self.longest_step);
            let moved = self.clock.0.load(Ordering::Relaxed).saturating_add(ahead);
            self.clock.0.store(moved.min(END), Ordering::Relaxed);
            calls.latest = now;
        } else if calls.latest.saturating_sub(now) > nanos(INTERRUPTION) {
            // The calls' clock went back, so continue from the earlier time.
            calls.latest = now;
            calls.slots.clear();
        }
    }
}

/// Returns `quota`, reduced if governor's sums of nanoseconds would overflow 64 bits.
fn bounded(quota: Quota) -> Quota {
    const LONGEST: u64 = 1 << 61;
    let interval = nanos(quota.replenish_interval()).clamp(1, LONGEST);
    let most = LONGEST.checked_div(interval).unwrap_or(LONGEST);
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let most = NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN);
    let burst = quota.burst_size().min(most);
    // The interval is not zero, so this is always `Some`.
    Quota::with_period(Duration::from_nanos(interval)).map_or(quota, |q| q.allow_burst(burst))
}

impl fmt::Debug for GovernorLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GovernorLimiter")
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}

impl Limiter for GovernorLimiter {
    fn acquire(&self, now: Duration) -> Result<(), Duration> {
        let shared = &self.shared;
        let mut calls = shared.calls.lock().unwrap_or_else(PoisonError::into_inner);
        shared.observe(&mut calls, nanos(now));
        shared.rate.check().map_err(|refused| {
            let next = refused.wait_time_from(shared.clock.now());
            let next = next.max(Duration::from_nanos(1));
            calls.slots.wait(now, next, self.quota.replenish_interval())
        })
    }

    fn has_queue(&self) -> bool {
        true
    }

    fn record(&self, _: Duration, _: bool) {}
}
