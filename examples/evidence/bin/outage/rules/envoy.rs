//! Envoy's retry budget with its defaults, from `CircuitBreakers.Thresholds.RetryBudget` in
//! <https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/circuit_breaker.proto>.

use std::time::Duration;

use super::RetryRule;

/// `budget_percent`: the active retries as a percentage of the active requests.
const BUDGET_PERCENT: u32 = 20;
/// `min_retry_concurrency`: this many retries may always be active.
const MIN_RETRY_CONCURRENCY: u32 = 3;

/// The active requests and retries of one proxy, which is a client here. A retry is active
/// from the start of its wait until its attempt ends.
#[derive(Debug, Default)]
pub(super) struct Envoy {
    requests: u32,
    retries: u32,
}

impl RetryRule for Envoy {
    fn attempt_starts(&mut self) {
        self.requests += 1;
    }

    fn attempt_ends(&mut self, is_retry: bool, _is_success: bool) {
        self.requests -= 1;
        self.retries -= u32::from(is_retry);
    }

    fn admits_retry(&mut self, _now: Duration) -> bool {
        let limit = (self.requests * BUDGET_PERCENT / 100).max(MIN_RETRY_CONCURRENCY);
        let is_admitted = self.retries < limit;
        self.retries += u32::from(is_admitted);
        is_admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_the_active_requests_may_be_retried() {
        let mut rule = Envoy::default();
        let admitted = |rule: &mut Envoy| {
            (0..100)
                .filter(|_| rule.admits_retry(Duration::ZERO))
                .count()
        };
        assert_eq!(admitted(&mut rule), 3);
        for _ in 0..100 {
            rule.attempt_starts();
        }
        assert_eq!(admitted(&mut rule), 17);
        rule.attempt_ends(true, false);
        assert_eq!(rule.retries, 19);
        // A fifth of 99 requests, rounded down.
        assert_eq!(admitted(&mut rule), 0);
    }
}
