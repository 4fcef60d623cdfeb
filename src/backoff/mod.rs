//! `Backoff`: how long to wait before each retry.

mod delays;
mod display;
mod draw;
#[cfg(test)]
mod exhaustive;
mod growth;

use std::time::Duration;

use crate::jitter::{self, Jitter};
pub use delays::Delays;
use growth::Growth;
pub(crate) use growth::duration;

/// A backoff schedule: how long to wait before retry 1, 2, 3 and so on.
///
/// The delay before jitter, the [`ceiling`](Self::ceiling), grows from the base
/// up to the cap. [`Jitter`] then spreads it within the cap. All arithmetic is in
/// whole nanoseconds and saturates, so no base, factor, cap or retry number
/// panics or overflows.
///
/// A schedule has no limit on the number of retries. Set that with
/// [`RetryPolicy::max_attempts`](crate::RetryPolicy::max_attempts).
///
/// ```
/// use std::time::Duration;
/// use reattempt::{Backoff, Jitter};
///
/// const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(1)).jitter(Jitter::None);
///
/// let delays: Vec<u64> = BACKOFF.delays().take(7).map(|d| d.as_secs()).collect();
/// assert_eq!(delays, [1, 2, 4, 8, 16, 20, 20]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    growth: Growth,
    cap: Duration,
    jitter: Jitter,
}

/// The default cap of the growing schedules, which is AWS's.
pub(crate) const CAP: Duration = Duration::from_secs(20);

impl Backoff {
    /// Creates an exponential schedule: `base`, 2 · `base`, 4 · `base` and so on.
    ///
    /// The default factor is 2, the default cap is 20 s and the default jitter is
    /// [`Jitter::Full`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::Backoff;
    ///
    /// let backoff = Backoff::exponential(Duration::from_millis(50));
    /// assert_eq!(backoff.ceiling(3), Duration::from_millis(200));
    /// ```
    #[must_use]
    #[doc(alias = "ExponentialBackoff")]
    #[doc(alias = "ExponentialBuilder")]
    #[doc(alias = "with_min_delay")]
    pub const fn exponential(base: Duration) -> Self {
        Self::new(Growth::Exponential { base, factor: 2.0 }, CAP, Jitter::Full)
    }

    /// Creates a linear schedule: `step`, 2 · `step`, 3 · `step` and so on.
    ///
    /// The default cap is 20 s and the default jitter is [`Jitter::Full`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::Backoff;
    ///
    /// let backoff = Backoff::linear(Duration::from_millis(50));
    /// assert_eq!(backoff.ceiling(3), Duration::from_millis(150));
    /// ```
    #[must_use]
    pub const fn linear(step: Duration) -> Self {
        Self::new(Growth::Linear { step }, CAP, Jitter::Full)
    }

    /// Creates a Fibonacci schedule: 1, 1, 2, 3, 5, 8 and so on times `base`.
    ///
    /// The default cap is 20 s and the default jitter is [`Jitter::Full`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::Backoff;
    ///
    /// let backoff = Backoff::fibonacci(Duration::from_millis(50));
    /// assert_eq!(backoff.ceiling(5), Duration::from_millis(250));
    /// ```
    #[must_use]
    pub const fn fibonacci(base: Duration) -> Self {
        Self::new(Growth::Fibonacci { base }, CAP, Jitter::Full)
    }

    /// Creates a schedule with the same `delay` before each retry.
    ///
    /// By default it has no cap and [`Jitter::None`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::Backoff;
    ///
    /// let backoff = Backoff::constant(Duration::from_secs(30));
    /// assert_eq!(backoff.delays().nth(9), Some(Duration::from_secs(30)));
    /// ```
    #[must_use]
    #[doc(alias = "ConstantBuilder")]
    #[doc(alias = "fixed")]
    pub const fn constant(delay: Duration) -> Self {
        Self::new(Growth::Constant { delay }, Duration::MAX, Jitter::None)
    }

    /// Creates a schedule without delays: each retry follows at once.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::Backoff;
    ///
    /// assert_eq!(Backoff::none().delays().next(), Some(Duration::ZERO));
    /// ```
    #[must_use]
    pub const fn none() -> Self {
        Self::constant(Duration::ZERO)
    }

    /// Creates a schedule from a function of the retry number, which is 1 for the
    /// first retry.
    ///
    /// The function should be pure, because it may be called more than once per
    /// retry. Its values may go up and down from retry to retry. The
    /// cap and the jitter still apply to each of them. The default cap is 20 s
    /// and the default jitter is [`Jitter::Full`]. For [`Jitter::Decorrelated`]
    /// the base is the function's value for retry 1.
    ///
    /// A schedule is `Copy` and usable in constants, so this takes a function
    /// pointer, not a closure with captured state. Two schedules of this kind are
    /// equal only if they have the same function pointer, and the compiler may
    /// give one function two of them.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, Jitter};
    ///
    /// /// Quick at first, then once a minute.
    /// const BACKOFF: Backoff = Backoff::from_fn(|retry| match retry {
    ///     1..=3 => Duration::from_millis(100),
    ///     _ => Duration::from_secs(60),
    /// })
    /// .cap(Duration::from_secs(60))
    /// .jitter(Jitter::None);
    ///
    /// assert_eq!(BACKOFF.ceiling(3), Duration::from_millis(100));
    /// assert_eq!(BACKOFF.ceiling(4), Duration::from_secs(60));
    /// ```
    #[must_use]
    pub const fn from_fn(delay: fn(retry: u32) -> Duration) -> Self {
        Self::new(Growth::Custom { delay }, CAP, Jitter::Full)
    }

    const fn new(growth: Growth, cap: Duration, jitter: Jitter) -> Self {
        Self {
            growth,
            cap,
            jitter,
        }
    }

    /// Sets the factor by which the delays of an exponential schedule grow.
    ///
    /// The default is 2. A factor below 1, or NaN, counts as 1. A whole factor is
    /// exact at any size. With another factor each delay is rounded as an `f64`
    /// is, to about one part in 10¹⁵. The other kinds of schedules ignore it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::Backoff;
    ///
    /// let backoff = Backoff::exponential(Duration::from_millis(200)).factor(1.5);
    /// assert_eq!(backoff.ceiling(3), Duration::from_millis(450));
    /// ```
    #[must_use]
    #[doc(alias = "multiplier")]
    pub const fn factor(mut self, factor: f64) -> Self {
        if let Growth::Exponential { base, .. } = self.growth {
            // The comparison is false for NaN too.
            let factor = if factor > 1.0 { factor } else { 1.0 };
            self.growth = Growth::Exponential { base, factor };
        }
        self
    }

    /// Sets the upper limit of every delay, the first one and jitter included.
    ///
    /// The default is 20 s, and no limit for [`constant`](Self::constant). A
    /// server's hint may exceed it, within the limits of
    /// [`ServerHint`](crate::ServerHint).
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::Backoff;
    ///
    /// let cap = Duration::from_secs(5);
    /// let backoff = Backoff::exponential(Duration::from_secs(1)).cap(cap);
    /// assert_eq!(backoff.ceiling(10), cap);
    /// assert!(backoff.delays().take(100).all(|delay| delay <= cap));
    /// ```
    #[must_use]
    #[doc(alias = "max_delay")]
    #[doc(alias = "max_interval")]
    pub const fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Sets the jitter: how a delay is spread.
    ///
    /// The default is [`Jitter::Full`], and [`Jitter::None`] for
    /// [`constant`](Self::constant).
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, Jitter};
    ///
    /// let minute = Duration::from_secs(60);
    /// let backoff = Backoff::constant(minute).jitter(Jitter::Proportional(0.1));
    /// assert!(backoff.delays().take(100).all(|delay| delay.abs_diff(minute) <= minute / 10));
    /// ```
    #[must_use]
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Returns the delay before retry number 1, before the cap and jitter.
    ///
    /// The getters have longer names than the setters, because a setter already
    /// has the short name.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::Backoff;
    ///
    /// let backoff = Backoff::linear(Duration::from_secs(3));
    /// assert_eq!(backoff.base_delay(), Duration::from_secs(3));
    /// ```
    #[must_use]
    pub fn base_delay(&self) -> Duration {
        self.growth.base()
    }

    /// Returns the factor of an exponential schedule, and `None` for the other
    /// kinds.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::Backoff;
    ///
    /// assert_eq!(Backoff::exponential(Duration::ZERO).growth_factor(), Some(2.0));
    /// assert_eq!(Backoff::none().growth_factor(), None);
    /// ```
    #[must_use]
    pub const fn growth_factor(&self) -> Option<f64> {
        match self.growth {
            Growth::Exponential { factor, .. } => Some(factor),
            Growth::Constant { .. }
            | Growth::Custom { .. }
            | Growth::Fibonacci { .. }
            | Growth::Linear { .. } => None,
        }
    }

    /// Returns the upper limit of every delay, [`Duration::MAX`] if there is no
    /// limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::Backoff;
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(1));
    /// assert_eq!(backoff.delay_cap(), Duration::from_secs(20));
    /// ```
    #[must_use]
    pub const fn delay_cap(&self) -> Duration {
        self.cap
    }

    /// Returns the jitter: how a delay is spread.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, Jitter};
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(1));
    /// assert_eq!(backoff.jitter_kind(), Jitter::Full);
    /// ```
    #[must_use]
    pub const fn jitter_kind(&self) -> Jitter {
        self.jitter
    }

    /// Returns the delay before retry number `retry` without jitter.
    ///
    /// The first retry has number 1, and 0 counts as 1. For an exponential
    /// schedule this is min(cap, base · factor^(retry − 1)). Except for
    /// [`from_fn`](Self::from_fn), it never decreases as `retry` grows.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::Backoff;
    ///
    /// let backoff = Backoff::exponential(Duration::from_millis(50));
    /// assert_eq!(backoff.ceiling(1), Duration::from_millis(50));
    /// assert_eq!(backoff.ceiling(4), Duration::from_millis(400));
    /// assert_eq!(backoff.ceiling(u32::MAX), Duration::from_secs(20));
    /// ```
    #[must_use]
    pub fn ceiling(&self, retry: u32) -> Duration {
        duration(self.ceiling_nanos(retry))
    }

    /// Returns an endless iterator over the delays, one per retry.
    ///
    /// Each iterator draws its own delays. Clones of an iterator continue with
    /// the same ones.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::Backoff;
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(1));
    /// let total: Duration = backoff.delays().take(3).sum();
    /// assert!(total <= Duration::from_secs(1 + 2 + 4));
    /// ```
    pub fn delays(&self) -> Delays {
        self.delays_seeded(jitter::entropy())
    }

    /// Returns an iterator like [`delays`](Self::delays), with the same delays
    /// each time for the same `seed`.
    ///
    /// A policy with the same [`seed`](crate::RetryPolicy::seed) and this backoff
    /// waits exactly these delays.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::Backoff;
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(1));
    /// assert!(backoff.delays_seeded(7).take(9).eq(backoff.delays_seeded(7).take(9)));
    /// ```
    pub const fn delays_seeded(&self, seed: u64) -> Delays {
        Delays::new(*self, seed)
    }
}
