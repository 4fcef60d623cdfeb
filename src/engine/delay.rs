//! The delay before a retry: what the backoff draws, the server's hint, and what is left of it
//! after the callbacks.

use std::time::Duration;

use super::Progress;
use crate::backoff::{Backoff, duration};
use crate::classify::ErrorKind;
use crate::jitter;
use crate::policy::{ServerHint, Settings};
use crate::timer::nanos;

impl Progress {
    /// Draws the delay before the next retry.
    ///
    /// # Errors
    ///
    /// Returns the hint if it is longer than the policy allows.
    pub(super) fn draw_delay(
        &mut self,
        settings: &Settings,
        kind: ErrorKind,
        hint: Option<Duration>,
    ) -> Result<Duration, Duration> {
        let backoff = settings.backoff_for(kind);
        let drawn = backoff.delay(self.executed, u128::from(self.previous), settings.seed);
        self.previous = u64::try_from(drawn).unwrap_or(u64::MAX);
        let delay = duration(drawn);
        let Some(hint) = hint else { return Ok(delay) };
        match settings.server_hint {
            ServerHint::Ignore => Ok(delay),
            ServerHint::Bounded { slack } => Ok(hint.clamp(delay, delay.saturating_add(slack))),
            ServerHint::Exact { max } | ServerHint::Honor { max } if hint > max => Err(hint),
            ServerHint::Exact { .. } => Ok(hint),
            ServerHint::Honor { .. } => {
                let spread = hint_spread(backoff, self.executed, hint, settings.seed);
                Ok(delay.max(hint.saturating_add(spread)))
            }
        }
    }

    /// Returns true if the time limit has passed at `now`.
    pub(crate) fn is_out_of_time(&self, now: Duration) -> bool {
        self.deadline.is_reached(now)
    }

    /// Begins a wait at `now`, after a decision at `decided_at` and the call's callbacks. Returns
    /// the delay to serve. It is shorter than `delay` only if the wait would otherwise end at the
    /// time limit or later: it then ends when it would have ended without the callbacks.
    pub(crate) fn begin_wait(
        &mut self,
        delay: Duration,
        decided_at: Duration,
        now: Duration,
    ) -> Duration {
        let left = if self.deadline.is_reached_by_wait(delay, now) {
            decided_at.saturating_add(delay).saturating_sub(now)
        } else {
            delay
        };
        self.add_wait(left);
        left
    }

    /// Begins a last wait, as [`begin_wait`](Self::begin_wait) does. All of it was counted when
    /// the call ended.
    pub(crate) fn begin_last_wait(
        &mut self,
        delay: Duration,
        decided_at: Duration,
        now: Duration,
    ) -> Duration {
        self.waited = self.waited.saturating_sub(nanos(delay));
        self.begin_wait(delay, decided_at, now)
    }
}

/// Draws what is added to a hint, so that clients that received the same hint do not all
/// retry at the same time: U[0, min(ceiling, hint / 2)] with jitter, 0 without.
fn hint_spread(backoff: &Backoff, retry: u32, hint: Duration, seed: Option<u64>) -> Duration {
    if !backoff.is_jittered() {
        return Duration::ZERO;
    }
    // The backoff draws from the words with small indices, so these are independent.
    let index = u64::from(retry) | (1 << 63);
    let bits = jitter::random(seed, index);
    let most = backoff.ceiling_nanos(retry).min(hint.as_nanos() >> 1);
    duration(jitter::between(0, most, bits))
}
