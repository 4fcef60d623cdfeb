//! One bucket for the whole fleet, from which clients lease tokens in small batches.

use std::collections::HashMap;
use std::time::Duration;

use crate::policies::BURST;

/// The bucket gains this many tokens per second: a retry for ten calls of the fleet. It gains them
/// during an outage too, so a fleet recovers later than with budgets that only successes fill.
const TOKENS_PER_SECOND: f64 = 100.0;
/// The bucket holds the tokens of one second at most.
const CAPACITY: f64 = TOKENS_PER_SECOND;
/// The time from the request of a client to the arrival of its tokens.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(5);
/// A client waits this long between two requests.
const PAUSE: Duration = Duration::from_millis(100);

/// The fleet's bucket and the times of the clients' next requests.
#[derive(Debug)]
pub(crate) struct FleetBucket {
    tokens: f64,
    counted_at: Duration,
    /// A large fleet leases single tokens. With larger batches a few clients would get all
    /// tokens.
    batch: u32,
    next_request: HashMap<u32, Duration>,
}

impl FleetBucket {
    pub(crate) fn new(clients: usize) -> Self {
        let clients = u32::try_from(clients).unwrap_or(u32::MAX);
        Self {
            tokens: CAPACITY,
            counted_at: Duration::ZERO,
            batch: (100 / clients.max(1)).clamp(1, BURST),
            next_request: HashMap::new(),
        }
    }

    /// Leases tokens to a client that holds `held`, and returns their number. Returns 0 if
    /// the client has a batch, asked a moment ago, or if the bucket is empty.
    pub(crate) fn lease(&mut self, client: u32, held: u32, now: Duration) -> u32 {
        if held >= self.batch || self.next_request.get(&client).is_some_and(|at| now < *at) {
            return 0;
        }
        self.next_request.insert(client, now + PAUSE);
        let gained = now.saturating_sub(self.counted_at).as_secs_f64() * TOKENS_PER_SECOND;
        self.tokens = (self.tokens + gained).min(CAPACITY);
        self.counted_at = now;
        let mut leased = 0;
        while leased < self.batch && self.tokens >= 1.0 {
            self.tokens -= 1.0;
            leased += 1;
        }
        leased
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fleet_gets_its_capacity_and_then_its_rate() {
        let mut bucket = FleetBucket::new(1_000);
        let mut leased = |seconds| -> u32 {
            (0..1_000)
                .map(|client| bucket.lease(client, 0, Duration::from_secs(seconds)))
                .sum()
        };
        assert_eq!(leased(1), 100);
        assert_eq!(leased(1), 0);
        assert_eq!(leased(2), 100);
        assert_eq!(leased(9), 100);
    }
}
