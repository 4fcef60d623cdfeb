//! `Preset`: the policy to start from.

use clap::ValueEnum;
use reattempt::{PolicyConfig, RetryPolicy, aws, http};

use crate::budget::{Budget, BudgetError};
use crate::facts::Facts;

/// A policy of the crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// `RetryPolicy::default()`
    Default,
    /// `http::policy()`
    Http,
    /// `aws::standard()`
    Aws,
    /// `aws::adaptive()`
    AwsAdaptive,
    /// `aws::dynamodb()`
    Dynamodb,
}

impl Preset {
    /// Returns the facts of this policy with the settings of `config`.
    pub(crate) fn facts(self, config: &PolicyConfig) -> Result<Facts, BudgetError> {
        let budget = Budget::of_config(config)?;
        let budget_of_aws = budget.or(Some(Budget::AWS));
        Ok(match self {
            Self::Default => Facts::of(&config.apply(RetryPolicy::default()), budget),
            Self::Http => Facts::of(&config.apply(http::policy()), budget),
            Self::Aws => Facts::of(&config.apply(aws::standard()), budget_of_aws),
            Self::AwsAdaptive => Facts::of(&config.apply(aws::adaptive()), budget_of_aws),
            Self::Dynamodb => Facts::of(&config.apply(aws::dynamodb()), budget_of_aws),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_of_aws_has_two_schedules_and_a_budget() {
        let facts = |preset: Preset| preset.facts(&PolicyConfig::default()).expect("facts");
        for (preset, schedules, has_budget) in [
            (Preset::Default, 1, false),
            (Preset::Http, 1, false),
            (Preset::Aws, 2, true),
            (Preset::AwsAdaptive, 2, true),
            (Preset::Dynamodb, 2, true),
        ] {
            let facts = facts(preset);
            assert_eq!(facts.schedules.len(), schedules, "{preset:?}");
            assert_eq!(facts.budget.is_some(), has_budget, "{preset:?}");
            assert_eq!(
                facts.line.contains("with a budget"),
                has_budget,
                "{preset:?}"
            );
        }
        assert_eq!(facts(Preset::Dynamodb).attempts, Some(4));
    }

    #[test]
    fn a_budget_of_the_settings_replaces_that_of_the_preset() {
        let config = serde_json::from_str(r#"{"budget_capacity": 20}"#).expect("valid settings");
        let budget = |preset: Preset| preset.facts(&config).expect("facts").budget;
        assert_eq!(budget(Preset::Aws).map(|budget| budget.capacity), Some(20));
        assert_eq!(budget(Preset::Aws), budget(Preset::Http));
    }
}
