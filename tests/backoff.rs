//! Schedules: the delays for ordinary, extreme and random inputs.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    reason = "the numbers in a test are small and known"
)]

#[path = "common/random.rs"]
mod random;

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;
use reattempt::{Backoff, Jitter};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[track_caller]
fn ceilings(backoff: Backoff, expected: &[u64]) {
    let found: Vec<_> = (1_u32..)
        .take(expected.len())
        .map(|retry| backoff.ceiling(retry))
        .collect();
    let expected: Vec<_> = expected.iter().copied().map(ms).collect();
    assert_eq!(found, expected);
}

#[test]
fn each_schedule_grows_by_its_rule_up_to_the_cap() {
    ceilings(
        Backoff::exponential(s(1)),
        &[1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000],
    );
    ceilings(
        Backoff::exponential(ms(200)).factor(3.0),
        &[200, 600, 1_800],
    );
    ceilings(
        Backoff::exponential(ms(200)).factor(1.5),
        &[200, 300, 450, 675],
    );
    ceilings(
        Backoff::linear(ms(200)).cap(ms(700)),
        &[200, 400, 600, 700, 700],
    );
    ceilings(
        Backoff::fibonacci(s(1)).cap(s(6)),
        &[1_000, 1_000, 2_000, 3_000, 5_000, 6_000],
    );
    ceilings(Backoff::constant(s(60)), &[60_000, 60_000]);
    ceilings(Backoff::none(), &[0, 0]);
}

#[test]
fn a_function_sets_the_delays_up_to_the_cap() {
    fn up_and_down(retry: u32) -> Duration {
        match retry {
            0 => panic!("the first retry is number 1"),
            1 => s(9),
            2 => ms(1),
            u32::MAX => Duration::MAX,
            _ => s(30),
        }
    }
    let backoff = Backoff::from_fn(up_and_down);
    ceilings(backoff, &[9_000, 1, 20_000, 20_000]);
    assert_eq!(
        (backoff.ceiling(0), backoff.ceiling(u32::MAX)),
        (s(9), s(20))
    );
    ceilings(backoff.cap(s(40)), &[9_000, 1, 30_000]);
    ceilings(backoff.factor(7.0), &[9_000, 1, 20_000]);
    assert!(backoff.delays().take(50).all(|delay| delay <= s(20)));
    let steady = backoff.jitter(Jitter::None).cap(Duration::MAX);
    assert_eq!(steady.ceiling(u32::MAX), Duration::MAX);
    let delays: Vec<_> = steady.delays().take(3).collect();
    assert_eq!(delays, [s(9), ms(1), s(30)]);
    let base = backoff.jitter(Jitter::Decorrelated).delays().take(50).min();
    assert!(base >= Some(s(9)));
    assert_eq!(
        format!("{:?}", backoff.jitter(Jitter::None)),
        format!("{backoff:?}").replace("Full", "None")
    );
}

#[test]
fn the_getters_return_what_was_set() {
    const BACKOFF: Backoff = Backoff::exponential(ms(5))
        .factor(1.5)
        .cap(s(3))
        .jitter(Jitter::Equal);
    assert_eq!(BACKOFF.base_delay(), ms(5));
    assert_eq!(BACKOFF.growth_factor(), Some(1.5));
    assert_eq!(BACKOFF.delay_cap(), s(3));
    assert_eq!(BACKOFF.jitter_kind(), Jitter::Equal);
    for (backoff, base) in [
        (Backoff::constant(s(4)), s(4)),
        (Backoff::fibonacci(s(4)), s(4)),
        (Backoff::linear(s(4)), s(4)),
        (Backoff::from_fn(|retry| s(3) * (retry + 1)), s(6)),
        (Backoff::none(), s(0)),
    ] {
        let found = (backoff.base_delay(), backoff.factor(3.0).growth_factor());
        assert_eq!(found, (base, None));
    }
    assert_eq!(Backoff::constant(s(4)).delay_cap(), Duration::MAX);
}

#[test]
fn schedules_are_equal_if_their_settings_are() {
    let second = Backoff::exponential(s(1));
    assert_eq!(second, Backoff::exponential(s(1)).factor(2.0));
    for other in [
        second.factor(3.0),
        second.cap(s(1)),
        second.jitter(Jitter::None),
        Backoff::exponential(s(2)),
        Backoff::linear(s(1)),
        Backoff::fibonacci(s(1)),
        Backoff::from_fn(|_| s(1)),
    ] {
        assert_ne!(second, other);
    }
    let custom = Backoff::from_fn(|_| s(1));
    let copy = custom;
    assert_eq!(custom, copy);
}

#[test]
fn a_first_delay_above_the_cap_is_capped() {
    for backoff in [
        Backoff::exponential(s(10)),
        Backoff::linear(s(10)),
        Backoff::fibonacci(s(10)),
        Backoff::constant(s(10)),
    ] {
        assert_eq!(backoff.cap(s(5)).ceiling(1), s(5));
    }
}

#[test]
fn a_factor_below_one_or_nan_counts_as_one() {
    for factor in [-1.0, 0.0, 0.999, f64::NAN, f64::NEG_INFINITY] {
        let backoff = Backoff::exponential(ms(5)).factor(factor);
        assert_eq!(backoff.ceiling(u32::MAX), ms(5));
    }
    let backoff = Backoff::exponential(ms(5)).factor(f64::INFINITY);
    assert_eq!((backoff.ceiling(1), backoff.ceiling(2)), (ms(5), s(20)));
}

#[test]
fn the_largest_inputs_saturate_at_the_cap() {
    for base in [Duration::from_nanos(1), Duration::MAX] {
        for backoff in [
            Backoff::exponential(base),
            Backoff::exponential(base).factor(1e30),
            Backoff::exponential(base).factor(1.1),
            Backoff::linear(base),
            Backoff::fibonacci(base),
        ] {
            let backoff = backoff.cap(Duration::MAX);
            assert_eq!(backoff.ceiling(1), base);
            let last = backoff.ceiling(u32::MAX);
            assert!(
                last >= backoff.ceiling(1_000) && last >= s(4),
                "{backoff:?}: {last:?}"
            );
        }
    }
    let zero = Backoff::exponential(Duration::ZERO).cap(Duration::MAX);
    assert_eq!(zero.ceiling(u32::MAX), Duration::ZERO);
    assert_eq!(zero.factor(1e30).ceiling(u32::MAX), Duration::ZERO);
    assert_eq!(zero.factor(1.5).ceiling(u32::MAX), Duration::ZERO);
}

#[test]
fn short_delays_are_exact_to_the_nanosecond() {
    let backoff = Backoff::exponential(Duration::from_nanos(1_500));
    assert_eq!(backoff.ceiling(2), Duration::from_micros(3));
    assert_eq!(Backoff::constant(ms(200)).delays().nth(9), Some(ms(200)));
}

#[test]
fn jitter_separates_clients_at_the_cap() {
    for jitter in [
        Jitter::Full,
        Jitter::Equal,
        Jitter::Decorrelated,
        Jitter::Proportional(0.5),
    ] {
        let backoff = Backoff::exponential(s(1)).cap(s(5)).jitter(jitter);
        let at_cap: HashSet<Duration> = (0..1_000)
            .filter_map(|seed| backoff.delays_seeded(seed).nth(30))
            .collect();
        assert!(at_cap.len() > 990, "{jitter:?}: {} of 1000", at_cap.len());
        assert!(at_cap.iter().all(|delay| *delay <= s(5)));
    }
}

#[test]
fn decorrelated_jitter_spreads_a_base_at_the_cap() {
    let backoff = Backoff::exponential(s(5))
        .cap(s(5))
        .jitter(Jitter::Decorrelated);
    let delays: HashSet<Duration> = backoff.delays_seeded(1).take(100).collect();
    assert!(delays.len() > 90 && delays.iter().all(|delay| *delay <= s(5)));
}

#[test]
fn full_jitter_fills_its_interval_without_holes() {
    let backoff = Backoff::constant(s(10)).jitter(Jitter::Full);
    let mut tenths = [0_u32; 100];
    for delay in backoff.delays_seeded(3).take(100_000) {
        tenths[usize::try_from(delay.as_millis() / 100).unwrap().min(99)] += 1;
    }
    // Each is expected to have 1,000, with a standard deviation of 31.5.
    assert!(
        tenths.iter().all(|count| (800..1_200).contains(count)),
        "{tenths:?}"
    );
}

#[test]
fn only_a_seed_repeats_delays() {
    let backoff = Backoff::exponential(s(1));
    let take = |delays: reattempt::Delays| delays.take(8).collect::<Vec<_>>();
    assert_eq!(
        take(backoff.delays_seeded(5)),
        take(backoff.delays_seeded(5))
    );
    assert_ne!(
        take(backoff.delays_seeded(5)),
        take(backoff.delays_seeded(6))
    );
    assert_ne!(take(backoff.delays()), take(backoff.delays()));
}

#[test]
fn the_first_ceiling_is_exactly_the_base() {
    // An `f64` cannot represent this number of nanoseconds.
    let base = Duration::from_nanos((1 << 53) + 3);
    let backoff = Backoff::exponential(base).factor(1.5).cap(Duration::MAX);
    assert_eq!(backoff.ceiling(1), base);
}

#[test]
fn equal_backoffs_have_the_same_kind_and_numbers() {
    let kinds: [fn(Duration) -> Backoff; 5] = [
        Backoff::constant,
        Backoff::exponential,
        Backoff::fibonacci,
        Backoff::linear,
        |base| Backoff::exponential(base).factor(3.0),
    ];
    for (left, of_left) in kinds.iter().enumerate() {
        for (right, of_right) in kinds.iter().enumerate() {
            let [left_backoff, right_backoff] = [of_left(s(1)), of_right(s(1))]
                .map(|backoff| backoff.cap(s(9)).jitter(Jitter::None));
            assert_eq!(left_backoff == right_backoff, left == right);
        }
        assert_ne!(of_left(s(1)), of_left(s(2)));
    }
    let custom = Backoff::from_fn(|_| s(1));
    assert_eq!(custom, custom);
    assert_ne!(custom, Backoff::constant(s(1)));
}

#[test]
fn delays_have_no_end() {
    let mut delays = Backoff::exponential(s(1)).delays();
    assert_eq!(delays.size_hint(), (usize::MAX, None));
    assert!(delays.nth(1_000).is_some());
    assert_eq!(delays.size_hint(), (usize::MAX, None));
}

fn any_duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        Just(Duration::from_micros(500)),
        (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Duration::new(secs, nanos)),
        any::<u64>().prop_map(Duration::from_nanos),
        any::<u32>().prop_map(|nanos| Duration::from_nanos(u64::from(nanos))),
    ]
}

fn any_jitter() -> impl Strategy<Value = Jitter> {
    prop_oneof![
        Just(Jitter::None),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        Just(Jitter::Decorrelated),
        any::<f64>().prop_map(Jitter::Proportional),
        (0.0..1.0_f64).prop_map(Jitter::Proportional),
    ]
}

fn any_backoff() -> impl Strategy<Value = Backoff> {
    let factor = prop_oneof![any::<f64>(), 0.0..4.0_f64, Just(2.0), Just(3.0)];
    (
        any_duration(),
        any_duration(),
        factor,
        any_jitter(),
        0..4_u8,
    )
        .prop_map(|(base, cap, factor, jitter, kind)| {
            match kind {
                0 => Backoff::exponential(base).factor(factor),
                1 => Backoff::linear(base),
                2 => Backoff::fibonacci(base),
                _ => Backoff::constant(base),
            }
            .cap(cap)
            .jitter(jitter)
        })
}

/// Returns the largest ceiling of a schedule, which is that of the last retry because
/// ceilings never decrease.
fn bound(backoff: Backoff) -> Duration {
    backoff.ceiling(u32::MAX)
}

proptest! {
    #![proptest_config(random::many_cases())]

    #[test]
    fn no_delay_exceeds_its_cap_or_panics(
        backoff in any_backoff(),
        cap in any_duration(),
        seed in any::<u64>(),
    ) {
        for delay in backoff.cap(cap).delays_seeded(seed).take(12) {
            prop_assert!(delay <= cap);
        }
    }

    #[test]
    fn a_ceiling_never_decreases(backoff in any_backoff(), retry in prop_oneof![0..200_u32, any::<u32>()]) {
        let next = retry.saturating_add(1);
        prop_assert!(backoff.ceiling(retry) <= backoff.ceiling(next));
        prop_assert!(backoff.ceiling(next) <= bound(backoff));
    }

    #[test]
    fn each_jitter_stays_in_its_interval(
        base in 1..1_000_000_000_000_u64,
        cap in 1..1_000_000_000_000_u64,
        share in 0.0..1.0_f64,
        seed in any::<u64>(),
    ) {
        let (base, cap) = (Duration::from_nanos(base), Duration::from_nanos(cap));
        let plain = Backoff::exponential(base).cap(cap);
        let drawn = |jitter| plain.jitter(jitter).delays_seeded(seed).take(20).collect::<Vec<_>>();
        let mut previous = base;
        for (index, delay) in drawn(Jitter::Decorrelated).into_iter().enumerate() {
            if base < cap {
                prop_assert!(delay >= base, "{index}");
                prop_assert!(delay <= cap.min(previous.saturating_mul(3)));
            }
            previous = delay;
        }
        for (retry, delay) in (1..).zip(drawn(Jitter::Equal)) {
            let ceiling = plain.ceiling(retry);
            prop_assert!(delay >= ceiling / 2 && delay <= ceiling);
        }
        for (retry, delay) in (1..).zip(drawn(Jitter::Proportional(share))) {
            let ceiling = plain.ceiling(retry).as_secs_f64();
            let delay = delay.as_secs_f64();
            prop_assert!(delay >= ceiling * (1.0 - share) - 1e-6);
            prop_assert!(delay <= (ceiling * (1.0 + share)).min(cap.as_secs_f64()) + 1e-6);
        }
        for (retry, delay) in (1..).zip(drawn(Jitter::None)) {
            prop_assert_eq!(delay, plain.ceiling(retry));
        }
    }
}
