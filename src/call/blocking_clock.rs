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

    /// Waits for a limiter like [`wait`](Self::wait). If `sleep` returns early, for example
    /// because the program shuts down, the limiter would be asked without a pause.
    pub(super) fn wait_for_limiter(
        self,
        delay: Duration,
        sleep: &mut impl FnMut(Duration),
    ) -> Duration {
        let unserved = self.wait(delay, sleep);
        let pause = pause_after(unserved);
        if !pause.is_zero() {
            timer::sleep_blocking(pause);
        }
        unserved.saturating_sub(pause)
    }
}

/// The pause after an interrupted wait for a limiter.
const PAUSE: Duration = Duration::from_millis(10);

/// Returns how long to block before the limiter is asked again.
fn pause_after(unserved: Duration) -> Duration {
    unserved.min(PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_wait_for_a_limiter_pauses_before_the_next_request() {
        let (clock, mut sleeps) = (BlockingClock::new(true), 0);
        let started = clock.now();
        let hour = Duration::from_secs(3_600);
        let unserved = clock.wait_for_limiter(hour, &mut |_| sleeps += 1);
        let served = clock.now().saturating_sub(started);
        assert_eq!(sleeps, 1);
        assert!(
            served >= PAUSE && unserved <= hour - PAUSE,
            "{served:?} {unserved:?}"
        );
    }

    #[test]
    fn a_wait_that_was_served_has_no_pause() {
        assert_eq!(pause_after(Duration::ZERO), Duration::ZERO);
        assert_eq!(
            pause_after(Duration::from_millis(3)),
            Duration::from_millis(3)
        );
    }
}
