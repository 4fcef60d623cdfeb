//! Shows which retry policies let a fleet recover from an outage of its server.
//!
//! 1,000 calls arrive per second, the server can serve 1,200, and for 10 s it serves none. The
//! crate's own sessions, budgets and limiters decide about each attempt, in virtual time. The
//! rules of gRPC, Envoy and Finagle are there for comparison. The last column is the share of calls
//! that are served if 5 % of the attempts fail without an outage.
//!
//! ```text
//! cargo evidence outage
//! cargo evidence outage -- --clients 1,100,10000,1000000
//! cargo evidence outage -- --policy aws,ratio-empty --seed 7
//! cargo evidence outage -- --svg assets
//! ```
//!
//! If 300 s are simulated, which is the default, the last table compares the figures with those of
//! a reference simulation. The reference has some of the policies, with 1, 100, 10,000 or
//! 1,000,000 clients. The program fails if a row differs from it by more than 5 % of the attempts or
//! 20 s.
//!
//! "AWS adaptive" is equal to the quota alone here, because AWS's limiter acts on throttling only
//! and nothing in this model throttles. The next row shows what it would do if the classifier
//! took a timeout for throttling: calls then wait in their clients.

mod arrivals;
mod calls;
mod events;
mod flags;
mod fleet;
mod jobs;
mod lease;
mod model;
mod pictures;
mod policies;
mod queues;
mod record;
mod reference;
mod rules;
mod server;
mod simulation;
mod table;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::process::ExitCode;

use flags::Flags;
use jobs::Job;

fn main() -> ExitCode {
    reattempt_evidence::flags::run(|flags: Flags| run(&flags))
}

fn run(flags: &Flags) -> Result<(), Box<dyn Error>> {
    let policies = flags.policies()?;
    let mut jobs = Vec::new();
    for &clients in &flags.clients {
        jobs.extend(policies.iter().map(|&policy| Job {
            policy,
            clients,
            seed: flags.seed,
            seconds: flags.seconds,
        }));
    }
    let rows = jobs::rows(&jobs);
    println!("{}", table::figures(&rows, flags.seconds));
    let comparison = if flags.seconds == reference::SECONDS {
        table::compare(&rows)?
    } else {
        None
    };
    if let Some(comparison) = &comparison {
        println!("{}", comparison.text);
    }
    if let Some(folder) = &flags.svg {
        pictures::write(folder, flags.seed, flags.seconds)?;
        println!(
            "wrote outage-large-clients.svg, outage-small-clients.svg and outage-attempts.svg to {}",
            folder.display()
        );
    }
    if let Some(comparison) = comparison {
        comparison.check()?;
    }
    Ok(())
}
