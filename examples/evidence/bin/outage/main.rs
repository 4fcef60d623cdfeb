//! Simulates a fleet of clients before, during and after an outage of their server, and
//! shows which retry policies let the fleet recover.
//!
//! The crate's own sessions, budgets and limiters decide, in virtual time. Run it with
//! `cargo evidence outage`, and see `cargo evidence outage -- --help` for its flags.

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

use clap::Parser;
use flags::Flags;
use jobs::Job;

fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::parse();
    let policies = flags.policies()?;
    let job = |clients, policy| Job {
        policy,
        clients,
        seed: flags.seed,
        seconds: flags.seconds,
    };
    let mut jobs = Vec::new();
    for &clients in &flags.clients {
        jobs.extend(policies.iter().map(|&policy| job(clients, policy)));
    }
    let rows = jobs::rows(&jobs);
    println!("{}", table::figures(&rows, flags.seconds));
    if let Some(differences) = table::differences(&rows)? {
        println!("{differences}");
    }
    if let Some(folder) = &flags.svg {
        pictures::write(folder, flags.seed, flags.seconds)?;
        println!("wrote three pictures into {}", folder.display());
    }
    Ok(())
}
