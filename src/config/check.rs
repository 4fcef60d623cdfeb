//! The checks of one field of a `PolicyConfig` against another.

use super::fields::{Fields, HintKind, JitterKind};
use super::value::{Invalid, Span};
use crate::backoff::CAP;

impl Fields {
    /// Refuses a value that contradicts another one.
    pub(super) fn check(&self) -> Result<(), Invalid> {
        self.check_delays()?;
        self.check_jitter()?;
        self.check_server_hint()?;
        self.check_budget()
    }

    fn check_delays(&self) -> Result<(), Invalid> {
        let cap = self.max_delay.unwrap_or(Span(CAP));
        for (field, base) in [
            ("base_delay", self.base_delay),
            ("throttling_base_delay", self.throttling_base_delay),
        ] {
            if let Some(base) = base.filter(|base| base.0 > cap.0) {
                let expected = format!("at most max_delay, which is {cap}");
                return Err(Invalid::new(field, base, expected));
            }
        }
        Ok(())
    }

    fn check_jitter(&self) -> Result<(), Invalid> {
        let is_proportional = self.jitter == Some(JitterKind::Proportional);
        match self.jitter_fraction {
            Some(fraction) if !is_proportional => {
                let expected = "jitter to be \"proportional\"";
                Err(Invalid::new("jitter_fraction", fraction, expected))
            }
            None if is_proportional => {
                let expected = "jitter_fraction to be set too";
                Err(Invalid::new("jitter", "\"proportional\"", expected))
            }
            _ => Ok(()),
        }
    }

    fn check_server_hint(&self) -> Result<(), Invalid> {
        let is_bounded = self.server_hint == Some(HintKind::Bounded);
        match (self.server_hint_max, self.server_hint_slack) {
            (Some(max), _) if self.server_hint.is_some_and(|kind| !has_max(kind)) => {
                let expected = "server_hint to be \"honor\" or \"exact\"";
                Err(Invalid::new("server_hint_max", max, expected))
            }
            (_, Some(slack)) if !is_bounded => {
                let expected = "server_hint to be \"bounded\"";
                Err(Invalid::new("server_hint_slack", slack, expected))
            }
            (_, None) if is_bounded => {
                let expected = "server_hint_slack to be set too";
                Err(Invalid::new("server_hint", "\"bounded\"", expected))
            }
            _ => Ok(()),
        }
    }

    fn check_budget(&self) -> Result<(), Invalid> {
        let Some(capacity) = self.budget_capacity else {
            return self.check_no_budget();
        };
        let (throttling, other) = self.budget_costs();
        let (cost, name) = if throttling > other {
            (throttling, "budget_throttling_cost")
        } else {
            (other, "budget_other_cost")
        };
        if cost > capacity {
            let expected = format!("at least {name}, which is {cost}");
            return Err(Invalid::new("budget_capacity", capacity, expected));
        }
        match self.budget_starting_tokens {
            Some(tokens) if tokens > f64::from(capacity) => {
                let expected = format!("at most budget_capacity, which is {capacity}");
                Err(Invalid::new("budget_starting_tokens", tokens, expected))
            }
            _ => Ok(()),
        }
    }

    /// Refuses settings of a budget without its capacity.
    fn check_no_budget(&self) -> Result<(), Invalid> {
        let cost = |cost: Option<u32>| cost.map(f64::from);
        for (field, value) in [
            ("budget_throttling_cost", cost(self.budget_throttling_cost)),
            ("budget_other_cost", cost(self.budget_other_cost)),
            (
                "budget_retries_per_success",
                self.budget_retries_per_success,
            ),
            ("budget_tokens_per_second", self.budget_tokens_per_second),
            ("budget_starting_tokens", self.budget_starting_tokens),
        ] {
            if let Some(value) = value {
                return Err(Invalid::new(field, value, "budget_capacity to be set too"));
            }
        }
        Ok(())
    }
}

/// Returns true if hints of this kind have a longest delay.
const fn has_max(kind: HintKind) -> bool {
    matches!(kind, HintKind::Exact | HintKind::Honor)
}
