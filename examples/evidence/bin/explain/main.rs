//! Explains a retry policy: its delays, what outages it outlasts, and the load that it can add.
//!
//! The policy is a preset, changed by the fields of a configuration file, changed by flags. With
//! the size of a fleet, the program also says whether the fleet is safe: whether the server keeps
//! up if every client retries as often as it may.
//!
//! ```text
//! cargo evidence explain
//! cargo evidence explain -- --base 50ms --cap 20s --max-attempts 5 --max-elapsed 60s
//! cargo evidence explain -- --preset aws --config retry.toml
//! cargo evidence explain -- --budget 10 --budget-ratio 0.1 --starting-at 0.1 \
//!     --clients 10000 --rate 1000 --capacity 1200
//! cargo evidence explain -- --max-attempts 8 --svg assets/schedule.svg
//! ```

mod args;
mod budget;
mod delays;
mod facts;
mod fleet;
mod load;
mod outages;
mod picture;
mod preset;
mod settings;
mod units;

use std::process::ExitCode;

use reattempt_evidence::flags;

use args::Args;
use fleet::Fleet;

fn main() -> ExitCode {
    flags::run(|args: Args| run(&args))
}

fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let config = settings::read(args)?;
    let facts = args.preset.facts(&config)?;
    println!("{}\n", facts.line);
    for (failure, schedule) in &facts.schedules {
        println!("{}", delays::text(failure, schedule));
    }
    println!("{}", outages::text(&facts));
    println!("{}", load::text(&facts));
    if let Some(fleet) = Fleet::of(args) {
        println!("\n{}", fleet.text(&facts));
    }
    if let Some(path) = &args.svg {
        picture::write(&facts, path)?;
        println!("\nwrote {}", path.display());
    }
    Ok(())
}
