//! `Fleet`: whether a server keeps up if all clients of a fleet retry.

use std::time::Duration;

use reattempt_evidence::chart::number;

use crate::args::Args;
use crate::budget::{Budget, Income, retries};
use crate::facts::Facts;
use crate::units::{duration, rounded};

/// The size of a fleet, and the capacity of its server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fleet {
    clients: f64,
    /// Calls per second of all clients together.
    rate: f64,
    /// Calls per second that the server can serve.
    capacity: f64,
}

/// The most load of a fleet when an outage starts.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Load {
    /// Retries per call that the refill of the budgets pays for as long as the outage lasts.
    refilled: f64,
    /// Retries per call.
    retries: f64,
    /// Attempts per second.
    attempts: f64,
    /// True if the server can serve the attempts.
    is_safe: bool,
}

impl Fleet {
    /// Returns the fleet of the flags, if they have one.
    pub(crate) fn of(args: &Args) -> Option<Self> {
        Some(Self {
            clients: args.clients?,
            rate: args.rate?,
            capacity: args.capacity?,
        })
    }

    /// Returns the most load when an outage starts. The fleet is safe if
    /// rate × (1 + retries per call) < capacity. The retries per call are those that a new client
    /// can pay, and those that the refill pays. If a client has at most one retry and its budget
    /// has no refill, they are the chance that the client may retry.
    fn load(self, facts: &Facts) -> Load {
        let most = retries(facts.attempts);
        let (at_first, refilled) = facts.budget.as_ref().map_or((most, 0.0), |budget| {
            let at_first = budget.retries_at_first(budget.least_cost(), most);
            (at_first, self.refilled(budget).min(most))
        });
        let retries = (at_first + refilled).min(most);
        let attempts = self.rate * (1.0 + retries);
        Load {
            refilled,
            retries,
            attempts,
            is_safe: attempts < self.capacity,
        }
    }

    /// Returns the retries per call that the refill of all budgets pays.
    fn refilled(self, budget: &Budget) -> f64 {
        if budget.refill > 0.0 {
            self.clients * budget.refill / f64::from(budget.least_cost()) / self.rate
        } else {
            0.0
        }
    }

    /// Returns whether the fleet is safe, with the numbers.
    pub(crate) fn text(self, facts: &Facts) -> String {
        let load = self.load(facts);
        let is_too_much_forever = self.rate * (1.0 + load.refilled) >= self.capacity;
        let of = |value: f64| {
            if value.is_finite() {
                number(value)
            } else {
                "unlimited".to_owned()
            }
        };
        let (rate, capacity) = (of(self.rate), of(self.capacity));
        let (relation, verdict) = match &facts.budget {
            _ if load.is_safe => ("below", "safe"),
            None => ("not below", "not safe"),
            Some(_) if is_too_much_forever => ("not below", "not safe"),
            Some(_) => ("not below", "not safe while the budgets last"),
        };
        let mut lines = vec![
            format!(
                "Fleet of {} clients, {rate} calls per second, capacity {capacity} per second:",
                of(self.clients)
            ),
            format!(
                "  retries per call when an outage starts: {}",
                of(load.retries)
            ),
            format!(
                "  {rate} × (1 + {}) = {} attempts per second, {relation} {capacity}: {verdict}",
                of(load.retries),
                of(load.attempts)
            ),
        ];
        if let Some(budget) = &facts.budget {
            lines.extend(self.duration_of_burst(budget, load));
            lines.extend(self.time_to_a_retry(budget));
        }
        lines.join("\n")
    }

    /// Returns how long the tokens of all clients last in an outage, if the refill does not pay
    /// all retries.
    fn duration_of_burst(self, budget: &Budget, load: Load) -> Option<String> {
        let all = self.clients * budget.retries_at_first(budget.least_cost(), f64::INFINITY);
        let spent = load.retries - load.refilled;
        let seconds = Duration::try_from_secs_f64(all / (self.rate * spent)).ok()?;
        (all > 0.0).then(|| {
            format!(
                "  all budgets together pay {} retries, which last {} if all calls fail",
                number(rounded(all)),
                duration(seconds)
            )
        })
    }

    /// Returns after which time a client has earned a retry. A client that lives longer may retry
    /// whatever it started with.
    fn time_to_a_retry(self, budget: &Budget) -> Option<String> {
        let per_success = match budget.income {
            Income::OwnRetry => 1.0,
            Income::Tokens(tokens) => tokens,
        };
        let per_second = per_success * self.rate / self.clients + budget.refill;
        let seconds = f64::from(budget.least_cost()) / per_second;
        let time = Duration::try_from_secs_f64(seconds).ok()?;
        (budget.starting < f64::from(budget.capacity)).then(|| {
            format!(
                "  after {} of successes a client has earned a retry, whatever it started with",
                duration(time)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Preset;
    use reattempt::PolicyConfig;

    fn facts(preset: Preset, json: &str) -> Facts {
        let config: PolicyConfig = serde_json::from_str(json).expect("valid settings");
        preset.facts(&config).expect("facts")
    }

    fn fleet(clients: f64) -> Fleet {
        let (rate, capacity) = (1_000.0, 1_200.0);
        Fleet {
            clients,
            rate,
            capacity,
        }
    }

    #[test]
    fn a_fleet_is_safe_if_few_clients_may_retry() {
        for (starting, expected) in [("0", true), ("0.1", true), ("0.2", false), ("10", false)] {
            let json = format!(
                r#"{{"budget_capacity": 10, "budget_retries_per_success": 0.1,
                    "budget_starting_tokens": {starting}}}"#
            );
            let load = fleet(1e6).load(&facts(Preset::Default, &json));
            assert_eq!(load.is_safe, expected, "{starting}");
        }
    }

    #[test]
    fn without_a_budget_all_attempts_count() {
        let expected = |retries, attempts, is_safe| Load {
            refilled: 0.0,
            retries,
            attempts,
            is_safe,
        };
        let load = |json| fleet(100.0).load(&facts(Preset::Default, json));
        assert_eq!(load("{}"), expected(2.0, 3_000.0, false));
        let single = load(r#"{"max_attempts": 1}"#);
        assert_eq!(single, expected(0.0, 1_000.0, true));
        let unlimited = facts(Preset::Default, r#"{"max_attempts": "unlimited"}"#);
        assert!(
            fleet(100.0)
                .text(&unlimited)
                .contains("unlimited attempts per second")
        );
    }

    #[test]
    fn a_refill_adds_to_the_retries_of_each_call() {
        let facts = |starting: f64, refill: f64| {
            let json = format!(
                r#"{{"budget_capacity": 10, "budget_retries_per_success": 0.1,
                    "budget_starting_tokens": {starting}, "budget_tokens_per_second": {refill}}}"#
            );
            facts(Preset::Default, &json)
        };
        let check = |starting, refill, retries: f64, verdict| {
            let facts = facts(starting, refill);
            let load = fleet(100.0).load(&facts);
            assert!((load.retries - retries).abs() < 1e-9, "{load:?}");
            let text = fleet(100.0).text(&facts);
            let line = text.lines().nth(2).expect("a third line");
            assert!(line.ends_with(&format!(": {verdict}")), "{text}");
            text
        };
        check(0.0, 1.0, 0.1, "safe");
        check(0.1, 0.5, 0.15, "safe");
        check(0.1, 1.0, 0.2, "not safe while the budgets last");
        check(0.0, 2.0, 0.2, "not safe");
        // A call has at most two retries, whatever the refill pays.
        let text = check(10.0, 1_000.0, 2.0, "not safe");
        assert!(!text.contains("which last"), "{text}");
        // A call has two retries. The refill pays 0.5 of them, and the tokens 1.5.
        let text = check(10.0, 5.0, 2.0, "not safe");
        assert!(text.contains("1,000 retries, which last 667 ms"), "{text}");
    }

    #[test]
    fn the_text_has_the_law_and_how_long_the_tokens_last() {
        assert_eq!(
            fleet(100.0).text(&facts(Preset::Aws, "{}")),
            "Fleet of 100 clients, 1,000 calls per second, capacity 1,200 per second:\n  \
             retries per call when an outage starts: 2\n  \
             1,000 × (1 + 2) = 3,000 attempts per second, not below 1,200: not safe while the \
             budgets last\n  \
             all budgets together pay 10,000 retries, which last 5 s if all calls fail"
        );
    }

    #[test]
    fn a_client_with_less_than_a_full_budget_earns_retries() {
        let text = fleet(10_000.0).text(&facts(
            Preset::Default,
            r#"{"budget_capacity": 10, "budget_retries_per_success": 0.1,
                "budget_starting_tokens": 0.1}"#,
        ));
        // Ten successes at 0.1 calls per second.
        let end = "after 100 s of successes a client has earned a retry, whatever it started with";
        assert!(text.ends_with(end), "{text}");
        assert!(text.contains("1,000 × (1 + 0.1) = 1,100 attempts per second, below 1,200: safe"));
    }
}
