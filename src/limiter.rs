//! `Limiter`: may an attempt be sent now? `AdaptiveLimiter`: AWS's answer.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Decides before every attempt, first ones included, whether it may be sent
/// now, and hears how each ended.
///
/// The times are those of the [`Timer`](crate::Timer) that the calls wait on:
/// all calls that share a limiter should wait on timers of one clock. A clock of
/// another beginning looks like a leap of years, and waits are long then.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
/// use reattempt::Limiter;
///
/// /// At most one attempt every 10 ms, each caller with a slot of its own.
/// #[derive(Debug, Default)]
/// struct Pace {
///     last_ms: AtomicU64,
/// }
///
/// impl Limiter for Pace {
///     fn acquire(&self, now: Duration) -> Result<(), Duration> {
///         let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
///         let next = |last: u64| (now >= last + 10).then_some(now);
///         self.last_ms
///             .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
///             .map(|_| ())
///             .map_err(|last| Duration::from_millis((last + 10).saturating_sub(now)))
///     }
///
///     fn record(&self, _: Duration, _: bool) {}
/// }
///
/// let pace = Pace::default();
/// assert_eq!(pace.acquire(Duration::from_millis(50)), Ok(()));
/// assert_eq!(pace.acquire(Duration::from_millis(54)), Err(Duration::from_millis(6)));
/// ```
pub trait Limiter: Send + Sync + Debug {
    /// Lets an attempt go at `now`, or says how long to wait before asking
    /// again.
    ///
    /// # Errors
    ///
    /// The wait, which should not be zero: the call asks again after it.
    fn acquire(&self, now: Duration) -> Result<(), Duration>;

    /// Hears at `now` how an attempt ended.
    fn record(&self, now: Duration, throttled: bool);
}

impl<L: Limiter + ?Sized> Limiter for Arc<L> {
    fn acquire(&self, now: Duration) -> Result<(), Duration> {
        (**self).acquire(now)
    }

    fn record(&self, now: Duration, throttled: bool) {
        (**self).record(now, throttled);
    }
}

/// AWS's adaptive retry mode: a client-side rate limit that follows the
/// service's throttling, after CUBIC congestion control (RFC 9438).
///
/// It lets everything pass until the first throttling. From then on its rate
/// falls to 0.7 of what was measured at each throttling, and climbs back along
/// a cubic curve, at first fast, slowly near the rate that was throttled, then
/// fast again.
///
/// Clones share one state. It is for a client whose calls are throttled
/// together, such as one table or one account's API: it delays calls to what is
/// not throttled, too. See the AWS SDK reference guide, *Retry behavior*.
///
/// ```
/// use std::time::Duration;
/// use reattempt::{AdaptiveLimiter, Limiter};
///
/// let limiter = AdaptiveLimiter::new();
/// assert_eq!(limiter.acquire(Duration::ZERO), Ok(()));
/// limiter.record(Duration::ZERO, true);
/// // One request at 0.5 a second, then two seconds to the next.
/// assert_eq!(limiter.fill_rate(), 0.5);
/// assert_eq!(limiter.acquire(Duration::ZERO), Err(Duration::from_secs(2)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct AdaptiveLimiter {
    shared: Arc<Mutex<Adaptive>>,
}

/// Times in seconds since `epoch`, rates in requests per second.
#[derive(Debug, Default)]
struct Adaptive {
    /// The whole second of the first time told: near it an `f64` is finest, and
    /// a clock that is old does not thin out the first measurement.
    epoch: Option<Duration>,
    /// Whether a throttling has switched the limit on.
    on: bool,
    capacity: f64,
    max_capacity: f64,
    fill_rate: f64,
    last_refill: f64,
    last_max_rate: f64,
    last_throttle: f64,
    measured_rate: f64,
    last_bucket: f64,
    count: f64,
}

/// CUBIC's multiplicative decrease.
const BETA: f64 = 0.7;
/// CUBIC's scaling constant.
const SCALE: f64 = 0.4;
/// The weight of the newest measurement.
const SMOOTH: f64 = 0.8;
/// The lowest rate, in requests per second.
const MIN_FILL_RATE: f64 = 0.5;
/// The least room for tokens.
const MIN_CAPACITY: f64 = 1.0;

impl AdaptiveLimiter {
    /// A limiter that is off until the first throttling.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The rate it allows, in requests per second; without effect until the
    /// first throttling.
    #[must_use]
    pub fn fill_rate(&self) -> f64 {
        self.with(|adaptive| adaptive.fill_rate)
    }

    /// The rate it has measured, in requests per second, smoothed over half
    /// seconds.
    #[must_use]
    pub fn measured_rate(&self) -> f64 {
        self.with(|adaptive| adaptive.measured_rate)
    }

    fn with<R>(&self, act: impl FnOnce(&mut Adaptive) -> R) -> R {
        // Nothing in here panics half way.
        act(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Limiter for AdaptiveLimiter {
    fn acquire(&self, now: Duration) -> Result<(), Duration> {
        self.with(|adaptive| {
            let now = adaptive.seconds(now);
            adaptive.acquire(now)
        })
    }

    fn record(&self, now: Duration, throttled: bool) {
        self.with(|adaptive| {
            let now = adaptive.seconds(now);
            adaptive.record(now, throttled);
        });
    }
}

#[expect(
    clippy::float_arithmetic,
    reason = "rates; every wait is made from a finite and bounded number"
)]
impl Adaptive {
    fn seconds(&mut self, now: Duration) -> f64 {
        let epoch = self
            .epoch
            .get_or_insert_with(|| Duration::from_secs(now.as_secs()));
        now.saturating_sub(*epoch).as_secs_f64()
    }

    fn acquire(&mut self, now: f64) -> Result<(), Duration> {
        if !self.on {
            return Ok(());
        }
        self.refill(now);
        if self.capacity < 1.0 {
            let wait = (1.0 - self.capacity) / self.fill_rate;
            // At most 1 / MIN_FILL_RATE.
            let wait = Duration::try_from_secs_f64(wait).unwrap_or_default();
            if !wait.is_zero() {
                return Err(wait);
            }
        }
        self.capacity = (self.capacity - 1.0).max(0.0);
        Ok(())
    }

    fn record(&mut self, now: f64, throttled: bool) {
        self.measure(now);
        let rate = if throttled {
            let rate = if self.on {
                self.measured_rate.min(self.fill_rate)
            } else {
                self.measured_rate
            };
            self.last_max_rate = rate;
            self.last_throttle = now;
            self.on = true;
            BETA * rate
        } else {
            // The time the curve takes back to the rate that was throttled.
            let window = (self.last_max_rate * (1.0 - BETA) / SCALE).cbrt();
            SCALE * (now - self.last_throttle - window).powi(3) + self.last_max_rate
        };
        let rate = rate.min(2.0 * self.measured_rate);
        self.refill(now);
        self.fill_rate = rate.max(MIN_FILL_RATE);
        self.max_capacity = rate.max(MIN_CAPACITY);
        self.capacity = self.capacity.min(self.max_capacity);
    }

    /// Counts a response, and takes the rate at the end of each half second.
    fn measure(&mut self, now: f64) {
        self.count += 1.0;
        let bucket = (now * 2.0).floor() / 2.0;
        if bucket > self.last_bucket {
            let rate = self.count / (bucket - self.last_bucket);
            self.measured_rate = SMOOTH * rate + (1.0 - SMOOTH) * self.measured_rate;
            self.count = 0.0;
            self.last_bucket = bucket;
        }
    }

    fn refill(&mut self, now: f64) {
        let gained = (now - self.last_refill).max(0.0) * self.fill_rate;
        self.capacity = (self.capacity + gained).min(self.max_capacity);
        self.last_refill = now.max(self.last_refill);
    }
}
