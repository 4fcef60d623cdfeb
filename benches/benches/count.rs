//! Runs the work of one contestant for a tool that counts instructions.
//!
//! Usage: `count BLOCK CONTESTANT TIMES`. Without arguments it lists the contestants.
#![expect(clippy::print_stdout, reason = "a bench prints its result")]

use reattempt_benches::contestants::blocks;

fn main() {
    // `cargo bench` adds arguments that start with dashes.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    for block in blocks() {
        for contestant in &block.contestants {
            match arguments.as_slice() {
                [name, who, times] if name == block.name && who == contestant.name => {
                    (contestant.run)(times.parse().expect("TIMES is a whole number"));
                }
                [_, _, _] => {}
                _ => println!("{}\t{}", block.name, contestant.name),
            }
        }
    }
}
