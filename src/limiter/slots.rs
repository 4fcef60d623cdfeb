//! `Slots`: the times at which waiting calls ask a limiter again.

use std::time::Duration;

use crate::timer::nanos;

/// How much later than the next token a call may ask again. Waiting calls thus find a rate
/// that rises within 5 seconds. AWS's curve takes about 4 seconds to recover a rate of 100
/// attempts per second.
const WINDOW: Duration = Duration::from_secs(5);

/// The steps that this adds to [`Slots::spread`] fill the window evenly, however many there
/// are: 2^32 divided by the golden ratio.
const GOLDEN_STEP: u32 = 0x9e37_79b9;

/// How many calls may wait for the next token itself. A client with few waiting calls thus
/// follows the formula of its limiter exactly.
const SHARING: u32 = 4;

/// Gives each waiting call of a limiter a time of its own. If all calls waited for the next
/// token, each token would cost one request per waiting call.
///
/// A slot is only a time to ask. It reserves nothing: if a waiting call is dropped, the next
/// call that asks takes its token. If none asks earlier, the calls behind it wait longer than
/// they need to, by at most 5 s.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// The latest slot. It is in the past if no call waits for one.
    latest: Duration,
    /// The number of calls that were given the time of the next token itself. It starts again
    /// if no call waits.
    sharing: u32,
    /// The place of the last call that found no free slot in the window, in units of the
    /// window divided by 2^32.
    spread: u32,
}

impl Slots {
    /// Returns the wait of a call that a limiter refuses at `now`, if the next token arrives
    /// after `next_token`. Slots are `step` apart.
    ///
    /// The first waiting calls get `next_token` itself. If all slots in the window are taken,
    /// the calls are spread over the whole window. They then also find tokens that arrive
    /// earlier because the rate rises.
    pub(crate) fn wait(&mut self, now: Duration, next_token: Duration, step: Duration) -> Duration {
        let first = now.saturating_add(next_token);
        if self.latest <= now {
            self.sharing = 0;
        }
        if self.sharing < SHARING {
            self.sharing = self.sharing.saturating_add(1);
            self.latest = self.latest.max(first);
            return next_token;
        }
        let later = self.latest.saturating_add(step).saturating_sub(first);
        if later <= WINDOW {
            self.latest = first.saturating_add(later);
            return next_token.saturating_add(later);
        }
        self.spread = self.spread.wrapping_add(GOLDEN_STEP);
        // The product is less than 2^57.
        let place = nanos(WINDOW).saturating_mul(u64::from(self.spread >> 8)) >> 24;
        next_token.saturating_add(Duration::from_nanos(place))
    }

    /// Forgets all slots. Call this if the clock has gone back: the slots may be far ahead of
    /// the new time.
    pub(crate) const fn clear(&mut self) {
        self.latest = Duration::ZERO;
    }
}
