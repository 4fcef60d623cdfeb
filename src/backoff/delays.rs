//! `Delays`: the iterator over a schedule's delays.

use std::iter::FusedIterator;
use std::time::Duration;

use super::{Backoff, duration};

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
    pub(super) backoff: Backoff,
    /// The last delay in nanoseconds, 0 before the first.
    pub(super) previous: u128,
    /// The number of the last retry, 0 before the first.
    pub(super) retry: u32,
    pub(super) seed: u64,
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
