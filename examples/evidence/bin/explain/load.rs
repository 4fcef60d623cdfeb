//! Prints the most load that the retries can add.

use reattempt_evidence::chart::number;

use crate::budget::{Budget, Income};
use crate::facts::Facts;
use crate::units::rounded;

/// Returns the limits of the load, a line each.
pub(crate) fn text(facts: &Facts) -> String {
    let mut lines = vec!["Load that retries can add:".to_owned()];
    lines.push(match facts.attempts {
        None => "  attempts: no limit".to_owned(),
        Some(1) => "  attempts: 1 per call, so retries add nothing".to_owned(),
        Some(most) => {
            let most = number(most.into());
            format!("  attempts: at most {most} per call, so {most} times the calls if all fail")
        }
    });
    match facts.budget {
        None => lines.push("  budget: none".to_owned()),
        Some(budget) => of_budget(&budget, &mut lines),
    }
    lines.join("\n")
}

fn of_budget(budget: &Budget, lines: &mut Vec<String>) {
    let burst = by_cost(budget, |cost| budget.retries_at_first(cost, f64::INFINITY));
    lines.push(format!(
        "  budget: retries of a new client if all its calls fail: {burst}"
    ));
    match budget.income {
        Income::OwnRetry => {
            let ratio = by_cost(budget, |cost| 1.0 / f64::from(cost));
            lines.push(format!("    for each call that succeeds at once: {ratio}"));
            lines.push(
                "    a call that succeeds after retries returns the cost of its last retry"
                    .to_owned(),
            );
        }
        Income::Tokens(tokens) => {
            let ratio = by_cost(budget, |cost| tokens / f64::from(cost));
            lines.push(format!("    for each call that succeeds: {ratio}"));
        }
    }
    if budget.refill > 0.0 {
        let rate = by_cost(budget, |cost| budget.refill / f64::from(cost));
        lines.push(format!("    for each second: {rate}"));
    }
}

/// Writes a number of retries, for both costs if they differ.
fn by_cost(budget: &Budget, retries: impl Fn(u32) -> f64) -> String {
    let (throttling, other) = (budget.throttling_cost, budget.other_cost);
    let amount = |cost| match retries(cost) {
        retries if retries.is_finite() => number(rounded(retries)),
        _ => "unlimited".to_owned(),
    };
    if throttling == other {
        amount(other)
    } else {
        let (throttling, other) = (amount(throttling), amount(other));
        format!("{other}, or {throttling} if throttled")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Preset;
    use reattempt::PolicyConfig;

    fn lines(preset: Preset, json: &str) -> Vec<String> {
        let config: PolicyConfig = serde_json::from_str(json).expect("valid settings");
        let text = text(&preset.facts(&config).expect("facts"));
        text.lines().skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn without_a_budget_the_attempts_limit_the_load() {
        assert_eq!(
            lines(Preset::Default, "{}"),
            [
                "  attempts: at most 3 per call, so 3 times the calls if all fail",
                "  budget: none"
            ]
        );
        let unlimited = lines(Preset::Default, r#"{"max_attempts": "unlimited"}"#);
        assert_eq!(unlimited[0], "  attempts: no limit");
        let single = lines(Preset::Default, r#"{"max_attempts": 1}"#);
        assert!(single[0].ends_with("so retries add nothing"), "{single:?}");
    }

    #[test]
    fn a_budget_limits_the_burst_and_the_ratio() {
        assert_eq!(
            lines(
                Preset::Default,
                r#"{"budget_capacity": 10, "budget_retries_per_success": 0.1,
                    "budget_tokens_per_second": 0.5}"#
            )[1..],
            [
                "  budget: retries of a new client if all its calls fail: 10",
                "    for each call that succeeds: 0.1",
                "    for each second: 0.5"
            ]
        );
    }

    #[test]
    fn the_costs_of_aws_differ_by_failure() {
        let lines = lines(Preset::Aws, "{}");
        assert_eq!(
            lines[1],
            "  budget: retries of a new client if all its calls fail: 35, or 100 if throttled"
        );
        assert_eq!(
            lines[2],
            "    for each call that succeeds at once: 0.0714, or 0.2 if throttled"
        );
    }
}
