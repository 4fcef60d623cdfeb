//! Spreads one delay; the only room that draws random numbers.

use std::hash::{BuildHasher, Hasher, RandomState};

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// The random spread of a delay, always inside the cap.
///
/// Clients that fail together would come back together; a random spread pulls
/// them apart. The draw is made inside the cap, never clamped to it after, so
/// that even delays that have grown to the cap stay apart.
///
/// In the formulas below *d* is the delay before jitter, [`Backoff::ceiling`],
/// and U[a, b] is a uniform draw between a and b in nanoseconds.
///
/// `Full`, `Equal` and `Decorrelated` are the strategies of the AWS Architecture
/// Blog's [*Exponential Backoff And Jitter*][blog], the last one without its
/// clamp.
///
/// [`Backoff::ceiling`]: crate::Backoff::ceiling
/// [blog]: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    /// U[base, min(cap, 3 · previous delay)], the previous delay being the base
    /// at first. Grows by itself: of the schedule only base and cap count.
    ///
    /// With a base at or above the cap that interval is a single point, and the
    /// draw is made from [cap/2, cap] instead.
    Decorrelated,
    /// U[d/2, d]: at least half of the delay is kept.
    Equal,
    /// U[0, d]: the widest spread and the least work for the server.
    Full,
    /// d itself, no randomness.
    None,
    /// U[d · (1 − p), min(cap, d · (1 + p))], with p clamped to 0 ..= 1 and NaN
    /// counting as 0.
    Proportional(f64),
}

/// What a draw depends on, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) base: u128,
    pub(crate) cap: u128,
    /// The delay before jitter, at most the cap.
    pub(crate) ceiling: u128,
    /// The delay drawn before this one, zero at first.
    pub(crate) previous: u128,
}

impl Jitter {
    /// One delay in nanoseconds, at most `frame.cap`; `bits` is asked only
    /// where there is something to draw.
    #[inline]
    pub(crate) fn spread(self, frame: Frame, bits: impl FnOnce() -> u64) -> u128 {
        let Frame {
            base,
            cap,
            ceiling,
            previous,
        } = frame;
        let (low, high) = match self {
            Self::None => return ceiling,
            Self::Full => (0, ceiling),
            Self::Equal => (ceiling >> 1, ceiling),
            Self::Proportional(share) => {
                let spread = part(ceiling, share);
                (
                    ceiling.saturating_sub(spread),
                    cap.min(ceiling.saturating_add(spread)),
                )
            }
            Self::Decorrelated if base >= cap => (cap >> 1, cap),
            Self::Decorrelated => (base, cap.min(previous.max(base).saturating_mul(3))),
        };
        if low < high {
            between(low, high, bits())
        } else {
            high
        }
    }
}

/// `share` (clamped to 0 ..= 1, NaN is 0) of `whole`, in steps of 2⁻³².
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

/// The point of [low, high] that 64 random bits select, both ends included.
///
/// Lemire's multiplication in place of a division: no part of the interval is
/// more or less likely than its share by more than about 2⁻⁶³.
#[inline]
pub(crate) fn between(low: u128, high: u128, bits: u64) -> u128 {
    let width = high.saturating_sub(low);
    let bits = u128::from(bits);
    let offset = if width < u128::from(u64::MAX) {
        width.saturating_add(1).saturating_mul(bits) >> 64
    } else {
        // Beyond 584 years: drop low bits rather than overflow.
        (width >> 32).saturating_mul(bits) >> 32
    };
    low.saturating_add(offset)
}

/// [`between`] 0 and `high`, which is below `u64::MAX`, in 64 bits.
#[inline]
pub(crate) fn below(high: u64, bits: u64) -> u64 {
    let width = u128::from(high.saturating_add(1));
    // The product's upper half, which fits.
    u64::try_from(width.saturating_mul(u128::from(bits)) >> 64).unwrap_or(high)
}

/// The `index`-th random word that belongs to `seed`.
///
/// Stateless, so that a call carries no generator: rand's portable xoshiro256++
/// is seeded for each word, of which the optimizer leaves two mixing rounds.
#[inline]
pub(crate) fn word(seed: u64, index: u64) -> u64 {
    // An odd constant other than the one by which the seeding itself steps.
    const STEP: u64 = 0xd134_2543_de82_ef95;
    Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_add(index.wrapping_mul(STEP))).next_u64()
}

/// A word that differs each time: the standard library's randomly keyed hash.
///
/// It needs no allocation and no system call after a thread's first, and gives
/// another word each time.
#[inline]
pub(crate) fn entropy() -> u64 {
    RandomState::new().build_hasher().finish()
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
    fn a_share_is_clamped_and_nan_is_none_of_it() {
        assert_eq!(part(1_000, f64::NAN), 0);
        assert_eq!(part(1_000, -3.0), 0);
        assert_eq!(part(1_000, 0.5), 500);
        assert_eq!(part(1_000, 1e30), 1_000);
    }

    #[test]
    fn nothing_is_drawn_where_there_is_nothing_to_draw() {
        let still = Frame {
            base: 0,
            cap: 0,
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
            assert_eq!(jitter.spread(still, || unreachable!("a draw")), 0);
        }
    }
}
