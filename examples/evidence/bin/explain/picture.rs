//! Draws the delays of a policy.

use std::path::Path;
use std::time::Duration;

use reattempt::{Schedule, ScheduledRetry};
use reattempt_evidence::chart::{Chart, ChartError, Line};
use thiserror::Error;

use crate::facts::{Facts, LISTED};
use crate::units::duration;

/// Why the picture is not written.
#[derive(Debug, Error)]
pub(crate) enum PictureError {
    #[error(
        "a policy with at most {0} attempt has no delays to draw, expected at least 2 attempts"
    )]
    NoRetries(u32),
    #[error(transparent)]
    Chart(#[from] ChartError),
}

/// Writes the picture of all schedules.
pub(crate) fn write(facts: &Facts, path: &Path) -> Result<(), PictureError> {
    match facts.attempts {
        Some(attempts) if attempts < 2 => Err(PictureError::NoRetries(attempts)),
        _ => Ok(chart(facts).write(path)?),
    }
}

fn chart(facts: &Facts) -> Chart {
    let chart = Chart::new(title(facts))
        .subtitle(facts.line.clone())
        .x_axis("retry", "")
        .whole_x()
        .y_axis("delay", "s");
    match &facts.schedules[..] {
        [(_, schedule)] => {
            let most = line("most", schedule, |retry| retry.most);
            let mean = line("mean", schedule, |retry| retry.mean).band(band(schedule));
            let least = line("least", schedule, |retry| retry.least);
            let total = line("total, mean", schedule, |retry| retry.total_mean);
            chart.line(most).line(mean).line(least).line(total.dashed())
        }
        schedules => schedules.iter().fold(chart, |chart, (failure, schedule)| {
            let mean = line(format!("{failure}, mean"), schedule, |retry| retry.mean);
            chart.line(mean.band(band(schedule)))
        }),
    }
}

/// Says how long a call waits in all, for the schedule with the longest total.
fn title(facts: &Facts) -> String {
    let last = |schedule: &Schedule| schedule.retries().last().copied();
    let ends = facts
        .schedules
        .iter()
        .filter_map(|(_, schedule)| last(schedule));
    let end = ends
        .max_by_key(|retry| retry.total_mean)
        .unwrap_or_default();
    if schedule_is_full(end.number) {
        return format!(
            "The first {} retries of a call wait {} on average, at most {}",
            end.number,
            duration(end.total_mean),
            duration(end.total_most)
        );
    }
    let retries = if end.number == 1 { "retry" } else { "retries" };
    let mean = duration(end.total_mean);
    if end.total_mean == end.total_most {
        return format!("A call with {} {retries} waits {mean} in all", end.number);
    }
    format!(
        "A call with {} {retries} waits {mean} on average, at most {}",
        end.number,
        duration(end.total_most)
    )
}

/// Returns true if a schedule lists no retry after this one because its list is full.
fn schedule_is_full(last: u32) -> bool {
    usize::try_from(last).is_ok_and(|last| last >= LISTED)
}

fn line(
    name: impl Into<String>,
    schedule: &Schedule,
    of: impl Fn(&ScheduledRetry) -> Duration,
) -> Line {
    let points = schedule.retries().iter();
    Line::new(
        name,
        points.map(|retry| (f64::from(retry.number), of(retry).as_secs_f64())),
    )
}

fn band(schedule: &Schedule) -> Vec<(f64, f64, f64)> {
    let retries = schedule.retries().iter();
    let seconds = |duration: Duration| duration.as_secs_f64();
    retries
        .map(|retry| {
            (
                f64::from(retry.number),
                seconds(retry.least),
                seconds(retry.most),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Preset;
    use reattempt::PolicyConfig;

    fn svg(preset: Preset, json: &str) -> Result<String, ChartError> {
        let config: PolicyConfig = serde_json::from_str(json).expect("valid settings");
        chart(&preset.facts(&config).expect("facts")).svg()
    }

    #[test]
    fn the_title_has_the_total_of_all_delays() {
        let svg = svg(Preset::Default, r#"{"max_attempts": 8}"#).expect("a picture");
        let title = "A call with 7 retries waits 35.5 s on average, at most 71 s";
        assert!(svg.contains(&format!("<title>{title}</title>")), "{svg}");
        for name in ["least", "mean", "most", "total, mean"] {
            assert!(svg.contains(&format!(">\n{name}\n<")), "{name}");
        }
    }

    #[test]
    fn the_title_of_a_full_list_names_the_first_retries() {
        let svg = svg(Preset::Default, r#"{"max_attempts": "unlimited"}"#).expect("a picture");
        assert!(
            svg.contains("<title>The first 1000 retries of a call wait "),
            "{svg}"
        );
    }

    #[test]
    fn a_policy_with_two_schedules_has_a_line_for_each() {
        let svg = svg(Preset::Aws, "{}").expect("a picture");
        for name in ["throttling, mean", "any other failure, mean"] {
            assert!(svg.contains(&format!(">\n{name}\n<")), "{name}");
        }
    }

    #[test]
    fn a_policy_without_retries_cannot_be_drawn() {
        let config = serde_json::from_str(r#"{"max_attempts": 1}"#).expect("valid settings");
        let facts = Preset::Default.facts(&config).expect("facts");
        let error = write(&facts, Path::new("/none/x.svg")).expect_err("an error");
        assert_eq!(
            error.to_string(),
            "a policy with at most 1 attempt has no delays to draw, expected at least 2 attempts"
        );
    }
}
