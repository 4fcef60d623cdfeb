//! A small random number generator, so that a seed always gives the same script.

use std::time::Duration;

/// `SplitMix64`.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `n` - 1.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        u32::try_from(self.next() % u64::from(n)).expect("a remainder of a u32")
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let count = u32::try_from(choices.len()).expect("a few choices");
        choices[self.below(count) as usize]
    }

    /// `make`'s value once in `n` times.
    pub(crate) fn maybe<T>(&mut self, n: u32, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(n).then(|| make(self))
    }

    /// 0 to `n` half seconds.
    pub(crate) fn half_seconds(&mut self, n: u32) -> Duration {
        halves(u64::from(self.below(n + 1)))
    }
}

/// `n` half seconds.
///
/// Every duration of a script is a multiple of half a second. Sync calls read the
/// process's clock, and a few microseconds of it then change no decision.
pub(crate) const fn halves(n: u64) -> Duration {
    Duration::from_millis(500 * n)
}
