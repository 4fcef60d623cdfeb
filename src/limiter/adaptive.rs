//! `AdaptiveLimiter`: AWS's client-side rate limit that follows throttling.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Limiter, Slots};
use crate::timer::INTERRUPTION;

/// AWS's adaptive retry mode: a rate limit that follows the service's
/// throttling.
///
/// The limiter admits everything until the first throttled attempt. From then
/// on, each throttled attempt lowers the rate to 0.7 of the measured one, or of the
/// limit if that is lower. The rate climbs again along a cubic curve: fast at first,
/// slowly near the rate that was throttled, then fast again. This is CUBIC congestion
/// control (RFC 9438). The rate is at least one attempt in two seconds.
///
/// Use one limiter for calls that are throttled together, such as the calls to
/// one table or one API of an account. Calls that are not throttled would be
/// delayed as well. The AWS SDK reference guide describes the mode under *Retry
/// behavior*. Clones share one state.
///
/// Up to four waiting calls get the time of the next token, by AWS's formula. Each further
/// one gets a time of its own, 1 ms after the previous one, or less if tokens arrive more
/// often. Waiting calls therefore do not all ask for the same token. A call asks again
/// at most 5 seconds after the next token, so it notices a rate that has risen. If all times
/// in these 5 seconds are taken, calls are spread evenly over them. A call that finds a token
/// takes it, even if other calls have waited longer.
///
/// All calls should use timers of one clock. If a clock jumps ahead and comes back, the
/// limiter continues from the earlier time. Each such jump can admit the attempts of one
/// second at once, and can lower the rate until it has been measured again: it at most
/// doubles in each half second.
///
/// ```
/// use std::time::Duration;
/// use reattempt::{AdaptiveLimiter, Limiter};
///
/// let limiter = AdaptiveLimiter::new();
/// assert_eq!(limiter.acquire(Duration::ZERO), Ok(()));
/// limiter.record(Duration::ZERO, true);
/// // The rate is 0.5 attempts per second, so the next one is two seconds away.
/// assert_eq!(limiter.fill_rate(), 0.5);
/// assert_eq!(limiter.acquire(Duration::ZERO), Err(Duration::from_secs(2)));
/// assert_eq!(limiter.acquire(Duration::from_secs(2)), Ok(()));
/// ```
#[derive(Clone, Debug, Default)]
pub struct AdaptiveLimiter {
    shared: Arc<Mutex<Adaptive>>,
}

/// The state, with AWS's names: times in seconds since `epoch`, rates in
/// attempts per second.
#[derive(Debug, Default)]
struct Adaptive {
    /// The whole second of the first recorded time. Near it an `f64` is most
    /// precise, and the first measurement does not span the clock's whole past.
    epoch: Option<Duration>,
    /// Whether an attempt has been throttled, so that the limit applies.
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
    slots: Slots,
}

/// CUBIC's multiplicative decrease.
const BETA: f64 = 0.7;
/// CUBIC's scaling constant.
const SCALE: f64 = 0.4;
/// The weight of the newest measurement.
const SMOOTH: f64 = 0.8;
/// The lowest rate, in attempts per second.
const MIN_FILL_RATE: f64 = 0.5;
/// The least number of tokens that can be saved.
const MIN_CAPACITY: f64 = 1.0;

/// The longest time between two waiting calls. The rate can double in half a second. Calls
/// that asked at the present rate would not use it, and a rate that is not used does not
/// rise.
const LONGEST_STEP: Duration = Duration::from_millis(1);

impl AdaptiveLimiter {
    /// Creates a limiter that admits everything until the first throttled
    /// attempt.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{AdaptiveLimiter, Backoff, ErrorKind, RetryPolicy, Verdict};
    ///
    /// let limiter = AdaptiveLimiter::new();
    /// let policy = RetryPolicy::new(Backoff::none())
    ///     .limiter(limiter.clone())
    ///     .classify_fn(|_: Result<&(), &()>| Verdict::retry(ErrorKind::Throttling));
    /// let _ = policy.retry_blocking(|_| Err::<(), _>(())).sleep_with(|_| ()).call();
    /// assert_eq!(limiter.fill_rate(), 0.5);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the rate that the limiter allows, in attempts per second.
    ///
    /// The limit does not apply before the first throttled attempt.
    #[must_use]
    pub fn fill_rate(&self) -> f64 {
        self.with(|adaptive| adaptive.fill_rate)
    }

    /// Returns the measured rate of attempts that ended, per second, smoothed
    /// over half seconds.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{AdaptiveLimiter, Limiter};
    ///
    /// let limiter = AdaptiveLimiter::new();
    /// for millis in [0, 100, 200, 300, 500] {
    ///     limiter.record(Duration::from_millis(millis), false);
    /// }
    /// // Five attempts in half a second, with a weight of 0.8.
    /// assert_eq!(limiter.measured_rate(), 8.0);
    /// ```
    #[must_use]
    pub fn measured_rate(&self) -> f64 {
        self.with(|adaptive| adaptive.measured_rate)
    }

    fn with<R>(&self, act: impl FnOnce(&mut Adaptive) -> R) -> R {
        // No code that runs under the lock panics.
        act(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Limiter for AdaptiveLimiter {
    fn acquire(&self, now: Duration) -> Result<(), Duration> {
        self.with(|adaptive| {
            let seconds = adaptive.seconds(now);
            match adaptive.acquire(seconds) {
                Duration::ZERO => Ok(()),
                next_token => Err(adaptive.wait(now, next_token)),
            }
        })
    }

    fn has_queue(&self) -> bool {
        true
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
    /// Returns `now` in seconds since the epoch, below zero for an earlier time.
    fn seconds(&mut self, now: Duration) -> f64 {
        // At most 2177 years, so that after a first clock that had jumped, times are still
        // exact to 0.02 ms.
        let epoch = *self
            .epoch
            .get_or_insert_with(|| Duration::from_secs(now.as_secs().min(1 << 36)));
        let after = now.saturating_sub(epoch).as_secs_f64();
        after - epoch.saturating_sub(now).as_secs_f64()
    }

    /// Takes a token at `now`. Returns the time until the next token, or zero if the attempt
    /// may start.
    fn acquire(&mut self, now: f64) -> Duration {
        if !self.on {
            return Duration::ZERO;
        }
        self.refill(now);
        if self.capacity < 1.0 {
            // At most 1 / MIN_FILL_RATE.
            let wait = duration((1.0 - self.capacity) / self.fill_rate);
            if !wait.is_zero() {
                return wait;
            }
        }
        self.capacity = (self.capacity - 1.0).max(0.0);
        Duration::ZERO
    }

    /// Returns the wait of a call that is refused at `now`.
    fn wait(&mut self, now: Duration, next_token: Duration) -> Duration {
        let step = duration(1.0 / self.fill_rate).min(LONGEST_STEP);
        self.slots.wait(now, next_token, step)
    }

    fn record(&mut self, now: f64, throttled: bool) {
        self.measure(now);
        if has_jumped_back(now, self.last_throttle) {
            self.last_throttle = now;
        }
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
            // The time that the curve takes back to the rate that was throttled.
            let window = (self.last_max_rate * (1.0 - BETA) / SCALE).cbrt();
            SCALE * (now - self.last_throttle - window).powi(3) + self.last_max_rate
        };
        let rate = rate.min(2.0 * self.measured_rate);
        self.refill(now);
        self.fill_rate = rate.max(MIN_FILL_RATE);
        self.max_capacity = rate.max(MIN_CAPACITY);
        self.capacity = self.capacity.min(self.max_capacity);
    }

    /// Counts an attempt that ended, and measures the rate at the end of each
    /// half second.
    fn measure(&mut self, now: f64) {
        self.count += 1.0;
        let bucket = (now * 2.0).floor() / 2.0;
        if bucket > self.last_bucket {
            let rate = self.count / (bucket - self.last_bucket);
            self.measured_rate = SMOOTH * rate + (1.0 - SMOOTH) * self.measured_rate;
            self.count = 0.0;
            self.last_bucket = bucket;
        } else if has_jumped_back(now, self.last_bucket) {
            // What was counted belongs to a period of unknown length.
            self.count = 1.0;
            self.last_bucket = bucket;
        }
    }

    fn refill(&mut self, now: f64) {
        if now > self.last_refill {
            let gained = (now - self.last_refill) * self.fill_rate;
            self.capacity = (self.capacity + gained).min(self.max_capacity);
            self.last_refill = now;
        } else if has_jumped_back(now, self.last_refill) {
            self.last_refill = now;
            self.slots.clear();
        }
    }
}

/// Returns a number of seconds as a duration, rounded to nanoseconds.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// Returns true if `now` is earlier than `last` because the clock went back, and not
/// because a thread was interrupted after it read the time.
#[expect(clippy::float_arithmetic, reason = "times in seconds")]
fn has_jumped_back(now: f64, last: f64) -> bool {
    now + INTERRUPTION.as_secs_f64() < last
}
