//! Finagle's default retry budget, from "Retry Budget" in
//! <https://twitter.github.io/finagle/guide/Clients.html#retries> and the documentation of
//! `com.twitter.finagle.service.RetryBudget.apply`.

use std::time::Duration;

use super::RetryRule;

/// `ttl`: a deposit expires after this many seconds.
const TTL: u32 = 10;
/// `minRetriesPerSec`: retries that need no deposit, counted over the `ttl`.
const MIN_RETRIES_PER_SECOND: u32 = 10;
/// A call deposits this much.
const DEPOSIT: i64 = 1;
/// A retry withdraws this much: `percentCanRetry` is 0.2.
const WITHDRAWAL: i64 = 5;
/// The balance without any deposit.
const RESERVE: i64 = (MIN_RETRIES_PER_SECOND * TTL) as i64 * WITHDRAWAL;

/// Deposits minus withdrawals, by second, over the last `ttl` seconds.
#[derive(Debug, Default)]
pub(super) struct Finagle {
    seconds: [i64; TTL as usize],
    /// The current second.
    now: u64,
}

impl Finagle {
    /// Moves on to `now` and returns the entry of this second.
    fn entry(&mut self, now: Duration) -> &mut i64 {
        let now = now.as_secs();
        let passed = now.saturating_sub(self.now).min(u64::from(TTL));
        for second in 0..passed {
            self.seconds[index(now - second)] = 0;
        }
        self.now = now;
        &mut self.seconds[index(now)]
    }
}

impl RetryRule for Finagle {
    fn call_starts(&mut self, now: Duration) {
        *self.entry(now) += DEPOSIT;
    }

    fn admits_retry(&mut self, now: Duration) -> bool {
        self.entry(now);
        let balance = RESERVE + self.seconds.iter().sum::<i64>();
        let is_admitted = balance >= WITHDRAWAL;
        if is_admitted {
            *self.entry(now) -= WITHDRAWAL;
        }
        is_admitted
    }
}

fn index(second: u64) -> usize {
    usize::try_from(second % u64::from(TTL)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(rule: &mut Finagle, second: u64) -> usize {
        let now = Duration::from_secs(second);
        (0..1_000).filter(|_| rule.admits_retry(now)).count()
    }

    #[test]
    fn a_window_pays_for_the_reserve_and_a_fifth_of_the_calls() {
        let mut rule = Finagle::default();
        for call in 0..500 {
            rule.call_starts(Duration::from_millis(call));
        }
        assert_eq!(admitted(&mut rule, 0), 200);
        assert_eq!(admitted(&mut rule, 9), 0);
        assert_eq!(admitted(&mut rule, 10), 100);
        assert_eq!(admitted(&mut rule, 30), 100);
    }
}
