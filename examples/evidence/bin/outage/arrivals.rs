//! The new calls: when each one arrives, and at which client.

use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use crate::model::CALLS_PER_SECOND;

/// A new call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Duration,
    pub(crate) client: u32,
    /// A random number that selects one of the client's policies.
    pub(crate) draw: u64,
}

/// A Poisson process whose calls belong to uniformly chosen clients. The same seed gives
/// the same calls, so that all policies face the same ones.
#[derive(Debug)]
pub(crate) struct Arrivals {
    random: Xoshiro256PlusPlus,
    clients: u32,
    now: Duration,
    end: Duration,
}

impl Arrivals {
    pub(crate) fn new(seed: u64, clients: u32, end: Duration) -> Self {
        Self {
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            clients,
            now: Duration::ZERO,
            end,
        }
    }
}

impl Iterator for Arrivals {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let uniform: f64 = self.random.random();
        // In (0, 1], so that the logarithm is finite.
        let gap = -(1.0 - uniform).ln() / CALLS_PER_SECOND;
        self.now += Duration::from_secs_f64(gap);
        (self.now < self.end).then(|| Arrival {
            at: self.now,
            client: self.random.random_range(0..self.clients),
            draw: self.random.random(),
        })
    }
}
