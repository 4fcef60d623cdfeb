//! The flags of the program.

use std::path::PathBuf;

use clap::Parser;

use crate::preset::Preset;

/// Explains a retry policy: its delays, what outages it outlasts, and the load it can add.
///
/// The policy is a preset. The fields of a configuration file change it, and flags change both.
/// Durations have a unit: 50ms, 1.5s, 2m.
#[derive(Debug, Parser)]
#[command(name = "explain", allow_negative_numbers = true)]
pub(crate) struct Args {
    /// The policy to start from
    #[arg(long, value_enum, default_value_t = Preset::Default)]
    pub(crate) preset: Preset,

    /// A TOML file with the fields of `PolicyConfig`
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The table of the file that has the fields, such as `retry`
    #[arg(long, value_name = "NAME", requires = "config")]
    pub(crate) table: Option<String>,

    /// Draws the delays as an SVG picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) fields: Fields,

    /// Number of clients of the fleet
    #[arg(long, requires_all = ["rate", "capacity"], value_parser = count, help_heading = "Fleet")]
    pub(crate) clients: Option<f64>,

    /// Calls that the fleet makes per second, without retries
    #[arg(long, requires_all = ["clients"], value_parser = above_zero, help_heading = "Fleet")]
    pub(crate) rate: Option<f64>,

    /// Calls that the server can serve per second
    #[arg(long, requires_all = ["clients"], value_parser = above_zero, help_heading = "Fleet")]
    pub(crate) capacity: Option<f64>,
}

/// The flags that set a field of `PolicyConfig`, which reads and checks their values.
#[derive(Debug, Default, Parser)]
#[command(next_help_heading = "Policy")]
pub(crate) struct Fields {
    /// Delay before the first retry
    #[arg(long, value_name = "DURATION")]
    base: Option<String>,

    /// Factor by which each delay grows
    #[arg(long, value_name = "NUMBER")]
    factor: Option<String>,

    /// Upper limit of a delay
    #[arg(long, value_name = "DURATION")]
    cap: Option<String>,

    /// Delay before the first retry after throttling
    #[arg(long, value_name = "DURATION")]
    throttling_base: Option<String>,

    /// full, equal, decorrelated, proportional or none
    #[arg(long, value_name = "KIND")]
    jitter: Option<String>,

    /// Share of the delay that proportional jitter adds or subtracts, from 0 to 1
    #[arg(long, value_name = "NUMBER")]
    jitter_fraction: Option<String>,

    /// Most attempts of a call, or unlimited
    #[arg(long, value_name = "COUNT")]
    max_attempts: Option<String>,

    /// After this time no retry starts
    #[arg(long, value_name = "DURATION")]
    max_elapsed: Option<String>,

    /// Capacity of a client's retry budget
    #[arg(long, value_name = "TOKENS")]
    budget: Option<String>,

    /// Tokens that a success adds. A retry then costs one token. Without this flag, the costs are
    /// AWS's
    #[arg(long, value_name = "NUMBER")]
    budget_ratio: Option<String>,

    /// Tokens that a client's budget gains per second
    #[arg(long, value_name = "NUMBER")]
    budget_refill: Option<String>,

    /// Tokens that a client has at first. A fraction is a chance
    #[arg(long, value_name = "TOKENS")]
    starting_at: Option<String>,
}

impl Fields {
    /// Returns each flag with the name of its field and its value.
    pub(crate) fn all(&self) -> [(&'static str, &'static str, Option<&String>); 12] {
        [
            ("--base", "base_delay", self.base.as_ref()),
            ("--factor", "factor", self.factor.as_ref()),
            ("--cap", "max_delay", self.cap.as_ref()),
            (
                "--throttling-base",
                "throttling_base_delay",
                self.throttling_base.as_ref(),
            ),
            ("--jitter", "jitter", self.jitter.as_ref()),
            (
                "--jitter-fraction",
                "jitter_fraction",
                self.jitter_fraction.as_ref(),
            ),
            ("--max-attempts", "max_attempts", self.max_attempts.as_ref()),
            ("--max-elapsed", "max_elapsed", self.max_elapsed.as_ref()),
            ("--budget", "budget_capacity", self.budget.as_ref()),
            (
                "--budget-ratio",
                "budget_retries_per_success",
                self.budget_ratio.as_ref(),
            ),
            (
                "--budget-refill",
                "budget_tokens_per_second",
                self.budget_refill.as_ref(),
            ),
            (
                "--starting-at",
                "budget_starting_tokens",
                self.starting_at.as_ref(),
            ),
        ]
    }
}

fn above_zero(text: &str) -> Result<f64, &'static str> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number
        .filter(|number| *number > 0.0)
        .ok_or("expected a number above zero")
}

fn count(text: &str) -> Result<f64, &'static str> {
    let number: Option<u32> = text.parse().ok().filter(|number| *number > 0);
    number
        .map(f64::from)
        .ok_or("expected a whole number of at least 1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_have_no_conflicts() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_fleet_needs_all_three_numbers() {
        let parse = |flags: &[&str]| Args::try_parse_from([&["explain"], flags].concat());
        assert!(parse(&["--clients", "10", "--rate", "5", "--capacity", "6"]).is_ok());
        for incomplete in [
            ["--clients", "10", "--rate", "5"],
            ["--rate", "5", "--capacity", "6"],
        ] {
            let text = parse(&incomplete).expect_err("an error").to_string();
            assert!(text.contains("required arguments"), "{text}");
        }
    }

    #[test]
    fn numbers_of_a_fleet_are_above_zero() {
        for text in ["0", "-1", "x", "inf", "NaN"] {
            assert!(above_zero(text).is_err(), "{text}");
            assert!(count(text).is_err(), "{text}");
        }
        assert_eq!(above_zero("0.5"), Ok(0.5));
        assert_eq!(count("7"), Ok(7.0));
    }
}
