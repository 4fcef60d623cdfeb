//! Jitter. This is the only module that generates random numbers.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

#[cfg(all(target_family = "wasm", target_os = "unknown", not(reattempt_no_js)))]
use crate::timer;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use crate::timer::nanos_since_1970 as salt;

/// The random spread of a delay within the cap.
///
/// Clients that fail at the same time would all retry at the same time. A random
/// spread avoids that. The delay is drawn from an interval that ends at the cap
/// or below, not clamped to the cap afterwards, so delays that have grown to the
/// cap stay spread too.
///
/// In the formulas below, *d* is the delay before jitter, [`Backoff::ceiling`],
/// and U\[a, b\] is a uniform draw between a and b, in nanoseconds. `Full`,
/// `Equal` and `Decorrelated` are the strategies of the AWS Architecture Blog's
/// [*Exponential Backoff And Jitter*][blog], except that the article clamps the
/// last one to the cap.
///
/// Every call draws its own delays, in each thread and after a `fork` as well.
/// Only a [`seed`](crate::RetryPolicy::seed) repeats them. The exception is
/// `wasm32-unknown-unknown` with `--cfg reattempt_no_js`, which has no source of
/// random numbers: all instances of a module draw the same sequence of delays.
///
/// ```
/// use std::time::Duration;
/// use reattempt::{Backoff, Jitter};
///
/// let backoff = Backoff::exponential(Duration::from_secs(1)).jitter(Jitter::Equal);
/// let first = backoff.delays().next();
/// assert!(first >= Some(Duration::from_millis(500)) && first <= Some(Duration::from_secs(1)));
/// ```
///
/// [`Backoff::ceiling`]: crate::Backoff::ceiling
/// [blog]: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    /// U\[base, min(cap, 3 · previous delay)\]. The previous delay is the base at
    /// first.
    ///
    /// The delays grow by themselves. Only the base and the cap of the schedule
    /// are used. If the base is at or above the cap, that interval would be a
    /// single point, and U\[cap/2, cap\] is used instead.
    Decorrelated,
    /// U\[d/2, d\]. Keeps at least half of the delay.
    Equal,
    /// U\[0, d\]. The widest spread, and the least work for the server.
    Full,
    /// d itself, without randomness.
    None,
    /// U\[d · (1 − p), min(cap, d · (1 + p))\]. The share p is clamped to
    /// 0 ..= 1, and NaN counts as 0.
    Proportional(f64),
}

/// What the interval of a delay depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
    /// The delay before jitter in nanoseconds, at most the cap.
    pub(crate) ceiling: u128,
    /// The delay before the previous retry in nanoseconds. Zero if there is none,
    /// which has the same effect as the base.
    pub(crate) previous: u128,
}

impl Jitter {
    /// Returns the least and the largest delay in nanoseconds, both at most the
    /// cap.
    #[inline]
    pub(crate) fn interval(self, frame: Frame) -> (u128, u128) {
        let ceiling = frame.ceiling;
        match self {
            Self::None => (ceiling, ceiling),
            Self::Full => (0, ceiling),
            Self::Equal => (ceiling >> 1, ceiling),
            Self::Proportional(share) => {
                let spread = part(ceiling, share);
                let high = ceiling.saturating_add(spread).min(frame.cap.as_nanos());
                (ceiling.saturating_sub(spread), high)
            }
            Self::Decorrelated => {
                let (base, cap) = (frame.base.as_nanos(), frame.cap.as_nanos());
                if base >= cap {
                    (cap >> 1, cap)
                } else {
                    (base, cap.min(frame.previous.max(base).saturating_mul(3)))
                }
            }
        }
    }

    /// Returns one delay in nanoseconds. Calls `bits` only if the interval is
    /// longer than a point.
    #[inline]
    pub(crate) fn spread(self, frame: Frame, bits: impl FnOnce() -> u64) -> u128 {
        let (low, high) = self.interval(frame);
        if low < high {
            between(low, high, bits())
        } else {
            high
        }
    }
}

/// Returns `share` (clamped to 0 ..= 1, NaN is 0) of `whole`, in steps of 2⁻³².
#[inline]
fn part(whole: u128, share: f64) -> u128 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::float_arithmetic,
        reason = "the clamped share fits 33 bits, and casting NaN gives 0"
    )]
    let share = (share.clamp(0.0, 1.0) * 4_294_967_296.0) as u64;
    whole.saturating_mul(u128::from(share)) >> 32
}

/// Returns the point of \[low, high\] that 64 random bits select. Both ends are
/// possible.
///
/// This is Lemire's multiplication, which needs no division. The probability of
/// each part of the interval is its share of the length, to about 2⁻⁶³.
pub(crate) fn between(low: u128, high: u128, bits: u64) -> u128 {
    let width = high.saturating_sub(low);
    let bits = u128::from(bits);
    let offset = if width < u128::from(u64::MAX) {
        width.saturating_add(1).saturating_mul(bits) >> 64
    } else {
        // Longer than 584 years: drop low bits, so that the product fits.
        (width >> 32).saturating_mul(bits) >> 32
    };
    low.saturating_add(offset)
}

/// Returns [`between`] of 0 and `high`, which must be below `u64::MAX`, in 64 bits.
#[inline]
pub(crate) fn below(high: u64, bits: u64) -> u64 {
    let width = u128::from(high.saturating_add(1));
    // The upper half of the product fits.
    u64::try_from(width.saturating_mul(u128::from(bits)) >> 64).unwrap_or(high)
}

/// Returns the random word number `index` of `seed`.
///
/// It is a pure function, so that a call stores a seed but no generator: each
/// word is the first one of a freshly seeded xoshiro256++ of the crate `rand`.
/// The optimizer reduces that to two rounds of mixing.
#[inline]
pub(crate) fn word(seed: u64, index: u64) -> u64 {
    // Odd, and not the constant that the seeding itself adds.
    const STEP: u64 = 0xd134_2543_de82_ef95;
    Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_add(index.wrapping_mul(STEP))).next_u64()
}

/// Returns the random word number `index` of `seed`, or of a new seed if there is none.
pub(crate) fn random(seed: Option<u64>, index: u64) -> u64 {
    word(seed.unwrap_or_else(entropy), index)
}

/// Returns a random word that differs for each call, thread and process.
///
/// It allocates nothing, and only the first call of a thread reads the operating
/// system's random numbers.
#[inline]
pub(crate) fn entropy() -> u64 {
    mixed(&RandomState::new(), salt())
}

/// Returns a random word, the same one for all calls of a thread.
///
/// On this target the standard library makes the keys of `RandomState` from
/// addresses, which are the same in each instance of a module. Without
/// `crypto.getRandomValues`, as in an audio worklet, the word is the wall clock's
/// time.
#[cfg(all(target_family = "wasm", target_os = "unknown", not(reattempt_no_js)))]
fn salt() -> u64 {
    thread_local! {
        static SALT: u64 = getrandom::u64().unwrap_or_else(|_| timer::nanos_since_1970());
    }
    SALT.with(|salt| *salt)
}

/// Returns 0, because the host has no random numbers and no clock.
#[cfg(all(target_family = "wasm", target_os = "unknown", reattempt_no_js))]
const fn salt() -> u64 {
    0
}

/// Mixes everything that differs between two draws.
///
/// The standard library gives each `RandomState` of a thread other keys, and
/// each thread other random numbers to make them from. There is one exception: a
/// child of `fork`, or a clone of a virtual machine, inherits those numbers and
/// makes the same keys as its parent. Only the salt differs then, because it is
/// the time in nanoseconds. The process id would not differ in a cloned machine,
/// and it takes a system call that is slower than ten draws.
///
/// The salt is an argument so that a test can compute the words of a parent and
/// of its child. A real `fork` needs unsafe code.
fn mixed(keys: &RandomState, salt: u64) -> u64 {
    word(keys.build_hasher().finish(), salt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_reaches_both_ends_of_its_interval() {
        assert_eq!(between(10, 20, 0), 10);
        assert_eq!(between(10, 20, u64::MAX), 20);
        let wide = u128::from(u64::MAX) * 1_000_000_000;
        assert_eq!(between(0, wide, 0), 0);
        assert!(between(0, wide, u64::MAX) <= wide);
        assert!(between(0, wide, u64::MAX) > wide / 100 * 99);
    }

    #[test]
    fn a_share_is_clamped_and_nan_counts_as_zero() {
        assert_eq!(part(1_000, f64::NAN), 0);
        assert_eq!(part(1_000, -3.0), 0);
        assert_eq!(part(1_000, 0.5), 500);
        assert_eq!(part(1_000, 1e30), 1_000);
    }

    #[test]
    fn an_empty_interval_draws_no_random_number() {
        let frame = Frame {
            base: Duration::ZERO,
            cap: Duration::ZERO,
            ceiling: 0,
            previous: 0,
        };
        for jitter in [
            Jitter::None,
            Jitter::Full,
            Jitter::Equal,
            Jitter::Decorrelated,
            Jitter::Proportional(0.5),
        ] {
            assert_eq!(jitter.spread(frame, || unreachable!("a draw")), 0);
        }
    }

    #[test]
    fn a_forked_child_draws_other_words_than_its_parent() {
        // After a fork both processes make the same keys.
        let keys: Vec<RandomState> = (0..100).map(|_| RandomState::new()).collect();
        let words = |start: u64| -> Vec<u64> {
            let times = (start..).step_by(50);
            keys.iter().zip(times).map(|(k, t)| mixed(k, t)).collect()
        };
        let parent = words(1_000);
        assert_eq!(words(1_000), parent);
        for start in [999, 1_001, 1_050, 900_000] {
            let child = words(start);
            assert!(child.iter().all(|word| !parent.contains(word)), "{start}");
        }
    }

    #[test]
    fn two_draws_at_the_same_time_differ() {
        let draw = || mixed(&RandomState::new(), 7);
        assert_ne!(draw(), draw());
    }
}
