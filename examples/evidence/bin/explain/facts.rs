//! `Facts`: what is known about a policy, whatever its classifier.

use std::time::Duration;

use reattempt::{ErrorKind, RetryPolicy, Schedule};

use crate::budget::Budget;

/// The most retries that a schedule lists.
const LISTED: usize = 1_000;

/// What the program explains.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The policy in one line.
    pub(crate) line: String,
    /// The schedules, each with the failure before it.
    pub(crate) schedules: Vec<(&'static str, Schedule)>,
    /// The most attempts of a call. `None` means unlimited.
    pub(crate) attempts: Option<u32>,
    pub(crate) budget: Option<Budget>,
}

impl Facts {
    pub(crate) fn of<C>(policy: &RetryPolicy<C>, budget: Option<Budget>) -> Self {
        let throttling = policy.schedule_for(ErrorKind::Throttling);
        let other = policy.schedule();
        let schedules = if throttling == other {
            vec![("any failure", other)]
        } else {
            vec![("throttling", throttling), ("any other failure", other)]
        };
        let max_attempts = policy.start_at(Duration::ZERO).attempt().max_attempts();
        let attempts = schedules
            .iter()
            .map(|(_, schedule)| most_attempts(schedule, max_attempts))
            .reduce(|a, b| Some(a?.max(b?)))
            .flatten();
        Self {
            line: policy.to_string(),
            schedules,
            attempts,
            budget,
        }
    }
}

/// Returns the most attempts of a call. A list that ends early was ended by the time limit.
fn most_attempts(schedule: &Schedule, max_attempts: Option<u32>) -> Option<u32> {
    let listed = schedule.retries().len();
    if listed < LISTED {
        u32::try_from(listed + 1).ok()
    } else {
        max_attempts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reattempt::{Backoff, Jitter};

    fn attempts(policy: &RetryPolicy) -> Option<u32> {
        Facts::of(policy, None).attempts
    }

    #[test]
    fn a_time_limit_limits_the_attempts_too() {
        let second = Duration::from_secs(1);
        let policy = RetryPolicy::new(Backoff::constant(second));
        assert_eq!(attempts(&policy.clone().max_attempts(1)), Some(1));
        assert_eq!(attempts(&policy.clone().max_attempts(5_000)), Some(5_000));
        let unlimited = policy.unlimited_attempts();
        assert_eq!(attempts(&unlimited), None);
        // Retries after 1 to 9 s.
        assert_eq!(attempts(&unlimited.max_elapsed(10 * second)), Some(10));
    }

    #[test]
    fn the_schedule_with_more_attempts_counts() {
        let second = Duration::from_secs(1);
        let fixed = |base| Backoff::exponential(base).jitter(Jitter::None);
        let policy = RetryPolicy::new(fixed(second))
            .throttling_backoff(fixed(10 * second))
            .unlimited_attempts()
            .max_elapsed(20 * second);
        // 1, 3, 7 and 15 s, and after throttling 10 s alone.
        assert_eq!(attempts(&policy), Some(5));
    }
}
