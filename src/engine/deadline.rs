//! `Deadline`: the end of a call's time limit.

use std::num::NonZeroU32;
use std::time::Duration;

/// The time at which a call's time limit ends, or `None` if there is no limit. A limit
/// that ends at or after `Duration::MAX` is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Deadline(Option<End>);

impl Deadline {
    pub(super) fn after(limit: Option<Duration>, now: Duration) -> Self {
        let end = limit.map(|limit| now.saturating_add(limit));
        Self(end.filter(|end| *end < Duration::MAX).map(End::at))
    }

    pub(super) const fn exists(self) -> bool {
        self.0.is_some()
    }

    pub(super) fn is_reached(self, time: Duration) -> bool {
        self.0.is_some_and(|end| time >= end.time())
    }

    /// Returns true if a wait that begins at `now` ends at the deadline or later.
    pub(super) fn is_reached_by_wait(self, delay: Duration, now: Duration) -> bool {
        // The end of the wait is computed only if there is a deadline.
        self.0
            .is_some_and(|end| now.saturating_add(delay) >= end.time())
    }

    pub(super) fn remaining(self, now: Duration) -> Option<Duration> {
        self.0.map(|end| end.time().saturating_sub(now))
    }

    /// Returns the deadline `by` earlier. A call without a time limit keeps none.
    pub(super) fn earlier(self, by: Duration) -> Self {
        Self(self.0.map(|end| End::at(end.time().saturating_sub(by))))
    }
}

/// A time. In this form a deadline takes 12 bytes of a call's future and not 16.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct End {
    /// The high and the low half of the seconds.
    seconds: [u32; 2],
    /// The nanoseconds within the second, plus one.
    nanos_plus_one: NonZeroU32,
}

impl End {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two casts take the two halves"
    )]
    const fn at(time: Duration) -> Self {
        let seconds = time.as_secs();
        Self {
            seconds: [(seconds >> 32) as u32, seconds as u32],
            nanos_plus_one: NonZeroU32::MIN.saturating_add(time.subsec_nanos()),
        }
    }

    const fn time(self) -> Duration {
        let [high, low] = self.seconds;
        let seconds = (high as u64) << 32 | low as u64;
        Duration::new(seconds, self.nanos_plus_one.get().saturating_sub(1))
    }
}
