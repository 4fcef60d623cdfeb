//! Runs one contestant's work so many times, for a tool that counts
//! instructions: `count BLOCK CONTESTANT TIMES`. Without arguments it lists them.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench"
)]

mod contestants;

fn main() {
    // `cargo bench` adds arguments of its own, which begin with dashes.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    for block in contestants::blocks() {
        for contestant in &block.contestants {
            match arguments.as_slice() {
                [name, who, times] if name == block.name && who == contestant.name => {
                    (contestant.run)(times.parse().unwrap());
                }
                [_, _, _] => {}
                _ => println!("{}\t{}", block.name, contestant.name),
            }
        }
    }
}
