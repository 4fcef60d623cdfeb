//! `Deadline`: the end of a call's time limit.

use std::time::Duration;

use crate::timer::nanos;

/// The time at which a call's time limit ends, in nanoseconds. Sums saturate at 584
/// years, which is `NEVER`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Deadline(u64);

impl Deadline {
    const NEVER: Self = Self(u64::MAX);

    pub(super) const fn after(limit: Option<Duration>, now: Duration) -> Self {
        match limit {
            Some(limit) => Self(nanos(limit).saturating_add(nanos(now))),
            None => Self::NEVER,
        }
    }

    pub(super) const fn exists(self) -> bool {
        self.0 != Self::NEVER.0
    }

    pub(super) const fn is_reached(self, time: Duration) -> bool {
        self.exists() && nanos(time) >= self.0
    }

    pub(super) fn remaining(self, now: Duration) -> Option<Duration> {
        self.exists()
            .then(|| Duration::from_nanos(self.0.saturating_sub(nanos(now))))
    }

    /// Returns the deadline `by` earlier. A call without a time limit keeps none.
    pub(super) const fn earlier(self, by: Duration) -> Self {
        if self.exists() {
            Self(self.0.saturating_sub(nanos(by)))
        } else {
            self
        }
    }
}
