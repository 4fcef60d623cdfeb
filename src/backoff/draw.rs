//! Draws one delay of a schedule, in nanoseconds.

use super::Backoff;
use super::growth::Growth;
use crate::jitter::{self, Frame, Jitter};
use crate::timer::nanos;

impl Backoff {
    /// Returns true for a schedule from [`constant`](Self::constant).
    pub(crate) const fn is_constant(&self) -> bool {
        matches!(self.growth, Growth::Constant { .. })
    }

    /// Returns true if delays are random.
    pub(crate) const fn is_jittered(&self) -> bool {
        match self.jitter {
            Jitter::None => false,
            // False for NaN, which counts as 0.
            Jitter::Proportional(share) => share > 0.0,
            Jitter::Full | Jitter::Equal | Jitter::Decorrelated => true,
        }
    }

    /// Returns the delay before retry `retry` in nanoseconds. `previous` is the
    /// delay before the previous retry, 0 if there is none. Without a seed the
    /// delay is random.
    #[inline]
    pub(crate) fn delay(&self, retry: u32, previous: u128, seed: Option<u64>) -> u128 {
        if self.jitter == Jitter::None {
            return self.ceiling_nanos(retry);
        }
        let bits = || jitter::random(seed, u64::from(retry));
        self.jittered_delay(self.as_doubling(), retry, previous, bits)
    }

    /// Draws the delay before retry `retry`. `doubling` is what
    /// [`as_doubling`](Self::as_doubling) returns.
    #[inline]
    pub(super) fn jittered_delay(
        &self,
        doubling: Option<Doubling>,
        retry: u32,
        previous: u128,
        bits: impl FnOnce() -> u64,
    ) -> u128 {
        match doubling {
            Some(doubling) => u128::from(doubling.draw(retry, bits)),
            None => self.any_delay(retry, previous, bits),
        }
    }

    /// Returns the least and the largest delay before retry `retry`, in nanoseconds.
    pub(crate) fn interval(&self, retry: u32, previous: u128) -> (u128, u128) {
        self.jitter.interval(self.frame(retry, previous))
    }

    #[inline(never)]
    fn any_delay(&self, retry: u32, previous: u128, bits: impl FnOnce() -> u64) -> u128 {
        self.jitter.spread(self.frame(retry, previous), bits)
    }

    fn frame(&self, retry: u32, previous: u128) -> Frame {
        Frame {
            base: self.growth.base(),
            cap: self.cap,
            ceiling: self.ceiling_nanos(retry),
            previous,
        }
    }

    /// Returns [`ceiling`](Self::ceiling) in nanoseconds.
    pub(crate) fn ceiling_nanos(&self, retry: u32) -> u128 {
        self.growth.nanos(retry).min(self.cap.as_nanos())
    }

    /// Returns the base and the cap in nanoseconds if the fast path applies: for a
    /// schedule that doubles with full jitter and fits 64 bits.
    ///
    /// Most schedules are of this kind. The path takes about a quarter of the
    /// general one's time, as the benchmark `ten jittered delays` shows.
    #[inline]
    pub(super) const fn as_doubling(&self) -> Option<Doubling> {
        #[expect(clippy::float_cmp, reason = "2.0 is exact, and the default")]
        match (self.growth, self.jitter) {
            (Growth::Exponential { base, factor }, Jitter::Full)
                if factor == 2.0 && nanos(self.cap) != u64::MAX =>
            {
                Some(Doubling {
                    base: nanos(base),
                    cap: nanos(self.cap),
                })
            }
            _ => None,
        }
    }
}

/// The base and the cap of the fast path, in nanoseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Doubling {
    base: u64,
    cap: u64,
}

impl Doubling {
    /// Draws a delay from U\[0, min(cap, base · 2^(retry − 1))\].
    #[inline]
    fn draw(self, retry: u32, bits: impl FnOnce() -> u64) -> u64 {
        let Self { base, cap } = self;
        let doublings = retry.saturating_sub(1);
        // base · 2ⁿ is above the cap exactly if base is above cap / 2ⁿ. For n ≥ 64 every base
        // except zero is above it, and zero stays zero however it is shifted.
        let ceiling = if base > cap.checked_shr(doublings).unwrap_or_default() {
            cap
        } else {
            base.wrapping_shl(doublings)
        };
        match ceiling {
            0 => 0,
            _ => jitter::below(ceiling, bits()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_fast_path_equals_the_general_path() {
        let nanoseconds = [0, 1, 3, 50_000_000, 1_000_000_000, 1 << 62, u64::MAX - 1];
        for base in nanoseconds {
            for cap in nanoseconds {
                let (long_base, long_cap) = (Duration::from_nanos(base), Duration::from_nanos(cap));
                let backoff = Backoff::exponential(long_base).cap(long_cap);
                let doubling = Doubling { base, cap };
                assert_eq!(backoff.as_doubling(), Some(doubling));
                for retry in [0, 1, 2, 5, 31, 32, 63, 64, 65, 127, 128, 129, u32::MAX] {
                    for bits in [0, 1, 1 << 63, u64::MAX, 0x0123_4567_89ab_cdef] {
                        let fast = doubling.draw(retry, || bits);
                        let general = backoff.any_delay(retry, 0, || bits);
                        assert_eq!(u128::from(fast), general, "{base} {cap} {retry} {bits}");
                    }
                }
            }
        }
    }

    #[test]
    fn other_schedules_take_the_general_path() {
        let backoff = Backoff::exponential(Duration::from_secs(1));
        for other in [
            backoff.factor(3.0),
            backoff.cap(Duration::MAX),
            backoff.jitter(Jitter::Equal),
            Backoff::linear(Duration::from_secs(1)),
        ] {
            assert_eq!(other.as_doubling(), None, "{other:?}");
        }
    }
}
