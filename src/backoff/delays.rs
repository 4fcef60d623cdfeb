//! `Delays`: the iterator over a schedule's delays.

use std::iter::FusedIterator;
use std::time::Duration;

use super::draw::Doubling;
use super::{Backoff, duration};
use crate::jitter;

/// An endless iterator over the delays of a [`Backoff`].
///
/// [`Backoff::delays`] and [`Backoff::delays_seeded`] create one. Use it to wait
/// by your own means, for example between reconnects.
///
/// ```
/// use std::time::Duration;
/// use reattempt::{Backoff, Jitter};
///
/// let backoff = Backoff::linear(Duration::from_secs(2)).jitter(Jitter::None);
/// let seconds: Vec<u64> = backoff.delays().take(3).map(|delay| delay.as_secs()).collect();
/// assert_eq!(seconds, [2, 4, 6]);
/// ```
#[must_use = "an iterator does nothing unless it is advanced"]
#[derive(Clone, Debug)]
pub struct Delays {
    backoff: Backoff,
    /// The fast path, if it applies to the backoff.
    doubling: Option<Doubling>,
    /// The last delay in nanoseconds, 0 before the first. Saturates at 584 years, as in a call.
    previous: u64,
    /// The number of the last retry, 0 before the first.
    retry: u32,
    seed: u64,
}

impl Delays {
    pub(super) const fn new(backoff: Backoff, seed: u64) -> Self {
        Self {
            backoff,
            doubling: backoff.as_doubling(),
            previous: 0,
            retry: 0,
            seed,
        }
    }
}

impl Iterator for Delays {
    type Item = Duration;

    #[inline]
    fn next(&mut self) -> Option<Duration> {
        self.retry = self.retry.saturating_add(1);
        let bits = || jitter::word(self.seed, u64::from(self.retry));
        let previous = u128::from(self.previous);
        let delay = self
            .backoff
            .jittered_delay(self.doubling, self.retry, previous, bits);
        self.previous = u64::try_from(delay).unwrap_or(u64::MAX);
        Some(duration(delay))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl FusedIterator for Delays {}
