//! `Budget`: the settings of a client's retry budget.

use reattempt::PolicyConfig;
use serde::Deserialize;
use thiserror::Error;

/// The settings of a budget cannot be read back.
#[derive(Debug, Error)]
#[error("cannot read the settings of the budget: {0}")]
pub(crate) struct BudgetError(#[from] serde_json::Error);

/// What a success adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Income {
    /// A token after the first attempt, and the cost of the last retry after retries.
    OwnRetry,
    /// This many tokens.
    Tokens(f64),
}

/// The settings of a budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Budget {
    pub(crate) capacity: u32,
    /// The tokens that a new client has. A fraction is a chance.
    pub(crate) starting: f64,
    pub(crate) income: Income,
    /// Tokens per second.
    pub(crate) refill: f64,
    pub(crate) throttling_cost: u32,
    pub(crate) other_cost: u32,
}

/// The fields of `PolicyConfig` about the budget.
#[derive(Debug, Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the names are those of `PolicyConfig`"
)]
struct Fields {
    budget_capacity: Option<u32>,
    budget_throttling_cost: Option<u32>,
    budget_other_cost: Option<u32>,
    budget_retries_per_success: Option<f64>,
    budget_tokens_per_second: Option<f64>,
    budget_starting_tokens: Option<f64>,
}

impl Budget {
    /// The budget of the presets of AWS, `RetryBudget::new(500)`.
    pub(crate) const AWS: Self = Self {
        capacity: 500,
        starting: 500.0,
        income: Income::OwnRetry,
        refill: 0.0,
        throttling_cost: 5,
        other_cost: 14,
    };

    /// Returns the budget of `config`, if it has one.
    pub(crate) fn of_config(config: &PolicyConfig) -> Result<Option<Self>, BudgetError> {
        let fields = serde_json::to_value(config).and_then(Fields::deserialize)?;
        let Some(capacity) = fields.budget_capacity else {
            return Ok(None);
        };
        let ratio = fields.budget_retries_per_success;
        let cost = |given: Option<u32>, of_aws| match ratio {
            Some(_) => given.unwrap_or(1),
            None => given.unwrap_or(of_aws),
        };
        Ok(Some(Self {
            capacity,
            starting: fields.budget_starting_tokens.unwrap_or(capacity.into()),
            income: ratio.map_or(Income::OwnRetry, Income::Tokens),
            refill: fields.budget_tokens_per_second.unwrap_or(0.0),
            throttling_cost: cost(fields.budget_throttling_cost, Self::AWS.throttling_cost),
            other_cost: cost(fields.budget_other_cost, Self::AWS.other_cost),
        }))
    }

    /// Returns the lower cost of a retry.
    pub(crate) fn least_cost(&self) -> u32 {
        self.throttling_cost.min(self.other_cost)
    }

    /// Returns the mean number of retries that a new client can pay, of at most `most`, if each
    /// costs `cost`. If it is at most 1, it is the chance that the client may retry.
    pub(crate) fn retries_at_first(&self, cost: u32, most: f64) -> f64 {
        let whole = self.starting.floor();
        let one_more = self.starting - whole;
        let paid = |tokens: f64| match cost {
            0 => most,
            cost => (tokens / f64::from(cost)).floor().min(most),
        };
        // An infinite number times a chance of zero is not a number.
        if one_more == 0.0 {
            paid(whole)
        } else {
            (1.0 - one_more) * paid(whole) + one_more * paid(whole + 1.0)
        }
    }
}

/// Returns the most retries of a call.
pub(crate) fn retries(attempts: Option<u32>) -> f64 {
    attempts.map_or(f64::INFINITY, |most| f64::from(most) - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use reattempt::{Backoff, Decision, ErrorKind, Verdict, aws};

    fn budget(json: &str) -> Budget {
        let config: PolicyConfig = serde_json::from_str(json).expect("valid settings");
        let budget = Budget::of_config(&config).expect("readable");
        budget.expect("a budget")
    }

    #[test]
    fn a_configuration_without_a_capacity_has_no_budget() {
        let none = Budget::of_config(&PolicyConfig::default());
        assert_eq!(none.expect("readable"), None);
    }

    #[test]
    fn the_defaults_are_those_of_the_crate() {
        assert_eq!(budget(r#"{"budget_capacity": 500}"#), Budget::AWS);
        let ratio = budget(r#"{"budget_capacity": 10, "budget_retries_per_success": 0.1}"#);
        assert_eq!((ratio.throttling_cost, ratio.other_cost), (1, 1));
        assert_eq!(ratio.income, Income::Tokens(0.1));
    }

    #[test]
    fn the_presets_pay_as_many_retries_as_the_budget_of_aws() {
        let cost = |kind: ErrorKind| match kind {
            ErrorKind::Throttling => Budget::AWS.throttling_cost,
            _ => Budget::AWS.other_cost,
        };
        for kind in [ErrorKind::Throttling, ErrorKind::Server] {
            let policy = aws::standard()
                .backoff(Backoff::none())
                .throttling_backoff(Backoff::none())
                .unlimited_attempts();
            let mut session = policy.start_at(Duration::ZERO);
            loop {
                session.admit(Duration::ZERO).expect("there is no limiter");
                let decision = session.decide_as(Verdict::retry(kind), Duration::ZERO);
                if matches!(decision, Decision::Stop(_)) {
                    break;
                }
            }
            let retries = session.attempts() - 1;
            assert_eq!(retries, Budget::AWS.capacity / cost(kind), "{kind:?}");
        }
    }

    #[test]
    fn a_fraction_of_a_token_is_the_chance_of_a_retry() {
        let starting = |tokens: f64, cost| Budget {
            starting: tokens,
            throttling_cost: cost,
            other_cost: cost,
            ..Budget::AWS
        };
        for (tokens, cost, attempts, expected) in [
            (0.1, 1, Some(3), 0.1),
            (2.5, 1, Some(9), 2.5),
            (2.5, 1, Some(3), 2.0),
            (13.5, 14, Some(3), 0.5),
            (12.5, 14, Some(3), 0.0),
            (500.0, 14, None, 35.0),
            (0.0, 0, Some(3), 2.0),
        ] {
            let found = starting(tokens, cost).retries_at_first(cost, retries(attempts));
            assert!(
                (found - expected).abs() < 1e-9,
                "{tokens} of {cost}: {found}"
            );
        }
    }
}
