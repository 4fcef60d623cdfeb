//! Retry limits of other software, for comparison.

mod envoy;
mod finagle;
mod grpc;

use std::time::Duration;

use crate::policies::Limit;

/// A limit on the retries of one client.
pub(crate) trait RetryRule {
    /// Records a new call.
    fn call_starts(&mut self, now: Duration) {
        let _ = now;
    }

    /// Records the start of an attempt.
    fn attempt_starts(&mut self) {}

    /// Records the end of an attempt, and whether it was a retry and successful.
    fn attempt_ends(&mut self, is_retry: bool, is_success: bool) {
        let _ = (is_retry, is_success);
    }

    /// Decides whether a retry may be made. If so, its wait begins.
    fn admits_retry(&mut self, now: Duration) -> bool;
}

/// The rules of all clients. A rule is made when its client's first call arrives.
pub(crate) struct ClientRules {
    new_rule: Option<fn() -> Box<dyn RetryRule>>,
    rules: Vec<Option<Box<dyn RetryRule>>>,
}

impl ClientRules {
    pub(crate) fn new(limit: Limit, clients: usize) -> Self {
        let new_rule: Option<fn() -> Box<dyn RetryRule>> = match limit {
            Limit::Envoy => Some(|| Box::new(envoy::Envoy::default())),
            Limit::Finagle => Some(|| Box::new(finagle::Finagle::default())),
            Limit::Grpc => Some(|| Box::new(grpc::Grpc::default())),
            Limit::Aws
            | Limit::AwsAdaptive
            | Limit::Lease
            | Limit::Nothing
            | Limit::Ratio { .. } => None,
        };
        let count = if new_rule.is_some() { clients } else { 0 };
        Self {
            new_rule,
            rules: (0..count).map(|_| None).collect(),
        }
    }

    /// Returns the rule of a client, or `None` if the fleet has no such rules.
    pub(crate) fn of(&mut self, client: u32) -> Option<&mut dyn RetryRule> {
        let new_rule = self.new_rule?;
        let rule = self.rules.get_mut(client as usize)?;
        Some(rule.get_or_insert_with(new_rule).as_mut())
    }
}
