//! `GovernorLimiter`: a known API quota as a limiter.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::limiter::Limiter;
use crate::timer::nanos;

/// A [`Limiter`] for a quota that is known, such as 100 calls a second to an EC2
/// API or 5,500 GETs a second to a prefix of an S3 bucket: governor's generic
/// cell rate algorithm, on the time of the calls' [`Timer`](crate::Timer).
///
/// Where the quota is not known, [`AdaptiveLimiter`](crate::AdaptiveLimiter)
/// finds it. Clones share one state.
///
/// ```
/// use std::num::NonZeroU32;
/// use governor::Quota;
/// use reattempt::{Backoff, GovernorLimiter, RetryPolicy};
///
/// let quota = Quota::per_second(NonZeroU32::new(100).expect("not zero"));
/// let policy = RetryPolicy::new(Backoff::none()).limiter(GovernorLimiter::new(quota));
/// # assert_eq!(policy.retry_blocking(|_| Ok::<_, ()>(1)).call(), Ok(1));
/// ```
#[derive(Clone)]
pub struct GovernorLimiter {
    quota: Quota,
    shared: Arc<Shared>,
}

struct Shared {
    rate: RateLimiter<NotKeyed, InMemoryState, Told, NoOpMiddleware<Nanos>>,
    told: Told,
}

/// The latest time that a caller told, in nanoseconds.
#[derive(Clone, Debug, Default)]
struct Told(Arc<AtomicU64>);

impl Clock for Told {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.load(Ordering::Relaxed).into()
    }
}

impl GovernorLimiter {
    /// Lets attempts pass as `quota` allows, its burst at first.
    ///
    /// A burst that takes longer than 73 years to come back is cut to one that
    /// does not.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        let quota = bounded(quota);
        let told = Told::default();
        let rate = RateLimiter::direct_with_clock(quota, told.clone());
        Self {
            quota,
            shared: Arc::new(Shared { rate, told }),
        }
    }
}

/// A quota whose sums governor can hold in 64 bits of nanoseconds.
fn bounded(quota: Quota) -> Quota {
    const LONGEST: u64 = 1 << 61;
    let interval = nanos(quota.replenish_interval()).clamp(1, LONGEST);
    let most = LONGEST.checked_div(interval).unwrap_or(LONGEST);
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let most = NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN);
    let burst = quota.burst_size().min(most);
    // Never zero, so always a quota.
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
        /// Later than any clock, early enough for sums.
        const LATEST: u64 = u64::MAX >> 1;
        let now = nanos(now).min(LATEST);
        let told = self.shared.told.0.fetch_max(now, Ordering::Relaxed);
        self.shared.rate.check().map_err(|refused| {
            // A caller whose clock is behind waits no longer than one whose is not.
            let wait = refused.wait_time_from(now.max(told).into());
            wait.max(Duration::from_nanos(1))
        })
    }

    fn record(&self, _: Duration, _: bool) {}
}
