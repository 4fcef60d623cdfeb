//! Lets four processes share one retry budget in Redis, and checks that they keep it.
//!
//! Each process leases tokens from a bucket in Redis in small batches, in a background thread,
//! and deposits them into a `RetryBudget` of its own. Its calls use this budget only, so they
//! never wait for Redis. Run it with `cargo evidence fleet_budget`. It starts a `redis-server`
//! of its own unless `--redis` or `REDIS_URL` has the URL of one.

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

use clap::Parser;
use flags::{Command, Flags};

fn main() -> ExitCode {
    let Flags { redis, command } = Flags::parse();
    let result = match command {
        Some(Command::Process(flags)) => process::run(&flags),
        None => experiment::run(redis.or_else(|| std::env::var("REDIS_URL").ok())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
