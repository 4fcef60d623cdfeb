//! The arithmetic of the bucket, for every small state and operation.
//!
//! The state of a bucket is the number of missing units and the time since it was counted.
//! Each test makes one operation in every state, so that it holds for every sequence.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::unwrap_used,
    reason = "the numbers in a test are small and known"
)]

use super::*;

/// The time of the first call, at which the bucket's clock reads [`START`].
const FIRST: u64 = 1 << 40;

/// A bucket with exact arithmetic: whole units, and whole nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Exact {
    capacity: i64,
    token: i64,
    shift: u32,
    /// Negative if more was added than fits. This surplus is lost.
    missing: i64,
}

impl Exact {
    /// Returns the units that are missing `elapsed` nanoseconds after the count.
    fn missing_after(&self, elapsed: i64) -> i64 {
        let gained = elapsed.div_euclid(1 << self.shift);
        (self.missing - gained).clamp(0, self.capacity)
    }

    /// Takes `cost` tokens after `elapsed` nanoseconds. Returns true if it is paid.
    fn take(&mut self, cost: i64, elapsed: i64) -> bool {
        let missing = self.missing_after(elapsed) + cost * self.token;
        let paid = missing <= self.capacity;
        if paid {
            self.missing = missing;
        }
        paid
    }

    /// Returns the bucket that has the same state.
    fn bucket(&self, income: Income) -> Bucket {
        let unsigned = |number: i64| u64::try_from(number).unwrap();
        let bucket = Bucket::new(
            unsigned(self.capacity),
            unsigned(self.token),
            income,
            Refill::Steady { shift: self.shift },
            0,
        );
        bucket.first.set(FIRST).unwrap();
        let full_at = START.checked_add_signed(self.missing).unwrap();
        bucket.full_at.store(full_at, Ordering::Relaxed);
        bucket
    }
}

const fn at(elapsed: i64) -> Duration {
    Duration::from_nanos(FIRST.checked_add_signed(elapsed).unwrap())
}

/// Returns every state with a capacity of up to 4 tokens, of up to 3 units each. A unit takes 1, 2 or
/// 4 nanoseconds.
fn states() -> impl Iterator<Item = Exact> {
    let sizes = (0..=4).flat_map(|tokens| (1..=3).map(move |token| (tokens * token, token)));
    sizes.flat_map(|(capacity, token)| {
        (0..=2).flat_map(move |shift| {
            (-2..=capacity).map(move |missing| Exact {
                capacity,
                token,
                shift,
                missing,
            })
        })
    })
}

/// Compares the units and the whole tokens of a bucket with those of the exact one, which
/// counted at `since`, at that time and later.
fn compare(bucket: &Bucket, exact: &Exact, since: i64) {
    for later in 0..=(exact.capacity + 1) << exact.shift {
        let missing = exact.missing_after(later);
        let whole = u32::try_from((exact.capacity - missing) / exact.token).unwrap();
        let now = at(since + later);
        assert_eq!(bucket.available(now), whole, "{exact:?} {since} {later}");
        // A copy of the state, so that the payment changes nothing here.
        let copy = exact.bucket(bucket.income);
        let full_at = bucket.full_at.load(Ordering::Relaxed);
        copy.full_at.store(full_at, Ordering::Relaxed);
        assert!(copy.take(whole, now), "{exact:?}");
        assert!(!bucket.take(whole + 1, now), "{exact:?} {since} {later}");
    }
}

/// Times of a call, in nanoseconds after the count. They are multiples of the longest unit,
/// because a bucket counts whole units since its first call.
fn times(exact: &Exact) -> impl Iterator<Item = i64> + use<> {
    let unit = 1 << exact.shift;
    (0..=exact.capacity + 2).map(move |units| units * unit)
}

#[test]
fn each_payment_is_exact_in_every_small_state() {
    let mut payments = 0;
    for state in states() {
        for elapsed in times(&state) {
            for cost in 0..=state.capacity / state.token + 1 {
                let (mut exact, bucket) = (state, state.bucket(Income::LastCost));
                let paid = exact.take(cost, elapsed);
                let tokens = u32::try_from(cost).unwrap();
                assert_eq!(
                    bucket.take(tokens, at(elapsed)),
                    paid,
                    "{state:?} {elapsed}"
                );
                if !paid {
                    exact.missing = exact.missing_after(elapsed);
                }
                compare(&bucket, &exact, elapsed);
                payments += 1;
            }
        }
    }
    assert!(payments > 9_000, "{payments}");
}

#[test]
fn each_income_is_exact_in_every_small_state() {
    for state in states() {
        for elapsed in times(&state) {
            for cost in [None, Some(0), Some(1), Some(2), Some(9)] {
                let bucket = state.bucket(Income::LastCost);
                bucket.earn(cost, at(elapsed));
                let mut exact = state;
                let tokens = i64::from(cost.unwrap_or(1));
                exact.missing = exact.missing_after(elapsed) - tokens * state.token;
                compare(&bucket, &exact, elapsed);
            }
            for tokens in 0..=3 {
                let bucket = state.bucket(Income::LastCost);
                bucket.give(tokens);
                let mut exact = state;
                exact.missing -= i64::from(tokens) * state.token;
                // A deposit does not read the clock: it changes the count itself.
                exact.missing = exact.missing_after(elapsed);
                compare(&bucket, &exact, elapsed);
            }
        }
    }
}

#[test]
fn a_call_with_an_earlier_time_never_gets_more() {
    let tolerated = i64::try_from(nanos(INTERRUPTION)).unwrap();
    for state in states() {
        let unit = 1_i64 << state.shift;
        for behind in (1..=6).chain([tolerated, tolerated * 5]) {
            for tokens in 0..=4 {
                let bucket = state.bucket(Income::LastCost);
                // At the time of the count, this many tokens are there.
                let whole = (state.capacity - state.missing_after(0)) / state.token;
                let paid = bucket.take(tokens, at(-behind * unit));
                assert!(!paid || i64::from(tokens) <= whole, "{state:?} {behind}");
                // At the latest after a full refill, the bucket is full again.
                let refilled = at((state.capacity * 2) * unit);
                let capacity = u32::try_from(state.capacity / state.token).unwrap();
                assert!(bucket.take(capacity, refilled), "{state:?} {behind}");
            }
        }
    }
}

#[test]
fn every_usual_ratio_is_exact() {
    for divisor in 1..=16_u32 {
        for part in 0..=divisor * 3 {
            let ratio = f64::from(part) / f64::from(divisor);
            let exact = TOKEN / u64::from(divisor) * u64::from(part);
            assert_eq!(share(ratio, TOKEN), exact, "{part}/{divisor}");
        }
    }
    for part in 0..=20_000_u32 {
        let exact = TOKEN / 10_000 * u64::from(part);
        assert_eq!(share(f64::from(part) / 1e4, TOKEN), exact, "{part}");
    }
}

#[test]
fn a_refill_is_at_most_a_nanosecond_per_token_early() {
    for tokens in (0..=50).chain([u32::MAX]) {
        let full = Bucket::full(tokens, Income::LastCost);
        // A token every 1 to 1,000 nanoseconds, and every 1 to 100 years.
        let short = (1..=1_000).map(|period| 1e9 / f64::from(period));
        let long = (1..=100).map(|years| 1.0 / (31_536_000.0 * f64::from(years)));
        for rate in short.chain(long) {
            let bucket = full.refilling(rate, 0).unwrap();
            let Refill::Steady { shift } = bucket.refill else {
                panic!("{rate} is a steady rate");
            };
            let (period, unit) = (1e9 / rate, 2_f64.powi(shift.try_into().unwrap()));
            let counted = bucket.token as f64 * unit;
            assert!(counted <= period && period - counted < unit, "{rate}");
            // The units are as short as possible.
            let largest = bucket.token * u64::from(tokens.max(1));
            assert!(shift == 0 || largest > MAX_CAPACITY / 4, "{rate}");
            assert!(bucket.capacity <= MAX_CAPACITY);
            assert_eq!(bucket.whole_tokens(bucket.capacity), tokens);
        }
    }
}

#[test]
fn a_time_that_is_100_ms_earlier_is_not_a_jump() {
    // One token a second.
    let bucket = Bucket::full(3, Income::LastCost).refilling(1.0, 3).unwrap();
    let ms = Duration::from_millis;
    assert!(bucket.take(0, ms(1_000)));
    assert!(bucket.take(3, ms(1_100)));
    bucket.earn(None, ms(1_000));
    // 1 token from the success, and 0.9 from the time since the payment.
    assert!(!bucket.take(2, ms(2_000)));
    assert!(bucket.take(2, ms(2_100)));
}

#[test]
fn a_rate_that_adds_nothing_is_not_a_refill() {
    let full = Bucket::full(3, Income::LastCost);
    for rate in [
        0.0,
        -0.0,
        -1e-300,
        -1.0,
        -1e300,
        f64::NEG_INFINITY,
        f64::NAN,
    ] {
        assert!(full.refilling(rate, 0).is_none(), "{rate}");
    }
}
