//! Checks that a backoff never panics or exceeds its cap, and that its ceilings never decrease
//! unless a custom function returns them.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use reattempt::{Backoff, Jitter};

#[derive(Arbitrary, Debug)]
struct Input {
    base: Duration,
    cap: Duration,
    growth: Growth,
    jitter: Spread,
    seed: u64,
    retries: [u32; 4],
}

#[derive(Arbitrary, Debug)]
enum Growth {
    Constant,
    Custom,
    /// By a factor of two, for which there is a short path.
    Doubling,
    Exponential(f64),
    Fibonacci,
    Linear,
}

#[derive(Arbitrary, Debug)]
enum Spread {
    Decorrelated,
    Equal,
    Full,
    None,
    Proportional(f64),
}

fuzz_target!(|input: Input| {
    let backoff = match input.growth {
        Growth::Constant => Backoff::constant(input.base),
        Growth::Custom => Backoff::from_fn(|retry| {
            let seconds = u64::from(retry).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            Duration::new(seconds, 999_999_999)
        }),
        Growth::Doubling => Backoff::exponential(input.base),
        Growth::Exponential(factor) => Backoff::exponential(input.base).factor(factor),
        Growth::Fibonacci => Backoff::fibonacci(input.base),
        Growth::Linear => Backoff::linear(input.base),
    };
    let backoff = backoff.cap(input.cap).jitter(match input.jitter {
        Spread::Decorrelated => Jitter::Decorrelated,
        Spread::Equal => Jitter::Equal,
        Spread::Full => Jitter::Full,
        Spread::None => Jitter::None,
        Spread::Proportional(share) => Jitter::Proportional(share),
    });
    assert_eq!(backoff.delay_cap(), input.cap);
    let mut retries = input.retries;
    retries.sort_unstable();
    let ceilings = retries.map(|retry| backoff.ceiling(retry));
    if !matches!(input.growth, Growth::Custom) {
        assert!(ceilings.is_sorted(), "a ceiling decreases: {ceilings:?}");
    }
    assert!(ceilings.iter().all(|ceiling| *ceiling <= input.cap));
    for delay in backoff.delays_seeded(input.seed).take(40) {
        assert!(delay <= input.cap, "{delay:?} exceeds the cap");
    }
});
