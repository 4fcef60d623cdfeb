//! Shows why jitter helps: clients that contend for one row, with five backoff strategies.
//!
//! Each of N clients updates one row of a server. An update reads the row's version, then writes
//! with it. The write fails if another client has written since, and the client backs off and
//! starts again. This is the model of the AWS Architecture Blog's "Exponential Backoff And Jitter".
//! The delays are the crate's own. Only those of the row "clamped" are not: they are the
//! article's decorrelated jitter, which clamps to the cap.
//!
//! ```text
//! cargo evidence herd
//! cargo evidence herd -- --svg assets
//! ```
//!
//! The program compares its means with those of a reference simulation. The columns "deviation" are
//! the differences in standard errors. The program fails if one of them is 4 or more, except in
//! rows marked *. These are the rows of the crate's decorrelated jitter with 60 clients or more.
//! Delays then reach the cap, and the reference clamps them to it. Drawing within the cap, as the
//! crate does, takes less time.

mod args;
mod check;
mod clamped;
mod measure;
mod model;
mod picture;
mod reference;
mod strategy;
mod table;

use std::process::ExitCode;

use reattempt_evidence::flags;

use args::Args;
use reference::Reference;
use strategy::Strategy;

fn main() -> ExitCode {
    flags::run(|args: Args| run(&args))
}

fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let reference = Reference::read()?;
    let mut clients = args.clients.clone();
    clients.sort_unstable();
    clients.dedup();
    let cells = measure::all(&Strategy::ALL, &clients, args.runs, args.seed);
    print!("{}", table::text(&cells, &reference));
    if let Some(folder) = &args.svg {
        picture::write(&cells, args.runs, folder)?;
        println!(
            "wrote herd-calls.svg and herd-time.svg to {}",
            folder.display()
        );
    }
    println!("{}", check::all(&cells, &reference)?);
    Ok(())
}
