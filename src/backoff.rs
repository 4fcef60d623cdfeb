//! Backoff schedules: pure, saturating arithmetic in nanoseconds.

use std::iter::FusedIterator;
use std::time::Duration;

use crate::jitter::{self, Frame, Jitter};
use crate::timer::nanos;

/// A backoff schedule: how long to wait before retry 1, 2, 3 and so on.
///
/// The delay before jitter, the [`ceiling`](Self::ceiling), grows from the base
/// and is bounded by the cap; [`Jitter`] then spreads it inside that bound. All
/// arithmetic is in whole nanoseconds and saturates: no base, factor, cap or
/// retry number panics, overflows or makes a delay fall.
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
    base: Duration,
    cap: Duration,
    growth: Growth,
    jitter: Jitter,
    /// Base and cap in nanoseconds, saturating.
    narrow: (u64, u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Growth {
    Constant,
    /// Exponential by 2, the common case.
    Doubling,
    /// At least 1 and not NaN.
    Exponential(f64),
    Fibonacci,
    Linear,
}

/// The cap of the growing schedules, AWS's own.
const CAP: Duration = Duration::from_secs(20);

impl Backoff {
    /// Exponential growth: `base`, 2 · `base`, 4 · `base` and so on.
    ///
    /// The factor is 2, the cap 20 s and the jitter [`Jitter::Full`] until set
    /// otherwise.
    #[must_use]
    pub const fn exponential(base: Duration) -> Self {
        Self::new(base, CAP, Growth::Doubling, Jitter::Full)
    }

    /// Linear growth: `step`, 2 · `step`, 3 · `step` and so on.
    ///
    /// The cap is 20 s and the jitter [`Jitter::Full`] until set otherwise.
    #[must_use]
    pub const fn linear(step: Duration) -> Self {
        Self::new(step, CAP, Growth::Linear, Jitter::Full)
    }

    /// Fibonacci growth: 1, 1, 2, 3, 5, 8 and so on times `base`.
    ///
    /// The cap is 20 s and the jitter [`Jitter::Full`] until set otherwise.
    #[must_use]
    pub const fn fibonacci(base: Duration) -> Self {
        Self::new(base, CAP, Growth::Fibonacci, Jitter::Full)
    }

    /// The same `delay` before each retry, with [`Jitter::None`] and no cap
    /// until set otherwise.
    #[must_use]
    pub const fn constant(delay: Duration) -> Self {
        Self::new(delay, Duration::MAX, Growth::Constant, Jitter::None)
    }

    /// No delay at all: each retry follows at once.
    #[must_use]
    pub const fn none() -> Self {
        Self::constant(Duration::ZERO)
    }

    const fn new(base: Duration, cap: Duration, growth: Growth, jitter: Jitter) -> Self {
        Self {
            base,
            cap,
            growth,
            jitter,
            narrow: (nanos(base), nanos(cap)),
        }
    }

    /// Sets the growth per retry of an exponential schedule.
    ///
    /// A factor below 1, or NaN, counts as 1. A whole factor is exact at any
    /// size; with another one a delay is rounded as an `f64` is, to about one
    /// part in 10¹⁵. The other schedules grow by their own rule and keep it.
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        #[expect(clippy::float_cmp, reason = "2.0 is exact, and the common case")]
        if let Growth::Doubling | Growth::Exponential(_) = self.growth {
            self.growth = if factor == 2.0 {
                Growth::Doubling
            } else {
                // The comparison is false for NaN too.
                Growth::Exponential(if factor > 1.0 { factor } else { 1.0 })
            };
        }
        self
    }

    /// Sets the upper bound of every delay, the first one and jitter included.
    #[must_use]
    pub const fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self.narrow.1 = nanos(cap);
        self
    }

    /// Sets how a delay is spread.
    #[must_use]
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// The delay before jitter of retry number `retry`, of which 1 is the first
    /// (0 counts as 1): min(cap, base · factor^(retry − 1)) for an exponential
    /// schedule.
    ///
    /// It never falls as `retry` grows.
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

    /// The delays of this schedule, one a retry, without end.
    ///
    /// Each iterator draws its own; clones of one iterator go on alike.
    pub fn delays(&self) -> Delays {
        self.delays_seeded(jitter::entropy())
    }

    /// The delays of this schedule, the same ones for the same `seed`.
    ///
    /// A policy with that [`seed`](crate::RetryPolicy::seed) and this backoff
    /// waits these very delays.
    pub const fn delays_seeded(&self, seed: u64) -> Delays {
        Delays {
            backoff: *self,
            previous: 0,
            retry: 0,
            seed,
        }
    }

    /// The delay, and the same in nanoseconds, where every one is alike.
    #[inline]
    pub(crate) const fn steady(&self) -> Option<(Duration, u64)> {
        match (self.growth, self.jitter, self.narrow) {
            (Growth::Constant, Jitter::None, (base, cap)) if base <= cap && base != u64::MAX => {
                Some((self.base, base))
            }
            _ => None,
        }
    }

    /// Whether delays are spread at all.
    pub(crate) const fn is_jittered(&self) -> bool {
        match self.jitter {
            Jitter::None => false,
            // False for NaN, which counts as 0.
            Jitter::Proportional(share) => share > 0.0,
            Jitter::Full | Jitter::Equal | Jitter::Decorrelated => true,
        }
    }

    /// The delay in nanoseconds before retry `retry`, after the one of
    /// `previous` nanoseconds (0 at first). Without a seed it is drawn afresh.
    #[inline]
    pub(crate) fn delay(&self, retry: u32, previous: u128, seed: Option<u64>) -> u128 {
        let bits = || jitter::word(seed.unwrap_or_else(jitter::entropy), u64::from(retry));
        match (self.growth, self.jitter, self.narrow) {
            (Growth::Doubling, Jitter::Full, (base, cap)) if cap != u64::MAX => {
                u128::from(narrow(base, cap, retry, bits))
            }
            _ => self.wide(retry, previous, bits),
        }
    }

    /// Any delay, in 128 bits.
    #[inline(never)]
    fn wide(&self, retry: u32, previous: u128, bits: impl FnOnce() -> u64) -> u128 {
        let cap = self.cap.as_nanos();
        let frame = Frame {
            base: self.base.as_nanos(),
            cap,
            ceiling: self.ceiling_nanos(retry),
            previous,
        };
        self.jitter.spread(frame, bits)
    }

    #[inline]
    pub(crate) fn ceiling_nanos(&self, retry: u32) -> u128 {
        let base = self.base.as_nanos();
        let steps = retry.saturating_sub(1);
        let grown = match self.growth {
            Growth::Constant => base,
            Growth::Doubling => double(base, steps),
            Growth::Exponential(factor) => power(base, factor, steps),
            Growth::Fibonacci => fibonacci(base, steps),
            Growth::Linear => base.saturating_mul(u128::from(steps).saturating_add(1)),
        };
        grown.min(self.cap.as_nanos())
    }
}

/// The delay of a doubling schedule with full jitter, U[0, min(cap, base ·
/// 2^(retry − 1))], where all of it fits 64 bits: what [`Backoff::wide`] says,
/// for the schedule of most, in less.
#[inline]
fn narrow(base: u64, cap: u64, retry: u32, bits: impl FnOnce() -> u64) -> u64 {
    let steps = retry.saturating_sub(1);
    let grown = if steps <= base.leading_zeros() {
        base.checked_shl(steps).unwrap_or_default()
    } else if base == 0 {
        0
    } else {
        u64::MAX
    };
    match grown.min(cap) {
        0 => 0,
        ceiling => jitter::below(ceiling, bits()),
    }
}

/// base · 2^steps, saturating.
#[inline]
fn double(base: u128, steps: u32) -> u128 {
    // A zero base has 128 leading zeros and must stay zero.
    if steps < base.leading_zeros() || base == 0 {
        base.checked_shl(steps).unwrap_or_default()
    } else {
        u128::MAX
    }
}

/// base · factor^steps, saturating.
#[cold]
fn power(base: u128, factor: f64, steps: u32) -> u128 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        clippy::float_arithmetic,
        clippy::float_cmp,
        reason = "casts between floats and integers saturate, which is what is wanted"
    )]
    {
        let whole = factor as u128;
        if whole as f64 == factor || whole == u128::MAX {
            base.saturating_mul(whole.saturating_pow(steps))
        } else if steps == 0 || base == 0 {
            base
        } else {
            let grown = base as f64 * factor.powf(f64::from(steps));
            (grown.round() as u128).max(base)
        }
    }
}

/// base · F(steps + 1), with F(1) = F(2) = 1, saturating.
fn fibonacci(base: u128, steps: u32) -> u128 {
    let (mut current, mut next) = (base, base);
    for _ in 0..steps {
        if current == u128::MAX || base == 0 {
            break;
        }
        (current, next) = (next, current.saturating_add(next));
    }
    current
}

/// Nanoseconds as a [`Duration`], which they never exceed here but saturate to.
#[inline]
pub(crate) fn duration(nanos: u128) -> Duration {
    if let Ok(nanos) = u64::try_from(nanos) {
        return Duration::from_nanos(nanos);
    }
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    match (u64::try_from(seconds), u32::try_from(rest)) {
        (Ok(seconds), Ok(rest)) => Duration::new(seconds, rest),
        _ => Duration::MAX,
    }
}

/// The delays of a [`Backoff`]: an endless iterator, made by
/// [`Backoff::delays`] and [`Backoff::delays_seeded`].
#[must_use = "an iterator does nothing unless it is advanced"]
#[derive(Clone, Debug)]
pub struct Delays {
    backoff: Backoff,
    previous: u128,
    retry: u32,
    seed: u64,
}

impl Iterator for Delays {
    type Item = Duration;

    #[inline]
    fn next(&mut self) -> Option<Duration> {
        self.retry = self.retry.saturating_add(1);
        self.previous = self
            .backoff
            .delay(self.retry, self.previous, Some(self.seed));
        Some(duration(self.previous))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl FusedIterator for Delays {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reckoned_in_64_bits_is_the_same_in_128() {
        let durations = [0, 1, 3, 50_000_000, 1_000_000_000, 1 << 62, u64::MAX - 1];
        for base in durations {
            for cap in durations {
                let backoff =
                    Backoff::exponential(Duration::from_nanos(base)).cap(Duration::from_nanos(cap));
                for retry in [0, 1, 2, 5, 31, 32, 63, 64, 65, 127, 128, 129, u32::MAX] {
                    for bits in [0, 1, 1 << 63, u64::MAX, 0x0123_4567_89ab_cdef] {
                        let narrow = narrow(base, cap, retry, || bits);
                        let wide = backoff.wide(retry, 0, || bits);
                        assert_eq!(u128::from(narrow), wide, "{base} {cap} {retry} {bits}");
                    }
                }
            }
        }
    }
}
