//! Lets four processes share one retry budget in Redis, and checks that they keep it.
//!
//! Each process leases tokens from a bucket in Redis in small batches, in a background thread,
//! and deposits them into a `RetryBudget` of its own. Its calls use this budget only, so they
//! never wait for Redis. The program kills one process in the middle of a lease, kills Redis and
//! starts it again. It fails if the processes have retried more often than the bucket has paid
//! for.
//!
//! ```text
//! cargo evidence fleet_budget
//! cargo evidence fleet_budget -- --redis redis://127.0.0.1:6379
//! ```
//!
//! It starts a `redis-server` of its own unless `--redis` or `REDIS_URL` has the URL of one. A
//! Redis that is not its own is not restarted.

mod accounts;
mod bucket;
mod children;
mod experiment;
mod flags;
mod leaser;
mod message;
mod own_redis;
mod process;
mod service;
mod wait;

use std::process::ExitCode;

use flags::{Command, Flags};

fn main() -> ExitCode {
    reattempt_evidence::flags::run(|Flags { redis, command }| match command {
        Some(Command::Process(flags)) => process::run(&flags),
        None => experiment::run(redis.or_else(|| std::env::var("REDIS_URL").ok())),
    })
}
