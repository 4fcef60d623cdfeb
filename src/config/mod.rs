//! `PolicyConfig`: the settings of a policy that a configuration file may hold.

mod check;
mod fields;
mod value;

use std::time::Duration;

use serde_core::de::Error as _;
use serde_core::{Deserialize, Deserializer, Serialize, Serializer};

use self::fields::{Fields, HintKind, JitterKind};
use self::value::Limit;
use crate::backoff::Backoff;
use crate::budget::RetryBudget;
use crate::jitter::Jitter;
use crate::policy::{LONGEST_HINT, RetryPolicy, ServerHint};

/// The settings of a policy, read from a configuration file or from environment
/// variables.
///
/// Every field is optional. A field that is absent, or null, leaves the setting of the
/// policy as it is.
///
/// | field | value | default |
/// | --- | --- | --- |
/// | `max_attempts` | a whole number of at least 1, or `"unlimited"` | 3 |
/// | `max_elapsed` | a duration | no limit |
/// | `base_delay` | a duration, at most `max_delay` | `"1s"` |
/// | `factor` | a number of at least 1 | 2 |
/// | `max_delay` | a duration | `"20s"` |
/// | `throttling_base_delay` | a duration, at most `max_delay` | the same as `base_delay` |
/// | `jitter` | `"full"`, `"equal"`, `"decorrelated"`, `"proportional"` or `"none"` | `"full"` |
/// | `jitter_fraction` | a number from 0 to 1, only with `"proportional"` | none |
/// | `server_hint` | `"honor"`, `"exact"`, `"bounded"` or `"ignore"` | `"honor"` |
/// | `server_hint_max` | a duration, not with `"bounded"` or `"ignore"` | `"300s"` |
/// | `server_hint_slack` | a duration, only with `"bounded"` | none |
/// | `budget_capacity` | a whole number, at least the cost of a retry | no budget |
/// | `budget_throttling_cost` | a whole number | 5, or 1 with `budget_retries_per_success` |
/// | `budget_other_cost` | a whole number | 14, or 1 with `budget_retries_per_success` |
/// | `budget_retries_per_success` | a number of at least 0 | a success pays its own retry, as in [`RetryBudget::new`] |
/// | `budget_tokens_per_second` | a number from 0.000001 to 1000000000 | no refill over time |
/// | `budget_starting_tokens` | a number from 0 to `budget_capacity` | a full bucket |
///
/// A duration is a text with a unit: `"50ms"`, `"1.5s"`, `"2m"`, `"1h 30m"`. Hours are the
/// largest unit. A number may be a text too, since all environment variables are.
///
/// The fields are in one flat table, so that each has the same name in a file and in the
/// environment. The format must be self-describing, such as TOML, JSON and YAML.
///
/// Serializing writes the fields that were given. Reading that again results in an
/// equal value.
///
/// # Errors
///
/// Deserializing fails if a field is unknown, or if a value is not one of the table or
/// contradicts another one. No value is clamped. The message contains the name and the value:
/// `max_attempts is 0, expected a whole number of at least 1, or "unlimited"`.
///
/// ```
/// use reattempt::PolicyConfig;
///
/// let config: PolicyConfig = serde_json::from_str(
///     r#"{ "max_attempts": 5, "base_delay": "50ms", "max_elapsed": "30s" }"#,
/// )?;
/// let policy = config.policy();
/// assert_eq!(
///     policy.to_string(),
///     "5 attempts, 50 ms doubling to 20 s with full jitter, hints up to 300 s, \
///      no wait beyond 30 s",
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyConfig {
    fields: Fields,
}

impl PolicyConfig {
    /// Returns [`RetryPolicy::default`] with these settings.
    ///
    /// Call this once per client. A budget is shared by the clones of one policy, not by
    /// the policies of one configuration.
    ///
    /// ```
    /// use reattempt::{PolicyConfig, RetryPolicy};
    ///
    /// let policy = PolicyConfig::default().policy();
    /// assert_eq!(policy.to_string(), RetryPolicy::default().to_string());
    /// ```
    pub fn policy(&self) -> RetryPolicy {
        self.apply(RetryPolicy::default())
    }

    /// Returns `policy` with these settings. Its classifier stays, and so does every
    /// setting whose field was absent.
    ///
    /// `base_delay` and `factor` make the backoff exponential, if it is not. `factor`,
    /// `max_delay` and `jitter` apply to the policy's
    /// [`throttling_backoff`](RetryPolicy::throttling_backoff) too, if it has one. A delay
    /// stays within the policy's own cap if `max_delay` is absent. `server_hint_max` alone
    /// makes a bounded or ignored hint an honoured one. `budget_capacity` replaces the
    /// policy's budget with a new one.
    ///
    /// ```
    /// # #[cfg(feature = "aws")] {
    /// use reattempt::{PolicyConfig, aws};
    ///
    /// let config: PolicyConfig = serde_json::from_str(r#"{ "max_attempts": 7 }"#).unwrap();
    /// let policy = config.apply(aws::dynamodb());
    /// assert!(policy.to_string().starts_with("7 attempts, 25 ms doubling to 20 s"));
    /// # }
    /// ```
    pub fn apply<C>(&self, mut policy: RetryPolicy<C>) -> RetryPolicy<C> {
        let fields = &self.fields;
        match fields.max_attempts {
            Some(Limit::Attempts(max)) => policy = policy.max_attempts(max),
            Some(Limit::Unlimited) => policy = policy.unlimited_attempts(),
            None => {}
        }
        if let Some(limit) = &fields.max_elapsed {
            policy = policy.max_elapsed(limit.0);
        }
        policy = self.apply_backoff(policy);
        let hint = self.server_hint(policy.settings.server_hint);
        policy = policy.server_hint(hint);
        match self.budget() {
            Some(budget) => policy.budget(&budget),
            None => policy,
        }
    }

    fn apply_backoff<C>(&self, policy: RetryPolicy<C>) -> RetryPolicy<C> {
        let Fields {
            base_delay,
            throttling_base_delay,
            ..
        } = self.fields;
        let backoff = self.backoff(policy.settings.backoff, base_delay.map(|base| base.0));
        let separate = match throttling_base_delay {
            Some(_) => Some(policy.settings.throttling_backoff.unwrap_or(backoff)),
            None => policy.settings.throttling_backoff,
        };
        let policy = policy.backoff(backoff);
        let Some(throttling) = separate else {
            return policy;
        };
        let base = throttling_base_delay.map(|base| base.0);
        policy.throttling_backoff(self.backoff(throttling, base))
    }

    /// Returns `backoff` with these settings and this base.
    fn backoff(&self, backoff: Backoff, base: Option<Duration>) -> Backoff {
        let fields = &self.fields;
        let mut changed = backoff;
        if base.is_some() || fields.factor.is_some() {
            changed = Backoff::exponential(base.unwrap_or_else(|| backoff.base_delay()));
            // A constant schedule has no cap and no jitter by default, which would not fit one
            // that grows.
            let is_constant = backoff.is_constant();
            if !is_constant || backoff.delay_cap() < Duration::MAX {
                changed = changed.cap(backoff.delay_cap());
            }
            if !is_constant || backoff.jitter_kind() != Jitter::None {
                changed = changed.jitter(backoff.jitter_kind());
            }
            if let Some(factor) = backoff.growth_factor() {
                changed = changed.factor(factor);
            }
        }
        if let Some(factor) = fields.factor {
            changed = changed.factor(factor);
        }
        if let Some(cap) = fields.max_delay {
            changed = changed.cap(cap.0);
        }
        match fields.jitter {
            Some(kind) => changed.jitter(self.jitter(kind)),
            None => changed,
        }
    }

    fn jitter(&self, kind: JitterKind) -> Jitter {
        match kind {
            JitterKind::Decorrelated => Jitter::Decorrelated,
            JitterKind::Equal => Jitter::Equal,
            JitterKind::Full => Jitter::Full,
            JitterKind::None => Jitter::None,
            // Reading checks that there is a fraction.
            JitterKind::Proportional => {
                Jitter::Proportional(self.fields.jitter_fraction.unwrap_or_default())
            }
        }
    }

    /// Returns `own`, the setting of the policy, changed by the fields.
    fn server_hint(&self, own: ServerHint) -> ServerHint {
        let fields = &self.fields;
        let own_max = match own {
            ServerHint::Exact { max } | ServerHint::Honor { max } => Some(max),
            ServerHint::Bounded { .. } | ServerHint::Ignore => None,
        };
        let given_max = fields.server_hint_max.map(|max| max.0);
        let max = given_max.or(own_max).unwrap_or(LONGEST_HINT);
        let kind = match (fields.server_hint, own) {
            (Some(kind), _) => kind,
            (None, _) if given_max.is_none() => return own,
            (None, ServerHint::Exact { .. }) => HintKind::Exact,
            (None, _) => HintKind::Honor,
        };
        match kind {
            HintKind::Exact => ServerHint::Exact { max },
            HintKind::Honor => ServerHint::Honor { max },
            HintKind::Ignore => ServerHint::Ignore,
            HintKind::Bounded => ServerHint::Bounded {
                // Reading checks that there is one.
                slack: fields.server_hint_slack.unwrap_or_default().0,
            },
        }
    }

    /// Creates the budget, if the fields contain one.
    fn budget(&self) -> Option<RetryBudget> {
        let fields = &self.fields;
        let capacity = fields.budget_capacity?;
        let budget = match fields.budget_retries_per_success {
            Some(ratio) => RetryBudget::ratio(ratio, capacity),
            None => RetryBudget::new(capacity),
        };
        let (throttling, other) = fields.budget_costs();
        let mut budget = budget.costs(throttling, other);
        if let Some(rate) = fields.budget_tokens_per_second {
            budget = budget.refill(rate);
        }
        Some(match fields.budget_starting_tokens {
            Some(tokens) => budget.starting_at(tokens),
            None => budget,
        })
    }
}

impl<'de> Deserialize<'de> for PolicyConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        fields.check().map_err(D::Error::custom)?;
        Ok(Self { fields })
    }
}

impl Serialize for PolicyConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields.serialize(serializer)
    }
}
