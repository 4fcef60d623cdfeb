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

    /// Waits like [`wait`](Self::wait). If `sleep` returns early, blocks before the limiter
    /// is asked again: with a queue for the rest of the wait, so that the call takes no
    /// further place in it, and else for at most 10 ms.
    pub(super) fn wait_for_limiter(
        self,
        delay: Duration,
        has_queue: bool,
        sleep: &mut impl FnMut(Duration),
    ) -> Duration {
        let unserved = self.wait(delay, sleep);
        // A thread cannot sleep on this target.
        if cfg!(all(target_family = "wasm", target_os = "unknown")) {
            return unserved;
        }
        pause(unserved, has_queue, timer::sleep_blocking)
    }
}

/// The longest pause after an interrupted wait for a limiter without a queue.
const PAUSE: Duration = Duration::from_millis(10);

/// Blocks for the part of a wait that was not served, or without a queue for at most
/// [`PAUSE`], and returns the rest.
fn pause(unserved: Duration, has_queue: bool, block: impl FnOnce(Duration)) -> Duration {
    let pause = if has_queue {
        unserved
    } else {
        unserved.min(PAUSE)
    };
    if !pause.is_zero() {
        block(pause);
    }
    unserved.saturating_sub(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn an_interrupted_limiter_wait_pauses_before_the_next_request() {
        assert_eq!(paused(ms(3_600_000), false), (Some(ms(10)), ms(3_599_990)));
        assert_eq!(paused(ms(3), false), (Some(ms(3)), ms(0)));
        assert_eq!(paused(ms(0), false), (None, ms(0)));
    }

    #[test]
    fn an_interrupted_wait_in_a_queue_is_waited_out() {
        assert_eq!(paused(ms(3_600_000), true), (Some(ms(3_600_000)), ms(0)));
        assert_eq!(paused(ms(0), true), (None, ms(0)));
    }

    /// Returns how long `pause` blocks, and what is left.
    fn paused(unserved: Duration, has_queue: bool) -> (Option<Duration>, Duration) {
        let mut paused = None;
        let rest = pause(unserved, has_queue, |time| paused = Some(time));
        (paused, rest)
    }
}
