//! The flags of the program.

use std::path::PathBuf;

use clap::Parser;

use crate::policies::{self, FleetPolicy};

/// Simulates a fleet of clients before, during and after an outage of their server.
///
/// 1,000 calls arrive per second. The server can serve 1,200, but nothing between 20 s and
/// 30 s. What arrives then waits. A client gives up an attempt after 1 s, but the server
/// still serves it later. This wasted work keeps an overloaded server down. The
/// program shows which retry policies let the fleet recover, and the share of calls that are
/// served if 5 % of the attempts fail without an outage.
///
/// If 300 s are simulated, the program compares its figures with the reference, and fails if a
/// row differs by more than 5 % of the attempts or 20 s.
#[derive(Debug, Parser)]
#[command(name = "outage")]
pub(crate) struct Flags {
    /// Sizes of the fleet, separated by commas. The reference has 1, 100, 10000 and 1000000
    #[arg(long, value_delimiter = ',', default_value = "10000",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) clients: Vec<u32>,

    /// Seed of all random numbers. The same seed gives the same results
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Policies to simulate, separated by commas: all, or any of: none, at-once, exponential,
    /// jitter, aws, adaptive, adaptive-timeouts, ratio-full, ratio-empty, ratio-chance, lease, grpc,
    /// envoy, finagle
    #[arg(long, value_delimiter = ',', default_value = "all")]
    pub(crate) policy: Vec<String>,

    /// Seconds to simulate. The reference has 300
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(60..=3_600))]
    pub(crate) seconds: u32,

    /// Folder for the pictures outage-large-clients.svg, outage-small-clients.svg and
    /// outage-attempts.svg, which are of other fleets than those of --clients
    #[arg(long, value_name = "FOLDER")]
    pub(crate) svg: Option<PathBuf>,
}

impl Flags {
    /// Returns the selected policies.
    ///
    /// # Errors
    ///
    /// Returns a message if a name is not one of a policy.
    pub(crate) fn policies(&self) -> Result<Vec<FleetPolicy>, String> {
        if self.policy == ["all"] {
            return Ok(policies::ALL.to_vec());
        }
        let find = |id: &String| {
            policies::find(id).ok_or_else(|| {
                let ids = policies::ALL.map(|policy| policy.id).join(", ");
                format!("--policy is \"{id}\", expected all, or any of: {ids}")
            })
        };
        self.policy.iter().map(find).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_have_no_conflicts() {
        Flags::command().debug_assert();
    }

    #[test]
    fn the_help_names_every_policy() {
        let help = Flags::command().render_long_help().to_string();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let ids = policies::ALL.map(|policy| policy.id).join(", ");
        assert!(help.contains(&ids), "{help}");
    }

    #[test]
    fn an_unknown_policy_is_named() {
        let policies = |list| {
            Flags::try_parse_from(["outage", "--policy", list])
                .unwrap()
                .policies()
        };
        assert_eq!(policies("all").unwrap().len(), policies::ALL.len());
        let chosen = policies("lease,none").unwrap();
        let ids: Vec<_> = chosen.iter().map(|policy| policy.id).collect();
        assert_eq!(ids, ["lease", "none"]);
        let error = policies("aws,polite").unwrap_err();
        assert!(
            error.starts_with("--policy is \"polite\", expected all"),
            "{error}"
        );
    }
}
