//! The flags of the program.

use std::path::PathBuf;

use clap::Parser;

/// Simulates clients that contend for one row, with five backoff strategies and the clamped jitter
/// of AWS's article.
///
/// Prints the calls that the server receives and the time until the last client is done: means
/// over all runs with their standard errors. Each mean has a column "deviation" to its right: how
/// far the mean is from the reference, in standard errors of the difference. The program fails if
/// a deviation is 4 or more, except in rows marked *.
#[derive(Debug, Parser)]
#[command(name = "herd")]
pub(crate) struct Args {
    /// Number of runs for each strategy and number of clients, at least 100
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(100..))]
    pub(crate) runs: u32,

    /// Seed of all random numbers. The same seed gives the same results
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Numbers of clients, separated by commas. The reference has 10, 30, 50 and 80
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "10,20,30,40,50,60,70,80,90,100",
        value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    pub(crate) clients: Vec<u32>,

    /// Folder for the pictures herd-calls.svg and herd-time.svg
    #[arg(long, value_name = "FOLDER")]
    pub(crate) svg: Option<PathBuf>,
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
    fn too_few_runs_for_a_standard_error_are_refused() {
        let runs = |runs| Args::try_parse_from(["herd", "--runs", runs]).map(|args| args.runs);
        assert_eq!(runs("100").ok(), Some(100));
        assert!(runs("99").is_err());
    }

    #[test]
    fn a_bad_number_of_clients_is_named() {
        let error = Args::try_parse_from(["herd", "--clients", "10,0"]).expect_err("an error");
        let text = error.to_string();
        assert!(text.contains("invalid value '0'"), "{text}");
        assert!(text.contains("1..=1000"), "{text}");
    }
}
