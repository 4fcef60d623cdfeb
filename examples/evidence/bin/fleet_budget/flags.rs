//! The flags of the program and of its processes.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand};

use crate::bucket::Address;

/// Lets four processes share one retry budget in Redis, and checks that they keep it.
///
/// Each process leases retry tokens in small batches and deposits them into its own budget.
/// The program kills one process in the middle of a lease, and kills and restarts Redis. It
/// fails if the processes together retry more often than the bucket has paid for.
#[derive(Debug, Parser)]
#[command(name = "fleet_budget")]
pub(crate) struct Flags {
    /// URL of a Redis. The default is that in `REDIS_URL`. Without both, the program starts a
    /// redis-server of its own, and only this one is killed and restarted
    #[arg(long, value_name = "URL")]
    pub(crate) redis: Option<String>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs as one process of the fleet; the program starts these by itself
    #[command(hide = true)]
    Process(ProcessFlags),
}

#[derive(Args, Debug)]
pub(crate) struct ProcessFlags {
    /// The number of the process
    #[arg(long)]
    pub(crate) number: u8,
    /// The address of the failing service
    #[arg(long)]
    pub(crate) service: SocketAddr,
    /// The URL of Redis
    #[arg(long)]
    pub(crate) url: String,
    /// The key of the bucket
    #[arg(long)]
    pub(crate) key: String,
    /// Waits to be killed in the middle of this lease
    #[arg(long)]
    pub(crate) last_lease: Option<u32>,
}

impl ProcessFlags {
    pub(crate) fn address(&self) -> Address {
        Address {
            redis: self.url.clone(),
            key: self.key.clone(),
        }
    }
}
