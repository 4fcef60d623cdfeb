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
        let begun = self.now();
        sleep(delay);
        self.unserved(delay, begun)
    }

    /// Waits like [`wait`](Self::wait). If `sleep` returns early, blocks before the limiter
    /// is asked again. With a queue it blocks for the rest of the wait, so that the call takes
    /// no further place. Without one it blocks for at most 10 ms. `sleep` did not return early
    /// if the wait has passed in real time or on this clock.
    pub(super) fn wait_for_limiter(
        self,
        delay: Duration,
        has_queue: bool,
        sleep: &mut impl FnMut(Duration),
    ) -> Duration {
        let begun = self.now();
        // A thread cannot block on wasm32-unknown-unknown.
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        {
            let _ = has_queue;
            sleep(delay);
        }
        #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
        {
            let slept = timer::real_time(|| sleep(delay));
            let left = delay.saturating_sub(slept);
            let pause = pause(left.min(self.unserved(delay, begun)), has_queue);
            if !pause.is_zero() {
                timer::sleep_blocking(pause);
            }
        }
        self.unserved(delay, begun)
    }

    /// Returns the part of a wait that has not passed on this clock. It is never longer than
    /// the wait, even if the clock went back.
    fn unserved(self, delay: Duration, begun: Duration) -> Duration {
        if self.is_read {
            let seen = self.now().saturating_sub(begun);
            delay.saturating_sub(seen)
        } else {
            Duration::ZERO
        }
    }
}

/// The longest pause after an interrupted wait for a limiter without a queue.
#[cfg(any(test, not(all(target_family = "wasm", target_os = "unknown"))))]
const PAUSE: Duration = Duration::from_millis(10);

/// Returns how long to block if this part of a wait has not passed.
#[cfg(any(test, not(all(target_family = "wasm", target_os = "unknown"))))]
const fn pause(unserved: Duration, has_queue: bool) -> Duration {
    if has_queue || unserved.as_nanos() < PAUSE.as_nanos() {
        unserved
    } else {
        PAUSE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn an_interrupted_limiter_wait_pauses_before_the_next_request() {
        assert_eq!(pause(ms(3_600_000), false), ms(10));
        assert_eq!(pause(ms(3), false), ms(3));
        assert_eq!(pause(ms(0), false), ms(0));
    }

    #[test]
    fn an_interrupted_wait_in_a_queue_is_waited_out() {
        assert_eq!(pause(ms(3_600_000), true), ms(3_600_000));
        assert_eq!(pause(ms(0), true), ms(0));
    }
}
