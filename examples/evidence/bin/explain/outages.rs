//! Prints the chance that a call outlasts an outage.

use std::fmt::Write as _;
use std::time::Duration;

use crate::facts::Facts;
use crate::units::{chance, duration};

/// The lengths of the outages in seconds.
const SECONDS: [u64; 9] = [1, 2, 5, 10, 30, 60, 120, 300, 600];

/// Returns a line for each outage, with a column for each schedule.
pub(crate) fn text(facts: &Facts) -> String {
    let mut text =
        String::from("Chance that a call outlasts an outage, if a failed attempt takes no time:\n");
    if facts.schedules.len() > 1 {
        let _ = write!(text, "{:>8}", "outage");
        for (failure, _) in &facts.schedules {
            let _ = write!(text, " {failure:>18}");
        }
        text.push('\n');
    }
    for seconds in SECONDS {
        let outage = Duration::from_secs(seconds);
        let _ = write!(text, "{:>8}", duration(outage));
        for (_, schedule) in &facts.schedules {
            let _ = write!(text, " {:>18}", chance(schedule.chance_to_outlast(outage)));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Preset;
    use reattempt::PolicyConfig;

    #[test]
    fn each_outage_has_the_chance_of_each_schedule() {
        let config: PolicyConfig = serde_json::from_str(
            r#"{"max_attempts": 5, "base_delay": "1s", "throttling_base_delay": "2s",
                "jitter": "none"}"#,
        )
        .expect("valid settings");
        let text = text(&Preset::Default.facts(&config).expect("facts"));
        // The last retry starts after 1 + 2 + 4 + 8 s, and after 30 s if all was throttled.
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|l| l.split_whitespace().collect())
            .collect();
        assert_eq!(
            lines[1],
            ["outage", "throttling", "any", "other", "failure"]
        );
        assert_eq!(lines[5], ["10", "s", "100.0", "%", "100.0", "%"]);
        assert_eq!(lines[6], ["30", "s", "100.0", "%", "0.0", "%"]);
        assert_eq!(lines[8], ["2", "min", "0.0", "%", "0.0", "%"]);
    }
}
