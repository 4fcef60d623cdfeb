//! The flags of the program.

use std::path::PathBuf;

use clap::Parser;

use crate::policies::{self, FleetPolicy};

/// Simulates a fleet of clients before, during and after an outage of their server.
///
/// 1,000 calls arrive per second. The server can serve 1,200, but nothing between 20 s and
/// 30 s. What arrives then waits. A client gives up an attempt after 1 s, but the server
/// still serves it later. This wasted work is what keeps an overloaded server down. The
/// program shows which retry policies let the fleet recover.
#[derive(Debug, Parser)]
#[command(name = "outage")]
pub(crate) struct Flags {
    /// Sizes of the fleet, each from 1 to 1000000
    #[arg(long, value_delimiter = ',', default_value = "10000",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) clients: Vec<u32>,

    /// The seed of all random numbers: the same seed gives the same figures
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Policies to simulate: all, or some of none, at-once, exponential, jitter, aws,
    /// adaptive, adaptive-timeouts, ratio-full, ratio-empty, ratio-chance, lease, grpc,
    /// envoy, finagle
    #[arg(long, value_delimiter = ',', default_value = "all")]
    pub(crate) policy: Vec<String>,

    /// Seconds to simulate; the reference figures are for 300
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(60..=3_600))]
    pub(crate) seconds: u32,

    /// Draws three pictures into this folder as well
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
                format!("--policy is \"{id}\", expected all or some of {ids}")
            })
        };
        self.policy.iter().map(find).collect()
    }
}
