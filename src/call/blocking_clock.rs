//! `BlockingClock`: the time of one sync call, and its waits.

use std::time::Duration;

use crate::timer;

/// The process's clock, if the call depends on the time.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockingClock {
    is_read: bool,
}

impl BlockingClock {
    pub(super) const fn new(is_read: bool) -> Self {
        Self { is_read }
    }

    /// Returns the time, or zero if the call does not depend on it.
    pub(super) fn now(self) -> Duration {
        if self.is_read {
            timer::now()
        } else {
            Duration::ZERO
        }
    }

    /// Waits by calling `sleep`, and returns the part of the wait that was not served.
    pub(super) fn wait(self, delay: Duration, sleep: &mut impl FnMut(Duration)) -> Duration {
        let due = self.now().saturating_add(delay);
        sleep(delay);
        if self.is_read {
            due.saturating_sub(self.now())
        } else {
            Duration::ZERO
        }
    }
}
