//! The model's retry budget: rule 9 and the public promises of `RetryBudget`.

use std::time::Duration;

use reattempt::ErrorKind;

use crate::script::{Bucket, Refill};

const TOKEN: u128 = 1_000_000_000_000;

/// A bucket that counts in 10⁻¹² tokens: a thousandth of a token per second for each
/// nanosecond, so that nothing is ever rounded.
pub(crate) struct Tokens {
    bucket: Bucket,
    level: u128,
    /// The latest time that a call has passed to it.
    latest: Option<Duration>,
}

impl Tokens {
    pub(crate) fn new(bucket: Bucket) -> Self {
        let start = bucket.start.unwrap_or(bucket.capacity);
        Self {
            bucket,
            level: u128::from(start.min(bucket.capacity)) * TOKEN,
            latest: None,
        }
    }

    fn add(&mut self, level: u128) {
        let full = u128::from(self.bucket.capacity) * TOKEN;
        self.level = self.level.saturating_add(level).min(full);
    }

    fn refill(&mut self, now: Duration) {
        let since = now.saturating_sub(self.latest.unwrap_or(now));
        self.latest = Some(self.latest.map_or(now, |latest| latest.max(now)));
        match self.bucket.refill {
            None => {}
            Some(Refill::Infinite) => self.add(u128::MAX),
            Some(Refill::Rate(thousandths)) => {
                self.add(since.as_nanos() * u128::from(thousandths));
            }
        }
    }

    fn cost(&self, kind: ErrorKind) -> u128 {
        let default = if self.bucket.ratio.is_some() {
            (1, 1)
        } else {
            (5, 14)
        };
        let (throttling, other) = self.bucket.costs.unwrap_or(default);
        let cost = match kind {
            ErrorKind::Throttling => throttling,
            _ => other,
        };
        u128::from(cost) * TOKEN
    }

    /// Takes the cost of a retry, if there is enough.
    pub(crate) fn pay(&mut self, kind: ErrorKind, now: Duration) -> bool {
        self.refill(now);
        let cost = self.cost(kind);
        let is_enough = self.level >= cost;
        if is_enough {
            self.level -= cost;
        }
        is_enough
    }

    /// Returns the cost of a retry that never starts.
    pub(crate) fn give_back(&mut self, kind: ErrorKind) {
        let cost = self.cost(kind);
        self.add(cost);
    }

    /// Adds what a success brings: `retried` is why the last retry was made.
    pub(crate) fn succeed(&mut self, retried: Option<ErrorKind>, now: Duration) {
        self.refill(now);
        let gain = match (self.bucket.ratio, retried) {
            (Some(thousandths), _) => u128::from(thousandths) * (TOKEN / 1000),
            (None, None) => TOKEN,
            (None, Some(kind)) => self.cost(kind),
        };
        self.add(gain);
    }

    /// The whole tokens.
    pub(crate) fn whole(&self) -> u32 {
        u32::try_from(self.level / TOKEN).expect("at most the capacity")
    }

    /// The whole tokens at `now`.
    pub(crate) fn whole_at(&mut self, now: Duration) -> u32 {
        self.refill(now);
        self.whole()
    }
}
