//! `Deadline`: the end of a call's time limit.

use std::time::Duration;

/// The time at which a call's time limit ends. Sums saturate at `Duration::MAX`, which
/// is never reached.
///
/// The seconds are kept in halves, high and low, so that a deadline takes 12 bytes of a
/// call's future and not 16.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Deadline {
    seconds: [u32; 2],
    nanos: u32,
}

impl Deadline {
    pub(super) const fn after(limit: Option<Duration>, now: Duration) -> Self {
        match limit {
            Some(limit) => Self::at(now.saturating_add(limit)),
            None => Self::at(Duration::MAX),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two casts take the two halves"
    )]
    const fn at(time: Duration) -> Self {
        let seconds = time.as_secs();
        Self {
            seconds: [(seconds >> 32) as u32, seconds as u32],
            nanos: time.subsec_nanos(),
        }
    }

    const fn time(self) -> Duration {
        let [high, low] = self.seconds;
        Duration::new((high as u64) << 32 | low as u64, self.nanos)
    }

    pub(super) const fn exists(self) -> bool {
        let [high, low] = self.seconds;
        high < u32::MAX || low < u32::MAX || self.nanos < Duration::MAX.subsec_nanos()
    }

    pub(super) fn is_reached(self, time: Duration) -> bool {
        self.exists() && time >= self.time()
    }

    pub(super) fn remaining(self, now: Duration) -> Option<Duration> {
        self.exists().then(|| self.time().saturating_sub(now))
    }

    /// Returns the deadline `by` earlier. A call without a time limit keeps none.
    pub(super) const fn earlier(self, by: Duration) -> Self {
        if self.exists() {
            Self::at(self.time().saturating_sub(by))
        } else {
            self
        }
    }
}
