//! The bounds of every delay, for all small settings and for the largest ones.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "the numbers in a test are small and known"
)]

use super::*;

const LARGEST: u128 = Duration::MAX.as_nanos();

/// Returns all small lengths, and the longest ones.
fn lengths(small: u64) -> impl Iterator<Item = Duration> + Clone {
    let large = [
        Duration::from_nanos(u64::MAX),
        Duration::from_nanos(u64::MAX) + Duration::from_nanos(1),
        Duration::MAX,
    ];
    (0..=small).map(Duration::from_nanos).chain(large)
}

/// Returns the first retries, and the last ones.
fn retries() -> impl Iterator<Item = u32> {
    (1..=61).chain([63, 64, 65, 127, 128, 129, 1_000, u32::MAX - 1, u32::MAX])
}

/// Factors as fractions, so that the exact ceiling is known.
const FACTORS: [(u128, u128); 7] = [(1, 1), (5, 4), (3, 2), (2, 1), (5, 2), (3, 1), (10, 1)];

fn exponential(base: Duration, (over, under): (u128, u128)) -> Backoff {
    let number = |part: u128| f64::from(u32::try_from(part).unwrap());
    Backoff::exponential(base).factor(divide(number(over), number(under)))
}

#[expect(clippy::float_arithmetic, reason = "the quotient is exact")]
fn divide(over: f64, under: f64) -> f64 {
    over / under
}

/// Returns base · (over / under)^steps, rounded to the nearest, if its terms fit.
fn exact(base: u128, (over, under): (u128, u128), steps: u32) -> Option<u128> {
    let over = base.checked_mul(over.checked_pow(steps)?)?;
    let under = under.checked_pow(steps)?;
    Some((over.checked_mul(2)? + under) / (under * 2))
}

#[test]
fn every_ceiling_is_the_exact_power_or_the_cap() {
    let mut compared = 0;
    for factor in FACTORS {
        for base in lengths(6) {
            for retry in retries() {
                let uncapped = exponential(base, factor).cap(Duration::MAX);
                let ceiling = uncapped.ceiling(retry);
                let Some(exact) = exact(base.as_nanos(), factor, retry - 1) else {
                    continue;
                };
                // From 2^46 on, a power of a fraction is rounded as a float.
                let tolerance = if factor.1 == 1 { 0 } else { exact >> 46 };
                let expected = exact.min(LARGEST);
                let apart = ceiling.as_nanos().abs_diff(expected);
                assert!(apart <= tolerance, "{uncapped:?} {retry} {ceiling:?}");
                for cap in lengths(12) {
                    let capped = exponential(base, factor).cap(cap).ceiling(retry);
                    assert_eq!(capped, ceiling.min(cap), "{uncapped:?} {retry} {cap:?}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
}

#[test]
fn every_linear_and_fibonacci_ceiling_is_exact() {
    let mut numbers = vec![1_u128, 1];
    while let Some(next) = numbers[numbers.len() - 1].checked_add(numbers[numbers.len() - 2]) {
        numbers.push(next);
    }
    for base in lengths(6) {
        for retry in retries() {
            let index = usize::try_from(retry).unwrap() - 1;
            let fibonacci = numbers.get(index).copied().unwrap_or(u128::MAX);
            let fibonacci = base.as_nanos().saturating_mul(fibonacci).min(LARGEST);
            let linear = (base.as_nanos() * u128::from(retry)).min(LARGEST);
            for cap in lengths(12) {
                let ceiling = |backoff: Backoff| backoff.cap(cap).ceiling(retry).as_nanos();
                let cap = cap.as_nanos();
                assert_eq!(ceiling(Backoff::fibonacci(base)), fibonacci.min(cap));
                assert_eq!(ceiling(Backoff::linear(base)), linear.min(cap));
                assert_eq!(ceiling(Backoff::constant(base)), base.as_nanos().min(cap));
            }
        }
    }
}

const JITTERS: [Jitter; 8] = [
    Jitter::None,
    Jitter::Full,
    Jitter::Equal,
    Jitter::Decorrelated,
    Jitter::Proportional(0.0),
    Jitter::Proportional(0.25),
    Jitter::Proportional(1.0),
    Jitter::Proportional(f64::NAN),
];

/// Returns all small schedules and the largest ones, with this cap.
fn schedules(cap: Duration) -> impl Iterator<Item = Backoff> {
    let growing = lengths(6).flat_map(|base| {
        let powers = FACTORS.map(|factor| exponential(base, factor));
        let others = [Backoff::linear(base), Backoff::fibonacci(base)];
        powers
            .into_iter()
            .chain(others)
            .chain([Backoff::constant(base)])
    });
    growing.map(move |backoff| backoff.cap(cap))
}

#[test]
fn no_ceiling_decreases_or_exceeds_its_cap() {
    for cap in lengths(12) {
        for backoff in schedules(cap) {
            let mut last = Duration::ZERO;
            for retry in retries() {
                let ceiling = backoff.ceiling(retry);
                assert!(last <= ceiling && ceiling <= cap, "{backoff:?} {retry}");
                last = ceiling;
            }
        }
    }
}

#[test]
fn every_interval_and_draw_is_within_the_cap() {
    let mut intervals = 0_u64;
    for cap in lengths(8) {
        for backoff in schedules(cap) {
            for jitter in JITTERS {
                let backoff = backoff.jitter(jitter);
                for retry in [1, 2, 3, 5, 64, u32::MAX] {
                    for previous in [0, 1, 2, 3, 7, LARGEST] {
                        let (low, high) = backoff.interval(retry, previous.min(cap.as_nanos()));
                        assert!(low <= high && high <= cap.as_nanos(), "{backoff:?} {retry}");
                        for bits in [0, 1, 1 << 63, u64::MAX] {
                            let drawn = backoff.jittered_delay(None, retry, previous, || bits);
                            assert!(drawn <= cap.as_nanos(), "{backoff:?} {retry} {bits}");
                        }
                        intervals += 1;
                    }
                }
            }
        }
    }
    assert!(intervals > 100_000, "{intervals}");
}

#[test]
fn every_length_of_a_small_interval_is_equally_likely() {
    for low in 0..=12_u128 {
        for width in 0..=12_u64 {
            let mut counts = [0_u32; 13];
            // 4,096 words, evenly over all words.
            for word in 0..4_096_u64 {
                let drawn = jitter::between(low, low + u128::from(width), word << 52);
                counts[usize::try_from(drawn - low).unwrap()] += 1;
                assert_eq!(drawn - low, u128::from(jitter::below(width, word << 52)));
            }
            let share = 4_096 / (u32::try_from(width).unwrap() + 1);
            for (length, count) in counts.into_iter().enumerate() {
                let expected = if length as u64 <= width { share } else { 0 };
                assert!(count.abs_diff(expected) <= 1, "{low} {width}: {counts:?}");
            }
        }
    }
}
