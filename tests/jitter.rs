//! Jitter: the distribution and the independence of delays.
//!
//! The seeds are fixed, so a test has the same result in every run. Its false-alarm rate is
//! the probability that a correct generator fails it with other seeds.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the numbers in a test are small and known"
)]

use std::collections::HashSet;
use std::time::Duration;

use reattempt::{Backoff, Jitter};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Returns the first delays of 10,000 calls, as positions from 0 to 1 in \[low, high\].
fn positions(backoff: Backoff, low: Duration, high: Duration) -> Vec<f64> {
    let position = |delay: Duration| {
        assert!(delay >= low && delay <= high, "{delay:?}");
        delay.saturating_sub(low).as_secs_f64() / high.saturating_sub(low).as_secs_f64()
    };
    (0..10_000)
        .filter_map(|seed| backoff.delays_seeded(seed).next())
        .map(position)
        .collect()
}

/// Returns the Kolmogorov-Smirnov statistic: the largest distance between the distribution
/// of `positions` and the uniform one, times the square root of their number.
fn distance_from_uniform(mut positions: Vec<f64>) -> f64 {
    positions.sort_by(f64::total_cmp);
    let count = positions.len() as f64;
    let distance = |(index, position): (usize, &f64)| {
        let (below, above) = (index as f64 / count, (index + 1) as f64 / count);
        (position - below).max(above - position)
    };
    let largest = positions.iter().enumerate().map(distance);
    largest.fold(0.0, f64::max) * count.sqrt()
}

/// One uniform sample in 10⁵ exceeds this distance.
const KOLMOGOROV_SMIRNOV: f64 = 2.47;

#[test]
fn each_jitter_is_uniform_in_its_interval() {
    let ten = Backoff::exponential(s(10));
    for (backoff, low, high) in [
        (ten.jitter(Jitter::Full), s(0), s(10)),
        (ten.jitter(Jitter::Full).factor(3.0), s(0), s(10)),
        (ten.jitter(Jitter::Equal), s(5), s(10)),
        (ten.jitter(Jitter::Proportional(0.5)), s(5), s(15)),
        (
            ten.jitter(Jitter::Proportional(0.5)).cap(s(12)),
            s(5),
            s(12),
        ),
        (ten.jitter(Jitter::Proportional(7.0)), s(0), s(20)),
        (ten.jitter(Jitter::Decorrelated), s(10), s(20)),
        (ten.jitter(Jitter::Decorrelated).cap(s(60)), s(10), s(30)),
        (ten.jitter(Jitter::Decorrelated).cap(s(10)), s(5), s(10)),
        (Backoff::from_fn(|_| s(8)), s(0), s(8)),
    ] {
        let distance = distance_from_uniform(positions(backoff, low, high));
        assert!(distance < KOLMOGOROV_SMIRNOV, "{backoff:?}: {distance}");
    }
}

#[test]
fn the_uniformity_test_detects_a_clamp_and_a_hole() {
    let uniform: Vec<f64> = (0..10_000).map(|n| (f64::from(n) + 0.5) / 1e4).collect();
    let clamped = uniform.iter().map(|p| p.min(0.95)).collect();
    let holed = uniform.iter().map(|p| {
        if (0.4..0.45).contains(p) {
            p + 0.05
        } else {
            *p
        }
    });
    assert!(distance_from_uniform(uniform.clone()) < 0.1);
    assert!(distance_from_uniform(clamped) > KOLMOGOROV_SMIRNOV);
    assert!(distance_from_uniform(holed.collect()) > KOLMOGOROV_SMIRNOV);
}

#[test]
fn no_single_delay_has_positive_probability() {
    for jitter in [
        Jitter::Full,
        Jitter::Equal,
        Jitter::Decorrelated,
        Jitter::Proportional(0.5),
        Jitter::Proportional(1.0),
    ] {
        // At the first retry, while growing, and at the cap.
        for retry in [0, 3, 30] {
            let backoff = Backoff::exponential(s(1)).cap(s(20)).jitter(jitter);
            let delays: HashSet<Duration> = (0..10_000)
                .filter_map(|seed| backoff.delays_seeded(seed).nth(retry))
                .collect();
            // 10,000 draws from 5·10⁸ or more values have 0.1 equal pairs on average. Five
            // or more occur in less than 1 of 10⁶ runs.
            assert!(delays.len() > 9_995, "{jitter:?} {retry}: {}", delays.len());
            assert!(!delays.contains(&s(20)), "{jitter:?} {retry}");
        }
    }
}

/// Returns the chi-square statistic of pairs of positions, in a grid of 16 × 16 cells,
/// against independent uniform pairs.
fn chi_square(pairs: &[(f64, f64)]) -> f64 {
    let mut cells = [0.0_f64; 256];
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positions are from 0 to 1"
    )]
    let cell = |position: f64| ((position * 16.0) as usize).min(15);
    for (left, right) in pairs {
        cells[cell(*left) * 16 + cell(*right)] += 1.0;
    }
    let expected = pairs.len() as f64 / 256.0;
    cells
        .iter()
        .map(|count| (count - expected).powi(2) / expected)
        .sum()
}

/// One sample of independent pairs in 60,000 exceeds this (255 degrees of freedom).
const CHI_SQUARE: f64 = 360.0;

/// Returns the position in \[0, 10 s\] of delay number `index` of a seed.
fn position(seed: u64, index: usize) -> f64 {
    let backoff = Backoff::constant(s(10)).jitter(Jitter::Full);
    let delay = backoff.delays_seeded(seed).nth(index).unwrap();
    delay.as_secs_f64() / 10.0
}

#[test]
fn delays_of_one_call_are_independent() {
    for lag in 1..4 {
        let pairs: Vec<_> = (0..20_000)
            .map(|seed| (position(seed, 0), position(seed, lag)))
            .collect();
        let statistic = chi_square(&pairs);
        assert!(statistic < CHI_SQUARE, "{lag}: {statistic}");
    }
}

#[test]
fn calls_with_adjacent_seeds_are_independent() {
    for step in [1, 2, 1 << 32, 1 << 63, 0x9e37_79b9_7f4a_7c15] {
        let pairs: Vec<_> = (0..20_000_u64)
            .map(|n| n.wrapping_mul(0x0123_4567_89ab_cdef))
            .map(|seed| (position(seed, 0), position(seed.wrapping_add(step), 0)))
            .collect();
        let statistic = chi_square(&pairs);
        assert!(statistic < CHI_SQUARE, "{step}: {statistic}");
    }
}

#[test]
fn the_independence_test_detects_lockstep() {
    let pairs: Vec<_> = (0..20_000)
        .map(|seed| (position(seed, 0), position(seed, 0)))
        .collect();
    assert!(chi_square(&pairs) > CHI_SQUARE);
}

#[test]
fn calls_in_all_threads_draw_independent_delays() {
    let backoff = Backoff::constant(s(10)).jitter(Jitter::Full);
    let draw = || -> Vec<f64> {
        let delays = (0..5_000).map(|_| backoff.delays().next().unwrap());
        delays.map(|delay| delay.as_secs_f64() / 10.0).collect()
    };
    let threads: Vec<Vec<f64>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..4).map(|_| scope.spawn(draw)).collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect()
    });
    let pairs = threads
        .windows(2)
        .flat_map(|two| two[0].iter().copied().zip(two[1].iter().copied()));
    // These draws have no seed, so the limits have a margin. Together the two checks raise
    // a false alarm in one run of ten million.
    assert!(chi_square(&pairs.collect::<Vec<_>>()) < CHI_SQUARE * 1.2);
    assert!(distance_from_uniform(threads.concat()) < KOLMOGOROV_SMIRNOV * 1.2);
}
