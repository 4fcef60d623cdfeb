//! Prints a schedule: a table of its delays, and a chart.

use std::fmt::Write as _;

use reattempt::{Schedule, ScheduledRetry};
use reattempt_evidence::terminal::{Row, ranges};

use crate::facts::LISTED;
use crate::units::duration;

/// The most retries that are printed.
const PRINTED: usize = 12;

/// The most characters of a bar.
const BAR: usize = 48;

/// Returns the delays after `failure`.
pub(crate) fn text(failure: &str, schedule: &Schedule) -> String {
    let retries = schedule.retries();
    if retries.is_empty() {
        return format!("No retry after {failure}.\n");
    }
    let mut text = format!("Delays after {failure}:\n");
    let mut line = |columns: [&str; 6]| {
        let [number, least, mean, most, total_mean, total_most] = columns;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{number:>5} {least:>10} {mean:>10} {most:>10} {total_mean:>12} {total_most:>12}"
        );
    };
    line(["retry", "least", "mean", "most", "total mean", "total most"]);
    let printed: Vec<&ScheduledRetry> = retries.iter().take(PRINTED).collect();
    for retry in &printed {
        line([
            &retry.number.to_string(),
            &duration(retry.least),
            &duration(retry.mean),
            &duration(retry.most),
            &duration(retry.total_mean),
            &duration(retry.total_most),
        ]);
    }
    let more = retries.len() - printed.len();
    if retries.len() >= LISTED {
        text.push_str("      and more\n");
    } else if more > 0 {
        let _ = writeln!(text, "      and {more} more retries");
    }
    let _ = writeln!(text, "\nFrom the least to the most delay, with the mean:");
    text.push_str(&ranges(
        &printed.into_iter().map(row).collect::<Vec<_>>(),
        BAR,
    ));
    text
}

fn row(retry: &ScheduledRetry) -> Row {
    Row {
        label: format!("{:>5}", retry.number),
        least: retry.least.as_secs_f64(),
        mean: retry.mean.as_secs_f64(),
        most: retry.most.as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reattempt::{Backoff, RetryPolicy};
    use std::time::Duration;

    fn policy() -> RetryPolicy {
        RetryPolicy::new(Backoff::exponential(Duration::from_secs(1)))
    }

    #[test]
    fn each_retry_has_a_line_and_a_bar() {
        let text = text("any failure", &policy().schedule());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "Delays after any failure:");
        let columns: Vec<&str> = lines[3].split_whitespace().collect();
        assert_eq!(
            columns,
            ["2", "0", "s", "1", "s", "2", "s", "1.5", "s", "3", "s"]
        );
        assert_eq!(lines[7].matches('█').count(), 1);
        assert_eq!(lines[7].matches('░').count(), BAR - 1);
        assert_eq!(lines.len(), 8);
    }

    #[test]
    fn a_long_schedule_is_cut() {
        let text = text("any failure", &policy().max_attempts(21).schedule());
        assert!(text.contains("and 8 more retries"), "{text}");
        assert_eq!(text.matches('█').count(), PRINTED);
    }

    #[test]
    fn the_limit_of_the_list_is_not_shown_as_the_last_retry() {
        for policy in [policy().unlimited_attempts(), policy().max_attempts(5_000)] {
            let text = text("any failure", &policy.schedule());
            assert!(text.contains("\n      and more\n"), "{text}");
        }
        let text = text("any failure", &policy().max_attempts(1_000).schedule());
        assert!(text.contains("and 987 more retries"), "{text}");
    }

    #[test]
    fn a_policy_without_retries_has_no_table() {
        let schedule = policy().max_attempts(1).schedule();
        assert_eq!(
            text("throttling", &schedule),
            "No retry after throttling.\n"
        );
    }
}
