//! `Facts`: what is known about a policy, whatever its classifier.

use std::time::Duration;

use reattempt::{Attempt, ErrorKind, RetryPolicy, Schedule};

use crate::budget::Budget;

/// The most retries that a schedule lists. A schedule with as many may have more.
pub(crate) const LISTED: usize = 1_000;

/// What the program explains.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The policy in one line.
    pub(crate) line: String,
    /// The schedules, each with the failure before it.
    pub(crate) schedules: Vec<(&'static str, Schedule)>,
    /// The most attempts of a call. `None` means that nothing limits their number.
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
        let first = policy.start_at(Duration::ZERO).attempt();
        let attempts = schedules
            .iter()
            .map(|(_, schedule)| most_attempts(schedule, &first))
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

/// Returns the most attempts of a call, whose first attempt has its limits.
fn most_attempts(schedule: &Schedule, first: &Attempt) -> Option<u32> {
    let listed = schedule.retries().len();
    if listed < LISTED {
        // `max_attempts` or `max_elapsed` ended the list.
        u32::try_from(listed + 1).ok()
    } else {
        let limits = [first.max_attempts(), most_in_time(schedule, first)];
        limits.into_iter().flatten().min()
    }
}

/// Returns the most attempts that start within `max_elapsed`, by the least delays. Later delays are
/// at least as long as the last of the list. Returns `None` if they may be zero.
fn most_in_time(schedule: &Schedule, first: &Attempt) -> Option<u32> {
    let last = schedule.retries().last()?;
    let left = first.remaining()?.saturating_sub(last.total_least);
    // A retry at the end of the time does not start.
    let more = left
        .as_nanos()
        .saturating_sub(1)
        .checked_div(last.least.as_nanos())?;
    u32::try_from(u128::from(last.number) + more + 1).ok()
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
    fn a_time_limit_counts_beyond_the_list() {
        let minute = Duration::from_secs(60);
        let milli = Duration::from_millis(1);
        let policy = RetryPolicy::new(Backoff::constant(milli)).max_elapsed(minute);
        let unlimited = policy.clone().unlimited_attempts();
        // Retries after 1 to 59,999 ms.
        assert_eq!(attempts(&unlimited), Some(60_000));
        assert_eq!(attempts(&policy.clone().max_attempts(5_000)), Some(5_000));
        assert_eq!(attempts(&policy.max_attempts(70_000)), Some(60_000));
        let full = unlimited.backoff(Backoff::exponential(milli));
        assert_eq!(attempts(&full), None);
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
