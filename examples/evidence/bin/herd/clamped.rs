//! Decorrelated jitter as in the article: drawn beyond the cap, then clamped to it.

use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

/// The delays of one client. The crate's own [`Jitter::Decorrelated`](reattempt::Jitter) draws
/// within the cap instead, so that delays at the cap stay spread.
pub(crate) struct Clamped {
    base: Duration,
    cap: Duration,
    previous: Duration,
    random: Xoshiro256PlusPlus,
}

impl Clamped {
    pub(crate) fn new(base: Duration, cap: Duration, seed: u64) -> Self {
        Self {
            base,
            cap,
            previous: base,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
        }
    }
}

impl Iterator for Clamped {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let drawn = self.random.random_range(self.base..=self.previous * 3);
        self.previous = drawn.min(self.cap);
        Some(self.previous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_three_delays_after_the_cap_are_the_cap() {
        let (base, cap) = (Duration::from_millis(5), Duration::from_secs(2));
        let delays: Vec<Duration> = Clamped::new(base, cap, 1).take(10_000).collect();
        assert!(delays.iter().all(|delay| (base..=cap).contains(delay)));
        assert!(delays[0] <= base * 3);
        // After the cap, a draw of up to three times the cap is above it two times in three.
        let pairs = || delays.windows(2).filter(|pair| pair[0] == cap);
        let (all, again) = (
            pairs().count(),
            pairs().filter(|pair| pair[1] == cap).count(),
        );
        assert!(all > 1_000, "{all}");
        assert!(
            (0.6..0.73).contains(&(again as f64 / all as f64)),
            "{again} of {all}"
        );
    }
}
