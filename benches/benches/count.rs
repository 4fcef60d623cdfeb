//! Runs the work of one contestant for a tool that counts instructions.
//!
//! Usage: `count BLOCK CONTESTANT TIMES`. Without arguments it lists the contestants.
#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a bench prints its result"
)]

use std::process::ExitCode;

use reattempt_benches::contestants::blocks;

fn main() -> ExitCode {
    // `cargo bench` adds arguments that start with dashes.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    match arguments.as_slice() {
        [] => list(),
        [block, contestant, times] => match times.parse() {
            Ok(times) if run(block, contestant, times) => {}
            Ok(_) => return fail(&format!("no contestant {contestant:?} in block {block:?}")),
            Err(_) => return fail(&format!("times is {times:?}, expected a whole number")),
        },
        _ => return fail("expected no arguments, or a block, a contestant and a number"),
    }
    ExitCode::SUCCESS
}

/// Prints the block and the name of each contestant.
fn list() {
    for block in blocks() {
        for contestant in block.contestants {
            println!("{}\t{}", block.name, contestant.name);
        }
    }
}

/// Does the work of a contestant this many times. Returns false if the block does not have
/// this contestant.
fn run(block: &str, contestant: &str, times: u64) -> bool {
    let blocks = blocks();
    let found = blocks
        .iter()
        .filter(|candidate| candidate.name == block)
        .flat_map(|block| &block.contestants)
        .find(|candidate| candidate.name == contestant);
    if let Some(contestant) = found {
        (contestant.run)(times);
    }
    found.is_some()
}

fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}
